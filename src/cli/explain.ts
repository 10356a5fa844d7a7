import { callNamed } from '../hypercall/index.ts'
import { allSchemas } from '../schemas.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import { parseVersion, VmbusVersion, versionText } from '../vmbus/versions.ts'
import { layoutOf, type Node } from '../wire/index.ts'
import { type Command, InputError } from './command.ts'
import { hypercallMeanings } from './hypercall-terms.ts'
import { namesOf } from './kinds.ts'
import { layoutLines, requireWord } from './layout.ts'
import type { Meaning } from './meaning.ts'
import { paint, print } from './terminal.ts'

/** `vmbus explain`: what is this name or number? */
export const explainCommand: Command = {
  name: 'explain',
  usage: 'explain TERM [--json]',
  summary:
    'Explains a GUID, a hypercall, status, register, MSR, CPUID leaf, message or packet type, version, flag, structure.',
  words: 1,
  options: { json: { help: 'print an array of meanings' } },
  run(call) {
    const term = requireWord(call.words[0], 'TERM')
    const meanings = meaningsOf(term)
    if (meanings.length === 0) throw new InputError(`nothing is known of ${term}`)
    if (call.has('json')) print(JSON.stringify(meanings, undefined, 2))
    else
      for (const { what, name, value, detail } of meanings)
        print(`${what} ${paint('bold', name)}${value === '' ? '' : ` = ${value}`}`, ...detail)
    return 0
  },
}

function meaningsOf(term: string): Meaning[] {
  const word = term
    .trim()
    .toLowerCase()
    .replace(/^\{(.*)\}$/, '$1')
  const number = /^(0x[0-9a-f]+|-?\d+)$/.test(word) ? Number(word) : undefined
  const found: Meaning[] = []
  for (const [name, id] of Object.entries(DeviceId)) {
    if (id === word || name.toLowerCase() === word) found.push({ what: 'interface id', name, value: id, detail: [] })
  }
  for (const [name, id] of Object.entries(InstanceId)) {
    if (id === word || name.toLowerCase() === word) found.push({ what: 'instance id', name, value: id, detail: [] })
  }
  const version = word.includes('.') ? parseVersion(word) : number
  for (const [name, value] of Object.entries(VmbusVersion)) {
    if (value === version)
      found.push({
        what: 'VMBus version',
        name: versionText(value),
        value: `0x${value.toString(16)}`,
        detail: [`  ${name} in code`],
      })
  }
  found.push(...hypercallMeanings(word, number))
  for (const named of namedValues()) {
    // -2147418113 and 0x8000ffff are the same word.
    if (named.name.toLowerCase() !== word && (number === undefined || named.value !== number >>> 0)) continue
    if (number !== undefined && (number < -0x8000_0000 || number > 0xffff_ffff)) continue
    const value = `${named.value} (0x${named.value.toString(16)})`
    found.push({
      what: named.of,
      name: named.name,
      value,
      detail: [`  in ${[...named.places].slice(0, 6).join(', ')}${named.places.size > 6 ? ', …' : ''}`],
    })
  }
  for (const schema of allSchemas) {
    // A call's structures have been shown with the call.
    if (callNamed(schema.name) !== undefined) continue
    if (!namesOf(schema).some((name) => name.toLowerCase() === word)) continue
    // So have a register's contents.
    if ([schema.aliases.register ?? []].flat().some((name) => name.toLowerCase() === word)) continue
    found.push({ what: 'structure', name: schema.name, value: '', detail: layoutLines(layoutOf(schema)) })
  }
  return found
}

/** A value with a name, and where it occurs. */
interface NamedValue {
  /** The enumeration or flag word. */
  readonly of: string
  readonly name: string
  readonly value: number
  readonly places: Set<string>
}

/** Every named value of every enumeration and flag word that the structures use. */
function namedValues(): Iterable<NamedValue> {
  const all = new Map<string, NamedValue>()
  const add = (of: string, table: Readonly<Record<string, number>>, place: string) => {
    for (const [name, value] of Object.entries(table)) {
      const key = `${of}.${name}`
      const known = all.get(key) ?? { of, name, value, places: new Set() }
      known.places.add(place)
      all.set(key, known)
    }
  }
  const visit = (node: Node, place: string) => {
    if (node.kind === 'enum') add(node.name, node.values, place)
    else if (node.kind === 'flags') add(node.name, node.masks, place)
    else if (node.kind === 'constant') visit(node.inner, place)
    else if (node.kind === 'array' || node.kind === 'list') visit(node.element, place)
    else if (node.kind === 'bits') {
      for (const [name, field] of Object.entries(node.fields))
        if (field.values !== undefined) visit(field.values, `${place}.${name}`)
    }
  }
  for (const schema of allSchemas) {
    if (schema.kind !== 'struct') continue
    for (const field of schema.layout) visit(field.schema, `${schema.name}.${field.name}`)
  }
  return all.values()
}
