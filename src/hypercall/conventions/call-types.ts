import type { StructSchema, WireSchema } from '../../wire/index.ts'
import type { HypercallDefinition } from '../calls/call.ts'

/** The value of a schema that may be missing; of a call that is not known at compile time, any structure. */
type ValueOf<S> = S extends WireSchema<infer T> ? T : undefined

/** The header of a call. */
export type InputOf<D extends HypercallDefinition> = ValueOf<D['input']>
/** One element of a call's input list. */
export type ElementOf<D extends HypercallDefinition> = ValueOf<D['element']>
/** What a simple call answers, or a rep call for each element. No call has both. */
export type OutputOf<D extends HypercallDefinition> = ValueOf<Extract<D['output'] | D['outputElement'], StructSchema>>
