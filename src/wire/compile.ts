import type { Codec } from './codec.ts'
import { writeDecoder } from './compile/decode.ts'
import { writeEncoder } from './compile/encode.ts'
import { type FastDecode, type FastEncode, nothing, type Part, Source, type UnionParts } from './compile/source.ts'
import { unionParts } from './compile/unions.ts'
import { anyContext } from './context.ts'
import { interpreter } from './interpret.ts'
import type { Node } from './node.ts'
import type { StructSchema } from './struct.ts'
import type { UnionSchema } from './union.ts'

/**
 * Compiles a node's codec with `new Function`. Generated code handles the usual case only: whatever is wrong with the input or the
 * value, and whatever is rare (reserved space that is not zero, a gap, bits without a name), makes it leave, and the interpreter
 * starts over on the same input. So both give the same values and the same errors.
 */
export function compile(node: Node): Codec<unknown> {
  if (node.kind === 'struct') return structCodec(node)
  return node.kind === 'union' ? unionCodec(node) : interpreter(node)
}

const unionsSeen = new WeakMap<UnionSchema, UnionParts>()

function partsOf(node: UnionSchema): UnionParts {
  let parts = unionsSeen.get(node)
  if (parts === undefined) {
    parts = unionParts(node, memberPart)
    unionsSeen.set(node, parts)
  }
  return parts
}

function structCodec(node: StructSchema): Codec<unknown> {
  const slow = interpreter(node)
  const decoder = new Source('return slow(b, o, c)', slow.decodeAt)
  writeDecoder(decoder, node, undefined, partsOf)
  const encoder = (trusted: boolean): Codec<unknown>['encodeAt'] => {
    const source = new Source('return slow(b, o, v, c)', slow.encodeAt)
    writeEncoder(source, node, trusted, partsOf)
    return source.build('b', 'o', 'v', 'c')
  }
  return { decodeAt: decoder.build('b', 'o', 'c'), encodeAt: encoder(false), encodeTrustedAt: encoder(true) }
}

/** A union's member, compiled when it first occurs: of the many messages in a union most processes see few. */
function memberPart(node: StructSchema): Part {
  const part: Part = {
    decode(buffer, at, context) {
      const source = new Source('return undefined')
      writeDecoder(source, node, node.name, partsOf)
      part.decode = source.build<FastDecode>('b', 'o', 'c')
      return part.decode(buffer, at, context)
    },
    encode(buffer, at, value, context) {
      part.encode = memberEncoder(node, false)
      return part.encode(buffer, at, value, context)
    },
    encodeTrusted(buffer, at, value, context) {
      part.encodeTrusted = memberEncoder(node, true)
      return part.encodeTrusted(buffer, at, value, context)
    },
  }
  return part
}

function memberEncoder(node: StructSchema, trusted: boolean): FastEncode {
  const source = new Source('return -1')
  writeEncoder(source, node, trusted, partsOf)
  return source.build('b', 'o', 'v', 'c')
}

function unionCodec(node: UnionSchema): Codec<unknown> {
  const slow = interpreter(node)
  const { onWire, ofValue } = partsOf(node)
  return {
    decodeAt(buffer, at, context = anyContext) {
      if (!isOffset(at)) return slow.decodeAt(buffer, at, context)
      const value = onWire(buffer, at, nothing, context)?.decode(buffer, at, context)
      return value === undefined ? slow.decodeAt(buffer, at, context) : value
    },
    encodeAt(buffer, at, value, context = anyContext) {
      const end = ofValue(value)?.encode(buffer, at, value, context) ?? -1
      return end < 0 ? slow.encodeAt(buffer, at, value, context) : end
    },
    encodeTrustedAt(buffer, at, value, context = anyContext) {
      const end = ofValue(value)?.encodeTrusted(buffer, at, value, context) ?? -1
      return end < 0 ? slow.encodeAt(buffer, at, value, context) : end
    },
  }
}

function isOffset(at: number): boolean {
  return at >>> 0 === at
}
