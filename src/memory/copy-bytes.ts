/** Up to this many bytes a loop: it allocates no view. */
const LOOP_LIMIT = 64

/** Copies `length` bytes between arrays whose bounds the caller has checked. Allocates nothing for short or whole-array copies. */
export function copyBytes(
  source: Uint8Array,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  length: number,
): void {
  if (sourceOffset === 0 && length === source.length) {
    target.set(source, targetOffset)
  } else if (length <= LOOP_LIMIT) {
    for (let i = 0; i < length; i++) target[targetOffset + i] = source[sourceOffset + i] ?? 0
  } else {
    target.set(source.subarray(sourceOffset, sourceOffset + length), targetOffset)
  }
}
