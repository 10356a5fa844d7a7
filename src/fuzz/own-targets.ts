import { HypervisorTransport } from '../channels/index.ts'
import { FileCopyMessage } from '../devices/file-copy.ts'
import { HeartbeatMessage } from '../devices/heartbeat.ts'
import { IcHeader, IcNegotiate } from '../devices/ics/messages.ts'
import { answerVersions, offerVersions } from '../devices/ics/negotiation.ts'
import { noIpInfo } from '../devices/kvp/ip-info.ts'
import { KvpMessage } from '../devices/kvp/messages.ts'
import { NvspMessage } from '../devices/network/index.ts'
import { ShutdownMessage } from '../devices/shutdown.ts'
import { StoragePacket } from '../devices/storage/index.ts'
import { TimeSyncMessage } from '../devices/timesync.ts'
import { VideoMessage } from '../devices/video/index.ts'
import { VssMessage } from '../devices/vss.ts'
import { EchoVsc } from '../vsc/echo.ts'
import { FileCopyVsc } from '../vsc/file-copy.ts'
import { HeartbeatVsc } from '../vsc/heartbeat.ts'
import { KeyboardVsc } from '../vsc/keyboard.ts'
import { KvpVsc } from '../vsc/kvp/index.ts'
import { MouseVsc } from '../vsc/mouse.ts'
import { NetworkVsc } from '../vsc/network/index.ts'
import { ShutdownVsc } from '../vsc/shutdown.ts'
import { StorageVsc } from '../vsc/storage/index.ts'
import { TimeSyncVsc } from '../vsc/timesync.ts'
import { VideoVsc } from '../vsc/video/index.ts'
import { VssVsc } from '../vsc/vss.ts'
import { EchoVsp } from '../vsp/echo.ts'
import { FileCopyVsp } from '../vsp/file-copy.ts'
import { HeartbeatVsp } from '../vsp/heartbeat.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import { KvpVsp } from '../vsp/kvp.ts'
import { MouseVsp } from '../vsp/mouse.ts'
import { LoopbackBackend, NetworkVsp } from '../vsp/network/index.ts'
import { ShutdownVsp } from '../vsp/shutdown.ts'
import { MemoryDisk, StorageVsp } from '../vsp/storage/index.ts'
import { TimeSyncVsp } from '../vsp/timesync.ts'
import { VideoVsp } from '../vsp/video/index.ts'
import { VssVsp } from '../vsp/vss.ts'
import type { Traffic } from './packet-steps.ts'
import type { FuzzTarget } from './target.ts'
import { clientTarget } from './targets/client.ts'
import { conventionsTarget } from './targets/conventions.ts'
import { decodeTarget } from './targets/decode.ts'
import { framesTarget } from './targets/frames.ts'
import { hidTarget } from './targets/hid.ts'
import { hypercallTarget } from './targets/hypercall.ts'
import { hypervisorTarget } from './targets/hypervisor.ts'
import { ringTarget } from './targets/ring.ts'
import { rndisTarget } from './targets/rndis.ts'
import { serverTarget } from './targets/server.ts'
import { storageCommandsTarget } from './targets/storage-commands.ts'
import { vscTarget } from './targets/vsc.ts'
import { vspTarget } from './targets/vsp.ts'

// A run has little memory.
const small = { width: 64, height: 48 }
const smallScreen = { resolutions: [small], vramMegabytes: 1 }

/** Nothing is given up: a run has no time. */
const untimed = { later: () => () => {} }

/** Takes a file, and keeps nothing of it. */
const noFile = { write: () => undefined, complete: () => undefined, cancel: () => {} }

const smallNic = { ringSize: 16_384, receiveBufferSize: 32_768, sendBufferSize: 32_768 }

const noAdapters = { get: () => noIpInfo, set: () => true }

/** A host's conversation with a component: versions first. Both texts of a pair are short, so that sizes fit now and then. */
function offering(version: number): Pick<Traffic, 'opening' | 'prefer'> {
  const prefer = { flags: [3], keySize: [2, 4, 512], valueSize: [2, 4, 8], adapterId: ['00:15:5d:00:00:01', 'x'] }
  return { opening: offerVersions([0x3_0000], [version]), prefer }
}

/** A guest's: its choice first, answers to the first few requests later. */
function choosing(version: number): Pick<Traffic, 'opening' | 'prefer'> {
  const bytes = offerVersions([0x3_0000], [version])
  const negotiation = IcNegotiate.decode(bytes)
  const { reply } = answerVersions({ header: IcHeader.decode(bytes), bytes, negotiation }, [0x3_0000], [version])
  const prefer = {
    flags: [5],
    transactionId: [1, 2, 3, 4],
    status: [0, 0x8007_0103],
    keySize: [2, 4],
    valueSize: [2, 4, 8],
  }
  return { opening: reply, prefer }
}

/** Everything of this package that can be fuzzed: what `vmbus fuzz all` runs. */
export function ownTargets(): readonly FuzzTarget[] {
  return [
    decodeTarget(),
    ringTarget(),
    hidTarget(),
    hypercallTarget(),
    conventionsTarget(),
    hypervisorTarget(),
    serverTarget(),
    clientTarget(),
    vspTarget('echo-vsp', () => new EchoVsp()),
    vspTarget('echo-vsp-on-hypervisor', () => new EchoVsp(), {
      transport: (memory, pump) => new HypervisorTransport(memory, pump),
    }),
    vscTarget('echo-vsc', () => new EchoVsc(), {
      exercise: (echo, number) => void echo.echo('x'.repeat(number)).catch(() => {}),
    }),
    vspTarget('keyboard-vsp', () => new KeyboardVsp(), {
      // As every known host, it leaves the completion flag alone.
      completes: false,
      exercise: (keyboard, number) => keyboard.press(number & 0x7f),
    }),
    vscTarget('keyboard-vsc', () => new KeyboardVsc(), { exercise: (keyboard, number) => keyboard.setLeds(number) }),
    vspTarget('mouse-vsp', () => new MouseVsp(), {
      completes: false,
      exercise: (mouse, number) => (number < 128 ? mouse.move(number, 2 * number) : mouse.click()),
    }),
    vscTarget('mouse-vsc', () => new MouseVsc(), { offer: { pipe: 'message' } }),
    // Integration components answer by messages of their own, and leave the completion flag alone.
    vspTarget('heartbeat-vsp', () => new HeartbeatVsp(), {
      messages: HeartbeatMessage,
      ...choosing(0x3_0000),
      completes: false,
      exercise: (heartbeat) => heartbeat.beat(),
    }),
    vscTarget('heartbeat-vsc', () => new HeartbeatVsc(), {
      messages: HeartbeatMessage,
      offer: { pipe: 'message' },
      ...offering(0x3_0000),
    }),
    vspTarget('shutdown-vsp', () => new ShutdownVsp(), {
      messages: ShutdownMessage,
      ...choosing(0x3_0002),
      completes: false,
      exercise: (shutdown, number) => shutdown.request({ flags: number }),
    }),
    vscTarget('shutdown-vsc', () => new ShutdownVsc(), {
      messages: ShutdownMessage,
      offer: { pipe: 'message' },
      ...offering(0x3_0002),
    }),
    vspTarget('timesync-vsp', () => new TimeSyncVsp({ now: () => ({ hostTime: 1n, referenceTime: 2n }) }), {
      messages: TimeSyncMessage,
      ...choosing(0x4_0000),
      completes: false,
      exercise: (timesync) => timesync.sample(),
    }),
    vscTarget('timesync-vsc', () => new TimeSyncVsc(), {
      messages: TimeSyncMessage,
      offer: { pipe: 'message' },
      ...offering(0x4_0000),
    }),
    vspTarget('kvp-vsp', () => new KvpVsp(untimed), {
      messages: KvpMessage,
      ...choosing(0x5_0000),
      completes: false,
      exercise: (kvp, number) =>
        void (number < 128 ? kvp.set(number & 7, 'key', number) : kvp.getIpInfo('adapter')).catch(() => {}),
    }),
    vscTarget('kvp-vsc', () => new KvpVsc({ adapters: noAdapters }), {
      messages: KvpMessage,
      offer: { pipe: 'message' },
      ...offering(0x5_0000),
    }),
    vspTarget('vss-vsp', () => new VssVsp(untimed), {
      messages: VssMessage,
      ...choosing(0x5_0000),
      completes: false,
      exercise: (vss, number) => void (number < 128 ? vss.hotBackup() : vss.thaw()).catch(() => {}),
    }),
    vscTarget('vss-vsc', () => new VssVsc({ freeze: () => {} }), {
      messages: VssMessage,
      offer: { pipe: 'message' },
      ...offering(0x5_0000),
    }),
    vspTarget('file-copy-vsp', () => new FileCopyVsp(untimed), {
      messages: FileCopyMessage,
      ...choosing(0x1_0001),
      completes: false,
      exercise: (copy, number) => void copy.send('name', '/', new Uint8Array(64 * number)).catch(() => {}),
    }),
    vscTarget('file-copy-vsc', () => new FileCopyVsc({ open: () => noFile }), {
      messages: FileCopyMessage,
      offer: { pipe: 'message' },
      ...offering(0x1_0001),
    }),
    vspTarget('video-vsp', () => new VideoVsp(smallScreen), {
      messages: VideoMessage,
      completes: false,
      exercise: (video, number) => void (number < 128 ? video.image({ pointer: true }) : video.requestMode(small)),
    }),
    vscTarget('video-vsc', () => new VideoVsc({ resolution: small }), {
      messages: VideoMessage,
      offer: { pipe: 'message', mmioMegabytes: 1 },
      exercise: (video, number) => {
        if (video.mode === undefined) return
        video.canvas.text('fuzz', number - 100, number - 100)
        video.movePointer(number, number)
        video.flush()
      },
    }),
    vspTarget('network-vsp', () => new NetworkVsp({ backend: new LoopbackBackend() }), {
      messages: NvspMessage,
      // INIT and all that follows it is more than chance finds: the target network-rndis goes on from there.
      exercise: (nic, number) =>
        number < 128 ? nic.receive({ bytes: new Uint8Array(number) }) : nic.setLink(number < 192),
    }),
    vscTarget('network-vsc', () => new NetworkVsc(smallNic), {
      messages: NvspMessage,
      exercise: (nic, number) => nic.send(new Uint8Array(14 + number)),
    }),
    rndisTarget(),
    vspTarget('storage-vsp', () => new StorageVsp({ disk: new MemoryDisk({ blocks: 64 }), maxSubchannels: 2 }), {
      messages: StoragePacket,
      // Commands are more than chance finds: the target storage-commands goes on behind the negotiation.
      exercise: (storage, number) =>
        number < 128
          ? storage.remove(0)
          : storage.unit(1) === undefined && storage.add(1, new MemoryDisk({ blocks: number })),
    }),
    vscTarget('storage-vsc', () => new StorageVsc({ ringSize: 16_384, cpus: 2 }), {
      messages: StoragePacket,
      exercise: (storage, number) => void storage.read({ lba: number, blocks: 1 }).catch(() => {}),
    }),
    storageCommandsTarget(),
    framesTarget(),
  ]
}
