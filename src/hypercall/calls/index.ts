import * as addressSpace from './address-space.ts'
import type { HypercallDefinition } from './call.ts'
import * as debug from './debug.ts'
import * as deviceDomains from './device-domains.ts'
import * as devices from './devices.ts'
import * as eventLog from './event-log.ts'
import * as extended from './extended.ts'
import * as guestAccess from './guest-access.ts'
import * as intercepts from './intercepts.ts'
import * as interrupts from './interrupts.ts'
import * as isolation from './isolation.ts'
import * as memory from './memory.ts'
import * as partition from './partition.ts'
import * as ports from './ports.ts'
import * as processors from './processors.ts'
import { reservedCalls } from './reserved.ts'
import * as statistics from './statistics.ts'
import * as system from './system.ts'
import * as vp from './vp.ts'
import * as vtl from './vtl.ts'

export * from './address-space.ts'
export * from './call.ts'
export * from './debug.ts'
export * from './device-domains.ts'
export * from './devices.ts'
export * from './event-log.ts'
export * from './extended.ts'
export * from './guest-access.ts'
export * from './intercepts.ts'
export * from './interrupts.ts'
export * from './isolation.ts'
export * from './memory.ts'
export * from './partition.ts'
export * from './ports.ts'
export * from './processors.ts'
export { reservedCalls } from './reserved.ts'
export * from './statistics.ts'
export * from './system.ts'
export * from './vp.ts'
export * from './vtl.ts'

const modules: readonly Readonly<Record<string, HypercallDefinition>>[] = [
  addressSpace,
  debug,
  deviceDomains,
  devices,
  eventLog,
  extended,
  guestAccess,
  intercepts,
  interrupts,
  isolation,
  memory,
  partition,
  ports,
  processors,
  statistics,
  system,
  vp,
  vtl,
]

/** All calls, by code. */
export const allCalls: readonly HypercallDefinition[] = /* @__PURE__ */ listCalls()

const byCode: ReadonlyMap<number, HypercallDefinition> = /* @__PURE__ */ indexByCode()
const byName: ReadonlyMap<string, HypercallDefinition> = /* @__PURE__ */ indexByName()

function listCalls(): HypercallDefinition[] {
  const calls = [
    // As CommonJS a module has a `default` beside its exports.
    ...modules.flatMap((module) => Object.values(module).filter(({ code }) => code !== undefined)),
    ...reservedCalls,
  ]
  return calls.sort((a, b) => a.code - b.code)
}

function indexByCode(): Map<number, HypercallDefinition> {
  return new Map(allCalls.map((call) => [call.code, call]))
}

function indexByName(): Map<string, HypercallDefinition> {
  const calls = new Map<string, HypercallDefinition>()
  for (const call of allCalls) for (const name of aliasesOf(call)) calls.set(name.toLowerCase(), call)
  // Own names last: some calls carry a name today that was another's before.
  for (const call of allCalls) calls.set(call.name.toLowerCase(), call)
  return calls
}

/** The call of that code. */
export function callCoded(code: number): HypercallDefinition | undefined {
  return byCode.get(code)
}

/** The call of that name or alias, in any case: `HvCallPostMessage`, `HVCALL_POST_MESSAGE`. */
export function callNamed(name: string): HypercallDefinition | undefined {
  return byName.get(name.toLowerCase())
}

/** All names that a call goes by. */
export function namesOfCall(call: HypercallDefinition): string[] {
  return [call.name, ...aliasesOf(call)]
}

function aliasesOf(call: HypercallDefinition): string[] {
  return Object.values(call.aliases ?? {}).flat()
}

/** The structures of a call that are known, those of ARM64 included where they are others. */
export function schemasOfCall(call: HypercallDefinition) {
  const { input, inputArm64, element, elementArm64, output, outputArm64, outputElement } = call
  const schemas = [input, inputArm64, element, elementArm64, output, outputArm64, outputElement]
  return schemas.filter((schema) => schema !== undefined)
}
