import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { checkLocal, checkRange, checkWord } from '../memory/access.ts'
import { type GuestMemory, MemoryFault } from '../memory/guest-memory.ts'

/**
 * Guest memory in a file, read and written in place: the memory file of a virtual machine, or a raw dump.
 * Every access is a system call; words are read and written whole, which is as atomic as the file system makes 4 aligned bytes.
 */
export class FileMemory implements GuestMemory {
  readonly #word = new Uint8Array(4)
  readonly #wordView = new DataView(this.#word.buffer)

  private constructor(
    readonly size: number,
    readonly fd: number,
    readonly readOnly: boolean,
  ) {}

  /**
   * Opens an existing file for reading and writing, or read-only when `readOnly` is set; its length is the memory's size.
   * With `size`, the file is created if need be and brought to that many bytes.
   */
  static open(path: string, options: { readonly readOnly?: boolean; readonly size?: number } = {}): FileMemory {
    const fd = openSync(path, options.readOnly ? 'r' : options.size === undefined ? 'r+' : 'a+')
    if (options.size === undefined) return new FileMemory(fstatSync(fd).size, fd, options.readOnly === true)
    // Append mode creates the file without emptying it, but would also ignore write positions: open it again for writing.
    ftruncateSync(fd, options.size)
    closeSync(fd)
    return new FileMemory(options.size, openSync(path, 'r+'), false)
  }

  close(): void {
    closeSync(this.fd)
  }

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
    for (let done = 0; done < length; ) {
      const count = readSync(this.fd, target, offset + done, length - done, gpa + done)
      if (count === 0) throw new MemoryFault(gpa, length, 'the file has become shorter')
      done += count
    }
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    checkRange(this.size, gpa, length)
    checkLocal(source, offset, length)
    if (this.readOnly) throw new MemoryFault(gpa, length, 'this memory is read-only')
    for (let done = 0; done < length; ) {
      done += writeSync(this.fd, source, offset + done, length - done, gpa + done)
    }
  }

  direct(gpa: number, length: number): undefined {
    checkRange(this.size, gpa, length)
    return undefined
  }
}
