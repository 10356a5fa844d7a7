/** The little-endian u32 at `at`. Bytes outside the array read as 0: check bounds first. Allocates no view. */
export function u32At(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8)) << 16
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | high) >>> 0
}

/** Stores a little-endian u32 at `at`. Check bounds first. */
export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}
