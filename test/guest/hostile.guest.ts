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
    const alive = await lives(guest)
    const log = alive ? (await guest.run('dmesg -r')).output.split('\n') : guest.console.lines
    const loud = log.filter((line) => /^<[0-4]>/.test(line) || alarms.test(line))
    const fate = !alive ? 'is gone' : vsp.channel === undefined ? 'lives, its driver has closed the channel' : 'lives'
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
  try {
    await guest.run('true', { timeout: 20_000 })
    return true
  } catch (error) {
    if (error instanceof GuestError) return false
    throw error
  }
}
