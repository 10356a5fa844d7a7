/** A small seeded generator (Marsaglia's xorshift, 32 bits): the same seed gives the same numbers everywhere. */
export class Random {
  #state: number

  /** @param seed any 32-bit number. */
  constructor(seed: number) {
    // Spread, so that neighbouring seeds differ at once; the state must not be 0.
    this.#state = (Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ 0x5bd1_e995) >>> 0 || 1
  }

  /** A whole number from 0 to `bound` - 1; `bound` is at most 2^32. */
  below(bound: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state >>> 0
    return Math.floor((this.#state / 0x1_0000_0000) * bound)
  }
}
