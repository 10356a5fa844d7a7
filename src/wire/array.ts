import { type Count, countIn } from './bytes.ts'
import type { Node } from './node.ts'
import type { Infer } from './schema.ts'
import { WireSchema } from './schema.ts'

/** A fixed number of elements of a fixed size. */
export class ArraySchema<N extends Node = Node> extends WireSchema<Infer<N>[]> {
  readonly kind = 'array'
  readonly size: number

  constructor(
    readonly element: N,
    readonly length: number,
  ) {
    super()
    if (element.variable) throw new RangeError('an array of fixed length needs elements of fixed size')
    refuseAbsent(element)
    this.size = element.size * length
  }
}

/** Reserved space and constants are absent from values, which an element cannot be. */
function refuseAbsent(element: Node): void {
  if (element.kind === 'reserved' || element.kind === 'constant')
    throw new RangeError(`elements of kind ${element.kind}`)
}

/** `length` elements. */
export function array<N extends Node>(element: N, length: number): ArraySchema<N> {
  return new ArraySchema(element, length)
}

/** Elements up to the end of the input, or as many as `count` says. */
export class ListSchema<N extends Node = Node> extends WireSchema<Infer<N>[]> {
  readonly kind = 'list'
  readonly size = 0
  override readonly variable = true

  constructor(
    readonly element: N,
    readonly count: Count | undefined,
  ) {
    super()
    if (element.size === 0)
      throw new RangeError('list elements need at least one fixed byte, else a count could not be checked')
    refuseAbsent(element)
  }
}

/** As many elements as a field before says, or as `count` computes. Checked against the bytes left before anything is read. */
export function counted<N extends Node>(element: N, count: string | Count): ListSchema<N> {
  return new ListSchema(element, typeof count === 'string' ? countIn(count) : count)
}

/** Elements up to the end of the input. Bytes that do not make a whole element are left over (`extra`). */
export function restOf<N extends Node>(element: N): ListSchema<N> {
  return new ListSchema(element, undefined)
}
