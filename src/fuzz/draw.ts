import { Random } from '../channels/random.ts'

/** What a fuzzer needs of chance, from one seed: the same seed gives the same draws everywhere. */
export class Draw extends Random {
  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1)
  }

  /** One of these. Throws a `RangeError` when there are none. */
  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)]
    if (choice === undefined) throw new RangeError('nothing to pick from')
    return choice
  }

  /** 64 bits. */
  u64(): bigint {
    return (BigInt(this.below(0x1_0000_0000)) << 32n) | BigInt(this.below(0x1_0000_0000))
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }
}

/** The draws of one run: it can be repeated without those before it. */
export function drawOf(seed: number, run: number): Draw {
  return new Draw((Math.imul(seed, 0x9e37_79b1) ^ Math.imul(run + 1, 0x85eb_ca77)) >>> 0)
}
