/** Bytes of the array for each view that is kept: few at any time, and none for two pieces of a buffer that are larger. */
const SLOT_SHIFT = 10

/**
 * Views of parts of one array, kept for whoever asks for the same part again: to make a view takes longer than to copy a frame of
 * 1500 bytes. What begins within the same 1024 bytes shares a place, where the last stays.
 */
export class KeptViews {
  readonly #bytes: Uint8Array
  readonly #views: (Uint8Array | undefined)[]
  readonly #offsets: Float64Array

  constructor(bytes: Uint8Array) {
    const slots = (bytes.length >> SLOT_SHIFT) + 1
    this.#bytes = bytes
    this.#views = new Array<Uint8Array | undefined>(slots).fill(undefined)
    this.#offsets = new Float64Array(slots)
  }

  /** The part `[offset, offset + length)`, which the caller has checked. Others may hold the same view: it is for use at once. */
  view(offset: number, length: number): Uint8Array {
    const slot = offset >>> SLOT_SHIFT
    const known = this.#views[slot]
    if (known !== undefined && this.#offsets[slot] === offset && known.length === length) return known
    const made = this.#bytes.subarray(offset, offset + length)
    this.#views[slot] = made
    this.#offsets[slot] = offset
    return made
  }
}
