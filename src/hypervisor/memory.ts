import { MapGpaFlags } from '../hypercall/flags.ts'
import { HvStatus } from '../hypercall/status.ts'
import { PAGE_SIZE } from '../memory/index.ts'
import { OurStatus } from './choices.ts'
import { allows, PageAccess } from './page-access.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { targetOf } from './target.ts'

const zeros = new Uint8Array(PAGE_SIZE)

/** A page of 2 MiB, in pages. */
export const largePagePages = 512

/** HvCallDepositMemory, one element: a page of the caller's goes into the pool, out of reach for all. Source: TLFS 2.0A 6.3.1. */
export function depositMemory(caller: Partition, id: bigint, guestPage: number): number {
  const target = targetOf(caller, id, {
    target: 'child or root',
    privilege: 'accessMemoryPool',
    states: ['active', 'uninitialized'],
  })
  if (target.value === undefined) return target.status
  const { space, machine } = caller
  const machinePage = space.machinePage(guestPage)
  if (machinePage === undefined || !allows(space.mappedAccess(guestPage), PageAccess.all)) {
    return HvStatus.OperationDenied
  }
  // Each partition between the root and the caller has it mapped once; more means that another one has it.
  if (machine.pages.mappingsOf(machinePage) > caller.depth) return HvStatus.OperationDenied
  machine.pages.setPooled(machinePage, true)
  target.value.pool.add({ machinePage, depositor: caller, guestPage })
  return HvStatus.Success
}

/** HvCallWithdrawMemory, one element: an unused page of the pool comes back to where it was, zeroed. Answers its number. */
export function withdrawMemory(caller: Partition, id: bigint): Result<number> {
  const target = targetOf(caller, id, { target: 'child or root', privilege: 'accessMemoryPool' })
  if (target.value === undefined) return target
  const page = target.value.pool.remove()
  if (page === undefined) return failed(HvStatus.NoResources)
  const { machine } = caller
  machine.memory.write(page.machinePage * PAGE_SIZE, zeros, 0, PAGE_SIZE)
  machine.pages.setPooled(page.machinePage, false)
  return done(page.guestPage)
}

/** HvCallGetMemoryBalance: pages of the pool, by use. */
export function getMemoryBalance(
  caller: Partition,
  id: bigint,
): Result<{ readonly pagesAvailable: number; readonly pagesInUse: number }> {
  const target = targetOf(caller, id, { target: 'child or root', privilege: 'accessMemoryPool' })
  if (target.value === undefined) return target
  const { available, inUse } = target.value.pool
  return done({ pagesAvailable: available, pagesInUse: inUse })
}

/** What HvCallMapGpaPages maps where; page numbers. With `largePage` in `flags` both are 2 MiB pages, aligned to that. */
export interface MapPage {
  /** The partition that gets it: a child of the caller, or the root itself. */
  readonly partition: bigint
  /** Page number in the target. */
  readonly guestPage: number
  /** Page number in the caller. */
  readonly sourcePage: number
  /** {@link MapGpaFlags}. */
  readonly flags: number
}

/**
 * HvCallMapGpaPages, one element: a page of the caller's appears in the target, with access that the caller has itself. What was mapped
 * there is replaced. The root maps itself identically only. Source: TLFS 5.4.1, 2.0A 8.4.1.
 */
export function mapGpaPage(caller: Partition, call: MapPage): number {
  const target = targetOf(caller, call.partition, { target: 'child or root', states: ['active'] })
  if (target.value === undefined) return target.status
  const { guestPage, sourcePage, flags } = call
  const count = (flags & MapGpaFlags.largePage) === 0 ? 1 : largePagePages
  if (guestPage % count !== 0 || sourcePage % count !== 0) return HvStatus.InvalidParameter
  if (!isPage(guestPage + count - 1) || !isPage(sourcePage + count - 1)) return HvStatus.InvalidParameter
  const access = flags & PageAccess.all
  if (!isAccess(access)) return HvStatus.InvalidParameter
  if (target.value === caller) return guestPage === sourcePage ? HvStatus.Success : HvStatus.InvalidParameter
  for (let i = 0; i < count; i++) {
    if (isPooledAt(target.value, guestPage + i)) return OurStatus.pagePooled
    const granted = caller.space.mappedAccess(sourcePage + i)
    if (granted === 0 || (access & ~granted) !== 0) return OurStatus.sourceNotMapped
  }
  for (let i = 0; i < count; i++) {
    const machinePage = caller.space.machinePage(sourcePage + i)
    if (machinePage !== undefined) target.value.space.map(guestPage + i, machinePage, access)
    target.value.protections.forget(guestPage + i)
  }
  return HvStatus.Success
}

/** HvCallModifySparseGpaPages, one element: other access to a page of a child that is mapped. For the root only, which has all access. */
export function modifyGpaPage(caller: Partition, id: bigint, guestPage: number, flags: number): number {
  const target = targetOf(caller, id, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target.status
  if (!caller.isRoot) return HvStatus.AccessDenied
  const machinePage = target.value.space.machinePage(guestPage)
  if (machinePage === undefined) return HvStatus.InvalidParameter
  if (isPooledAt(target.value, guestPage)) return OurStatus.pagePooled
  const access = flags & PageAccess.all
  if (!isAccess(access)) return HvStatus.InvalidParameter
  target.value.space.map(guestPage, machinePage, access)
  return HvStatus.Success
}

/** HvCallUnmapGpaPages, one page; none need be mapped. */
export function unmapGpaPage(caller: Partition, id: bigint, guestPage: number): number {
  const target = targetOf(caller, id, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target.status
  if (!isPage(guestPage)) return HvStatus.InvalidParameter
  if (isPooledAt(target.value, guestPage)) return OurStatus.pagePooled
  target.value.space.unmap(guestPage)
  target.value.protections.forget(guestPage)
  return HvStatus.Success
}

function isPooledAt(partition: Partition, guestPage: number): boolean {
  const machinePage = partition.space.machinePage(guestPage)
  return machinePage !== undefined && partition.machine.pages.isPooled(machinePage)
}

/** A page that can be written but not read does not exist on any processor. */
function isAccess(access: number): boolean {
  return access === 0 || (access & PageAccess.read) !== 0
}

/** Page numbers go up to 2^40: addresses of 52 bits, which a JavaScript number holds. */
function isPage(page: number): boolean {
  return Number.isInteger(page) && page >= 0 && page < 2 ** 40
}
