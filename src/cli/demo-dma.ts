import type { HypervisorTransport } from '../channels/index.ts'
import {
  HvCallAttachDeviceDomain,
  HvCallCreateDeviceDomain,
  HvCallMapDeviceGpaPages,
  IommuFaultMessagePayload,
} from '../hypercall/index.ts'
import { dmaWrite, type TakenMessage } from '../hypervisor/index.ts'
import { type GuestMemory, PAGE_SIZE } from '../memory/index.ts'
import { format } from '../wire/index.ts'
import { paintInk } from './terminal.ts'

/** A device that is known by a number of its partition's own. */
const device = 7n
/** Where the device sees the page that it may touch. */
const deviceAddress = 0x1_0000
const readWrite = 3
const ownVtl = { targetVtl: 0, useTargetVtl: false }

/** The root gives a device one page of the child's: a device domain, and a page mapped in it. */
export function giveDevicePage({ root, child }: HypervisorTransport, guestPage: number): void {
  const deviceDomain = { partitionId: child.id, ownerVtl: ownVtl, domainId: { flags: { type: 0 }, id: 1 } }
  const createDeviceDomainFlags = { forwardProgressRequired: false, inheritOwningVtl: false }
  root.call(HvCallCreateDeviceDomain, { input: { deviceDomain, createDeviceDomainFlags } })
  root.call(HvCallAttachDeviceDomain, { input: { deviceDomain, deviceId: { rest: device, deviceType: 0 } } })
  root.call(HvCallMapDeviceGpaPages, {
    input: { deviceDomain, targetVtl: ownVtl, mapFlags: readWrite, targetDeviceVaBase: BigInt(deviceAddress) },
    elements: [{ gpaPageNumber: BigInt(guestPage) }],
  })
}

/** The device writes to its page, then beside it. Answers what became of both, in words. */
export function deviceWrites({ hypervisor }: HypervisorTransport, memory: GuestMemory, guestPage: number): string[] {
  const text = new TextEncoder().encode('hello by DMA')
  const write = (address: number) => {
    const { outcome } = dmaWrite(hypervisor.root, device, address, text)
    return `device: writes ${text.length} bytes at 0x${address.toString(16)}: ${outcome}`
  }
  const first = write(deviceAddress)
  const seen = new Uint8Array(text.length)
  memory.read(guestPage * PAGE_SIZE, seen, 0, seen.length)
  const found = `child: finds ${JSON.stringify(new TextDecoder().decode(seen))} in page ${guestPage}`
  return [first, found, write(deviceAddress + PAGE_SIZE)]
}

/** A message that the hypervisor sent to the root about a fault, printed. */
export function faultLines({ payload }: TakenMessage): string[] {
  return [...format(IommuFaultMessagePayload, payload.subarray(0, IommuFaultMessagePayload.size), { paint: paintInk })]
}
