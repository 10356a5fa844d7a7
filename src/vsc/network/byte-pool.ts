const slabSize = 32 * 1024

/**
 * Gives out fresh bytes, cut from larger pieces: making an array for each frame takes longer than copying the frame. A frame that is
 * kept keeps its piece, 32 KiB at most.
 */
export class BytePool {
  #slab = new Uint8Array(0)
  #used = 0

  /** Bytes that are zero, and no one else's. */
  take(length: number): Uint8Array {
    if (length > slabSize / 4) return new Uint8Array(length)
    if (length > this.#slab.length - this.#used) {
      this.#slab = new Uint8Array(slabSize)
      this.#used = 0
    }
    const start = this.#used
    this.#used += length
    return this.#slab.subarray(start, this.#used)
  }
}
