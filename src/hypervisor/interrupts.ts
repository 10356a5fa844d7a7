import { InterruptType } from '../hypercall/enums/interrupts.ts'
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

/** What HvCallAssertVirtualInterrupt asserts. Destinations are VP numbers: APIC ids are the same here. */
export interface VirtualInterrupt {
  readonly partition: bigint
  readonly type: number
  /** A VP; with `isLogical` a mask of VPs 0 … 7 (flat model). */
  readonly destination: bigint
  readonly isLogical?: boolean
  /** 16 … 255 for fixed ones. */
  readonly vector: number
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
  if (type === InterruptType.ExtInt) {
    const [first] = vps
    if (first === undefined || first.index !== 0) return HvStatus.InvalidParameter
    return first.level(vtl)?.controller.assertExternal(vector) === true ? HvStatus.Success : HvStatus.Acknowledged
  }
  if (type === InterruptType.Fixed || type === InterruptType.LowestPriority) {
    if (!isVector(vector)) return HvStatus.InvalidParameter
    raise(type === InterruptType.Fixed ? vps : vps.slice(0, 1), type, vector, vtl)
    return HvStatus.Success
  }
  if (!special.has(type)) return HvStatus.InvalidParameter
  raise(vps, type, vector, vtl)
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

/** HvCallSendSyntheticClusterIpi and its Ex form: interrupts VPs of the caller's partition, in a level. `vps` that do not exist are passed over. */
export function sendClusterIpi(
  caller: VirtualProcessor,
  vector: number,
  vps: Iterable<number>,
  vtl = caller.vtl,
): number {
  if (!isVector(vector)) return HvStatus.InvalidParameter
  if (vtl > caller.vtl) return HvStatus.InvalidParameter
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

/** Whether a number is an interrupt vector: 16 … 255. */
export function isVector(vector: number): boolean {
  return vector >= 16 && vector <= 255
}
