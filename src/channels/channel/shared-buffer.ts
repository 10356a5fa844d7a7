import { copyBytes, setBytes } from '../../memory/copy-bytes.ts'
import type { PageList } from '../../memory/index.ts'
import { KeptViews } from '../../memory/kept-views.ts'

/**
 * A buffer that guest and host share as a GPADL. Where its pages lie behind each other in one piece of memory they are reached directly,
 * which only is faster.
 */
export class SharedBuffer {
  /** Bytes of the buffer. */
  readonly size: number
  readonly #pages: PageList
  readonly #direct: Uint8Array | undefined
  readonly #views: KeptViews | undefined

  constructor(pages: PageList) {
    this.size = pages.size
    this.#pages = pages
    this.#direct = pages.direct(0, pages.size)
    if (this.#direct !== undefined) this.#views = new KeptViews(this.#direct)
  }

  /** Copies out of the buffer. The caller has checked the range. */
  read(offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    if (this.#views === undefined) this.#pages.read(offset, target, targetOffset, length)
    else setBytes(target, this.#views.view(offset, length), targetOffset)
  }

  /** Copies into the buffer. The caller has checked the range. */
  write(offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    if (this.#direct === undefined) this.#pages.write(offset, source, sourceOffset, length)
    else if (length === source.length) setBytes(this.#direct, source, offset)
    else copyBytes(source, sourceOffset, this.#direct, offset, length)
  }
}
