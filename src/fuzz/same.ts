/** Whether two decoded values are the same, deep down. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array || b instanceof Uint8Array) {
    if (!(a instanceof Uint8Array && b instanceof Uint8Array) || a.byteLength !== b.byteLength) return false
    return a.every((byte, index) => byte === b[index])
  }
  const [mine, theirs] = [Object.entries(a), Object.entries(b)]
  if (Array.isArray(a) !== Array.isArray(b) || mine.length !== theirs.length) return false
  const others = new Map<string, unknown>(theirs)
  return mine.every(([name, value]) => others.has(name) && same(value, others.get(name)))
}
