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
  readonly headerSize: number
  readonly elementSize: number
  readonly outputSize: number
  readonly outputElementSize: number
  /** Runs of reserved bytes in the header's fixed part, offset and length in turn. Padding is not among them: callers may leave anything there. */
  readonly reserved: readonly number[]
  /** The same in an element. */
  readonly reservedInElement: readonly number[]
  /** The header's field that is a VP set. */
  readonly vpSet: string | undefined

  /** Throws a `RangeError` for a definition with elements of variable size, or with both kinds of output. */
  constructor({ name, kind, input, element, output, outputElement }: HypercallDefinition) {
    if (element?.variable || outputElement?.variable) throw new RangeError(`${name}: elements of variable size`)
    if (output !== undefined && outputElement !== undefined) throw new RangeError(`${name}: two kinds of output`)
    this.rep = kind === 'rep' || kind === 'variable-rep'
    this.variable = kind === 'variable' || kind === 'variable-rep'
    this.unknown = kind === 'unknown'
    this.headerSize = input?.size ?? 0
    this.elementSize = element?.size ?? 0
    this.outputSize = output?.size ?? 0
    this.outputElementSize = outputElement?.size ?? 0
    this.reserved = input === undefined ? [] : reservedRuns(input, 0)
    this.reservedInElement = element === undefined ? [] : reservedRuns(element, 0)
    this.vpSet = input?.layout.find(({ schema }) => schema === VpSet)?.name
  }
}

/** Where the reserved fields of a structure's fixed part are. Which of them are padding is told by their names. */
function reservedRuns({ layout }: StructSchema<string, Fields>, base: number): number[] {
  return layout.flatMap(({ name, schema, offset }) => {
    if (offset === undefined) return []
    if (schema.kind === 'reserved') return name.startsWith('padding') ? [] : [base + offset, schema.size]
    return schema.kind === 'struct' ? reservedRuns(schema, base + offset) : []
  })
}
