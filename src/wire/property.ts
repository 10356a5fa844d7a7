/** An own property of a value that may be anything; never one that it inherits. */
export function property(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  // A plain load: `Reflect.get` takes ten times as long.
  const fields: Readonly<Record<string, unknown>> = Object(value)
  return fields[name]
}

/** Whether an object inherits nothing that could be taken for a field: a plain load then gives what {@link property} gives. */
export function isPlainObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** A value in an error message: short, and never an object's own doing. */
export function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' || typeof value === 'function') return value === null ? 'null' : `a ${typeof value}`
  if (typeof value === 'bigint') return `${value}n`
  const text = typeof value === 'string' ? `"${value}"` : String(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}
