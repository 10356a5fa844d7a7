import {
  HvCallAttachDeviceDomain,
  HvCallCreateDeviceDomain,
  HvCallDeleteDeviceDomain,
  HvCallDetachDeviceDomain,
  HvCallMapDeviceGpaPages,
  HvCallMapSparseDeviceGpaPages,
  HvCallUnmapDeviceGpaPages,
  HvCallUnmapSparseDeviceGpaPages,
} from '../../hypercall/calls/device-domains.ts'
import {
  attachDeviceDomain,
  createDeviceDomain,
  type DomainTarget,
  deleteDeviceDomain,
  detachDeviceDomain,
  mapDevicePage,
  unmapDevicePage,
} from '../iommu.ts'
import { deviceWord } from './device-word.ts'
import { type ModelDispatcher, toNumber } from './dispatcher.ts'

const pageShift = 12n

/** Device domains: the IOMMU. Device addresses are in bytes. */
export function bindDeviceDomainCalls(to: ModelDispatcher): void {
  to.on(HvCallCreateDeviceDomain, ({ caller, input }) =>
    createDeviceDomain(caller.partition, targetOf(input.deviceDomain)),
  )
  to.on(HvCallDeleteDeviceDomain, ({ caller, input }) =>
    deleteDeviceDomain(caller.partition, targetOf(input.deviceDomain)),
  )
  to.on(HvCallAttachDeviceDomain, ({ caller, input }) =>
    attachDeviceDomain(caller.partition, targetOf(input.deviceDomain), deviceWord(input.deviceId)),
  )
  to.on(HvCallDetachDeviceDomain, ({ caller, input }) =>
    detachDeviceDomain(caller.partition, input.partitionId, deviceWord(input.deviceId)),
  )
  to.on(HvCallMapDeviceGpaPages, ({ caller, input, element, index }) =>
    mapDevicePage(caller.partition, targetOf(input.deviceDomain), {
      devicePage: toNumber(input.targetDeviceVaBase >> pageShift) + index,
      guestPage: toNumber(element.gpaPageNumber),
      flags: input.mapFlags,
    }),
  )
  to.on(HvCallUnmapDeviceGpaPages, ({ caller, input, index }) =>
    unmapDevicePage(
      caller.partition,
      targetOf(input.deviceDomain),
      toNumber(input.targetDeviceVaBase >> pageShift) + index,
    ),
  )
  to.on(HvCallMapSparseDeviceGpaPages, ({ caller, input, element }) =>
    mapDevicePage(caller.partition, targetOf(input.deviceDomain), {
      devicePage: toNumber(element.targetDeviceVa >> pageShift),
      guestPage: toNumber(element.gpaPageNumber),
      flags: input.mapFlags,
    }),
  )
  to.on(HvCallUnmapSparseDeviceGpaPages, ({ caller, input, element }) =>
    unmapDevicePage(caller.partition, targetOf(input.deviceDomain), toNumber(element.targetDeviceVa >> pageShift)),
  )
}

function targetOf(domain: {
  readonly partitionId: bigint
  readonly domainId: { readonly flags: { readonly type: number }; readonly id: number }
}): DomainTarget {
  const { partitionId, domainId } = domain
  return { partition: partitionId, domain: { type: domainId.flags.type, id: domainId.id } }
}
