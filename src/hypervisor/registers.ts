import { maxVtl } from '../hypercall/input-vtl.ts'
import { CommonRegister } from '../hypercall/registers/common.ts'
import { X64Register } from '../hypercall/registers/x64.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import { crashControlSupported } from './guest-crash.ts'
import { isInformation } from './information.ts'
import type { PartitionLevel } from './partition-level.ts'
import { isPrivateRegister } from './private-registers.ts'
import { type RegisterContents, register64 } from './register-contents.ts'
import { done, failed, type Result } from './result.ts'
import { timerReserved } from './synthetic-timer.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'
import { configureVtl } from './vtl-protection.ts'

const R = CommonRegister

/** Register names come as 32-bit numbers; those of SINTs and timers are runs. */
const timerNames = { first: R.HvRegisterStimer0Config, last: R.HvRegisterStimer3Count } as const
/** HvRegisterVsmVpSecureConfigVtl0 and so on: what a level lays down for one below it, bits 0 MBEC and 1 TLB lock. */
const secureConfigNames = {
  first: R.HvRegisterVsmVpSecureConfigVtl0,
  last: R.HvRegisterVsmVpSecureConfigVtl14,
} as const
const tlbLocked = 2n
/** HvRegisterVsmCapabilities: a level may deny those below it the start of VPs (bit 17); no mode-based execute control. */
const vsmCapabilities = 1n << 17n
/** Registers that only tell something. Source: TLFS, the tables of MSRs and registers. */
const readOnly: ReadonlySet<number> = /* @__PURE__ */ new Set([
  R.HvRegisterVpIndex,
  R.HvRegisterVpRuntime,
  R.HvRegisterTimeRefCount,
  R.HvRegisterProcessorClockFrequency,
  R.HvRegisterInterruptClockFrequency,
  R.HvRegisterCpuManagementVersion,
  R.HvRegisterNestedVpIndex,
  R.HvRegisterSversion,
  R.HvRegisterNestedSversion,
  R.HvRegisterVsmCodePageOffsets,
  R.HvRegisterVsmVpStatus,
  R.HvRegisterVsmPartitionStatus,
  R.HvRegisterVsmCapabilities,
  R.HvRegisterIsolationCapabilities,
])
const crashNames = { first: R.HvRegisterGuestCrashP0, last: R.HvRegisterGuestCrashP4 } as const

/** Reads a register of a VP, in a level. Source: TLFS 7.10.1. */
export function readRegister(vp: VirtualProcessor, state: VtlState, name: number): Result<RegisterContents> {
  const known = readKnown(vp, state, name)
  if (known !== undefined) return done(register64(known))
  if (isInformation(name)) return done(readInformation(vp, name))
  if (!vp.partition.machine.registers.has(name)) return failed(OurStatus.unknownRegister)
  return done(storeOf(vp, state, name).get(name) ?? register64(0n))
}

/** Writes a register of a VP, in a level. Answers its HV_STATUS. Source: TLFS 7.10.2. */
export function writeRegister(vp: VirtualProcessor, state: VtlState, name: number, value: RegisterContents): number {
  const known = writeKnown(vp, state, name, value.low)
  if (known !== undefined) return known ? HvStatus.Success : OurStatus.badRegisterValue
  if (!vp.partition.machine.registers.has(name)) return OurStatus.unknownRegister
  storeOf(vp, state, name).set(name, value)
  return HvStatus.Success
}

function storeOf(vp: VirtualProcessor, state: VtlState, name: number): Map<number, RegisterContents> {
  return isPrivateRegister(name, vp.partition.machine.architecture) ? state.registers : vp.registers
}

/** Registers with a meaning here; `undefined` for all others. */
function readKnown(vp: VirtualProcessor, state: VtlState, name: number): bigint | undefined {
  const { partition } = vp
  const { synic } = state
  if (name >= R.HvRegisterSint0 && name <= R.HvRegisterSint15) return synic.source(name - R.HvRegisterSint0)
  if (name >= timerNames.first && name <= timerNames.last) {
    const timer = state.timers[(name - timerNames.first) >> 1]
    return name % 2 === 0 ? timer?.config : timer?.count
  }
  if (name >= crashNames.first && name <= crashNames.last) return partition.crash.parameters[name - crashNames.first]
  switch (name) {
    case R.HvRegisterExplicitSuspend:
      return BigInt(vp.isExplicitlySuspended)
    case R.HvRegisterInterceptSuspend:
      return BigInt(vp.isIntercepted)
    case R.HvRegisterGuestCrashCtl:
      return crashControlSupported
    case R.HvRegisterDeliverabilityNotifications:
      return state.notifications
    case R.HvRegisterVsmVina:
      return state.vina
    case R.HvRegisterGuestOsId:
      return state.shared.guestOsId
    case R.HvRegisterVpIndex:
      return BigInt(vp.index)
    case R.HvRegisterTimeRefCount:
      return partition.clock.time
    case R.HvRegisterReferenceTsc:
      return state.shared.tscPage.value
    case R.HvRegisterProcessorClockFrequency:
      return partition.machine.tsc?.frequency
    case R.HvRegisterVpAssistPage:
      return state.assistPage.value
    case R.HvRegisterScontrol:
      return synic.control
    case R.HvRegisterSversion:
      return 1n
    case R.HvRegisterSifp:
      return synic.eventPage.value
    case R.HvRegisterSipp:
      return synic.messagePage.value
    case R.HvRegisterEom:
      return 0n
    case R.HvRegisterVsmVpStatus:
      return BigInt(vp.vtl) | (BigInt(vtlMask(vp)) << 16n)
    case R.HvRegisterVsmPartitionStatus:
      return BigInt(partition.enabledVtls) | (BigInt(partition.has('accessVsm') ? maxVtl : 0) << 16n)
    case R.HvRegisterVsmPartitionConfig:
      return state.shared.vsmConfig
    case R.HvRegisterVsmCapabilities:
      return vsmCapabilities
    case X64Register.HvX64RegisterHypercall:
      return partition.machine.architecture === 'x64' ? state.shared.hypercallPage.value : undefined
    case X64Register.HvX64RegisterTsc:
      return partition.machine.architecture === 'x64' ? partition.machine.tsc?.count : undefined
    default:
      return undefined
  }
}

/** Writes registers with a meaning here: whether the value was taken; `undefined` for all others. */
function writeKnown(vp: VirtualProcessor, state: VtlState, name: number, value: bigint): boolean | undefined {
  const { partition } = vp
  const { synic } = state
  if (name >= R.HvRegisterSint0 && name <= R.HvRegisterSint15) {
    return synic.setSource(name - R.HvRegisterSint0, value)
  }
  if (name >= timerNames.first && name <= timerNames.last) {
    const timer = state.timers[(name - timerNames.first) >> 1]
    if (timer === undefined) return false
    if (name % 2 !== 0) timer.count = value
    else if ((value & timerReserved) !== 0n) return false
    else timer.config = value
    return true
  }
  if (name >= crashNames.first && name <= crashNames.last) {
    partition.crash.parameters[name - crashNames.first] = value
    return true
  }
  if (name >= secureConfigNames.first && name <= secureConfigNames.last) {
    // A level has one for each below it.
    if (name - secureConfigNames.first >= state.vtl || (value & ~tlbLocked) !== 0n) return false
    state.registers.set(name, register64(value))
    return true
  }
  if (isInformation(name) || readOnly.has(name)) return false
  switch (name) {
    case R.HvRegisterExplicitSuspend:
      vp.isExplicitlySuspended = (value & 1n) !== 0n
      return true
    case R.HvRegisterInterceptSuspend:
      vp.isIntercepted = (value & 1n) !== 0n
      return true
    case R.HvRegisterDeliverabilityNotifications:
      state.notifications = value
      synic.endOfMessage()
      return true
    case R.HvRegisterVsmVina:
      state.vina = value
      return true
    case R.HvRegisterVsmPartitionConfig:
      return configureVtl(partition, state.vtl, value)
    case R.HvRegisterGuestOsId:
      state.shared.guestOsId = value
      if (value === 0n) state.shared.hypercallPage.value &= ~1n
      return true
    case R.HvRegisterReferenceTsc:
      if (!isReachable(value)) return false
      state.shared.tscPage.value = value
      state.shared.referenceTsc.publish()
      return true
    case R.HvRegisterVpAssistPage:
      if (!isReachable(value)) return false
      state.assistPage.value = value
      return true
    case R.HvRegisterScontrol:
      synic.control = value
      return true
    case R.HvRegisterSifp:
      if (!isReachable(value)) return false
      synic.eventPage.value = value
      return true
    case R.HvRegisterSipp:
      if (!isReachable(value)) return false
      synic.setMessagePage(value)
      return true
    case R.HvRegisterEom:
      synic.endOfMessage()
      return true
    case R.HvRegisterGuestCrashCtl:
      partition.crash.notify(vp.index, value)
      return true
    case X64Register.HvX64RegisterHypercall:
      return partition.machine.architecture === 'x64' ? setHypercallPage(state.shared, value) : undefined
    default:
      return undefined
  }
}

function readInformation({ partition }: VirtualProcessor, name: number): RegisterContents {
  const told = partition.machine.information.get(name) ?? register64(0n)
  return name === R.HvRegisterPrivilegesAndFeaturesInfo ? { low: partition.privileges, high: told.high } : told
}

/** Bit 0 stays 0 while there is no guest OS id; bit 1 locks the register. */
function setHypercallPage({ hypercallPage: page, guestOsId }: PartitionLevel, value: bigint): boolean {
  if ((page.value & 2n) !== 0n || !isReachable(value)) return false
  page.value = guestOsId === 0n ? value & ~1n : value
  return true
}

/** Whether a page number in bits 63:12 is an address that memory can have here: below 2^52. */
function isReachable(value: bigint): boolean {
  return value >> 52n === 0n
}

function vtlMask(vp: VirtualProcessor): number {
  return [...vp.vtls.keys()].reduce((mask, vtl) => mask | (1 << vtl), 0)
}
