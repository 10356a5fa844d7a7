/**
 * Fuzzing: inputs drawn from the schemas by a seed, targets that know what must never happen, the shortest inputs that make it
 * happen, and reproducers as transcripts.
 *
 * @module
 */

export type { DeviceOptions } from './device-steps.ts'
export { Draw, drawOf } from './draw.ts'
export { type FuzzFailure, whyOf } from './failure.ts'
export { type FuzzOptions, type FuzzReport, fuzzTarget } from './fuzz.ts'
export { type GenerateOptions, generate } from './generate.ts'
export { moduleTargets } from './module-targets.ts'
export { applyMutation, type Mutation, mutate, mutationsOf } from './mutate.ts'
export { ownTargets } from './own-targets.ts'
export type { Traffic } from './packet-steps.ts'
export { replayReproducer, reproducerOf } from './reproducer.ts'
export { shrink } from './shrink.ts'
export { eventOf, type FuzzTarget, OracleError, type Step } from './target.ts'
export { clientTarget } from './targets/client.ts'
export type { FuzzedClient } from './targets/client-world.ts'
export { conventionsTarget } from './targets/conventions.ts'
export { decodeTarget } from './targets/decode.ts'
export { hypercallTarget } from './targets/hypercall.ts'
export { hypervisorTarget } from './targets/hypervisor.ts'
export { ringTarget } from './targets/ring.ts'
export { serverTarget } from './targets/server.ts'
export type { FuzzedServer } from './targets/server-world.ts'
export { type VscOptions, vscTarget } from './targets/vsc.ts'
export { vspTarget } from './targets/vsp.ts'
