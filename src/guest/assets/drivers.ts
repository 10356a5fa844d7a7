import { DeviceId } from '../../vmbus/device-ids.ts'
import type { Guid } from '../../wire/index.ts'

/**
 * Kernel modules that a device needs: the one that binds to it, and those that make it usable, as a keyboard is nothing without
 * an event device. Names as the kernel has them; what they depend on comes by itself. Source: Linux drivers/*.
 */
const drivers: ReadonlyMap<Guid, readonly string[]> = new Map<Guid, readonly string[]>([
  [DeviceId.Keyboard, ['hyperv_keyboard', 'evdev']],
  [DeviceId.Mouse, ['hid_generic', 'hid_hyperv', 'evdev']],
  [DeviceId.Heartbeat, ['hv_utils']],
  [DeviceId.Shutdown, ['hv_utils']],
  [DeviceId.TimeSync, ['hv_utils']],
  [DeviceId.Kvp, ['hv_utils']],
  [DeviceId.Vss, ['hv_utils']],
  [DeviceId.DynamicMemory, ['hv_balloon']],
  [DeviceId.Scsi, ['sd_mod', 'hv_storvsc']],
  [DeviceId.Ide, ['sd_mod', 'hv_storvsc']],
  [DeviceId.FibreChannel, ['sd_mod', 'hv_storvsc']],
  [DeviceId.Network, ['hv_netvsc']],
  [DeviceId.Video, ['hyperv_drm']],
  [DeviceId.Pci, ['pci_hyperv']],
])

/** What else may be wanted: hvsockets, whose offers have a GUID of their own each, and tools of the tests. */
const others = ['hv_sock', 'ext4']

/** Every module that an initramfs holds. */
export const allDrivers: readonly string[] = [...new Set([...drivers.values(), others].flat())]

/** Modules for devices with these interface ids. */
export function driversFor(interfaceIds: Iterable<Guid>): string[] {
  return [...new Set([...interfaceIds].flatMap((id) => drivers.get(id) ?? []))]
}
