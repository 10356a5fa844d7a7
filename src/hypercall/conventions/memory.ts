/**
 * What a hypercall needs of the caller's memory. Addresses are guest physical, in bytes. Both throw an error named `MemoryFault` where
 * memory is not there or not allowed, before anything is copied; `GuestMemory` is one.
 */
export interface HypercallMemory {
  /** Copies `length` bytes at `gpa` into `target` at `offset`. */
  read(gpa: number, target: Uint8Array, offset: number, length: number): void
  /** Copies `length` bytes of `source` at `offset` to `gpa`. */
  write(gpa: number, source: Uint8Array, offset: number, length: number): void
  /**
   * Whether {@link write} would do; asked before a call has effects. Without it, an output page that cannot be written is noticed only
   * when the effects are there.
   */
  canWrite?(gpa: number, length: number): boolean
}

/** Recognises a fault of a {@link HypercallMemory} by its name, so that any memory can throw its own. */
export function isMemoryFault(error: unknown): error is Error {
  return error instanceof Error && error.name === 'MemoryFault'
}
