import { IommuFaultType, MessageType } from '../hypercall/enums/messages.ts'
import { IommuFaultMessagePayload } from '../hypercall/messages.ts'
import { AccessKind } from './intercepts.ts'
import type { Partition } from './partition.ts'
import { sendTo } from './send-to-parent.ts'

/** Tells the root of an access of a device that was stopped: HvMessageTypeIommuFault in its SINT0. `anyone`: a partition of the machine. */
export function iommuFault(
  anyone: Partition,
  device: bigint,
  type: number,
  accessType: number,
  address: number | undefined,
): void {
  const payload = IommuFaultMessagePayload.encode({
    type,
    accessType,
    flags: { faultAddressValid: address !== undefined, deviceIdValid: true },
    logicalDeviceId: device,
    faultAddress: address === undefined || !Number.isSafeInteger(address) || address < 0 ? 0n : BigInt(address),
  })
  let root = anyone
  while (root.parent !== undefined) root = root.parent
  sendTo(root, root.id, MessageType.IommuFault, payload)
}

/** A device raised an interrupt that no entry of the remapping table allows. */
export function interruptFault(anyone: Partition, device: bigint): void {
  iommuFault(anyone, device, IommuFaultType.InterruptFault, AccessKind.write, undefined)
}
