import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import { allows, PageAccess } from './page-access.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { targetOf } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** HvRegisterVsmPartitionConfig: bit 0 enables protection, bits 4:1 are what lower levels may do with pages that are not named. */
const enableProtection = 1n

/**
 * A level writes HvRegisterVsmPartitionConfig. Answers false, and changes nothing, for VTL 0, which protects nothing, and where it would end
 * protection that has begun. Source: TLFS 15.9.1.
 */
export function configureProtection(partition: Partition, vtl: number, value: bigint): boolean {
  const { protections } = partition
  const enables = (value & enableProtection) !== 0n
  if (vtl === 0 || (!enables && protections.isEnabled(vtl))) return false
  if (enables) protections.enable(vtl, Number((value >> 1n) & 0xfn))
  return true
}

/** What HvCallModifyVtlProtectionMask changes, one page. */
export interface ProtectPage {
  readonly partition: bigint
  /** The level that protects; default the caller's. */
  readonly vtl?: number
  readonly guestPage: number
  /** What lower levels may do, as in the low four bits of HV_MAP_GPA_FLAGS; all other bits must be 0. */
  readonly flags: number
}

/** HvCallModifyVtlProtectionMask, one element: what levels below may do with a page. Answers its HV_STATUS. Source: TLFS 15.11.2. */
export function modifyVtlProtectionMask(caller: VirtualProcessor, call: ProtectPage): number {
  const protector = protectorOf(caller, call)
  if (protector.value === undefined) return protector.status
  const { partition, vtl } = protector.value
  const { flags, guestPage } = call
  if ((flags & ~PageAccess.all) !== 0 || !isAccess(flags)) return HvStatus.InvalidParameter
  if (!partition.protections.isEnabled(vtl)) return OurStatus.protectionOff
  // Only memory can be protected.
  if (partition.space.machinePage(guestPage) === undefined) return HvStatus.InvalidParameter
  partition.protections.protect(vtl, guestPage, flags)
  return HvStatus.Success
}

/** How HvCallCheckSparseGpaPageVtlAccess judges a page. */
export interface VtlAccess {
  /** Accesses of those asked for that are denied, as in HV_MAP_GPA_FLAGS. */
  readonly denied: number
  /** The level that would get the intercept; 0 when nothing is denied. */
  readonly interceptingVtl: number
}

/** HvCallCheckSparseGpaPageVtlAccess, one element: whether a level may do something with a page, as far as levels above are asked. */
export function checkVtlAccess(
  caller: VirtualProcessor,
  call: { readonly partition: bigint; readonly vtl?: number; readonly guestPage: number; readonly access: number },
): Result<VtlAccess> {
  const target = targetOf(caller.partition, call.partition, { target: 'self or child', states: ['active'] })
  if (target.value === undefined) return target
  const isSelf = target.value === caller.partition
  const vtl = call.vtl ?? (isSelf ? caller.vtl : 0)
  if (isSelf && vtl > caller.vtl) return failed(HvStatus.AccessDenied)
  if ((target.value.enabledVtls & (1 << vtl)) === 0) return failed(OurStatus.vtlNotEnabled)
  if ((call.access & ~PageAccess.all) !== 0) return failed(HvStatus.InvalidParameter)
  const { protections } = target.value
  const denied = call.access & ~protections.allowed(vtl, call.guestPage)
  const interceptingVtl = denied === 0 ? undefined : protections.denying(vtl, call.guestPage, call.access)
  return done({ denied, interceptingVtl: interceptingVtl ?? 0 })
}

/** The partition and the level that a call protects for: of the caller's own, up to the level that it runs in. */
function protectorOf(
  caller: VirtualProcessor,
  call: { readonly partition: bigint; readonly vtl?: number },
): Result<{ readonly partition: Partition; readonly vtl: number }> {
  const target = targetOf(caller.partition, call.partition, {
    target: 'self or child',
    privilege: 'accessVsm',
    states: ['active'],
  })
  if (target.value === undefined) return target
  const partition = target.value
  const { vtl = caller.vtl } = call
  if (partition === caller.partition && vtl > caller.vtl) return failed(HvStatus.AccessDenied)
  if (vtl === 0) return failed(HvStatus.InvalidParameter)
  if ((partition.enabledVtls & (1 << vtl)) === 0) return failed(OurStatus.vtlNotEnabled)
  return done({ partition, vtl })
}

/** A page that can be written or executed can be read: no processor has others. */
function isAccess(flags: number): boolean {
  return flags === 0 || allows(flags, PageAccess.read)
}
