import { copyBytes } from '../../memory/copy-bytes.ts'
import { type GuestMemory, MemoryFault } from '../../memory/guest-memory.ts'
import { CONTROL_PAGE_SIZE, checkRingMemory, RING_CONTROL } from './layout.ts'
import { RingFault } from './ring-fault.ts'

const HIGHEST_CONTROL_FIELD = RING_CONTROL.featureBits + 4

/**
 * One ring's memory as reader and writer use it: control words, and data that wraps at its end.
 *
 * Where the whole ring is one piece of a buffer, everything goes through views of it, and nothing is allocated per access;
 * otherwise through {@link GuestMemory}. Control words are sequentially consistent on shared memory, which orders the data
 * around them: an index is loaded before the data it covers, and stored after it.
 */
export class RingView {
  /** Bytes of data. */
  readonly size: number
  /** The data area in place, if the ring is one piece of a buffer. */
  readonly bytes: Uint8Array | undefined
  /** The last snapshot of {@link snapshot} and {@link snapshotHeader}: 16 bytes of descriptor, 8 bytes of type-specific header. */
  readonly snapshotView = new DataView(new ArrayBuffer(24))

  readonly #memory: GuestMemory
  readonly #base: number
  readonly #shared: Int32Array | undefined
  readonly #control: DataView | undefined
  readonly #data: DataView | undefined
  readonly #snapshotBytes = new Uint8Array(this.snapshotView.buffer)
  readonly #pair = new Uint8Array(8)
  readonly #pairView = new DataView(this.#pair.buffer)

  /** Throws {@link RingFault} `InvalidRingMemory`. */
  constructor(memory: GuestMemory, base: number, totalBytes: number) {
    const fault = checkRingMemory(memory, base, totalBytes)
    if (fault !== undefined) throw fault
    this.#memory = memory
    this.#base = base
    this.size = totalBytes - CONTROL_PAGE_SIZE
    const ring = directOrNothing(memory, base, totalBytes)
    if (ring === undefined) return
    const { buffer, byteOffset } = ring
    this.bytes = new Uint8Array(buffer, byteOffset + CONTROL_PAGE_SIZE, this.size)
    this.#data = new DataView(buffer, byteOffset + CONTROL_PAGE_SIZE, this.size)
    this.#control = new DataView(buffer, byteOffset, HIGHEST_CONTROL_FIELD)
    if (typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer) {
      this.#shared = new Int32Array(buffer, byteOffset, HIGHEST_CONTROL_FIELD / 4)
    }
  }

  /** Loads a field of the control page. */
  load(field: number): number {
    if (this.#shared !== undefined) return Atomics.load(this.#shared, field >> 2) >>> 0
    if (this.#control !== undefined) return this.#control.getUint32(field, true)
    return this.#memory.load32(this.#base + field)
  }

  /** Stores a field of the control page; a full barrier on shared memory. */
  store(field: number, value: number): void {
    if (this.#shared !== undefined) Atomics.store(this.#shared, field >> 2, value)
    else if (this.#control !== undefined) this.#control.setUint32(field, value, true)
    else this.#memory.store32(this.#base + field, value)
  }

  /** Bytes from `from` forward to `to`. Both lie within the data. */
  distance(from: number, to: number): number {
    return to >= from ? to - from : this.size - from + to
  }

  /** `position + length`, wrapped. `position` lies within the data, `length` is at most its size. */
  advance(position: number, length: number): number {
    const next = position + length
    return next >= this.size ? next - this.size : next
  }

  /** Copies the descriptor at `position` (a multiple of 8) into {@link snapshotView}, once: what follows looks only at the copy. */
  snapshot(position: number): void {
    const data = this.#data
    if (data === undefined) {
      this.copyOut(position, this.#snapshotBytes, 0, 16)
      return
    }
    const second = this.advance(position, 8)
    this.snapshotView.setUint32(0, data.getUint32(position, true), true)
    this.snapshotView.setUint32(4, data.getUint32(position + 4, true), true)
    this.snapshotView.setUint32(8, data.getUint32(second, true), true)
    this.snapshotView.setUint32(12, data.getUint32(second + 4, true), true)
  }

  /** Copies the 8 bytes at `position` behind the descriptor in {@link snapshotView}. */
  snapshotHeader(position: number): void {
    this.copyOut(position, this.#snapshotBytes, 16, 8)
  }

  /** Stores two little-endian words at `position`, a multiple of 8. */
  storePair(position: number, low: number, high: number): void {
    if (this.#data !== undefined) {
      this.#data.setUint32(position, low, true)
      this.#data.setUint32(position + 4, high, true)
      return
    }
    this.#pairView.setUint32(0, low, true)
    this.#pairView.setUint32(4, high, true)
    this.copyIn(position, this.#pair, 0, 8)
  }

  /** Copies into the data at `position`, around its end if need be. */
  copyIn(position: number, source: Uint8Array, offset: number, length: number): void {
    const first = Math.min(length, this.size - position)
    if (this.bytes !== undefined) {
      copyBytes(source, offset, this.bytes, position, first)
      if (first < length) copyBytes(source, offset + first, this.bytes, 0, length - first)
      return
    }
    const data = this.#base + CONTROL_PAGE_SIZE
    this.#memory.write(data + position, source, offset, first)
    if (first < length) this.#memory.write(data, source, offset + first, length - first)
  }

  /** Copies out of the data at `position`, around its end if need be. */
  copyOut(position: number, target: Uint8Array, offset: number, length: number): void {
    const first = Math.min(length, this.size - position)
    if (this.bytes !== undefined) {
      copyBytes(this.bytes, position, target, offset, first)
      if (first < length) copyBytes(this.bytes, 0, target, offset + first, length - first)
      return
    }
    const data = this.#base + CONTROL_PAGE_SIZE
    this.#memory.read(data + position, target, offset, first)
    if (first < length) this.#memory.read(data, target, offset + first, length - first)
  }

  /** Why an index that the peer (or an earlier owner) left is unusable, if it is. */
  checkIndex(field: number, index: number): RingFault | undefined {
    if (index < this.size && index % 8 === 0) return undefined
    const name = field === RING_CONTROL.writeIndex ? 'write' : 'read'
    return new RingFault('InvalidRingPointer', field, `${name} index ${index} in ${this.size} bytes of data`)
  }
}

/** Turns guest memory's fault into the ring's; anything else is no fault of the peer and goes on. */
export function memoryFaultOf(error: unknown): RingFault {
  if (error instanceof MemoryFault) return new RingFault('MemoryAccess', error.gpa, error.message)
  throw error
}

function directOrNothing(memory: GuestMemory, base: number, length: number): Uint8Array | undefined {
  try {
    const bytes = memory.direct(base, length)
    return bytes !== undefined && bytes.byteOffset % 8 === 0 ? bytes : undefined
  } catch (error) {
    if (error instanceof MemoryFault) return undefined
    throw error
  }
}
