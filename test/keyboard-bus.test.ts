import { describe, expect, it } from 'vitest'
import { keyboardVersion } from '../src/devices/keyboard/index.ts'
import { type Bus, createBus } from '../src/index.ts'
import { versionText, vmbusVersions } from '../src/vmbus/versions.ts'
import { KeyboardVsc, type KeyEvent } from '../src/vsc/keyboard.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { toHex } from '../src/wire/index.ts'

/** Packets as their sender wrote them: `host 3: 0300…`. */
function packetsOf(bus: Bus): string[] {
  const lines: string[] = []
  bus.events.on('packet', ({ at, direction, type, flags, payload }) => {
    if (direction === 'sent') lines.push(`${at} ${type}/${flags} ${toHex(payload)}`)
  })
  return lines
}

/** A keyboard on a bus, its driver attached. */
async function typing(): Promise<{
  bus: Bus
  vsp: KeyboardVsp
  vsc: KeyboardVsc
  keys: KeyEvent[]
  packets: string[]
}> {
  const bus = createBus()
  const packets = packetsOf(bus)
  const vsp = new KeyboardVsp()
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(KeyboardVsc)
  const keys: KeyEvent[] = []
  vsc.on('key', (event) => keys.push(event))
  return { bus, vsp, vsc, keys, packets }
}

describe('negotiation', () => {
  it('[B210] version 1.0 is accepted by a message of its own; the request wants a completion and gets none', async () => {
    const { vsp, packets, bus } = await typing()
    expect(packets).toEqual(['guest 6/1 0100000000000100', 'host 6/0 0200000001000000'])
    expect(vsp.isAccepted).toBe(true)
    expect(bus.host.server.violations.total).toBe(0)
  })

  it('[B210][KB-03] another version is answered with 0, and a further request is awaited', async () => {
    const bus = createBus()
    const packets = packetsOf(bus)
    const vsp = new KeyboardVsp()
    const refused: number[] = []
    vsp.on('refused', (version) => refused.push(version))
    bus.host.offer(vsp)
    await bus.guest.attach(new KeyboardVsc([0x2_0000, 0, keyboardVersion]))
    expect(packets).toEqual([
      'guest 6/1 0100000000000200',
      'host 6/0 0200000000000000',
      'guest 6/1 0100000000000000',
      'host 6/0 0200000000000000',
      'guest 6/1 0100000000000100',
      'host 6/0 0200000001000000',
    ])
    expect(refused).toEqual([0x2_0000, 0])
  })

  it('[KB-03] a driver that has no other version to ask for is not attached', async () => {
    const bus = createBus()
    bus.host.offer(new KeyboardVsp())
    await expect(bus.guest.attach(new KeyboardVsc([0x2_0000]))).rejects.toThrow(
      'the host accepts none of the protocol versions',
    )
    expect(bus.guest.offers).toHaveLength(1)
    await bus.guest.attach(KeyboardVsc)
  })
})

describe('keystrokes', () => {
  it('[B211] make codes, break, and the prefixes E0 and E1, to the bit', async () => {
    const { bus, vsp, keys, packets } = await typing()
    packets.length = 0
    vsp.press(0x1e)
    vsp.release(0x9e)
    vsp.type(0xe048)
    vsp.press(0xe11d)
    bus.settle()
    expect(packets).toEqual([
      'host 6/0 030000001e00000000000000',
      'host 6/0 030000001e00000002000000',
      'host 6/0 030000004800000004000000',
      'host 6/0 030000004800000006000000',
      'host 6/0 030000001d00000008000000',
    ])
    expect(keys).toEqual([
      { code: 0x1e, isUnicode: false, isPressed: true, isRepeat: false, flags: 0 },
      { code: 0x1e, isUnicode: false, isPressed: false, isRepeat: false, flags: 2 },
      { code: 0xe048, isUnicode: false, isPressed: true, isRepeat: false, flags: 4 },
      { code: 0xe048, isUnicode: false, isPressed: false, isRepeat: false, flags: 6 },
      { code: 0xe11d, isUnicode: false, isPressed: true, isRepeat: false, flags: 8 },
    ])
  })

  it('text goes over as UTF-16 units', async () => {
    const { bus, vsp, keys } = await typing()
    vsp.typeUnicode('é')
    bus.settle()
    expect(keys).toEqual([
      { code: 0xe9, isUnicode: true, isPressed: true, isRepeat: false, flags: 1 },
      { code: 0xe9, isUnicode: true, isPressed: false, isRepeat: false, flags: 3 },
    ])
  })

  it('text goes over as scan codes of a layout; what it has not is refused before a key is pressed', async () => {
    const { bus, vsp, keys } = await typing()
    expect(vsp.typeText('Hi')).toBe(true)
    bus.settle()
    expect(keys.map(({ code, isPressed }) => `${isPressed ? '+' : '-'}${code.toString(16)}`).join(' ')).toBe(
      '+2a +23 -23 -2a +17 -17',
    )
    expect(() => vsp.typeText('a☺')).toThrow(RangeError)
    expect(bus.settle()).toBe(0)
  })

  it('several at once, Pause with its prefix E1, repeats, and all let go', async () => {
    const { bus, vsp, keys, packets } = await typing()
    packets.length = 0
    expect(vsp.chord(0x1d, 0x38, 0xe053)).toBe(true)
    vsp.press(0xe11d)
    vsp.press(0x45)
    expect(vsp.held).toEqual([0xe11d, 0x45])
    vsp.repeat()
    vsp.releaseAll()
    expect([vsp.held, vsp.repeat()]).toEqual([[], false])
    bus.settle()
    expect(packets.map((line) => line.slice('host 6/0 03000000'.length))).toEqual([
      '1d00000000000000',
      '3800000000000000',
      '5300000004000000',
      '5300000006000000',
      '3800000002000000',
      '1d00000002000000',
      '1d00000008000000',
      '4500000000000000',
      '4500000000000000',
      '1d0000000a000000',
      '4500000002000000',
    ])
    expect(keys.filter(({ isRepeat }) => isRepeat)).toEqual([
      { code: 0x45, isUnicode: false, isPressed: true, isRepeat: true, flags: 0 },
    ])
  })

  it('a keyboard that is taken away has its keys released first; a driver that is closed says so too', async () => {
    const { bus, vsp, vsc, keys } = await typing()
    vsp.press(0x2a)
    vsp.press(0xe048)
    bus.settle()
    vsc.close()
    bus.settle()
    const released = [
      { code: 0x2a, isUnicode: false, isPressed: false, isRepeat: false, flags: 2 },
      { code: 0xe048, isUnicode: false, isPressed: false, isRepeat: false, flags: 6 },
    ]
    expect(keys.slice(2)).toEqual(released)
    expect(vsp.held).toEqual([])
    await bus.guest.attach(vsc)
    keys.length = 0
    vsp.press(0x2a)
    bus.settle()
    vsp.close()
    expect(vsp.held).toEqual([])
    bus.settle()
    expect(keys.map(({ code, isPressed }) => [code, isPressed])).toEqual([
      [0x2a, true],
      [0x2a, false],
    ])
  })

  it('[B211][KB-02] what is typed before acceptance waits, 64 keystrokes at most, and comes after the response', async () => {
    const bus = createBus()
    const packets = packetsOf(bus)
    const vsp = new KeyboardVsp()
    const sent = Array.from({ length: 66 }, (_, index) => vsp.press(index))
    expect(sent.map(Boolean)).toEqual([...new Array(64).fill(true), false, false])
    bus.host.offer(vsp)
    await bus.guest.attach(KeyboardVsc)
    expect(packets).toHaveLength(66)
    expect(packets.slice(0, 3)).toEqual([
      'guest 6/1 0100000000000100',
      'host 6/0 0200000001000000',
      'host 6/0 030000000000000000000000',
    ])
    expect(packets.at(-1)).toBe('host 6/0 030000003f00000000000000')
  })

  it('a scan code with another prefix is refused', () => {
    expect(() => new KeyboardVsp().press(0x1_1e)).toThrow(RangeError)
  })
})

describe('what a guest may say', () => {
  it('[B211] the lamps are accepted and told, and the channel goes on', async () => {
    const { bus, vsp, vsc, keys } = await typing()
    const leds: number[] = []
    vsp.on('leds', (value) => leds.push(value))
    vsc.setLeds(0x5)
    vsp.press(0x1e)
    bus.settle()
    expect([leds, vsp.leds]).toEqual([[5], 5])
    expect(keys).toHaveLength(1)
  })

  it.each([
    ['a second request', '0100000000000100', 'keyboard-unexpected-message', 'STATE', 0],
    ['an unknown type', '0500000000000000', 'bad-packet', 'TYPE', 0],
    ['a keystroke', '030000001e00000000000000', 'bad-packet', 'TYPE', 0],
    ['a response', '0200000001000000', 'bad-packet', 'TYPE', 0],
  ])('[B211] %s stops the channel, not the connection', async (_name, hex, rule, code, offset) => {
    const { bus, vsp, vsc, keys } = await typing()
    const reasons: string[] = []
    vsp.on('close', (_channel, reason) => reasons.push(reason))
    const violations: unknown[] = []
    bus.events.on('violation', ({ at, violation }) => violations.push({ at, ...violation }))
    vsc.channel?.send(Uint8Array.from(Buffer.from(hex, 'hex')))
    bus.settle()
    expect(violations).toEqual([expect.objectContaining({ at: 'host', rule, code, offset, channelId: 1 })])
    expect(reasons).toEqual(['fault'])
    vsp.press(0x1e)
    bus.settle()
    expect(keys).toEqual([])
    // The guest closes and attaches anew: the same device works again.
    vsc.close()
    await bus.guest.attach(vsc)
    expect(keys).toHaveLength(1)
  })

  it('[B211] the lamps before negotiation stop the channel', async () => {
    const bus = createBus()
    const vsp = new KeyboardVsp()
    bus.host.offer(vsp)
    const vsc = new (class extends KeyboardVsc {
      protected override onOpen(): void {
        this.setLeds(1)
        this.ready()
      }
    })()
    await bus.guest.attach(vsc)
    bus.settle()
    expect(vsp.channel).toBeUndefined()
  })
})

describe.each(vmbusVersions.map((version) => [versionText(version), version] as const))(
  'version %s',
  (_text, version) => {
    it('[B55] types over the keyboard', async () => {
      const bus = createBus({ version })
      const vsp = new KeyboardVsp()
      bus.host.offer(vsp)
      const vsc = await bus.guest.attach(KeyboardVsc)
      const codes: number[] = []
      vsc.on('key', ({ code }) => codes.push(code))
      vsp.type(0x23, 0x17)
      bus.settle()
      expect(codes).toEqual([0x23, 0x23, 0x17, 0x17])
      expect(bus.guest.client.version).toBe(version)
    })
  },
)
