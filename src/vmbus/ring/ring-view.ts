import { copyBytes } from '../../memory/copy-bytes.ts'
import { type GuestMemory, MemoryFault } from '../../memory/guest-memory.ts'
import { CONTROL_PAGE_SIZE, checkRingMemory, RING_CONTROL } from './layout.ts'
import { RingFault } from './ring-fault.ts'

/**
 * One ring's memory as reader and writer use it: control words, and data that wraps at its end.
 *
 * Where the whole ring is one piece of a buffer, everything goes through views of it, and nothing is allocated per access;
 * otherwise through {@link GuestMemory}. Control words are sequentially consistent on shared memory, which orders the data
 * around them: an index is loaded before the data it covers, and stored after it. The host is taken to be little-endian.
 */
export class RingView {
  /** Bytes of data. */
  readonly size: number
  /** Whether the ring is one piece of a buffer. */
  readonly isDirect: boolean
  /** Whether that buffer is one that other threads see. */
  readonly isShared: boolean
  /** The ring in place: its control page as words, its data as bytes and as words. Empty unless {@link isDirect}. */
  readonly control: Int32Array
  /** The data, as bytes. */
  readonly bytes: Uint8Array
  /** The data, as little-endian words. */
  readonly words: Int32Array
  /** The last {@link snapshot} and {@link snapshotHeader}: four words of descriptor, two of type-specific header. */
  readonly snapshotWords = new Int32Array(6)
  /** The header's two words of these. */
  readonly headerWords = this.snapshotWords.subarray(4)

  readonly #memory: GuestMemory
  readonly #base: number
  readonly #snapshotBytes = new Uint8Array(this.snapshotWords.buffer)
  readonly #pairWords = new Int32Array(2)
  readonly #pairBytes = new Uint8Array(this.#pairWords.buffer)

  /** Throws {@link RingFault} `InvalidRingMemory`. */
  constructor(memory: GuestMemory, base: number, totalBytes: number) {
    const fault = checkRingMemory(memory, base, totalBytes)
    if (fault !== undefined) throw fault
    this.#memory = memory
    this.#base = base
    this.size = totalBytes - CONTROL_PAGE_SIZE
    const ring = directOrNothing(memory, base, totalBytes)
    const { buffer, byteOffset } = ring ?? new Uint8Array(0)
    this.isDirect = ring !== undefined
    this.isShared = typeof SharedArrayBuffer !== 'undefined' && buffer instanceof SharedArrayBuffer
    const data = this.isDirect ? byteOffset + CONTROL_PAGE_SIZE : 0
    this.control = new Int32Array(buffer, byteOffset, this.isDirect ? CONTROL_PAGE_SIZE / 4 : 0)
    this.bytes = new Uint8Array(buffer, data, this.isDirect ? this.size : 0)
    this.words = new Int32Array(buffer, data, this.bytes.length / 4)
  }

  /** Loads a field of the control page: its 32 bits, signed or not as they come. */
  load(field: number): number {
    if (!this.isDirect) return this.#memory.load32(this.#base + field)
    return this.isShared ? Atomics.load(this.control, field >> 2) : (this.control[field >> 2] ?? 0)
  }

  /** Stores a field of the control page; a full barrier on shared memory. */
  store(field: number, value: number): void {
    if (!this.isDirect) this.#memory.store32(this.#base + field, value)
    else if (this.isShared) Atomics.store(this.control, field >> 2, value)
    else this.control[field >> 2] = value
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

  /** Copies the descriptor at `position` (a multiple of 8) into {@link snapshotWords}, once: what follows looks only at the copy. */
  snapshot(position: number): void {
    const { words, snapshotWords } = this
    if (!this.isDirect) {
      this.copyOut(position, this.#snapshotBytes, 0, 16)
      return
    }
    const first = position >> 2
    const second = this.advance(position, 8) >> 2
    snapshotWords[0] = words[first] ?? 0
    snapshotWords[1] = words[first + 1] ?? 0
    snapshotWords[2] = words[second] ?? 0
    snapshotWords[3] = words[second + 1] ?? 0
  }

  /** Copies the 8 bytes at `position` behind the descriptor in {@link snapshotWords}. */
  snapshotHeader(position: number): void {
    this.copyOut(position, this.#snapshotBytes, 16, 8)
  }

  /** Stores two little-endian words at `position`, a multiple of 8. */
  storePair(position: number, low: number, high: number): void {
    if (this.isDirect) {
      this.words[position >> 2] = low
      this.words[(position >> 2) + 1] = high
      return
    }
    this.#pairWords[0] = low
    this.#pairWords[1] = high
    this.copyIn(position, this.#pairBytes, 0, 8)
  }

  /** Copies into the data at `position`, around its end if need be. */
  copyIn(position: number, source: Uint8Array, offset: number, length: number): void {
    const first = Math.min(length, this.size - position)
    if (this.isDirect) {
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
    if (this.isDirect) {
      copyBytes(this.bytes, position, target, offset, first)
      if (first < length) copyBytes(this.bytes, 0, target, offset + first, length - first)
      return
    }
    const data = this.#base + CONTROL_PAGE_SIZE
    this.#memory.read(data + position, target, offset, first)
    if (first < length) this.#memory.read(data, target, offset + first, length - first)
  }

  /** Whether this can be an index: within the data, a multiple of 8. */
  isIndex(index: number): boolean {
    return index >= 0 && index < this.size && (index & 7) === 0
  }

  /** Why an index that the peer (or an earlier owner) left is unusable, if it is. */
  checkIndex(field: number, index: number): RingFault | undefined {
    if (this.isIndex(index)) return undefined
    const name = field === RING_CONTROL.writeIndex ? 'write' : 'read'
    return new RingFault('InvalidRingPointer', field, `${name} index ${index >>> 0} in ${this.size} bytes of data`)
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
