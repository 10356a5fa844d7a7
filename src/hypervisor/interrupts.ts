import { InterruptType } from '../hypercall/enums/interrupts.ts'
import type { RegisterArchitecture } from '../hypercall/registers/index.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import type { SpecialInterrupt } from './interrupt-controller.ts'
import type { Partition } from './partition.ts'
import { targetOf } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

const special: ReadonlyMap<number, SpecialInterrupt> = /* @__PURE__ */ new Map([
  [InterruptType.Smi, 'smi'],
  [InterruptType.Nmi, 'nmi'],
  [InterruptType.Init, 'init'],
  [InterruptType.Sipi, 'sipi'],
])

/** Destination of an x2APIC: all processors. Source: Intel SDM volume 3, 11.12.9. */
const broadcast = 0xffff_ffffn

/** What HvCallAssertVirtualInterrupt asserts. Destinations are VP numbers: APIC ids (ARM64: MPIDR) are the same here. */
export interface VirtualInterrupt {
  /** The partition whose VPs get it: a child of the caller. */
  readonly partition: bigint
  /** `InterruptType`. */
  readonly type: number
  /** A VP; with `isLogical` a mask of VPs 0 … 7 (flat model). */
  readonly destination: bigint
  /** The destination is a mask. Default false. */
  readonly isLogical?: boolean
  /** 16 … 255 for fixed ones; on ARM64 an INTID, 16 … 1019. */
  readonly vector: number
  /** ARM64: false lowers the line, so that the interrupt is no longer pending. Default true. */
  readonly isAsserted?: boolean
  /** The level that gets it. Default 0. */
  readonly vtl?: number
}

/** HvCallAssertVirtualInterrupt. Answers its HV_STATUS. Source: TLFS 10.5.1, 2.0A 12.5. */
export function assertVirtualInterrupt(caller: Partition, call: VirtualInterrupt): number {
  const target = targetOf(caller, call.partition, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target.status
  const vps = destinations(target.value, call.destination, call.isLogical ?? false)
  if (vps.length === 0) return HvStatus.InvalidVpIndex
  const vtl = call.vtl ?? 0
  if (vps.some((vp) => vp.level(vtl) === undefined)) return OurStatus.vtlNotEnabled
  const { type, vector } = call
  const { architecture } = target.value.machine
  if (architecture === 'arm64') return assertLine(vps, call, vtl)
  if (type === InterruptType.ExtInt) {
    const [first] = vps
    if (first === undefined || first.index !== 0) return HvStatus.InvalidParameter
    return first.level(vtl)?.controller.assertExternal(vector) === true ? HvStatus.Success : HvStatus.Acknowledged
  }
  if (type === InterruptType.Fixed || type === InterruptType.LowestPriority) {
    if (!isVector(vector, architecture)) return HvStatus.InvalidParameter
    raise(type === InterruptType.Fixed ? vps : vps.slice(0, 1), type, vector, vtl)
    return HvStatus.Success
  }
  if (!special.has(type)) return HvStatus.InvalidParameter
  // INIT and SIPI do not reach below a level that the VP has. Source: TLFS 15.13.
  const isStart = type === InterruptType.Init || type === InterruptType.Sipi
  raise(isStart ? vps.filter((vp) => Math.max(...vp.vtls.keys()) <= vtl) : vps, type, vector, vtl)
  return HvStatus.Success
}

/** ARM64 knows the fixed type alone, whose line is raised or lowered. Source: TLFS (HV_INTERRUPT_TYPE, HV_INTERRUPT_CONTROL). */
function assertLine(vps: readonly VirtualProcessor[], call: VirtualInterrupt, vtl: number): number {
  const { type, vector, isAsserted = true } = call
  if (type !== InterruptType.Fixed || !isVector(vector, 'arm64')) return HvStatus.InvalidParameter
  if (isAsserted) raise(vps, type, vector, vtl)
  else for (const vp of vps) vp.level(vtl)?.controller.withdraw(vector)
  return HvStatus.Success
}

/** Requests an interrupt of VPs: one of a special type, or a vector. */
export function raise(vps: Iterable<VirtualProcessor>, type: number, vector: number, vtl = 0): void {
  const kind = special.get(type)
  for (const vp of vps) {
    const controller = vp.level(vtl)?.controller
    if (kind === undefined) controller?.request(vector)
    else controller?.requestSpecial(kind)
  }
}

/** HvCallClearVirtualInterrupt: an external interrupt that was acknowledged is over. */
export function clearVirtualInterrupt(caller: Partition, partition: bigint): number {
  const target = targetOf(caller, partition, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target.status
  const cleared = target.value.vps.get(0)?.level(0)?.controller.clearExternal() ?? false
  return cleared ? HvStatus.Success : HvStatus.NotAcknowledged
}

/**
 * HvCallSendSyntheticClusterIpi and its Ex form: interrupts VPs of the caller's partition, in a level; one above the caller's is ACCESS_DENIED, as
 * OpenVMM answers. `vps` that do not exist are passed over. Vectors are 16 … 255 everywhere (TLFS, the call).
 */
export function sendClusterIpi(
  caller: VirtualProcessor,
  vector: number,
  vps: Iterable<number>,
  vtl = caller.vtl,
): number {
  if (!isVector(vector, 'x64')) return HvStatus.InvalidParameter
  if (vtl > caller.vtl) return HvStatus.AccessDenied
  for (const index of vps) caller.partition.vps.get(index)?.level(vtl)?.controller.request(vector)
  return HvStatus.Success
}

/** The VPs that an interrupt destination means: one, or 0xFFFF_FFFF for all; of a logical one those in the mask. */
export function destinations(partition: Partition, destination: bigint, isLogical: boolean): VirtualProcessor[] {
  return partition.processors().filter(({ index }) => {
    if (!isLogical) return destination === broadcast || BigInt(index) === destination
    return index < 8 && (destination & (1n << BigInt(index))) !== 0n
  })
}

/** Whether a number is an interrupt vector: 16 … 255; on ARM64 an INTID that a VP may be given, 16 … 1019. */
export function isVector(vector: number, architecture: RegisterArchitecture): boolean {
  return vector >= 16 && vector <= (architecture === 'x64' ? 255 : 1019)
}
