import { PartitionProperty } from '../hypercall/enums/partition.ts'
import { HvStatus } from '../hypercall/status.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { targetOf } from './target.ts'

interface PropertyRule {
  /** Value before it is set. */
  readonly initial: bigint
  readonly low: bigint
  readonly high: bigint
  readonly readOnly?: boolean
}

const word = 0xffff_ffff_ffff_ffffn

/** Documented ranges and defaults. Source: TLFS 2.0A 5.7 (CpuReserve, CpuCap, CpuWeight). */
const ruled: ReadonlyMap<number, PropertyRule> = /* @__PURE__ */ new Map([
  [PartitionProperty.CpuReserve, { initial: 0n, low: 0n, high: 0x1_0000n }],
  [PartitionProperty.CpuCap, { initial: 0x1_0000n, low: 0n, high: 0x1_0000n }],
  [PartitionProperty.CpuWeight, { initial: 100n, low: 1n, high: 10_000n }],
  [PartitionProperty.Suspend, { initial: 0n, low: 0n, high: 1n }],
  [PartitionProperty.TimeFreeze, { initial: 0n, low: 0n, high: 1n }],
  [PartitionProperty.GuestOsId, { initial: 0n, low: 0n, high: word, readOnly: true }],
  [PartitionProperty.ReferenceTscPageActive, { initial: 0n, low: 0n, high: 1n, readOnly: true }],
  [PartitionProperty.ProcessorClockFrequency, { initial: 0n, low: 0n, high: word, readOnly: true }],
])
const anyValue: PropertyRule = { initial: 0n, low: 0n, high: word }
const known: ReadonlySet<number> = /* @__PURE__ */ new Set(Object.values(PartitionProperty))

/** What may be set before a partition is initialized. Source: TLFS 5.3.2 (early properties). */
const early: ReadonlySet<number> = /* @__PURE__ */ new Set([
  PartitionProperty.PrivilegeFlags,
  PartitionProperty.SyntheticProcFeatures,
  PartitionProperty.HypercallDoorbellPage,
  PartitionProperty.PartitionDiagBufferConfig,
  PartitionProperty.GicdBaseAddress,
  PartitionProperty.GitsTranslaterBaseAddress,
  PartitionProperty.PhysicalAddressWidth,
  PartitionProperty.VmmCapabilities,
])

/** HvCallGetPartitionProperty. */
export function getPartitionProperty(caller: Partition, id: bigint, code: number): Result<bigint> {
  const found = propertyTarget(caller, id, code)
  if (found.value === undefined) return failed(found.status)
  const partition = found.value
  if (code === PartitionProperty.PrivilegeFlags) return done(partition.privileges)
  if (code === PartitionProperty.GuestOsId) return done(partition.guestOsId)
  if (code === PartitionProperty.ReferenceTime) return done(partition.clock.time)
  if (code === PartitionProperty.ReferenceTscPageActive) return done(BigInt(partition.vtl0.tscPage.isEnabled))
  if (code === PartitionProperty.ProcessorClockFrequency) return done(partition.machine.tsc?.frequency ?? 0n)
  return done(partition.properties.get(code) ?? (ruled.get(code) ?? anyValue).initial)
}

/** HvCallSetPartitionProperty. Answers its HV_STATUS. No child gets a privilege that its parent lacks. */
export function setPartitionProperty(caller: Partition, id: bigint, code: number, value: bigint): number {
  const found = propertyTarget(caller, id, code)
  if (found.value === undefined) return found.status
  const partition = found.value
  const rule = ruled.get(code) ?? anyValue
  if (rule.readOnly === true || value < rule.low || value > rule.high) return HvStatus.PropertyValueOutOfRange
  if (code === PartitionProperty.PrivilegeFlags) {
    if ((value & ~caller.privileges) !== 0n) return HvStatus.PropertyValueOutOfRange
    partition.privileges = value
  } else if (code === PartitionProperty.ReferenceTime) {
    partition.clock.set(value)
  } else {
    if (!fits(partition, code, value)) return HvStatus.PropertyValueOutOfRange
    partition.properties.set(code, value)
    if (code === PartitionProperty.Suspend) partition.isSuspended = value !== 0n
    if (code === PartitionProperty.TimeFreeze) partition.clock.freeze(value !== 0n)
  }
  return HvStatus.Success
}

/** Reserve does not exceed cap, and the reserves of siblings together not the machine; a CPU group exists. */
function fits(partition: Partition, code: number, value: bigint): boolean {
  if (code === PartitionProperty.CpuGroupId) return value === 0n || partition.machine.cpuGroups.has(value)
  const propertyOf = (of: Partition, name: number) => of.properties.get(name) ?? ruled.get(name)?.initial ?? 0n
  if (code === PartitionProperty.CpuCap) return value >= propertyOf(partition, PartitionProperty.CpuReserve)
  if (code !== PartitionProperty.CpuReserve) return true
  let sum = value
  for (const sibling of partition.parent?.children ?? []) {
    if (sibling !== partition) sum += propertyOf(sibling, PartitionProperty.CpuReserve)
  }
  return sum <= 0x1_0000n && value <= propertyOf(partition, PartitionProperty.CpuCap)
}

function propertyTarget(caller: Partition, id: bigint, code: number): Result<Partition> {
  const target = targetOf(caller, id, { target: 'child or root' })
  if (target.value === undefined) return target
  if (!known.has(code)) return failed(HvStatus.UnknownProperty)
  const { state } = target.value
  if (state !== 'active' && !(state === 'uninitialized' && early.has(code))) {
    return failed(HvStatus.InvalidPartitionState)
  }
  return target
}
