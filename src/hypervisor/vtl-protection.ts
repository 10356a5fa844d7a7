import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import { allows, PageAccess } from './page-access.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { targetOf } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/**
 * HvRegisterVsmPartitionConfig: bit 0 enables protection, bits 4:1 are what lower levels may do with pages that are not named, bit 5 zeroes
 * memory on a reset (which no partition here has), bit 6 forbids lower levels to start VPs. No intercepts of this register are modelled.
 */
const config = { enableProtection: 0x1n, defaultMask: 0x1en, denyLowerStartup: 0x40n, known: 0x7fn }

/**
 * Writes HvRegisterVsmPartitionConfig of a level, which all VPs share. Answers false, and changes nothing, for VTL 0, which protects nothing,
 * for bits that are not known, and where it would end or change protection that has begun. Source: TLFS 15.6.1.
 */
export function configureVtl(partition: Partition, vtl: number, value: bigint): boolean {
  const level = partition.levels.get(vtl)
  const mask = Number((value & config.defaultMask) >> 1n)
  if (vtl === 0 || level === undefined || (value & ~config.known) !== 0n || !isAccess(mask)) return false
  const fixed = config.enableProtection | config.defaultMask
  const hasBegun = (level.vsmConfig & config.enableProtection) !== 0n
  if (hasBegun && (value & fixed) !== (level.vsmConfig & fixed)) return false
  level.vsmConfig = value
  if ((value & config.enableProtection) !== 0n) partition.protections.enable(vtl, mask)
  return true
}

/** Whether a level above another forbids it to start or reset VPs. */
export function deniesLowerStart(partition: Partition, vtl: number): boolean {
  return [...partition.levels].some(
    ([above, { vsmConfig }]) => above > vtl && (vsmConfig & config.denyLowerStartup) !== 0n,
  )
}

/** What HvCallModifyVtlProtectionMask changes, one page. */
export interface ProtectPage {
  /** The caller's partition or a child. */
  readonly partition: bigint
  /** The level that protects; default the caller's. */
  readonly vtl?: number
  /** Guest page number. */
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
  if (!partition.protections.isEnabled(vtl)) return OurStatus.protectionOff
  if ((flags & ~PageAccess.all) !== 0 || !isAccess(flags)) return HvStatus.InvalidParameter
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

/**
 * Whether there is such an access: what can be written or executed can be read; and without mode-based execute control, which this model has
 * not, kernel mode and user mode execute alike. Source: TLFS 15.10, OpenVMM virt_mshv_vtl (validate_vtl_gpa_flags).
 */
function isAccess(flags: number): boolean {
  const execute = flags & PageAccess.execute
  if (execute !== 0 && execute !== PageAccess.execute) return false
  return flags === 0 || allows(flags, PageAccess.read)
}
