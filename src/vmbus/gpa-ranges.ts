import { u32At } from './u32.ts'

/** Stable codes of a bad list of ranges; the long names are OpenVMM's (vmbus_ring gparange.rs). */
export type RangeFaultCode =
  /** The list is shorter than its count or its lengths say, or no multiple of 8. */
  | 'LENGTH'
  /** No ranges, where there must be one. */
  | 'EmptyGpadl'
  | 'EmptyByteCount'
  /** byte_offset is beyond the first page. */
  | 'OffsetTooLarge'
  /** Fewer page numbers than byte_offset + byte_count need. */
  | 'RangeTooSmall'
  /** A transfer page range outside its buffer. */
  | 'RANGE'

/** What is wrong with a list of ranges; a value, never thrown here. */
export class RangeFault extends Error {
  override readonly name = 'RangeFault'
  constructor(
    readonly code: RangeFaultCode,
    /** Byte offset of the range within the list. */
    readonly offset: number,
    readonly why: string,
  ) {
    super(`${code} at ${offset}: ${why}`)
  }
}

const PAGE_SIZE = 4096
const HEADER_SIZE = 8
const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * Walks the ranges of a GPA-direct packet or a GPADL: `{byte_count u32, byte_offset u32, page number u64 × n}` each, where
 * n pages hold byte_offset + byte_count bytes (Linux `struct gpa_range`). Reusable and without allocation: {@link reset}, then
 * {@link next} while it answers true; then {@link fault} says whether the list was good.
 *
 * In memory that the peer can still change, each range's two words are read once; a page number is read by each
 * {@link pageNumber}, so read it once and use that.
 */
export class GpaRanges {
  /** Bytes of the current range, at least 1. */
  byteCount = 0
  /** Offset of its first byte in its first page, 0 … 4095. */
  byteOffset = 0
  /** Its page numbers. */
  pageCount = 0
  /** Set when the list is bad; {@link next} then answers false. */
  fault: RangeFault | undefined
  #bytes: Uint8Array = NOTHING
  #start = 0
  #length = 0
  #left = 0
  #at = 0
  #pages = 0

  /**
   * @param offset, length where in `bytes` the list lies: in a GPA-direct packet behind the first 8 header bytes.
   * @param rangeCount as the peer says it: checked against the length before anything else.
   */
  reset(bytes: Uint8Array, offset: number, length: number, rangeCount: number): this {
    this.fault = undefined
    this.#bytes = bytes
    this.#start = offset
    this.#length = length
    this.#left = rangeCount
    this.#at = 0
    this.pageCount = 0
    if (length < 0 || length > bytes.length || offset > bytes.length - length) {
      this.fault = new RangeFault('LENGTH', 0, `${length} bytes at ${offset} of ${bytes.length}`)
    } else if (rangeCount > length / (HEADER_SIZE + 8)) {
      this.fault = new RangeFault('LENGTH', 0, `${rangeCount} ranges cannot lie in ${length} bytes`)
    }
    return this
  }
  /** Goes on to the next range. False when there is none, or when it is bad: {@link fault} tells. */
  next(): boolean {
    if (this.fault !== undefined || this.#left === 0) return false
    const left = this.#length - this.#at
    if (left < HEADER_SIZE) return this.#fail('LENGTH', `${left} bytes left for ${this.#left} ranges`)
    this.byteCount = u32At(this.#bytes, this.#start + this.#at)
    this.byteOffset = u32At(this.#bytes, this.#start + this.#at + 4)
    if (this.byteCount === 0) return this.#fail('EmptyByteCount', 'byte_count 0')
    if (this.byteOffset >= PAGE_SIZE) return this.#fail('OffsetTooLarge', `byte_offset ${this.byteOffset}`)
    this.pageCount = Math.ceil((this.byteOffset + this.byteCount) / PAGE_SIZE)
    if (this.pageCount > Math.floor((left - HEADER_SIZE) / 8)) {
      return this.#fail('RangeTooSmall', `${this.pageCount} page numbers do not lie in ${left - HEADER_SIZE} bytes`)
    }
    this.#pages = this.#start + this.#at + HEADER_SIZE
    this.#at += HEADER_SIZE + this.pageCount * 8
    this.#left -= 1
    return true
  }

  /** The `index`-th page number of the current range. Above 2^53 it is rounded, and outside any memory either way. */
  pageNumber(index: number): number {
    if (index < 0 || index >= this.pageCount) throw new RangeError(`page ${index} of ${this.pageCount}`)
    const at = this.#pages + index * 8
    return u32At(this.#bytes, at) + u32At(this.#bytes, at + 4) * 2 ** 32
  }

  /** The page numbers of the current range, copied. */
  pageNumbers(): Float64Array {
    return Float64Array.from({ length: this.pageCount }, (_, index) => this.pageNumber(index))
  }

  /** Bytes of the list behind the last range walked: legal in a GPADL, and ignored (GP-08). */
  get extraBytes(): number {
    return this.#length - this.#at
  }

  #fail(code: RangeFaultCode, why: string): false {
    this.fault = new RangeFault(code, this.#at, why)
    this.pageCount = 0
    return false
  }
}

/**
 * Checks the complete range list of a GPADL (header and bodies joined). Answers what is wrong, or the bytes behind the last
 * range, which are to be ignored.
 */
export function checkGpadlRanges(list: Uint8Array, rangeCount: number): RangeFault | { readonly extraBytes: number } {
  if (list.length % 8 !== 0) return new RangeFault('LENGTH', 0, `${list.length} bytes are no multiple of 8`)
  if (rangeCount === 0) return new RangeFault('EmptyGpadl', 0, 'no ranges')
  const ranges = new GpaRanges().reset(list, 0, list.length, rangeCount)
  while (ranges.next());
  return ranges.fault ?? { extraBytes: ranges.extraBytes }
}

/**
 * Walks the ranges of a transfer page packet: `{byte_count u32, byte_offset u32}` each, offsets into the buffer that the
 * packet's set id names (Linux `struct vmtransfer_page_range`). Reusable and without allocation, like {@link GpaRanges}.
 */
export class TransferPageRanges {
  /** Bytes of the current range. */
  byteCount = 0
  /** Offset in the buffer. */
  byteOffset = 0
  /** Set when the list is bad; {@link next} then answers false. */
  fault: RangeFault | undefined
  #bytes: Uint8Array = NOTHING
  #start = 0
  #count = 0
  #index = 0
  #bufferSize = 0

  /**
   * @param offset, length where in `bytes` the list lies: behind the first 8 header bytes.
   * @param rangeCount as the peer says it; 0 is legal (behaviour 145).
   * @param bufferSize bytes of the buffer that the ranges must stay within.
   */
  reset(bytes: Uint8Array, offset: number, length: number, rangeCount: number, bufferSize: number): this {
    this.fault = undefined
    this.#bytes = bytes
    this.#start = offset
    this.#count = rangeCount
    this.#index = 0
    this.#bufferSize = bufferSize
    if (length < 0 || length > bytes.length || offset > bytes.length - length || rangeCount > length / 8) {
      this.fault = new RangeFault('LENGTH', 0, `${rangeCount} ranges do not lie in ${length} bytes`)
    }
    return this
  }
  /** Goes on to the next range. False when there is none, or when it is bad: {@link fault} tells. */
  next(): boolean {
    if (this.fault !== undefined || this.#index >= this.#count) return false
    const at = this.#start + this.#index * 8
    this.byteCount = u32At(this.#bytes, at)
    this.byteOffset = u32At(this.#bytes, at + 4)
    if (this.byteCount > this.#bufferSize || this.byteOffset > this.#bufferSize - this.byteCount) {
      const why = `${this.byteCount} bytes at ${this.byteOffset} of a buffer of ${this.#bufferSize}`
      this.fault = new RangeFault('RANGE', this.#index * 8, why)
      return false
    }
    this.#index += 1
    return true
  }
}
