import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { InputError, UsageError } from '../src/cli/command.ts'
import { deviceChoices, deviceHelp, guestDrivers, offeredDevices, stockDevices } from '../src/cli/devices/index.ts'
import { ApplicationState } from '../src/devices/heartbeat.ts'
import { type Bus, createBus } from '../src/index.ts'
import { HeartbeatVsc } from '../src/vsc/heartbeat.ts'
import { NetworkVsc } from '../src/vsc/network/index.ts'
import { ShutdownVsc } from '../src/vsc/shutdown.ts'
import { StorageVsc } from '../src/vsc/storage/index.ts'
import { TimeSyncVsc } from '../src/vsc/timesync.ts'
import { VideoVsc } from '../src/vsc/video/index.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { NetworkVsp } from '../src/vsp/network/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'vmbus-devices-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Milliseconds for promises to come true. */
const patience = 20_000
const image = join(folder, 'x,1.img')
writeFileSync(image, new Uint8Array(1024 * 1024))
/** As it is written on the command line. */
const imageText = image.replaceAll(',', ',,')

/** A bus with what a command line offers; `said` has what the devices say. */
function busWith(texts: readonly string[], place = 0, make = offeredDevices(texts)) {
  const said: string[] = []
  const bus = createBus()
  const made = make({ place, say: (line) => said.push(line), referenceTime: () => 7n })
  for (const { device } of made) bus.host.offer(device)
  return { bus, said, made }
}

describe('devices on the command line', () => {
  it('are one table: every device has both ends, and no setting has a device’s name', () => {
    const names = Object.keys(deviceChoices)
    expect(names).toEqual([
      'keyboard',
      'mouse',
      'storage',
      'network',
      'video',
      'heartbeat',
      'shutdown',
      'timesync',
      'kvp',
      'vss',
      'fcopy',
      'echo',
    ])
    for (const { vsp, vsc } of Object.values(deviceChoices)) {
      for (const setting of [vsp, vsc].flatMap(({ settings }) => Object.keys(settings)))
        expect(names).not.toContain(setting)
    }
    expect(stockDevices).toEqual(names.slice(0, 8))
    const leave = () => {}
    expect(guestDrivers(names)({ say: () => {}, leave }).map(({ label }) => label)).toEqual(names)
    expect(busWith(names).made.map(({ label }) => label)).toEqual(names)
  })

  it('are written one by one or behind each other, several of a kind too', () => {
    const labels = (...texts: string[]) => busWith(texts).made.map(({ label }) => label)
    expect(labels('keyboard,mouse,storage,blocks=8', 'echo')).toEqual(['keyboard', 'mouse', 'storage', 'echo'])
    expect(labels('keyboard', 'keyboard', 'network,network')).toEqual([
      ...['keyboard 1', 'keyboard 2', 'network 1', 'network 2'],
    ])
    expect(busWith(['storage,storage']).made.map(({ device }) => device.offer.instanceId)).toEqual([
      'f8b3781a-1e82-4818-a1c3-63d806ec15bb',
      'f8b3781b-1e82-4818-a1c3-63d806ec15bb',
    ])
  })

  it.each([
    [
      '',
      2,
      '--device takes keyboard, mouse, storage, network, video, heartbeat, shutdown, timesync, kvp, vss, fcopy, echo, not ',
    ],
    ['toaster', 2, '--device takes keyboard, mouse, storage, .*, echo, not toaster'],
    ['storage,disc=x', 2, 'storage has no setting disc; it has disk=FILE, dvd=FILE, readonly, blocks=N, subchannels=N'],
    ['echo,loud', 2, 'echo has no setting loud; it has none'],
    ['storage,disk', 2, 'storage: disk wants disk=FILE'],
    ['storage,readonly=yes', 2, 'storage: readonly takes no value'],
    ['storage,blocks=1,blocks=2', 2, 'storage: blocks is there twice'],
    ['storage,disk=/no/such', 1, 'storage: ENOENT.*/no/such'],
    ['storage,blocks=-1', 2, 'storage: blocks takes a whole number from 1 on, not -1'],
    ['network,backend=wifi', 2, 'network: backend takes gateway, switch, loopback, null, not wifi'],
    ['network,loss=1.5', 2, 'network: loss takes a number from 0 to 1, not 1.5'],
    ['network,mac=7', 2, 'network: no MAC address: 7'],
    ['network,capture=/no/such', 1, 'network: ENOENT.*/no/such'],
    [`network,capture=${folder}/a,network,capture=${folder}/a`, 2, 'network: .*/a is written by another NIC'],
    ['video,size=large', 2, 'video: size takes a resolution such as 1024x768, not large'],
    ['video,size=1x1', 2, 'video: '],
    ['mouse,pointing=up', 2, 'mouse: pointing takes absolute, relative, not up'],
    ['keyboard,keys=zz', 2, 'no scan code: zz'],
    ['keyboard,text=é', 2, 'keyboard: layout us has no key for "é"'],
    [`keyboard,text=${'a'.repeat(33)}`, 2, 'a keyboard keeps 64 keystrokes'],
    ['keyboard,instance=1', 2, 'keyboard: not a GUID: 1'],
    ['kvp,set=a', 2, 'kvp: set takes KEY:VALUE, not a'],
    ['heartbeat,heartbeat', 2, 'there is one heartbeat in a guest'],
    ['timesync,period=soon', 2, 'timesync: period takes a number from 0 to 86400, not soon'],
  ])('says what is wrong with "%s"', (text, status, why) => {
    const make = () => offeredDevices([text])
    expect(make).toThrow(status === 2 ? UsageError : InputError)
    expect(make).toThrow(new RegExp(`^${why}`))
  })

  it('has a table of devices and settings for --help', () => {
    const text = deviceHelp(true).join('\n')
    for (const [name, { vsp, vsc }] of Object.entries(deviceChoices)) {
      expect(text).toContain(`  ${name}: `)
      for (const [setting, { value }] of [vsp, vsc].flatMap(({ settings }) => Object.entries(settings))) {
        expect(text).toContain(value === undefined ? `    ${setting} ` : `    ${setting}=${value}`)
      }
    }
  })
})

describe('storage', () => {
  it('has its files at LUNs in their order, read-only where that is wanted', async () => {
    const { bus, said } = busWith([`storage,disk=${imageText},readonly,dvd=${imageText},blocks=64`])
    const storage = await bus.guest.attach(StorageVsc)
    const units = await storage.units()
    expect(units.map(({ lun, capacity }) => [lun, capacity?.blocks, capacity?.blockSize])).toEqual([
      [0, 2048, 512],
      [1, 64, 512],
      [2, 512, 2048],
    ])
    await expect(storage.write({ lba: 0n, data: new Uint8Array(512) })).rejects.toThrow()
    expect(said).toEqual(['storage: the driver is ready, version 6.2'])
  })
})

describe('network', () => {
  const frame = (text: string) => {
    const bytes = new Uint8Array(60).fill(0xff, 0, 12)
    bytes.set(new TextEncoder().encode(text), 14)
    return bytes
  }
  const settleAll = (...buses: readonly Bus[]) => {
    for (let round = 0; round < 8; round++) for (const bus of buses) bus.settle()
  }

  it('joins the NICs of two guests by a switch, each with a MAC address of its own', async () => {
    const capture = join(folder, 'switch.pcapng')
    const make = offeredDevices([`network,backend=switch,capture=${capture},network,backend=switch`])
    const [first, second] = [busWith([], 0, make), busWith([], 1, make)]
    const addresses = [...first.made, ...second.made].map(({ device }) => {
      if (!(device instanceof NetworkVsp)) throw new Error('no NIC')
      return device.offer.instanceId.slice(-2)
    })
    expect(addresses).toEqual(['01', '02', '03', '04'])
    const [a, b] = [await first.bus.guest.attach(NetworkVsc), await second.bus.guest.attach(NetworkVsc)]
    const heard: string[] = []
    b.on('frame', ({ bytes }) => heard.push(new TextDecoder().decode(bytes.subarray(14, 19))))
    settleAll(first.bus, second.bus)
    a.send(frame('hello'))
    settleAll(first.bus, second.bus)
    expect(heard).toEqual(['hello'])
    expect(new TextDecoder('latin1').decode(readFileSync(capture))).toContain('hello')
    expect(first.said[0]).toBe('network 1: the driver is ready, MAC 00:15:5d:00:00:01')
    expect(second.said[0]).toBe('network 1: the driver is ready, MAC 00:15:5d:00:00:03')
  })

  it.each([
    ['loopback', 1],
    ['loopback,loss=1', 0],
    ['loopback,duplication=1', 4],
    ['null', 0],
  ])('with backend=%s a frame comes back %i times', async (backend, count) => {
    const { bus } = busWith([`network,backend=${backend},mac=02:00:00:00:00:09`])
    const nic = await bus.guest.attach(NetworkVsc)
    let heard = 0
    nic.on('frame', () => {
      heard += 1
    })
    bus.settle()
    nic.send(frame('hello'))
    bus.settle()
    expect(heard).toBe(count)
  })
})

describe('components, with the clock told', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1000 }))
  afterEach(() => void vi.useRealTimers())

  it('heartbeat says what changes: that the guest lives, and when it does not answer', async () => {
    const { bus, said } = busWith(['heartbeat'])
    const driver = await bus.guest.attach(HeartbeatVsc)
    bus.settle()
    const pass = (seconds: number) => {
      for (let second = 0; second < seconds; second++) {
        vi.advanceTimersByTime(1000)
        bus.settle()
      }
    }
    pass(6)
    expect(said).toEqual(['heartbeat: the guest lives'])
    driver.applicationState = ApplicationState.Critical
    pass(4)
    expect(said.slice(1)).toEqual(['heartbeat: the guest lives, applications critical'])
    bus.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('shutdown asks by itself when it is told to', async () => {
    const { bus, said } = busWith(['shutdown,after=3'])
    const driver = await bus.guest.attach(ShutdownVsc)
    const asked: string[] = []
    driver.on('shutdown', ({ action }) => asked.push(action))
    bus.settle()
    vi.advanceTimersByTime(2999)
    bus.settle()
    expect(asked).toEqual([])
    vi.advanceTimersByTime(1)
    bus.settle()
    expect(asked).toEqual(['power-off'])
    expect(said).toEqual(['shutdown: the guest can be asked to shut down', 'shutdown: the guest will shut down'])
  })

  it('timesync tells the time, of the guest’s clock too, as often as it is told to', async () => {
    const { bus, said } = busWith(['timesync,period=60'])
    const driver = new TimeSyncVsc()
    const told: unknown[] = []
    driver.on('time', ({ referenceTime, isSync, isSample }) => told.push([referenceTime, isSync, isSample]))
    await bus.guest.attach(driver)
    bus.settle()
    vi.advanceTimersByTime(60_000)
    bus.settle()
    expect(told).toEqual([
      [7n, true, false],
      [7n, false, true],
    ])
    expect(said).toEqual(['timesync: the guest took the time'])
  })
})

describe('what is exchanged with the guest', () => {
  it('pairs, a freeze for a backup, and files', async () => {
    const into = mkdtempSync(join(folder, 'into-'))
    const { bus, said } = busWith(['kvp,set=a:1:2', 'vss,freeze=0', `fcopy,file=${imageText}`])
    const heard: string[] = []
    const drivers = guestDrivers(['kvp', 'vss', `fcopy,into=${into}`])({
      say: (line) => heard.push(line),
      leave: () => {},
    })
    for (const { device } of drivers) await bus.guest.attach(device)
    await vi.waitUntil(() => {
      bus.settle()
      return said.includes('vss: the guest is thawed') && said.some((line) => line.startsWith('fcopy: '))
    }, patience)
    expect(heard).toEqual(expect.arrayContaining(['kvp: pool 0: a = 1:2', 'vss: frozen', 'vss: thawed']))
    expect(said).toContain('kvp: OSName = vmbus serve --guest')
    expect(said).toContain('fcopy: x,1.img is in /tmp, 1048576 bytes')
    expect(readFileSync(join(into, 'x,1.img')).equals(readFileSync(image))).toBe(true)
  })

  it('a driver without a folder takes no file', async () => {
    const { bus, said } = busWith([`fcopy,file=${imageText}`])
    const drivers = guestDrivers(['fcopy'])({ say: () => {}, leave: () => {} })
    for (const { device } of drivers) await bus.guest.attach(device)
    await vi.waitUntil(() => {
      bus.settle()
      return said.length > 0
    }, patience)
    expect(said[0]).toMatch(/^fcopy: /)
    expect(said[0]).not.toContain('bytes')
  })
})

describe('video', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('keeps its picture in a file, at most once a second; of the second guest in a second file', async () => {
    const make = offeredDevices([`video,size=320x200,png=${join(folder, 's.png')}`])
    const { bus, said } = busWith([], 1, make)
    const display = await bus.guest.attach(VideoVsc)
    const file = join(folder, 's-2.png')
    const draw = (colour: number) => {
      display.canvas.fill(colour)
      display.flush()
      bus.settle()
      vi.advanceTimersByTime(1)
    }
    draw(0xff0000)
    const red = readFileSync(file)
    draw(0x00ff00)
    expect(readFileSync(file)).toEqual(red)
    vi.advanceTimersByTime(1000)
    expect(readFileSync(file)).not.toEqual(red)
    expect(said).toEqual(['video: the driver is ready, version 3.5', 'video: 320×200, 32 bits'])
    expect(existsSync(join(folder, 's.png'))).toBe(false)
    bus.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('drivers', () => {
  it('say what they see: keys, and what came back', async () => {
    const said: string[] = []
    const { bus, made } = busWith(['keyboard,echo'])
    const drivers = guestDrivers(['keyboard', 'echo,text=a,,b'])({ say: (line) => said.push(line), leave: () => {} })
    for (const { device } of drivers) await bus.guest.attach(device)
    const keyboard = made[0]?.device
    if (keyboard instanceof KeyboardVsp) keyboard.type(0x1e)
    bus.settle()
    await Promise.resolve()
    expect(said.toSorted()).toEqual(['echo: "a,b" came back', 'keyboard: down 0x1e', 'keyboard: up 0x1e'])
  })
})
