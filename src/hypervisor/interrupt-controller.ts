import type { RegisterArchitecture } from '../hypercall/registers/index.ts'

/** Interrupt numbers by architecture; 0 to 15 are not for interrupts (on ARM64 not for these: they are between processors). */
const vectorCounts: Readonly<Record<RegisterArchitecture, number>> = { x64: 256, arm64: 1020 }

/** Interrupts that have no vector of their own. */
export type SpecialInterrupt = 'nmi' | 'smi' | 'init' | 'sipi' | 'extint'

/**
 * As much of a local interrupt controller as SynIC and timers need: what is requested, what is in service. The higher half of a vector's
 * byte is its priority. Source: Intel SDM volume 3, 11.8 (IRR, ISR).
 */
export class InterruptController {
  /** Software-disabled: interrupts are lost. */
  enabled = true
  /** The bits of a SINT that are its vector: 8, on ARM64 10. */
  readonly vectorMask: bigint
  readonly #requested: Uint8Array
  readonly #inService: Uint8Array
  readonly #specials = new Set<SpecialInterrupt>()
  readonly #raised: () => void
  readonly #ended: () => void
  /** Vector of an external interrupt that waits for its acknowledgement, and whether it had one. */
  #external: { readonly vector: number; acknowledged: boolean } | undefined

  /**
   * @param raised an interrupt is pending that was not.
   * @param ended the guest ended an interrupt.
   */
  constructor(raised: () => void, ended: () => void, architecture: RegisterArchitecture = 'x64') {
    const count = vectorCounts[architecture]
    this.#requested = new Uint8Array(count)
    this.#inService = new Uint8Array(count)
    this.vectorMask = architecture === 'x64' ? 0xffn : 0x3ffn
    this.#raised = raised
    this.#ended = ended
  }

  /** Requests a vector (16 … 255, on ARM64 … 1019). With `autoEoi` it is never in service: nothing has to end it. */
  request(vector: number, autoEoi = false): void {
    if (!this.enabled || vector < 16 || vector >= this.#requested.length) return
    this.#requested[vector] = autoEoi ? 2 : 1
    this.#raised()
  }

  /** A line is no longer asserted: what has not been taken of it is gone. */
  withdraw(vector: number): void {
    if (vector < this.#requested.length) this.#requested[vector] = 0
  }

  /** Requests an interrupt without a vector. */
  requestSpecial(kind: SpecialInterrupt): void {
    this.#specials.add(kind)
    this.#raised()
  }

  /** Asserts an external interrupt. Answers false when the one before has been acknowledged and not been cleared. */
  assertExternal(vector: number): boolean {
    if (this.#external?.acknowledged === true) return false
    this.#external = { vector, acknowledged: false }
    this.requestSpecial('extint')
    return true
  }

  /** Forgets an external interrupt that was acknowledged. Answers false when there is none. */
  clearExternal(): boolean {
    if (this.#external?.acknowledged !== true) return false
    this.#external = undefined
    return true
  }

  /** Takes a pending interrupt without a vector of its own; an external one is acknowledged by that. */
  takeSpecial(kind: SpecialInterrupt): boolean {
    if (kind === 'extint' && this.#external !== undefined) this.#external.acknowledged = true
    return this.#specials.delete(kind)
  }

  /** Whether the guest has something to take. */
  get isPending(): boolean {
    return this.#specials.size > 0 || this.#next() !== undefined
  }

  /** Takes the pending vector of the highest priority, if it is above what is in service. */
  acknowledge(): number | undefined {
    const vector = this.#next()
    if (vector === undefined) return undefined
    this.#inService[vector] = this.#requested[vector] === 1 ? 1 : 0
    this.#requested[vector] = 0
    return vector
  }

  /** Ends the interrupt in service with the highest priority. */
  endOfInterrupt(): void {
    const vector = this.#inService.lastIndexOf(1)
    if (vector !== -1) this.#inService[vector] = 0
    this.#ended()
    if (this.isPending) this.#raised()
  }

  /** Whether a vector is requested and not taken yet. */
  isRequested(vector: number): boolean {
    return (this.#requested[vector] ?? 0) !== 0
  }

  #next(): number | undefined {
    const current = this.#inService.lastIndexOf(1)
    for (let vector = this.#requested.length - 1; vector >= 16; vector--) {
      if (this.#requested[vector] !== 0) return vector >> 4 > current >> 4 ? vector : undefined
    }
    return undefined
  }
}
