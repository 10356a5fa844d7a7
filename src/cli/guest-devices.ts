import type { HostDevice } from '../channels/index.ts'
import { hostTimeOf } from '../devices/timesync.ts'
import type { LinuxGuest, OpenableDevice } from '../guest/index.ts'
import { HeartbeatVsp } from '../vsp/heartbeat.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import { MouseVsp } from '../vsp/mouse.ts'
import { Gateway, NetworkSwitch, NetworkVsp } from '../vsp/network/index.ts'
import { ShutdownVsp } from '../vsp/shutdown.ts'
import { MemoryDisk, StorageVsp } from '../vsp/storage/index.ts'
import { TimeSyncVsp } from '../vsp/timesync.ts'
import { VideoVsp } from '../vsp/video/index.ts'
import { UsageError } from './command.ts'

/** A device that is offered to a real kernel. */
export type GuestDevice = HostDevice & OpenableDevice

/** The guest, once it runs. */
type Running = () => LinuxGuest | undefined

/** Blocks of the disk, of 512 bytes: 64 MiB. */
const diskBlocks = 128 * 1024

/** Devices of `vmbus guest`, by name. A new one is added here. */
const makers: Readonly<Record<string, (running: Running) => GuestDevice>> = {
  keyboard: () => new KeyboardVsp(),
  mouse: () => new MouseVsp(),
  heartbeat: () => new HeartbeatVsp(),
  shutdown: () => new ShutdownVsp(),
  timesync: (running) =>
    new TimeSyncVsp({
      now: () => ({ hostTime: hostTimeOf(Date.now()), referenceTime: running()?.referenceTime ?? 0n }),
    }),
  storage: () => new StorageVsp({ disk: new MemoryDisk({ blocks: diskBlocks }) }),
  network: () => {
    const lan = new NetworkSwitch()
    lan.plug(new Gateway())
    return new NetworkVsp({ backend: lan })
  },
  video: () => new VideoVsp(),
}

/** Names of all devices. */
export const guestDeviceNames: readonly string[] = Object.keys(makers)

/** Makes the devices with these names. Throws {@link UsageError} for a name that is none. */
export function guestDevices(names: readonly string[], running: Running): GuestDevice[] {
  return names.map((name) => {
    const make = Object.hasOwn(makers, name) ? makers[name] : undefined
    if (make === undefined) throw new UsageError(`no device ${name}; there are ${guestDeviceNames.join(', ')}`)
    return make(running)
  })
}
