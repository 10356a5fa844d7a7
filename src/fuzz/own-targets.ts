import { HypervisorTransport } from '../channels/index.ts'
import { HeartbeatMessage } from '../devices/heartbeat.ts'
import { ShutdownMessage } from '../devices/shutdown.ts'
import { TimeSyncMessage } from '../devices/timesync.ts'
import { VideoMessage } from '../devices/video/index.ts'
import { EchoVsc } from '../vsc/echo.ts'
import { HeartbeatVsc } from '../vsc/heartbeat.ts'
import { KeyboardVsc } from '../vsc/keyboard.ts'
import { MouseVsc } from '../vsc/mouse.ts'
import { ShutdownVsc } from '../vsc/shutdown.ts'
import { TimeSyncVsc } from '../vsc/timesync.ts'
import { VideoVsc } from '../vsc/video/index.ts'
import { EchoVsp } from '../vsp/echo.ts'
import { HeartbeatVsp } from '../vsp/heartbeat.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import { MouseVsp } from '../vsp/mouse.ts'
import { ShutdownVsp } from '../vsp/shutdown.ts'
import { TimeSyncVsp } from '../vsp/timesync.ts'
import { VideoVsp } from '../vsp/video/index.ts'
import type { FuzzTarget } from './target.ts'
import { clientTarget } from './targets/client.ts'
import { conventionsTarget } from './targets/conventions.ts'
import { decodeTarget } from './targets/decode.ts'
import { hypercallTarget } from './targets/hypercall.ts'
import { hypervisorTarget } from './targets/hypervisor.ts'
import { ringTarget } from './targets/ring.ts'
import { serverTarget } from './targets/server.ts'
import { vscTarget } from './targets/vsc.ts'
import { vspTarget } from './targets/vsp.ts'

// A run has little memory.
const small = { width: 64, height: 48 }
const smallScreen = { resolutions: [small], vramMegabytes: 1 }

/** Everything of this package that can be fuzzed: what `vmbus fuzz all` runs. */
export function ownTargets(): readonly FuzzTarget[] {
  return [
    decodeTarget(),
    ringTarget(),
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
      completes: false,
      exercise: (heartbeat) => heartbeat.beat(),
    }),
    vscTarget('heartbeat-vsc', () => new HeartbeatVsc(), { messages: HeartbeatMessage, offer: { pipe: 'message' } }),
    vspTarget('shutdown-vsp', () => new ShutdownVsp(), {
      messages: ShutdownMessage,
      completes: false,
      exercise: (shutdown, number) => shutdown.request({ flags: number }),
    }),
    vscTarget('shutdown-vsc', () => new ShutdownVsc(), { messages: ShutdownMessage, offer: { pipe: 'message' } }),
    vspTarget('timesync-vsp', () => new TimeSyncVsp({ now: () => ({ hostTime: 1n, referenceTime: 2n }) }), {
      messages: TimeSyncMessage,
      completes: false,
      exercise: (timesync) => timesync.sample(),
    }),
    vscTarget('timesync-vsc', () => new TimeSyncVsc(), { messages: TimeSyncMessage, offer: { pipe: 'message' } }),
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
  ]
}
