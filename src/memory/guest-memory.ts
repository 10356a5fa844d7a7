/**
 * Guest physical memory as every ring, GPADL, SynIC page and device sees it.
 *
 * Addresses are guest physical (GPAs) in bytes, as JavaScript numbers: safe up to 2^53. All words are little-endian.
 */
export interface GuestMemory {
  /** Total size in bytes; valid GPAs are `0 … size - 1`. A sparse memory answers faults for its holes. */
  readonly size: number

  /**
   * Loads an aligned 32-bit word that the other side may write at any time (a ring index, a mask).
   * Sequentially consistent on shared buffers. Throws {@link MemoryFault} outside memory or when `gpa` is not a multiple of 4.
   */
  load32(gpa: number): number

  /** Stores an aligned 32-bit word for the other side. Same rules as {@link load32}. */
  store32(gpa: number, value: number): void

  /** Copies `length` bytes at `gpa` into `target` at `offset`. Throws {@link MemoryFault} before anything is copied. */
  read(gpa: number, target: Uint8Array, offset: number, length: number): void

  /** Copies `length` bytes of `source` at `offset` to `gpa`. Throws {@link MemoryFault} before anything is written. */
  write(gpa: number, source: Uint8Array, offset: number, length: number): void

  /**
   * A direct view of `[gpa, gpa + length)` where the range is contiguous in one buffer, otherwise `undefined`.
   * Only an optimisation: callers must work without it. Writes through it are writes to guest memory.
   */
  direct(gpa: number, length: number): Uint8Array | undefined
}

/** An access outside guest memory, or a misaligned word access. */
export class MemoryFault extends Error {
  override readonly name = 'MemoryFault'
  constructor(
    /** First guest physical address of the access, in bytes. */
    readonly gpa: number,
    /** Bytes asked for. */
    readonly length: number,
    /** What was wrong, in words. */
    readonly why: string,
  ) {
    super(`guest memory at 0x${gpa.toString(16)}, ${length} bytes: ${why}`)
  }
}
