import type { BitsSchema } from '../wire/bits.ts'
import { WireReader, WireWriter } from '../wire/buffer.ts'
import type { Count } from '../wire/bytes.ts'
import { anyContext, type WireContext } from '../wire/context.ts'
import { readGuid } from '../wire/guid-text.ts'
import { interpretEncode, measureValue } from '../wire/interpret.ts'
import { type Node, nodeOf, type Siblings } from '../wire/node.ts'
import type { StructSchema } from '../wire/struct.ts'
import type { Structure } from '../wire/structure.ts'
import { mayOccur, type UnionSchema } from '../wire/union.ts'
import type { Draw } from './draw.ts'

/** What generated values should lean to. */
export interface GenerateOptions {
  readonly context?: WireContext
  /** Values by field name, at any depth: ids that exist, versions that are spoken. Taken four times out of five. */
  readonly prefer?: Readonly<Record<string, readonly unknown[]>>
}

/**
 * The bytes of a valid structure, drawn from its schema: inclined to named values, small numbers and the ends of ranges; counts
 * agree; of a union any variant that the context allows. Throws a `WireError` when a preferred value does not fit its field.
 */
export function generate<T>(schema: Structure<T>, draw: Draw, options: GenerateOptions = {}): Uint8Array {
  const context = options.context ?? anyContext
  const node = nodeOf(schema)
  const value = new Generator(draw, context, options.prefer ?? {}).value(node, {})
  const bytes = new Uint8Array(measureValue(node, value, context))
  interpretEncode(node, new WireWriter(bytes), 0, value, context)
  return bytes
}

/** Long runs of bytes and elements repeat what they begin with: drawing all of them only costs time. */
const drawnBytes = 64
const mostElements = 5
const mostTail = 24
/** Draws for a tag that no variant has: where all but a few values of a byte have names, and most draws are named ones. */
const mostAttempts = 256

class Generator {
  constructor(
    readonly draw: Draw,
    readonly context: WireContext,
    readonly prefer: Readonly<Record<string, readonly unknown[]>>,
  ) {}

  /** A value; `undefined` for what is absent. */
  value(node: Node, siblings: Siblings): unknown {
    const { draw } = this
    switch (node.kind) {
      case 'int':
        return this.#int(node.min, node.max)
      case 'int64':
        return this.#int64(node.min, node.max)
      case 'enum':
        return this.#named(Object.values(node.values)) ?? this.#int(node.base.min, node.base.max)
      case 'flags':
        return Number(this.#flags(node.masks, BigInt(node.base.max)))
      case 'flags64':
        return this.#flags(node.masks, node.base.max)
      case 'bits':
        return this.#bits(node)
      case 'guid':
        return readGuid(new DataView(draw.bytes(16).buffer), 0)
      case 'bytes':
        return this.#bytes(node.size)
      case 'text':
        return String.fromCharCode(...Array.from({ length: draw.below(node.size / 2) }, () => draw.between(0x20, 0x7e)))
      case 'reserved':
      case 'constant':
        return undefined
      case 'array': {
        const pattern = Array.from({ length: Math.min(node.length, mostElements) }, () => this.value(node.element, {}))
        return Array.from({ length: node.length }, (_, index) => pattern[index % pattern.length])
      }
      case 'tail':
        return draw.bytes(draw.below(mostTail + 1))
      case 'list':
        return this.#elements(node.element, draw.below(mostElements + 1), siblings)
      case 'struct':
        return this.#struct(node)
      case 'union':
        return this.#union(node, siblings)
    }
  }

  #struct(node: StructSchema): Siblings {
    let fields: Siblings = {}
    for (const { name, schema } of node.layout) {
      const preferred = this.prefer[name]
      if (preferred !== undefined && !this.draw.oneIn(5)) {
        fields = { ...fields, [name]: this.draw.pick(preferred) }
      } else if ((schema.kind === 'tail' || schema.kind === 'list') && schema.count !== undefined) {
        const most = schema.kind === 'tail' ? mostTail : mostElements
        const { length, announced } = settle(schema.count, fields, this.draw.below(most + 1))
        const value =
          schema.kind === 'tail' ? this.draw.bytes(length) : this.#elements(schema.element, length, announced)
        fields = { ...announced, [name]: value }
      } else {
        const value = this.value(schema, fields)
        if (value !== undefined) fields = { ...fields, [name]: value }
      }
    }
    return fields
  }

  #elements(element: Node, length: number, siblings: Siblings): unknown[] {
    return Array.from({ length }, () => this.value(element, siblings))
  }

  #union(node: UnionSchema, siblings: Siblings): Siblings {
    const { selector } = node
    let member: StructSchema | undefined
    if (selector.by === 'siblings') {
      member = node.member(selector.choose(siblings, this.context))
    } else if (selector.otherwise === undefined || !this.draw.oneIn(20)) {
      member = this.draw.pick(node.members.filter((rule) => mayOccur(rule, this.context))).schema
    } else {
      return this.#otherwise(node, selector.otherwise)
    }
    // Where the fields before call for no variant, any will do: the decoder refuses it.
    const chosen = member ?? this.draw.pick(node.schemas)
    return { type: chosen.name, ...this.#struct(chosen) }
  }

  /** The fallback, with a tag that no variant has (unless luck is very bad). */
  #otherwise(node: UnionSchema, fallback: StructSchema): Siblings {
    for (let attempt = 0; ; attempt++) {
      const value = { type: fallback.name, ...this.#struct(fallback) }
      const bytes = new Uint8Array(measureValue(fallback, value, this.context))
      interpretEncode(fallback, new WireWriter(bytes), 0, value, this.context)
      const found = node.candidates(new WireReader(bytes), 0, {}, this.context)
      if (attempt === mostAttempts || (!('code' in found) && found[0] === fallback)) return value
    }
  }

  #int(min: number, max: number): number {
    const { draw } = this
    const small = draw.below(17)
    if (draw.oneIn(2) && small <= max) return small
    if (draw.oneIn(2)) return draw.between(min, max)
    return draw.pick([min, max, Math.floor(max / 2), Math.min(max, 2 ** draw.below(32))])
  }

  #int64(min: bigint, max: bigint): bigint {
    const { draw } = this
    if (draw.oneIn(2)) return BigInt(draw.below(17))
    const word = draw.oneIn(2) ? draw.u64() >> BigInt(draw.below(64)) : draw.pick([0n, max, min, max >> 1n])
    return word > max ? word & max : word
  }

  #named(values: readonly number[]): number | undefined {
    return values.length === 0 || this.draw.oneIn(5) ? undefined : this.draw.pick(values)
  }

  #flags(masks: Readonly<Record<string, number | bigint>>, max: bigint): bigint {
    const { draw } = this
    if (draw.oneIn(5)) return draw.u64() & max
    return Object.values(masks).reduce<bigint>((word, mask) => (draw.oneIn(2) ? word | BigInt(mask) : word), 0n)
  }

  #bits(node: BitsSchema): Siblings {
    const { draw } = this
    const value: Record<string, unknown> = {}
    for (const [name, { width, as, values }] of Object.entries(node.fields)) {
      const named = values === undefined ? undefined : this.#named(Object.values(values.values))
      const part = (named === undefined ? draw.u64() : BigInt(named)) & ((1n << BigInt(width)) - 1n)
      value[name] = as === 'boolean' ? part === 1n : as === 'number' ? Number(part) : part
    }
    return value
  }

  #bytes(size: number): Uint8Array {
    const pattern = this.draw.bytes(Math.min(size, drawnBytes))
    if (size <= drawnBytes) return pattern
    return Uint8Array.from({ length: size }, (_, index) => pattern[index % drawnBytes] ?? 0)
  }
}

/** The next length that the fields can announce: some count in units of 8 bytes, or from a header's start. */
function settle(count: Count, fields: Siblings, wanted: number): { length: number; announced: Siblings } {
  for (let length = wanted; length < wanted + 64; length++) {
    const announced = count.set(fields, length)
    if (count.get(announced) === length) return { length, announced }
  }
  return { length: 0, announced: count.set(fields, 0) }
}
