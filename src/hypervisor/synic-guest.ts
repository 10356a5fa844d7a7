import { CommonRegister } from '../hypercall/registers/common.ts'
import { HvStatus } from '../hypercall/status.ts'
import { eventFlagCount, messagePayloadSize, sintCount } from '../hypercall/synic.ts'
import { type GuestMemory, PAGE_SIZE } from '../memory/index.ts'
import { writeMsr } from './msrs.ts'
import { register64 } from './register-contents.ts'
import { writeRegister } from './registers.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** What a guest writes to set its SynIC up: MSRs on x64, registers by name on ARM64. */
const x64Names = {
  guestOsId: 0x4000_0000,
  scontrol: 0x4000_0080,
  siefp: 0x4000_0082,
  simp: 0x4000_0083,
  eom: 0x4000_0084,
  sint: 0x4000_0090,
} as const
const arm64Names = {
  guestOsId: CommonRegister.HvRegisterGuestOsId,
  scontrol: CommonRegister.HvRegisterScontrol,
  siefp: CommonRegister.HvRegisterSifp,
  simp: CommonRegister.HvRegisterSipp,
  eom: CommonRegister.HvRegisterEom,
  sint: CommonRegister.HvRegisterSint0,
} as const

const slotBytes = 256
const slot = { payloadSize: 4, sender: 8, payload: 16 } as const
const messagePending = 1
const polling = 0x4_0000n

/** A message as it was taken out of its slot. */
export interface TakenMessage {
  /** HV_MESSAGE_TYPE. */
  readonly messageType: number
  /** Port, partition, or 0, as its type has it. */
  readonly sender: bigint
  /** 0 … 240 bytes, a copy. */
  readonly payload: Uint8Array
}

/** What the software on a VP, in the level in which the VP runs at first, does with its SynIC. Source: Linux drivers/hv/hv.c, vmbus_drv.c. */
export class SynicGuest {
  readonly #vp: VirtualProcessor
  readonly #memory: GuestMemory
  readonly #messages: number
  readonly #events: number
  readonly #names: typeof x64Names | typeof arm64Names

  /** @param pages guest page numbers for messages and events. */
  constructor(vp: VirtualProcessor, pages: { readonly messages: number; readonly events: number }) {
    this.#vp = vp
    this.#memory = vp.partition.memory(Number.MAX_SAFE_INTEGER, vp.vtl)
    this.#messages = pages.messages * PAGE_SIZE
    this.#events = pages.events * PAGE_SIZE
    this.#names = vp.partition.machine.architecture === 'x64' ? x64Names : arm64Names
  }

  /**
   * Sets the registers, SCONTROL last. `vectorOf` gives each SINT its vector: 16 … 255, `'polled'`, or `undefined` to leave it masked.
   * Answers false when one was refused.
   */
  start(guestOsId: bigint, vectorOf: (sint: number) => number | 'polled' | undefined): boolean {
    const names = this.#names
    const writes: (readonly [name: number, value: bigint])[] = [
      [names.guestOsId, guestOsId],
      [names.simp, BigInt(this.#messages) | 1n],
      [names.siefp, BigInt(this.#events) | 1n],
    ]
    for (let sint = 0; sint < sintCount; sint++) {
      const vector = vectorOf(sint)
      if (vector !== undefined) writes.push([names.sint + sint, vector === 'polled' ? polling : BigInt(vector)])
    }
    writes.push([names.scontrol, 1n])
    return writes.every(([name, value]) => this.#write(name, value))
  }

  /** Takes the message out of a slot: copies it, frees the slot, and writes EOM if more waits. */
  takeMessage(sint: number): TakenMessage | undefined {
    const at = this.#messages + sint * slotBytes
    const message = this.peekMessage(sint)
    if (message === undefined) return undefined
    this.#memory.store32(at, 0)
    // The flag may have come while the message was copied: it is read last.
    const flags = this.#memory.load32(at + slot.payloadSize) >>> 8
    if ((flags & messagePending) !== 0) this.#write(this.#names.eom, 0n)
    return message
  }

  /** Copies the message in a slot, which stays taken. */
  peekMessage(sint: number): TakenMessage | undefined {
    const at = this.#messages + sint * slotBytes
    if (this.#memory.load32(at) === 0) return undefined
    const bytes = new Uint8Array(slotBytes)
    this.#memory.read(at, bytes, 0, slotBytes)
    const view = new DataView(bytes.buffer)
    const size = Math.min(view.getUint8(slot.payloadSize), messagePayloadSize)
    return {
      messageType: view.getUint32(0, true),
      sender: view.getBigUint64(slot.sender, true),
      payload: bytes.slice(slot.payload, slot.payload + size),
    }
  }

  /** Tests and clears the event flags of a SINT, lowest first. */
  takeFlags(sint: number, taken: (flag: number) => void): void {
    for (let first = 0; first < eventFlagCount; first += 32) {
      const at = this.#events + sint * slotBytes + first / 8
      let word = this.#memory.load32(at)
      if (word === 0) continue
      this.#memory.store32(at, 0)
      while (word !== 0) {
        taken(first + 31 - Math.clz32(word & -word))
        word &= word - 1
      }
    }
  }

  /** Tests and clears one event flag. */
  takeFlag(sint: number, flag: number): boolean {
    const at = this.#events + sint * slotBytes + (flag >>> 5) * 4
    const word = this.#memory.load32(at)
    const bit = 1 << (flag & 31)
    if ((word & bit) === 0) return false
    this.#memory.store32(at, (word & ~bit) >>> 0)
    return true
  }

  #write(name: number, value: bigint): boolean {
    const vp = this.#vp
    if (vp.partition.machine.architecture === 'x64') return writeMsr(vp, name, value)
    return writeRegister(vp, vp.current, name, register64(value)) === HvStatus.Success
  }
}
