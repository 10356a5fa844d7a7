import type { GuestMemory } from '../memory/index.ts'
import type { EventOf } from '../trace/events.ts'
import { fromHex } from '../trace/hex.ts'
import { CONTROL_PAGE_SIZE, RING_CONTROL } from '../vmbus/ring/index.ts'

/** One ring as a peer without manners sees it: it writes what it likes, where it likes. */
export class RawRing {
  /** @param base of the control page in `memory`; `length` bytes, control page included. */
  constructor(
    readonly memory: GuestMemory,
    readonly base: number,
    readonly length: number,
  ) {}

  get dataSize(): number {
    return this.length - CONTROL_PAGE_SIZE
  }

  load(field: number): number {
    return this.memory.load32(this.base + field)
  }

  store(field: number, value: number): void {
    this.memory.store32(this.base + field, value)
  }

  /** Puts bytes into the data, around its end if need be. */
  put(offset: number, bytes: Uint8Array): void {
    const size = this.dataSize
    const short = bytes.subarray(0, size)
    const at = offset % size
    const first = Math.min(short.byteLength, size - at)
    this.memory.write(this.base + CONTROL_PAGE_SIZE + at, short, 0, first)
    if (first < short.byteLength)
      this.memory.write(this.base + CONTROL_PAGE_SIZE, short, first, short.byteLength - first)
  }

  /**
   * Appends a packet as a good writer does, whatever its bytes say: padded to 8, with a trailer, the write index moved. Answers
   * false when there is no room, or the index is none.
   */
  append(packet: Uint8Array): boolean {
    const size = this.dataSize
    const [write, read] = [this.load(RING_CONTROL.writeIndex), this.load(RING_CONTROL.readIndex)]
    if (write >= size || read >= size || write % 8 !== 0) return false
    const padded = Math.ceil(packet.byteLength / 8) * 8
    const free = size - (write >= read ? write - read : size - read + write)
    if (free <= padded + 8) return false
    const bytes = new Uint8Array(padded + 8)
    bytes.set(packet)
    new DataView(bytes.buffer).setUint32(padded + 4, write, true)
    this.put(write, bytes)
    this.store(RING_CONTROL.writeIndex, (write + padded + 8) % size)
    return true
  }

  /** Carries out a transcript's `ring` event: raw bytes, then control words. */
  apply(event: EventOf<'ring'>): void {
    if (event.hex !== undefined) this.put(event.offset ?? 0, fromHex(event.hex))
    if (event.write_index !== undefined) this.store(RING_CONTROL.writeIndex, event.write_index)
    if (event.read_index !== undefined) this.store(RING_CONTROL.readIndex, event.read_index)
    if (event.interrupt_mask !== undefined) this.store(RING_CONTROL.interruptMask, event.interrupt_mask)
    if (event.pending_send_size !== undefined) this.store(RING_CONTROL.pendingSendSize, event.pending_send_size)
  }
}
