import { describe, expect, it } from 'vitest'
import type { Channel, HostDevice } from '../../src/channels/index.ts'
import { pipeMessage } from '../../src/channels/index.ts'
import { HeartbeatMessage } from '../../src/devices/heartbeat.ts'
import { KeyboardMessage } from '../../src/devices/keyboard/index.ts'
import { MouseMessage } from '../../src/devices/mouse/index.ts'
import { NvspMessage } from '../../src/devices/network/index.ts'
import { ShutdownMessage } from '../../src/devices/shutdown.ts'
import { StoragePacket } from '../../src/devices/storage/index.ts'
import { TimeSyncMessage } from '../../src/devices/timesync.ts'
import { VideoMessage } from '../../src/devices/video/index.ts'
import { applyMutation, Draw, generate, mutate } from '../../src/fuzz/index.ts'
import { GuestError, LinuxGuest, type OpenableDevice } from '../../src/guest/index.ts'
import { HeartbeatVsp } from '../../src/vsp/heartbeat.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { MouseVsp } from '../../src/vsp/mouse.ts'
import { NetworkVsp } from '../../src/vsp/network/index.ts'
import { ShutdownVsp } from '../../src/vsp/shutdown.ts'
import { MemoryDisk, StorageVsp } from '../../src/vsp/storage/index.ts'
import { TimeSyncVsp } from '../../src/vsp/timesync.ts'
import { VideoVsp } from '../../src/vsp/video/index.ts'
import type { Structure } from '../../src/wire/index.ts'
import { alarms, isShort, reportLine } from './with-guest.ts'

const packets = 300

/** What is needed of a VSP here. */
interface SendingVsp extends HostDevice, OpenableDevice {
  readonly channel: Channel | undefined
}

/** A VSP whose guest's driver gets broken messages: one line for each device. */
interface Case {
  readonly name: string
  readonly vsp: () => SendingVsp
  /** What the host may say, to be broken. */
  readonly messages: Structure<object>
}

const cases: readonly Case[] = [
  { name: 'keyboard', vsp: () => new KeyboardVsp(), messages: KeyboardMessage },
  { name: 'heartbeat', vsp: () => new HeartbeatVsp(), messages: HeartbeatMessage },
  { name: 'shutdown', vsp: () => new ShutdownVsp(), messages: ShutdownMessage },
  {
    name: 'timesync',
    vsp: () => new TimeSyncVsp({ now: () => ({ hostTime: 0n, referenceTime: 0n }) }),
    messages: TimeSyncMessage,
  },
  { name: 'mouse', vsp: () => new MouseVsp(), messages: MouseMessage },
  { name: 'storage', vsp: () => new StorageVsp({ disk: new MemoryDisk({ blocks: 2048 }) }), messages: StoragePacket },
  { name: 'network', vsp: () => new NetworkVsp(), messages: NvspMessage },
  { name: 'video', vsp: () => new VideoVsp(), messages: VideoMessage },
]

describe.skipIf(isShort)('a hostile host', () => {
  // What the kernel's drivers make of it is theirs: it is reported, and nothing is demanded but that our end stands.
  it.each(cases)('$name', async ({ name, vsp: make, messages }) => {
    const seed = Number(process.env.VMBUS_SEED ?? 1)
    const draw = new Draw(seed)
    const vsp = make()
    await using guest = await LinuxGuest.boot({ offers: [vsp] })
    await guest.opened(vsp)
    let sent = 0
    for (; sent < packets && vsp.channel !== undefined; sent++) {
      const whole = generate(messages, draw, { context: { from: 'host' } })
      const broken = draw.oneIn(3) ? whole : applyMutation(whole, mutate(messages, whole, draw, { from: 'host' }))
      vsp.channel.sendOrQueue(vsp.offer.pipe === 'message' ? pipeMessage(broken) : broken)
      // A driver that is still busy is given time now and then; a guest that is gone is noticed.
      if (sent % 50 === 49 && !(await lives(guest))) break
    }
    const log = await logOf(guest)
    const alive = log !== undefined
    const loud = (log ?? guest.console.lines).filter((line) => /^<[0-4]>/.test(line) || alarms.test(line))
    const isOpen = vsp.channel !== undefined
    const fate = guest.hasEnded ? 'is gone' : alive ? `lives, its channel ${isOpen ? 'open' : 'closed'}` : 'hangs'
    reportLine(`hostile ${name}, seed ${seed}: ${sent} packets; the guest ${fate}; ${loud.length} warnings in its log`)
    for (const [line, count] of counted(loud)) reportLine(`    ${count} × ${line}`)
    expect(guest.host.endpoint.devices).toContain(vsp)
  })
})

/** Lines that differ in numbers only are one; the most frequent first, and not all of them. */
function counted(lines: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const line of lines) {
    const text = line
      .replace(/^<\d+>/, '')
      .replace(/^\[[^\]]*\] /, '')
      .replace(/-?\b(0x)?[0-9a-f]*\d[0-9a-f]*\b/g, '#')
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].sort(([, a], [, b]) => b - a).slice(0, 8)
}

async function lives(guest: LinuxGuest): Promise<boolean> {
  return (await answerOf(guest, 'true')) !== undefined
}

async function logOf(guest: LinuxGuest): Promise<string[] | undefined> {
  return (await answerOf(guest, 'dmesg -r'))?.split('\n')
}

/** What a command says; nothing when the guest is gone, or does not answer any more. */
async function answerOf(guest: LinuxGuest, command: string): Promise<string | undefined> {
  try {
    return (await guest.run(command, { timeout: 30_000 })).output
  } catch (error) {
    if (error instanceof GuestError) return undefined
    throw error
  }
}
