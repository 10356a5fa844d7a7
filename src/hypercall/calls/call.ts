import { type Aliases, type Fields, type StructSchema, type StructValue, struct } from '../../wire/index.ts'
import type { PartitionPrivilege } from '../privileges.ts'
import type { HvStatusName } from '../status.ts'

/**
 * How a call is made. `variable` ones take a variable header, `rep` ones a list of elements, `variable-rep` ones both. `reserved` codes are
 * no calls. `unknown`: no source tells.
 */
export type HypercallKind = 'simple' | 'rep' | 'variable' | 'variable-rep' | 'reserved' | 'unknown'

/** Who may call: any partition that has the privilege, a guest on itself, the target's parent, and on itself the root. */
export type HypercallCaller = 'any' | 'self' | 'parent' | 'parent or root' | 'root'

/** What is known of a call beside its structures. What no source documents is absent: "not documented". */
export interface HypercallFacts {
  /** Whether all structures are known; `partial`: some of them, or not to the end; `unknown`: none, blocks are bytes. Absent: all. */
  readonly layout?: 'partial' | 'unknown' | undefined
  /** Privilege that the caller needs. */
  readonly privilege?: PartitionPrivilege | undefined
  /** Who may make it. */
  readonly caller?: HypercallCaller | undefined
  /** A field of the input that counts how many bytes of another are in use; that one has its full size in any case. */
  readonly chunk?: { readonly count: string; readonly data: string } | undefined
  /** May be made with its input in registers. */
  readonly fast?: boolean | undefined
  /** Where it exists only on one. */
  readonly architecture?: 'x64' | 'arm64' | undefined
  /** First release. With "call table": the table of that release reaches this code, which says no more than that it may exist. */
  readonly since?: string | undefined
  /** Statuses that the specification names for it, beside those that every call can answer. */
  readonly statuses?: readonly HvStatusName[] | undefined
  /** Other names. */
  readonly aliases?: Aliases | undefined
  /** Where the facts come from. */
  readonly source?: string | undefined
}

/** The structures of a call, by their fields, and their names elsewhere. */
export interface HypercallBlocks<
  I extends Fields | undefined,
  E extends Fields | undefined,
  O extends Fields | undefined,
  P extends Fields | undefined,
  A extends Fields | undefined,
  AE extends Fields | undefined,
  AO extends Fields | undefined,
> {
  /** The header's fields. */
  readonly input?: I
  /** The input on ARM64, where it is another. */
  readonly inputArm64?: A
  /** Fields of one element of the input list. */
  readonly element?: E
  /** An element of the input list on ARM64, where it is another. */
  readonly elementArm64?: AE
  /** Fields of what a simple call answers. */
  readonly output?: O
  /** The output on ARM64, where it is another. */
  readonly outputArm64?: AO
  /** Fields of what a rep call answers for an element. */
  readonly outputElement?: P
  readonly inputAliases?: Aliases
  readonly elementAliases?: Aliases
  readonly outputAliases?: Aliases
  readonly outputElementAliases?: Aliases
}

type Block<N extends string, F> = F extends Fields ? StructSchema<N, F, boolean, StructValue<F>> : undefined
type MaybeSchema = StructSchema | undefined

/** A hypercall: code, name, structures, facts. */
export interface HypercallDefinition<
  I extends MaybeSchema = MaybeSchema,
  E extends MaybeSchema = MaybeSchema,
  O extends MaybeSchema = MaybeSchema,
  P extends MaybeSchema = MaybeSchema,
  A extends MaybeSchema = MaybeSchema,
  AE extends MaybeSchema = MaybeSchema,
  AO extends MaybeSchema = MaybeSchema,
> extends HypercallFacts {
  /** Call code, the low 16 bits of the input value. */
  readonly code: number
  /** The name that the TLFS or the symbols give it. */
  readonly name: string
  /** How it is made. */
  readonly kind: HypercallKind
  /** The header, its variable part included: `size` is the fixed part. Named as the call. */
  readonly input: I
  /** The header on ARM64 where it differs, `NAME.arm64`. */
  readonly inputArm64: A
  /** One element of the input list, `NAME.element`. */
  readonly element: E
  /** The same on ARM64 where it differs, `NAME.elementArm64`. */
  readonly elementArm64: AE
  /** What a simple call answers, `NAME.output`. */
  readonly output: O
  /** The same on ARM64 where it differs, `NAME.outputArm64`. */
  readonly outputArm64: AO
  /** One element of the output list, `NAME.outputElement`. */
  readonly outputElement: P
}

/**
 * Defines a call. Its structures are named `NAME`, `NAME.element`, `NAME.output` and `NAME.outputElement`; on ARM64 `NAME.arm64`,
 * `NAME.elementArm64` and `NAME.outputArm64`.
 */
export function call<
  const N extends string,
  I extends Fields | undefined = undefined,
  E extends Fields | undefined = undefined,
  O extends Fields | undefined = undefined,
  P extends Fields | undefined = undefined,
  A extends Fields | undefined = undefined,
  AE extends Fields | undefined = undefined,
  AO extends Fields | undefined = undefined,
>(
  code: number,
  name: N,
  kind: HypercallKind,
  description: HypercallBlocks<I, E, O, P, A, AE, AO> & HypercallFacts,
): HypercallDefinition<
  Block<N, I>,
  Block<`${N}.element`, E>,
  Block<`${N}.output`, O>,
  Block<`${N}.outputElement`, P>,
  Block<`${N}.arm64`, A>,
  Block<`${N}.elementArm64`, AE>,
  Block<`${N}.outputArm64`, AO>
> {
  const { input, inputArm64, element, elementArm64, output, outputArm64, outputElement } = description
  const { inputAliases, elementAliases, outputAliases, outputElementAliases } = description
  // Every definition has all properties, in one order: whoever handles calls of many codes then finds them at one place.
  return {
    code,
    name,
    kind,
    input: block(name, input, inputAliases),
    inputArm64: block(`${name}.arm64`, inputArm64),
    element: block(`${name}.element`, element, elementAliases),
    elementArm64: block(`${name}.elementArm64`, elementArm64),
    output: block(`${name}.output`, output, outputAliases),
    outputArm64: block(`${name}.outputArm64`, outputArm64),
    outputElement: block(`${name}.outputElement`, outputElement, outputElementAliases),
    layout: description.layout,
    privilege: description.privilege,
    caller: description.caller,
    chunk: description.chunk,
    fast: description.fast,
    architecture: description.architecture,
    since: description.since,
    statuses: description.statuses,
    aliases: description.aliases,
    source: description.source,
  }
}

function block<const N extends string, F extends Fields | undefined>(
  name: N,
  fields: F | undefined,
  aliases: Aliases = {},
): Block<N, F> {
  // Sound: a schema exactly where there are fields, made of these fields; a conditional type over a parameter cannot show it.
  return (fields === undefined ? undefined : struct(name, fields, { aliases })) as Block<N, F>
}

/** Whether a code is of the extended calls, which need the privilege EnableExtendedHypercalls. Source: TLFS. */
export function isExtended(code: number): boolean {
  return code >= 0x8001 && code <= 0xffff
}
