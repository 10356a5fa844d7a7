import type { Node } from '../node.ts'
import { type BitTable, bitTable, noBits } from './bit-table.ts'

/**
 * What to do for a step: the wire types that are plain words by width and sign, the rest by kind. An enum, as the bundler writes its
 * numbers into the code that switches over them.
 */
export enum Op {
  u8,
  u16,
  u32,
  i8,
  i16,
  i32,
  u64,
  i64,
  bits,
  bytes,
  reserved,
  constant,
  guid,
  text,
  struct,
  /** A big-endian word: see the node. */
  bigEndian,
  /** Arrays, lists, tails and unions: see the node. */
  other,
}

const wordOps = {
  1: { unsigned: Op.u8, signed: Op.i8 },
  2: { unsigned: Op.u16, signed: Op.i16 },
  4: { unsigned: Op.u32, signed: Op.i32 },
} as const

const noSteps: readonly Step[] = []

/**
 * A node made ready for walking. The schemas are of many classes, which makes every look at one slow; steps are of one, and say
 * what most of them need without a look at the node.
 */
export class Step {
  readonly op: Op
  readonly size: number
  /** Lowest and highest number that a word can hold. */
  readonly min: number = 0
  readonly max: number = 0
  /** The bits that an unsigned word can have; an int32. */
  readonly mask: number
  /** Lowest and highest bigint that a word of 8 bytes can hold. */
  readonly bigMin: bigint = 0n
  readonly bigMax: bigint = 0n
  /** What a constant must be. */
  readonly value: number = 0
  readonly bits: BitTable = noBits
  /** Whether a word's first byte is the lowest. */
  readonly little: boolean
  /** The fields of a structure, in wire order. */
  readonly fields: readonly Step[] = noSteps
  /** Whether a value may lack it. */
  readonly optional: boolean

  constructor(
    /** The field's name; empty for what is no field of a structure. */
    readonly name: string,
    readonly node: Node,
  ) {
    this.size = node.size
    this.optional = 'optional' in node && node.optional
    this.little = !hasBigEndian(node)
    switch (node.kind) {
      case 'int':
        this.op = this.little ? wordOps[node.size][node.signed ? 'signed' : 'unsigned'] : Op.bigEndian
        this.min = node.min
        this.max = node.max
        break
      case 'enum':
        this.op = this.little ? wordOps[node.size][node.base.signed ? 'signed' : 'unsigned'] : Op.bigEndian
        this.min = node.base.min
        this.max = node.base.max
        break
      case 'flags':
        this.op = this.little ? wordOps[node.size].unsigned : Op.bigEndian
        this.max = node.base.max
        break
      case 'int64':
        this.op = !this.little ? Op.bigEndian : node.signed ? Op.i64 : Op.u64
        this.bigMin = node.min
        this.bigMax = node.max
        break
      case 'flags64':
        this.op = this.little ? Op.u64 : Op.bigEndian
        this.bigMax = node.base.max
        break
      case 'constant':
        this.op = Op.constant
        this.value = node.value
        break
      case 'bits':
        this.op = Op.bits
        this.bits = bitTable(node)
        break
      case 'struct':
        this.op = Op.struct
        this.fields = node.layout.map((field) => new Step(field.name, field.schema))
        break
      case 'bytes':
      case 'reserved':
      case 'guid':
      case 'text':
        this.op = Op[node.kind]
        break
      default:
        this.op = Op.other
    }
    this.mask = this.max | 0
  }
}

/** Whether a word is big-endian. A word of one byte is as good as little-endian, and takes the shorter way. */
function hasBigEndian(node: Node): boolean {
  switch (node.kind) {
    case 'int':
    case 'int64':
      return node.bigEndian && node.size > 1
    case 'enum':
    case 'flags':
    case 'flags64':
    case 'bits':
      return hasBigEndian(node.base)
    case 'constant':
      return hasBigEndian(node.inner)
    default:
      return false
  }
}

const known = /* @__PURE__ */ new WeakMap<Node, Step>()

/** The step of a node that is no field of a structure: the whole that is decoded, an element, a union's member. */
export function stepOf(node: Node): Step {
  let step = known.get(node)
  if (step === undefined) {
    step = new Step('', node)
    known.set(node, step)
  }
  return step
}
