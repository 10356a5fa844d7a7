import type { StructSchema } from '../../wire/index.ts'
import { type HypercallDefinition, isExtended } from '../calls/call.ts'
import { CallShape } from '../conventions/call-shape.ts'
import { pairSize } from '../conventions/convention.ts'
import type { Handler, ListHandler } from './handler.ts'

/** Who answers: each element by itself (a simple call has one), or a whole list. */
export type Answerer<C> =
  | { readonly each: Handler<HypercallDefinition, C>; readonly list: undefined }
  | { readonly each: undefined; readonly list: ListHandler<HypercallDefinition, C> }

/** A call that somebody answers. */
export class CallEntry<C> {
  /** Sizes of its blocks. */
  readonly shape: CallShape
  /** Whether a caller may; `undefined`: everyone. */
  readonly allows: ((caller: C, definition: HypercallDefinition) => boolean) | undefined
  /** What answering the call takes where it is as brief as a signal. */
  readonly brief: BriefCall<C> | undefined

  constructor(
    readonly definition: HypercallDefinition,
    readonly by: Answerer<C>,
    /** Whether reserved fields are looked at before the handler is asked. */
    checksReserved: boolean,
    /** Whether a caller has a privilege. */
    allows: ((caller: C, definition: HypercallDefinition) => boolean) | undefined,
  ) {
    this.shape = new CallShape(definition)
    const needsPrivilege = definition.privilege !== undefined || isExtended(definition.code)
    this.allows = needsPrivilege ? allows : undefined
    this.brief = briefCall(this, checksReserved)
  }
}

/** A simple call whose input fits the first pair of registers, has at most one word with reserved bytes, and without output. */
export interface BriefCall<C> {
  /** Its header. */
  readonly input: StructSchema
  /** Who answers it. */
  readonly handler: Handler<HypercallDefinition, C>
  /** Offset of the word, and those of its bytes that must be zero. */
  readonly reservedAt: number
  readonly reservedMask: number
}

function briefCall<C>({ definition, by, shape }: CallEntry<C>, checksReserved: boolean): BriefCall<C> | undefined {
  const { kind, input, output } = definition
  const [word = { offset: 0, mask: 0 }, ...more] = shape.reserved
  if (kind !== 'simple' || output !== undefined || by.each === undefined || more.length > 0) return undefined
  if (input === undefined || input.variable || input.size > pairSize) return undefined
  return {
    input,
    handler: by.each,
    reservedAt: word.offset,
    reservedMask: checksReserved ? word.mask : 0,
  }
}
