import { callNamed, SynicMessage, schemasOfCall } from '../hypercall/index.ts'
import { allSchemas } from '../schemas.ts'
import { ChannelMessage } from '../vmbus/messages.ts'
import { Packet } from '../vmbus/packets.ts'
import type { StructSchema, UnionSchema } from '../wire/index.ts'
import { UsageError } from './command.ts'
import { callBlock, callBlockOf } from './hypercall.ts'

/** Anything that has a name and can be decoded. */
export type NamedSchema = StructSchema | UnionSchema

/** All names that a structure goes by. */
export function namesOf(schema: NamedSchema): string[] {
  return [schema.name, ...Object.values(schema.aliases).flat()]
}

const byName = new Map<string, NamedSchema>()
for (const schema of allSchemas) for (const name of namesOf(schema)) byName.set(name.toLowerCase(), schema)

/** The structure of that name or alias, in any case. */
function findSchema(name: string): NamedSchema | undefined {
  return byName.get(name.toLowerCase()) ?? callNamed(name)?.input
}

/** All that a name stands for: a structure, or the structures of a call, of some calls none. Throws {@link UsageError}. */
export function schemasNamed(name: string): readonly NamedSchema[] {
  const call = callNamed(name)
  return call === undefined ? [schemaNamed(name)] : schemasOfCall(call)
}

/** Like {@link findSchema}. Throws {@link UsageError} with names that are near. */
function schemaNamed(name: string): NamedSchema {
  const found = findSchema(name)
  if (found !== undefined) return found
  const near = nearNames(name)
  throw new UsageError(`no structure named ${name}${near.length > 0 ? `; perhaps ${near.join(', ')}` : ''}`)
}

function nearNames(name: string): string[] {
  const wanted = name.toLowerCase()
  return allSchemas
    .flatMap(namesOf)
    .filter((known) => known.toLowerCase().includes(wanted))
    .slice(0, 5)
}

const special: ReadonlyMap<string, NamedSchema> = new Map<string, NamedSchema>([
  ['message', ChannelMessage],
  ['packet', Packet],
  ['synic', SynicMessage],
])

/** The structure that a KIND of the command line stands for, given the bytes. Throws {@link UsageError}. */
export function kindNamed(kind: string, bytes: Uint8Array): NamedSchema {
  return kind === 'hypercall' ? callBlockOf(bytes) : (special.get(kind) ?? schemaNamed(kind))
}

/** The structure of a KIND for JSON, of which some kinds need the `type` that it names. Throws {@link UsageError}. */
export function kindOfJson(kind: string, type: unknown): NamedSchema {
  if (kind !== 'hypercall' && kind !== 'auto') return special.get(kind) ?? schemaNamed(kind)
  if (typeof type !== 'string')
    throw new UsageError(`encode ${kind} needs a \`type\` in the JSON that names a structure`)
  const call = kind === 'hypercall' ? callNamed(type) : undefined
  return call === undefined ? schemaNamed(type) : callBlock(call)
}
