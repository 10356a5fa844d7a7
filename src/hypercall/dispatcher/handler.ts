import type { HypercallDefinition } from '../calls/call.ts'
import type { ElementOf, InputOf, OutputOf } from '../conventions/call-types.ts'

/** What a handler is given: of a rep call, once for each element. */
export interface Invocation<D extends HypercallDefinition, C> {
  /** The header. */
  readonly input: InputOf<D>
  /** The element; `undefined` for a simple call. */
  readonly element: ElementOf<D>
  /** Number of the element; 0 for a simple call. */
  readonly index: number
  /** Who calls, as the owner of the dispatcher named it. */
  readonly caller: C
}

/**
 * What a handler answers: a status with the output, which counts only with status 0; or only a status. HV_STATUS_TIMEOUT has the caller
 * execute the call again, of a rep call from this element on.
 */
export type HandlerAnswer<D extends HypercallDefinition> =
  | number
  | { readonly status: number; readonly output?: OutputOf<D> | undefined }

/** Answers a call, or one element of a rep call. */
export type Handler<D extends HypercallDefinition, C> = (invocation: Invocation<D, C>) => HandlerAnswer<D>

/** The list of a rep call, for a handler that does all of it at once. Only valid during the call. */
export interface RepList<D extends HypercallDefinition, C> {
  /** The header. */
  readonly input: InputOf<D>
  /** Who calls, as the owner of the dispatcher named it. */
  readonly caller: C
  /** First element to do. */
  readonly start: number
  /** Number behind the last element. */
  readonly count: number
  /** Decodes an element. Throws a `RangeError` for one that is not to be done. */
  element(index: number): ElementOf<D>
  /** Sets the output of an element. Throws a `RangeError` for one that is not to be done. */
  answer(index: number, output: OutputOf<D>): void
  /** Whether the time that a call may take is over; at least one element is to be done all the same. */
  expired(): boolean
}

/** What a list handler did: `completed` elements, counted from element 0. With status 0 that is all of them. */
export interface ListAnswer {
  /** HV_STATUS. */
  readonly status: number
  /** Elements done, counted from element 0. */
  readonly completed: number
}

/** Answers all elements of a rep call at once. */
export type ListHandler<D extends HypercallDefinition, C> = (list: RepList<D, C>) => ListAnswer

/** A request to switch the VTL. */
export interface VtlSwitch<C> {
  /** Who asks, as the owner of the dispatcher named it. */
  readonly caller: C
  /** A return that does not restore registers. */
  readonly isFast: boolean
}

/** Switches the VTL; `false` where that cannot be, for which the caller gets an undefined instruction exception. */
export type VtlSwitchHandler<C> = (request: VtlSwitch<C>) => boolean
