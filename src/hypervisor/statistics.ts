import { StatsObjectType } from '../hypercall/enums/statistics.ts'
import { HvStatus } from '../hypercall/status.ts'
import { OurStatus } from './choices.ts'
import { OverlayPage } from './overlay-page.ts'
import { PageAccess } from './page-access.ts'
import type { Partition } from './partition.ts'
import { done, failed, type Result } from './result.ts'
import { refusal, targetOf, vpOf } from './target.ts'

/** Whose counters: the hypervisor's, a logical processor's, a partition's (the caller's or a child's) or one of its VPs'. */
export type StatsObject =
  | { readonly type: typeof StatsObjectType.Hypervisor }
  | { readonly type: typeof StatsObjectType.LogicalProcessor; readonly index: number }
  | { readonly type: typeof StatsObjectType.Partition; readonly partition: bigint }
  | { readonly type: typeof StatsObjectType.Vp; readonly partition: bigint; readonly vp: number }

/** Where the hypervisor maps statistics pages: guest pages from 2^39 on, above all memory. */
const firstStatsPage = 2 ** 39

/** HvCallMapStatsPage: a read-only page of 512 counters, all zero in a model, where the hypervisor chooses. Answers its guest page number. */
export function mapStatsPage(caller: Partition, object: StatsObject, location?: number): Result<number> {
  const status = objectStatus(caller, object)
  if (status !== HvStatus.Success) return failed(status)
  const key = keyOf(caller, object)
  if (caller.statistics.has(key)) return failed(OurStatus.statsMapped)
  const taken = new Set([...caller.statistics.values()].map(({ guestPage }) => guestPage))
  let guestPage = location ?? firstStatsPage
  if (location !== undefined && !(location < 2 ** 40 && !caller.space.isOverlaid(location))) {
    return failed(HvStatus.InvalidParameter)
  }
  while (taken.has(guestPage)) guestPage += 1
  const page = new OverlayPage(PageAccess.read)
  caller.space.addOverlay(guestPage, page)
  caller.statistics.set(key, { page, guestPage })
  return done(guestPage)
}

/** HvCallUnmapStatsPage. */
export function unmapStatsPage(caller: Partition, object: StatsObject): number {
  const refused = refusal(caller, 'accessStats')
  if (refused !== HvStatus.Success) return refused
  const key = keyOf(caller, object)
  const mapped = caller.statistics.get(key)
  if (mapped === undefined) return OurStatus.statsNotMapped
  caller.space.removeOverlay(mapped.guestPage, mapped.page)
  caller.statistics.delete(key)
  return HvStatus.Success
}

function objectStatus(caller: Partition, object: StatsObject): number {
  const refused = refusal(caller, 'accessStats')
  if (refused !== HvStatus.Success) return refused
  if (object.type === StatsObjectType.Hypervisor) return HvStatus.Success
  if (object.type === StatsObjectType.LogicalProcessor) {
    return object.index === 0 ? HvStatus.Success : HvStatus.InvalidParameter
  }
  const target = targetOf(caller, object.partition, { target: 'self or child', states: ['active'] })
  if (target.value === undefined) return target.status
  return object.type === StatsObjectType.Vp ? vpOf(target.value, object.vp).status : HvStatus.Success
}

function keyOf(caller: Partition, object: StatsObject): string {
  switch (object.type) {
    case StatsObjectType.Hypervisor:
      return 'hypervisor'
    case StatsObjectType.LogicalProcessor:
      return `lp ${object.index}`
    case StatsObjectType.Partition:
      return `partition ${targetOf(caller, object.partition, { target: 'self or child' }).value?.id}`
    case StatsObjectType.Vp:
      return `vp ${targetOf(caller, object.partition, { target: 'self or child' }).value?.id} ${object.vp}`
  }
}
