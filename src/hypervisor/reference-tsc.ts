import type { ReferenceClock } from './reference-clock.ts'
import type { RegisterPage } from './register-page.ts'
import type { TimeStampCounter } from './tsc.ts'

/** Fields of the page. Source: TLFS 12.7 (HV_REFERENCE_TSC_PAGE). */
const field = { sequence: 0, scale: 8, offset: 16 } as const
/** Of a page that does not hold: the guest reads the reference counter instead. */
const invalid = 0
/** The highest sequence; older guests take the one above for invalid too. Source: TLFS 2.0A 12.6. */
const lastSequence = 0xffff_fffe

/**
 * What a partition's reference TSC page says: reference time is (TSC × scale >> 64) + offset. It holds while the clock runs, and the sequence is
 * another after each change.
 */
export class ReferenceTsc {
  #sequence = invalid
  readonly #clock: ReferenceClock
  readonly #page: RegisterPage
  readonly #counter: TimeStampCounter | undefined

  /** @param counter without one no page holds. */
  constructor(clock: ReferenceClock, page: RegisterPage, counter: TimeStampCounter | undefined) {
    this.#clock = clock
    this.#page = page
    this.#counter = counter
  }

  /** The next sequence follows this one: the guest has seen it before it was restored. */
  continueFrom(sequence: number): void {
    this.#sequence = sequence > lastSequence ? invalid : sequence
  }

  /** Writes the page, where the guest has one: when it is enabled, and when the clock starts, stops or is set. */
  publish(): void {
    const place = this.#page.place()
    if (place === undefined) return
    const { memory, base } = place
    memory.store32(base + field.sequence, invalid)
    const { offset } = this.#clock
    if (this.#counter === undefined || offset === undefined) return
    const words = new DataView(new ArrayBuffer(16))
    words.setBigUint64(0, this.#counter.scale, true)
    words.setBigInt64(8, offset, true)
    memory.write(base + field.scale, new Uint8Array(words.buffer), 0, 16)
    this.#sequence = this.#sequence === lastSequence ? 1 : this.#sequence + 1
    memory.store32(base + field.sequence, this.#sequence)
  }
}
