import { callCoded, type HypercallDefinition, HypercallInputValue } from '../hypercall/index.ts'
import { type Node, rest, restOf, type StructSchema, struct } from '../wire/index.ts'

/**
 * A whole hypercall as `vmbus decode hypercall` takes it: the input value, then the input block, header and elements. Named as the
 * call, so that JSON says which one it is.
 */
export function callBlock(call: HypercallDefinition): StructSchema {
  const fields: Record<string, Node> = { control: HypercallInputValue.properties.control }
  if (call.input !== undefined) fields.input = call.input
  if (call.element !== undefined) fields.elements = restOf(call.element)
  else if (call.layout === 'unknown') fields.block = rest()
  return struct(call.name, fields)
}

/** The structure of the hypercall that some bytes begin with; of an unknown code the input value alone. */
export function callBlockOf(bytes: Uint8Array): StructSchema {
  const [low = 0, high = 0] = bytes
  const call = callCoded(low | (high << 8))
  return call === undefined ? HypercallInputValue : callBlock(call)
}

/** Said where no source tells. */
export const notDocumented = 'not documented'

/** What there is to say of a call that has no structures. */
export function withoutLayout({ name, kind, layout }: HypercallDefinition): string {
  if (kind === 'reserved') return `${name} is reserved: no call`
  return layout === undefined ? `${name} has neither input nor output` : `${name}: layout ${notDocumented}`
}
