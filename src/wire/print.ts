import { type Annotation, annotate } from './annotate.ts'
import { anyContext, type WireContext } from './context.ts'
import type { WireFault } from './error.ts'
import type { Guid } from './guid-text.ts'
import { asciiOf, hexOfBytes, meaningOf } from './meaning.ts'
import type { Extra, Structure } from './structure.ts'
import { tryDecode } from './try-decode.ts'

/** What a piece of printed text is, for those who colour it. */
export type Ink = 'offset' | 'hex' | 'name' | 'value' | 'fault'

/** How {@link format} prints. */
export interface FormatOptions {
  /** What the bytes' form depends on beside themselves. */
  readonly context?: WireContext
  /** Prints the bytes too, 16 a line: hex | field | meaning. Reserved zeros then have a line of their own. */
  readonly hex?: boolean
  /** The name of a GUID, where it is a known one. */
  readonly nameOf?: (guid: Guid) => string | undefined
  /** Colours a piece of text, already padded; must not change its width. */
  readonly paint?: (ink: Ink, text: string) => string
}

const bytesPerLine = 16

/**
 * Prints a structure as a tree, one line a field: offset, name, meaning; lines without line ends. Of bytes, whatever can be read is
 * printed, and each fault stands under its field. Never throws on account of bytes; a value that cannot be encoded
 * throws a `WireError` when `hex` asks for its bytes.
 */
export function format<T>(
  schema: Structure<T>,
  input: Uint8Array | (T & Extra),
  options: FormatOptions = {},
): readonly string[] {
  const { context = anyContext, hex = false } = options
  if (!(input instanceof Uint8Array)) {
    const bytes = hex ? schema.encode(input, context) : undefined
    return linesOf(annotate(schema, input), [], bytes, options)
  }
  const { value, faults } = tryDecode(schema, input, context)
  return linesOf(annotate(schema, value, input.byteLength), faults, hex ? input : undefined, options)
}

function linesOf(
  all: readonly Annotation[],
  faults: readonly WireFault[],
  bytes: Uint8Array | undefined,
  options: FormatOptions,
): readonly string[] {
  const { nameOf = () => undefined, paint = (_, text) => text } = options
  const rows = all.filter((row) => (bytes !== undefined && row.size > 0) || !isSilent(row))
  const under = faultsByRow(rows, faults)
  const digits = Math.max(4, ...rows.map((row) => row.offset.toString(16).length))
  const width = Math.max(...rows.map((row) => 2 * row.depth + row.name.length))
  const lines: string[] = []
  for (const row of rows) {
    const line = (at: number, hex: string, name: string, meaning: string) => {
      const offset = paint('offset', at.toString(16).padStart(digits, '0'))
      const cells = [paint('name', name.padEnd(width)), paint('value', meaning)]
      if (bytes === undefined) return [offset, ...cells].join('  ').trimEnd()
      return `${offset}  ${[paint('hex', hex.padEnd(3 * bytesPerLine - 1)), ...cells].join(' | ')}`.trimEnd()
    }
    const name = `${'  '.repeat(row.depth)}${row.name}`
    const dumped =
      bytes === undefined || isContainer(row) ? undefined : bytes.subarray(row.offset, row.offset + row.size)
    const run = dumped !== undefined && row.value instanceof Uint8Array
    const first = dumped?.subarray(0, bytesPerLine) ?? new Uint8Array(0)
    lines.push(line(row.offset, hexOfBytes(first), name, run ? asciiOf(first) : meaningOf(row, nameOf)))
    for (let at = bytesPerLine; dumped !== undefined && at < dumped.byteLength; at += bytesPerLine) {
      const next = dumped.subarray(at, at + bytesPerLine)
      lines.push(line(row.offset + at, hexOfBytes(next), '', run ? asciiOf(next) : ''))
    }
    for (const { code, path, offset, why } of under.get(row) ?? []) {
      const text = `! ${path === '' ? row.name : path} at offset ${offset}: ${why} (${code})`
      lines.push(paint('fault', `${' '.repeat(digits + 2)}${text}`))
    }
  }
  return lines
}

/** Fields that a tree without bytes leaves out: what is optional and not there. */
function isSilent({ schema, value }: Annotation): boolean {
  return value === undefined && (schema?.kind === 'reserved' || (schema?.kind === 'tail' && schema.optional))
}

function isContainer({ schema, value }: Annotation): boolean {
  if (schema?.kind === 'struct') return true
  if (schema?.kind === 'array' || schema?.kind === 'list') {
    const inner = schema.element.kind
    return value !== undefined && (inner === 'struct' || inner === 'union' || inner === 'array')
  }
  return schema?.kind === 'union' && value !== undefined
}

/** Puts each fault to its field, or to the nearest structure around it. */
function faultsByRow(
  rows: readonly Annotation[],
  faults: readonly WireFault[],
): ReadonlyMap<Annotation, readonly WireFault[]> {
  const byPath = new Map(rows.map((row) => [row.path, row]))
  const found = new Map<Annotation, WireFault[]>()
  for (const fault of faults) {
    let { path } = fault
    while (path !== '' && !byPath.has(path)) path = path.slice(0, Math.max(0, path.search(/(\.[^.[\]]*|\[\d*\])$/)))
    const row = byPath.get(path)
    if (row !== undefined) found.set(row, [...(found.get(row) ?? []), fault])
  }
  return found
}
