import { checkLocal, checkRange, checkWord } from './access.ts'
import { copyBytes } from './copy-bytes.ts'
import { type GuestMemory, MemoryFault } from './guest-memory.ts'

/** A user's access to guest memory: a crash dump, a debugger, another process. */
export interface MemoryCallbacks {
  /** Answers exactly `length` bytes at `gpa`, or `undefined` where there is no memory. The array is copied from at once. */
  read(gpa: number, length: number): Uint8Array | undefined
  /** Stores `bytes` at `gpa`; `bytes` is only valid during the call. Absent: the memory is read-only. */
  write?(gpa: number, bytes: Uint8Array): void
}

/** Guest memory behind two functions. No direct views. What the functions throw is passed on. */
export class CallbackMemory implements GuestMemory {
  readonly #word = new Uint8Array(4)
  readonly #wordView = new DataView(this.#word.buffer)

  /** @param size bytes of guest memory. */
  constructor(
    readonly size: number,
    readonly callbacks: MemoryCallbacks,
  ) {}

  load32(gpa: number): number {
    checkWord(this.size, gpa)
    this.read(gpa, this.#word, 0, 4)
    return this.#wordView.getUint32(0, true)
  }

  store32(gpa: number, value: number): void {
    checkWord(this.size, gpa)
    this.#wordView.setUint32(0, value, true)
    this.write(gpa, this.#word, 0, 4)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    checkRange(this.size, gpa, length)
    checkLocal(target, offset, length)
    const bytes = this.callbacks.read(gpa, length)
    if (bytes === undefined) throw new MemoryFault(gpa, length, 'no memory here')
    if (bytes.length !== length) throw new MemoryFault(gpa, length, `${bytes.length} bytes came back`)
    copyBytes(bytes, 0, target, offset, length)
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    checkRange(this.size, gpa, length)
    checkLocal(source, offset, length)
    if (this.callbacks.write === undefined) throw new MemoryFault(gpa, length, 'this memory is read-only')
    this.callbacks.write(gpa, source.subarray(offset, offset + length))
  }

  direct(gpa: number, length: number): undefined {
    checkRange(this.size, gpa, length)
    return undefined
  }
}
