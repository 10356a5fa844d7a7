/** Up to this many bytes a loop: for more, to make a view and copy by it is faster. */
const LOOP_LIMIT = 32

/**
 * Copies the whole of `source` to `target` at `offset`. Throws `RangeError` where it does not fit. Allocates nothing.
 *
 * The method is taken out once: V8 looks it up anew at each `target.set(…)`, which costs a third of a short copy. It is a constant of the
 * function's own, so that the engine knows what is called wherever it inlines this.
 */
export const setBytes = /* @__PURE__ */ (() => {
  const { set } = Uint8Array.prototype
  return (target: Uint8Array, source: Uint8Array, offset: number): void => set.call(target, source, offset)
})()

const { subarray } = Uint8Array.prototype

/** Copies `length` bytes between arrays whose bounds the caller has checked. Allocates nothing for short or whole-array copies. */
export function copyBytes(
  source: Uint8Array,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  length: number,
): void {
  if (sourceOffset === 0 && length === source.length) {
    setBytes(target, source, targetOffset)
  } else if (length <= LOOP_LIMIT) {
    for (let i = 0; i < length; i++) target[targetOffset + i] = source[sourceOffset + i] ?? 0
  } else {
    setBytes(target, subarray.call(source, sourceOffset, sourceOffset + length), targetOffset)
  }
}
