/** Units of reference time in a second: 100 ns. */
const unitsPerSecond = 10_000_000n

/**
 * The machine's time stamp counter (on ARM64 CNTVCT): it counts with machine time, from 0. `scale` is by how much to multiply a count, and
 * then to take the upper 64 bits of 128, for units of 100 ns.
 */
export class TimeStampCounter {
  /** Multiplier of 64 bits, as the reference TSC page has it. */
  readonly scale: bigint
  readonly #now: () => bigint

  /**
   * @param frequency Hz. Throws a `RangeError` when it is not above 10 MHz: the scale would not have 64 bits.
   * @param now machine time in 100 ns.
   */
  constructor(
    readonly frequency: bigint,
    now: () => bigint,
  ) {
    if (frequency <= unitsPerSecond || frequency >= 1n << 64n) {
      throw new RangeError(`a counter of ${frequency} Hz: it must be faster than ${unitsPerSecond} Hz`)
    }
    this.#now = now
    // Rounded up, so that a whole number of units does not come out as one less.
    this.scale = ((unitsPerSecond << 64n) + frequency - 1n) / frequency
  }

  /** The count, 64 bits. */
  get count(): bigint {
    // Rounded up, for the same reason.
    return BigInt.asUintN(64, (this.#now() * this.frequency + unitsPerSecond - 1n) / unitsPerSecond)
  }
}
