import { type HypercallDefinition, isExtended } from '../calls/call.ts'
import { CallShape } from '../conventions/call-shape.ts'
import type { Handler, ListHandler } from './handler.ts'

/** Who answers: each element by itself (a simple call has one), or a whole list. */
export type Answerer<C> =
  | { readonly each: Handler<HypercallDefinition, C>; readonly list: undefined }
  | { readonly each: undefined; readonly list: ListHandler<HypercallDefinition, C> }

/** A call that somebody answers. */
export class CallEntry<C> {
  readonly shape: CallShape
  readonly needsPrivilege: boolean

  constructor(
    readonly definition: HypercallDefinition,
    readonly by: Answerer<C>,
  ) {
    this.shape = new CallShape(definition)
    this.needsPrivilege = definition.privilege !== undefined || isExtended(definition.code)
  }
}
