import type { Refusal, UndefinedInstruction } from '../conventions/refusals.ts'

/** Answered: the result is written, the instruction pointer moves on (3 bytes on x64 and x86, 4 on ARM64). */
export interface Completed {
  readonly kind: 'completed'
}

/** Not finished: the instruction pointer stays, and executing the instruction again goes on. No result is written. */
export interface Continued {
  readonly kind: 'continued'
}

/** The caller's memory cannot be reached: its parent gets an intercept. The instruction pointer stays, no result is written. */
export interface Intercepted {
  readonly kind: 'intercepted'
  /** What could not be done. */
  readonly access: 'read' | 'write'
  /** Guest physical address of the block. */
  readonly gpa: number
  /** Its size in bytes. */
  readonly length: number
}

/** A VTL switch was done: no result is written, the instruction pointer moves on. */
export interface Switched {
  readonly kind: 'switched'
}

/** The first register does not ask for a hypercall (SMCCC): nothing was done. */
export interface NotAHypercall {
  readonly kind: 'not-a-hypercall'
}

/** A handler broke its contract. The caller sees nothing of it: registers and memory are as they were. */
export interface HandlerFault {
  readonly kind: 'fault'
  /** The call's name. */
  readonly call: string
  /** What it broke, in words. */
  readonly why: string
}

/** What became of a hypercall. */
export type Outcome =
  | Completed
  | Refusal
  | Continued
  | Intercepted
  | UndefinedInstruction
  | Switched
  | NotAHypercall
  | HandlerFault

// Shared, so that no call allocates its outcome.
/** See {@link Completed}. */
export const completed: Completed = /* @__PURE__ */ Object.freeze({ kind: 'completed' })
/** See {@link Continued}. */
export const continued: Continued = /* @__PURE__ */ Object.freeze({ kind: 'continued' })
/** See {@link Switched}. */
export const switched: Switched = /* @__PURE__ */ Object.freeze({ kind: 'switched' })
/** See {@link NotAHypercall}. */
export const notAHypercall: NotAHypercall = /* @__PURE__ */ Object.freeze({ kind: 'not-a-hypercall' })
/** A VTL switch that the caller may not make: #UD. */
export const vtlSwitchRefused: UndefinedInstruction = /* @__PURE__ */ Object.freeze({
  kind: 'undefined-instruction',
  rule: 'vtl-switch',
  why: 'a VTL switch with bits that must be zero, or to where there is no VTL',
})

/** Whether the instruction pointer moves past the instruction. */
export function advances({ kind }: Outcome): boolean {
  return kind === 'completed' || kind === 'refused' || kind === 'switched'
}
