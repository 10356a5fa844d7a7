const slabSize = 32 * 1024

/**
 * Gives out fresh bytes, cut from larger pieces: making an array for each frame takes longer than copying the frame. A frame that is
 * kept keeps its piece, 32 KiB at most.
 */
export class BytePool {
  /** Where the bytes given out last are. */
  bytes = new Uint8Array(0)
  #used = 0

  /** Takes bytes that are no one else's; answers where they begin in {@link bytes}. */
  take(length: number): number {
    if (length > this.bytes.length - this.#used) {
      this.bytes = new Uint8Array(length > slabSize / 4 ? length : slabSize)
      this.#used = 0
    }
    const start = this.#used
    this.#used += length
    return start
  }
}
