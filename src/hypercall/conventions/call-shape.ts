import type { Fields, StructSchema } from '../../wire/index.ts'
import type { HypercallDefinition } from '../calls/call.ts'
import { VpSet } from '../vp-set.ts'

/** What a call's definition means for the sizes of its blocks. All sizes in bytes. */
export class CallShape {
  /** Takes a rep count. `unknown` ones may, which nobody can check. */
  readonly rep: boolean
  /** Takes a variable header. */
  readonly variable: boolean
  /** Nobody knows which kind it is. */
  readonly unknown: boolean
  /** Bytes of the header's fixed part. */
  readonly headerSize: number
  /** Bytes of one element of the input list; 0 without one. */
  readonly elementSize: number
  /** Bytes that a simple call answers; 0 for none. */
  readonly outputSize: number
  /** Bytes that a rep call answers for each element; 0 for none. */
  readonly outputElementSize: number
  /** The reserved fields of the header's fixed part. Padding is not among them: callers may leave anything there. */
  readonly reserved: readonly ReservedWord[]
  /** The same in an element. */
  readonly reservedInElement: readonly ReservedWord[]
  /** The header's field that is a VP set. */
  readonly vpSet: string | undefined
  /** Where the header counts the bytes in use of a field, and how many that field has. */
  readonly chunk: { readonly countAt: number; readonly most: number } | undefined

  /** Throws a `RangeError` for a definition with elements of variable size, or with both kinds of output. */
  constructor({ name, kind, input, element, output, outputElement, chunk }: HypercallDefinition) {
    if (element?.variable || outputElement?.variable) throw new RangeError(`${name}: elements of variable size`)
    if (output !== undefined && outputElement !== undefined) throw new RangeError(`${name}: two kinds of output`)
    this.rep = kind === 'rep' || kind === 'variable-rep'
    this.variable = kind === 'variable' || kind === 'variable-rep'
    this.unknown = kind === 'unknown'
    this.headerSize = input?.size ?? 0
    this.elementSize = element?.size ?? 0
    this.outputSize = output?.size ?? 0
    this.outputElementSize = outputElement?.size ?? 0
    this.reserved = input === undefined ? [] : reservedWords(input)
    this.reservedInElement = element === undefined ? [] : reservedWords(element)
    this.vpSet = input?.layout.find(({ schema }) => schema === VpSet)?.name
    const data = input?.layout.find((field) => field.name === chunk?.data)
    const countAt = input?.layout.find((field) => field.name === chunk?.count)?.offset
    this.chunk = data === undefined || countAt === undefined ? undefined : { countAt, most: data.schema.size }
  }
}

/** Whether a header at the start of `view` counts more bytes than its block has. */
export function isOverfull({ chunk }: CallShape, view: DataView): boolean {
  return chunk !== undefined && view.getUint32(chunk.countAt, true) > chunk.most
}

/** A word in which some bytes must be zero: those in the mask. */
export interface ReservedWord {
  /** Offset of the 32-bit word in the structure, in bytes. */
  readonly offset: number
  /** Its bytes that must be zero, 0xff each. */
  readonly mask: number
}

/** Whether the reserved bytes of a structure at `at` are zero. Reads up to three bytes behind it. */
export function areZero(words: readonly ReservedWord[], view: DataView, at: number): boolean {
  // By number: an iterator takes as long as the rest.
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    if (word !== undefined && (view.getUint32(at + word.offset, true) & word.mask) !== 0) return false
  }
  return true
}

function reservedWords(schema: StructSchema<string, Fields>): ReservedWord[] {
  const masks = new Map<number, number>()
  for (const at of reservedBytes(schema, 0)) {
    const offset = at & ~3
    masks.set(offset, (masks.get(offset) ?? 0) | (0xff << (8 * (at & 3))))
  }
  return [...masks].map(([offset, mask]) => ({ offset, mask }))
}

/** Where the bytes of a structure's reserved fields are. Which of them are padding is told by their names. */
function reservedBytes({ layout }: StructSchema<string, Fields>, base: number): number[] {
  return layout.flatMap(({ name, schema, offset }) => {
    if (offset === undefined) return []
    if (schema.kind === 'struct') return reservedBytes(schema, base + offset)
    if (schema.kind !== 'reserved' || name.startsWith('padding')) return []
    return Array.from({ length: schema.size }, (_, index) => base + offset + index)
  })
}
