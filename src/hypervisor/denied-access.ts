import { PAGE_SIZE } from '../memory/index.ts'
import { pageOf } from './gpa-space.ts'
import type { Partition } from './partition.ts'

/** Where an access may not be: the first such address, and the level whose protection it breaks, where it is not the parent who denies it. */
export interface DeniedAccess {
  /** Guest physical address, in bytes. */
  readonly gpa: number
  /** The level that denies it; absent: the parent. */
  readonly vtl?: number
}

/**
 * Whether code of a level may access a range: `undefined` when all of it. A page that is not mapped so is the parent's business, before any
 * level's; pages of the hypervisor's own that lie over the guest's are protected by nobody.
 */
export function deniedAccess(
  { space, protections }: Partition,
  vtl: number,
  gpa: number,
  length: number,
  access: number,
): DeniedAccess | undefined {
  const unmapped = space.firstDenied(gpa, length, access, vtl)
  if (unmapped !== undefined || protections.isEmpty) return unmapped === undefined ? undefined : { gpa: unmapped }
  for (let at = gpa; at < gpa + length; at = (pageOf(at) + 1) * PAGE_SIZE) {
    const page = pageOf(at)
    const denying = space.isOverlaid(page, vtl) ? undefined : protections.denying(vtl, page, access)
    if (denying !== undefined) return { gpa: at, vtl: denying }
  }
  return undefined
}
