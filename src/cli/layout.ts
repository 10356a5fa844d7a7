import { callNamed, schemasOfCall } from '../hypercall/index.ts'
import { allSchemas } from '../schemas.ts'
import { type Layout, layoutOf } from '../wire/index.ts'
import { type Command, UsageError } from './command.ts'
import { withoutLayout } from './hypercall.ts'
import { schemasNamed } from './kinds.ts'
import { paint, print } from './terminal.ts'

/** `vmbus layout`: where each field of a structure is. */
export const layoutCommand: Command = {
  name: 'layout',
  usage: 'layout [NAME…] [--json]',
  summary: 'Shows each structure, or those of a call: names, size, and fields with offset, size and bits.',
  words: Number.POSITIVE_INFINITY,
  options: { json: { help: 'print an array of layouts' } },
  run(call) {
    const schemas = call.words.length === 0 ? allSchemas : call.words.flatMap(schemasNamed)
    const layouts = schemas.map((schema) => layoutOf(schema))
    if (call.has('json')) {
      print(JSON.stringify(layouts, undefined, 2))
      return 0
    }
    const bare = call.words
      .flatMap((word) => callNamed(word) ?? [])
      .filter((named) => schemasOfCall(named).length === 0)
    const tables = [...layouts.map(layoutLines), ...bare.map((named) => [withoutLayout(named)])]
    for (const [index, lines] of tables.entries()) print(...(index > 0 ? [''] : []), ...lines)
    return 0
  },
}

/** A layout as a table. */
export function layoutLines(layout: Layout): string[] {
  const aliases = Object.entries(layout.aliases).map(([dialect, names]) => `${dialect}: ${[names].flat().join(', ')}`)
  const size = `${layout.size} bytes${layout.variable ? ' and more' : ''}`
  const lines = [`${paint('bold', layout.name)} ${size}${aliases.length > 0 ? ` (${aliases.join('; ')})` : ''}`]
  const width = Math.max(0, ...layout.fields.map((field) => field.name.length))
  for (const { name, offset, size, bitOffset, bitWidth, type } of layout.fields) {
    const bits =
      bitWidth === undefined ? '' : ` bit ${bitOffset}${bitWidth > 1 ? `…${Number(bitOffset) + bitWidth - 1}` : ''}`
    lines.push(`${String(offset).padStart(6)} ${String(size).padStart(5)}  ${name.padEnd(width)}  ${type}${bits}`)
  }
  return lines
}

/** Refuses a name that is none, for commands that take one. */
export function requireWord(word: string | undefined, what: string): string {
  if (word === undefined) throw new UsageError(`${what} is missing`)
  return word
}
