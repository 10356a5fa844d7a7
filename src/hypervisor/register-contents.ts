/** Value of a register, 128 bits as two words; a 64-bit register is `low`. Source: TLFS 7.8.3 (HV_REGISTER_VALUE). */
export interface RegisterContents {
  /** Bits 63:0. */
  readonly low: bigint
  /** Bits 127:64. */
  readonly high: bigint
}

/** A 64-bit register's value. */
export function register64(low: bigint): RegisterContents {
  return { low, high: 0n }
}
