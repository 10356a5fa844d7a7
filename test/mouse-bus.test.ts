import { describe, expect, it } from 'vitest'
import {
  collection,
  reportDescriptor as descriptorOf,
  HidCollectionType,
  HidFieldFlags,
  HidUsagePage,
  hidDescriptorOf,
  input,
  logicalRange,
  reportCount,
  reportId,
  reportSize,
  usage,
  usagePage,
} from '../src/devices/hid/index.ts'
import { MouseDeviceInfo, mouseReportDescriptor } from '../src/devices/mouse/index.ts'
import { type Bus, createBus, MessageVsc, MessageVsp, rawMessages } from '../src/index.ts'
import { deviceDecoders } from '../src/trace/decoders.ts'
import { fromHex } from '../src/trace/hex.ts'
import { parseTranscript } from '../src/trace/transcript.ts'
import { DeviceId, InstanceId } from '../src/vmbus/device-ids.ts'
import { Session } from '../src/vmbus/session.ts'
import { MouseVsc, type PointerEvent } from '../src/vsc/mouse.ts'
import { MouseVsp, type MouseVspOptions } from '../src/vsp/mouse.ts'
import { guid, toHex } from '../src/wire/index.ts'
import { recordingText } from './transcripts.ts'

/** Messages as their sender wrote them, without pipe headers: `host 04…`; a type of 1 and the right length are checked. */
function messagesOf(bus: Bus): string[] {
  const lines: string[] = []
  bus.events.on('packet', ({ at, direction, type, flags, payload }) => {
    if (direction !== 'sent') return
    const view = new DataView(payload.buffer, payload.byteOffset)
    expect([type, view.getUint32(0, true), view.getUint32(4, true)]).toEqual([6, 1, payload.length - 8])
    lines.push(`${at}/${flags} ${toHex(payload.subarray(8))}`)
  })
  return lines
}

function violationsOf(bus: Bus): string[] {
  const lines: string[] = []
  bus.events.on('violation', ({ at, violation: { rule, code, field, offset } }) =>
    lines.push(`${at} ${rule} ${code} ${field}@${offset}`),
  )
  return lines
}

/** A mouse on a bus, its driver attached. */
async function pointing(options: MouseVspOptions = {}) {
  const bus = createBus()
  const messages = messagesOf(bus)
  const violations = violationsOf(bus)
  const vsp = new MouseVsp(options)
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(MouseVsc)
  bus.settle()
  const pointers: PointerEvent[] = []
  const buttons: [number, boolean][] = []
  vsc.on('pointer', (event) => pointers.push(event))
  vsc.on('button', (...button) => buttons.push(button))
  return { bus, vsp, vsc, messages, violations, pointers, buttons }
}

const at = (x: number, y: number, buttons = 0): PointerEvent => ({
  isAbsolute: true,
  x,
  y,
  buttons,
  wheel: 0,
  pan: 0,
})

describe('the recorded mouse', () => {
  it('decodes without a fault, and encodes to the same bytes', () => {
    const session = new Session({ decoders: deviceDecoders })
    const names: string[] = []
    for (const event of parseTranscript(recordingText('linux-full-6.18-up')).events) {
      const from = 'dir' in event && event.dir === 'g2h' ? 'guest' : 'host'
      if (event.kind === 'msg' || event.kind === 'postmessage') session.message(from, fromHex(event.hex))
      if (event.kind !== 'packet' || event.channel !== 'mouse') continue
      const { payload, faults } = session.packet(from, event.relid, fromHex(event.hex))
      expect(faults).toEqual([])
      if (payload?.value === undefined) throw new Error(`not decoded: ${event.hex}`)
      expect(toHex(payload.schema.encode(payload.value)).padEnd(event.hex.length - 32, '0')).toBe(event.hex.slice(32))
      names.push(payload.name)
    }
    expect(names.slice(0, 5)).toEqual([
      'ProtocolRequest',
      'ProtocolResponse',
      'InitialDeviceInfo',
      'InitialDeviceInfoAck',
      'InputReport',
    ])
    expect(names.length).toBe(7)
  })

  it('our driver takes the recorded host’s device and reports, and says what Linux said', async () => {
    const bus = createBus()
    const heard = messagesOf(bus)
    const violations = violationsOf(bus)
    const host = new (class extends MessageVsp<Uint8Array> {
      readonly offer = { interfaceId: DeviceId.Mouse, instanceId: InstanceId.Mouse, pipe: 'message' } as const
      protected readonly messages = rawMessages
      say(message: Uint8Array): void {
        this.sendMessage(message)
      }
      protected override onMessage(): void {}
    })()
    bus.host.offer(host)
    const vsc = new MouseVsc()
    const pointers: PointerEvent[] = []
    vsc.on('pointer', (event) => pointers.push(event))
    bus.guest.bind(vsc, () => {})
    bus.settle()
    for (const event of parseTranscript(recordingText('linux-full-6.18-up')).events) {
      if (event.kind !== 'packet' || event.channel !== 'mouse') continue
      const payload = fromHex(event.hex).subarray(16)
      const message = payload.subarray(8, 8 + new DataView(payload.buffer, payload.byteOffset).getUint32(4, true))
      if (event.dir === 'h2g') host.say(message)
      else expect(heard.filter((line) => line.startsWith('guest'))).toContain(`guest/1 ${toHex(message)}`)
      bus.settle()
    }
    expect(violations).toEqual([])
    expect(pointers).toEqual([at(1000, 2000), at(0x3fff, 0x3fff, 1), at(0x3fff, 0x3fff)])
  })
})

describe('negotiation', () => {
  it('[B212] 2.0 is accepted, the device described, and acknowledged; then reports of 7 bytes', async () => {
    const { bus, vsp, messages, violations } = await pointing()
    vsp.move(0x1234, 0x5678)
    bus.settle()
    const report = mouseReportDescriptor('absolute', false)
    const length = report.length.toString(16)
    expect(messages).toEqual([
      'guest/1 000000000400000000000200',
      'host/0 01000000050000000000020001',
      `host/0 02000000${(41 + report.length).toString(16)}000000${'20000000'}5e04210601000000${'00'.repeat(20)}0921110100012${'2'}${length}00${toHex(report)}`,
      'guest/1 030000000100000000',
      'host/0 0400000007000000003412785600' + '00',
    ])
    expect([violations, vsp.isAccepted]).toEqual([[], true])
  })

  it('[B212] another version is answered with itself and 0, and a further request is awaited', async () => {
    const bus = createBus()
    const messages = messagesOf(bus)
    const vsp = new MouseVsp()
    const refused: unknown[] = []
    vsp.on('refused', (version) => refused.push(version))
    bus.host.offer(vsp)
    await bus.guest.attach(
      new MouseVsc(undefined, [
        { major: 3, minor: 1 },
        { major: 2, minor: 0 },
      ]),
    )
    expect(messages.slice(0, 4)).toEqual([
      'guest/1 000000000400000001000300',
      'host/0 01000000050000000100030000',
      'guest/1 000000000400000000000200',
      'host/0 01000000050000000000020001',
    ])
    expect(refused).toEqual([{ major: 3, minor: 1 }])
    const other = createBus()
    other.host.offer(new MouseVsp())
    await expect(other.guest.attach(new MouseVsc(0, [{ major: 1, minor: 0 }]))).rejects.toThrow('none of the protocol')
  })

  it('what happens before acceptance waits, 64 reports at most', async () => {
    const bus = createBus()
    const vsp = new MouseVsp()
    expect(Array.from({ length: 66 }, (_, place) => vsp.move(place, 0))).toEqual([
      ...new Array(64).fill(true),
      false,
      false,
    ])
    bus.host.offer(vsp)
    const vsc = new MouseVsc()
    const places: number[] = []
    vsc.on('pointer', ({ x }) => places.push(x))
    await bus.guest.attach(vsc)
    bus.settle()
    expect(places).toEqual(Array.from({ length: 64 }, (_, place) => place))
  })
})

describe('what a guest may say', () => {
  /** A guest that says what a test has it say. */
  class Scripted extends MessageVsc<Uint8Array> {
    readonly binds = { interfaceId: DeviceId.Mouse }
    protected readonly messages = rawMessages
    say(hex: string): void {
      this.sendMessage(fromHex(hex))
    }
    protected override onMessage(): void {}
  }
  const request = '000000000400000000000200'
  const ack = '030000000100000000'

  it.each([
    ['[HI-06] an acknowledgement before the device', [ack], 'mouse-unexpected-message STATE header.messageType@0'],
    ['[HI-06] a second acknowledgement', [request, ack, ack], 'mouse-unexpected-message STATE header.messageType@0'],
    ['a second request', [request, request], 'mouse-unexpected-message STATE header.messageType@0'],
    ['a request after all', [request, ack, request], 'mouse-unexpected-message STATE header.messageType@0'],
    ['a report', ['040000000100000000'], 'bad-packet TYPE @0'],
    ['an unknown type', ['0500000000000000'], 'bad-packet TYPE @0'],
    ['half a request', ['0000000004000000'], 'bad-packet SHORT version.minor@8'],
  ])('[B212] %s stops the channel, not the connection', async (_name, messages, violation) => {
    const bus = createBus()
    const violations = violationsOf(bus)
    const vsp = new MouseVsp()
    bus.host.offer(vsp)
    const guest = await bus.guest.attach(new Scripted())
    for (const message of messages) {
      expect(violations).toEqual([])
      guest.say(message)
      bus.settle()
    }
    expect(violations).toEqual([`host ${violation}`])
    expect(vsp.channel).toBeUndefined()
    guest.close()
    await bus.guest.attach(MouseVsc)
    bus.settle()
    expect(vsp.isAccepted).toBe(true)
  })
})

describe('an absolute mouse', () => {
  it('[B213] place, buttons and wheel, to the bit', async () => {
    const { bus, vsp, messages, pointers, buttons } = await pointing()
    expect(vsp.isAbsolute).toBe(true)
    messages.length = 0
    vsp.move(1, 0x7fff)
    vsp.press('left')
    vsp.press('right')
    vsp.press('middle')
    vsp.move(2, 3)
    vsp.wheel(1)
    vsp.wheel(-1)
    vsp.release('left')
    vsp.press('back')
    vsp.press('forward')
    vsp.releaseAll()
    bus.settle()
    expect(messages.map((line) => line.slice('host/0 0400000007000000'.length))).toEqual([
      '000100ff7f0000',
      '010100ff7f0000',
      '030100ff7f0000',
      '070100ff7f0000',
      '07020003000000',
      '07020003000100',
      '0702000300ffff',
      '06020003000000',
      '0e020003000000',
      '1e020003000000',
      ...['1c', '18', '10', '00'].map((held) => `${held}020003000000`),
    ])
    expect(pointers.slice(4, 7)).toEqual([at(2, 3, 7), { ...at(2, 3, 7), wheel: 1 }, { ...at(2, 3, 7), wheel: -1 }])
    expect(buttons.slice(0, 4)).toEqual([
      [1, true],
      [2, true],
      [3, true],
      [1, false],
    ])
    expect(() => vsp.move(-1, 0)).toThrow(RangeError)
    expect(() => vsp.move(0, 0x8000)).toThrow(RangeError)
    expect(() => vsp.pan(1)).toThrow(RangeError)
  })

  it('a second wheel, where it is asked for', async () => {
    const { bus, vsp, messages, pointers } = await pointing({ horizontalWheel: true })
    messages.length = 0
    vsp.pan(-2)
    bus.settle()
    expect(messages).toEqual(['host/0 0400000009000000000000000000' + '00feff'])
    expect(pointers).toEqual([{ ...at(0, 0), pan: -2 }])
  })
})

describe('a relative mouse', () => {
  it('tells how far it went, each time anew, and buttons as they are', async () => {
    const { bus, vsp, messages, pointers } = await pointing({ pointing: 'relative', horizontalWheel: true })
    expect(vsp.isAbsolute).toBe(false)
    messages.length = 0
    vsp.move(-5, 7)
    vsp.press('left')
    vsp.move(300, -300)
    bus.settle()
    expect(messages.map((line) => line.slice('host/0 0400000009000000'.length))).toEqual([
      '00fbff070000000000',
      '010000000000000000',
      '012c01d4fe00000000',
    ])
    expect(pointers.at(-1)).toEqual({ isAbsolute: false, x: 300, y: -300, buttons: 1, wheel: 0, pan: 0 })
  })
})

describe('several', () => {
  it('two mice are two offers, each with its own driver', async () => {
    const bus = createBus()
    const first = new MouseVsp()
    const second = new MouseVsp({
      pointing: 'relative',
      instanceId: guid('58f75a6d-d949-4320-99e1-a2a2576d581d'),
      productId: 0x622,
    })
    bus.host.offer(first)
    bus.host.offer(second)
    const drivers = [new MouseVsc(0), new MouseVsc(1)]
    for (const driver of drivers) await bus.guest.attach(driver)
    const told: string[] = []
    for (const [index, driver] of drivers.entries()) {
      driver.on('pointer', ({ x, isAbsolute }) => told.push(`${index} ${x} ${isAbsolute}`))
    }
    bus.settle()
    first.move(1, 1)
    second.move(2, 2)
    bus.settle()
    expect(told).toEqual(['0 1 true', '1 2 false'])
    expect(drivers.map((driver) => driver.info?.attributes.productId)).toEqual([0x621, 0x622])
  })
})

describe('when the device goes', () => {
  it('buttons that are down are told to be up, and the next driver begins anew', async () => {
    const { bus, vsp, vsc, buttons, pointers } = await pointing()
    vsp.press('left')
    vsp.press('back')
    bus.settle()
    vsc.close()
    bus.settle()
    expect(buttons).toEqual([
      [1, true],
      [4, true],
      [1, false],
      [4, false],
    ])
    await bus.guest.attach(vsc)
    bus.settle()
    vsp.move(1, 1)
    bus.settle()
    expect(pointers.at(-1)).toEqual(at(1, 1))
  })
})

describe('a hostile host', () => {
  /** A host that describes a device as a test has it. */
  class Describing extends MouseVsp {
    constructor(readonly info: Uint8Array) {
      super()
    }
    say(message: Uint8Array): void {
      super.sendMessage(message)
    }
    protected override sendMessage(message: Uint8Array): boolean {
      return super.sendMessage(message[0] === 2 ? this.info : message)
    }
  }
  const report = mouseReportDescriptor('absolute', false)
  const attributes = { size: 32, vendorId: 1, productId: 2, versionNumber: 3 }
  const good = MouseDeviceInfo.encode({
    header: { size: 41 + report.length },
    attributes,
    hid: hidDescriptorOf(report),
    reportDescriptor: report,
  })
  const with_ = (offset: number, ...bytes: number[]) => {
    const info = good.slice()
    info.set(bytes, offset)
    return info
  }

  it.each([
    ['[HI-02] bLength 0', with_(40, 0), 'bad-packet LENGTH hid.further@49'],
    ['[HI-02] bLength below 9', with_(40, 8), 'bad-packet LENGTH hid.further@49'],
    ['[HI-02] bLength beyond the message', with_(40, 255), 'bad-packet LENGTH hid.further@49'],
    ['[HI-02] no whole HID descriptor', good.slice(0, 48), 'bad-packet SHORT hid.reportDescriptorLength@47'],
    [
      '[HI-03] a report descriptor longer than what is left',
      with_(47, 0xff, 0xff),
      'bad-packet LENGTH reportDescriptor@49',
    ],
    ['[HI-03] with bLength that takes from it', with_(40, 12), 'bad-packet LENGTH reportDescriptor@52'],
    ['a report descriptor that is none', with_(49, 0xc0), 'mouse-report-descriptor STATE reportDescriptor@49'],
  ])('%s: refused, and the driver is not ready', async (_name, info, violation) => {
    const bus = createBus()
    const violations = violationsOf(bus)
    bus.host.offer(new Describing(info))
    await expect(bus.guest.attach(MouseVsc)).rejects.toThrow(Error)
    expect(violations).toEqual([`guest ${violation}`])
  })

  it('bytes behind the report descriptor, as OpenVMM has them, are legal', async () => {
    const bus = createBus()
    const violations = violationsOf(bus)
    const padded = new Uint8Array(49 + 128)
    padded.set(good)
    bus.host.offer(new Describing(padded))
    const vsc = await bus.guest.attach(MouseVsc)
    expect([violations, vsc.info?.reportDescriptor]).toEqual([[], report])
  })

  it.each([
    [
      '[HI-05] a report longer than the descriptor says',
      `0400000008000000${'00'.repeat(8)}`,
      'mouse-bad-report LENGTH report@8',
    ],
    ['a report that is shorter', `0400000006000000${'00'.repeat(6)}`, 'mouse-bad-report SHORT report@8'],
    ['[HI-05] a report longer than its message', `0400000009000000${'00'.repeat(7)}`, 'bad-packet LENGTH report@8'],
    ['[HI-05] a report of 4 GiB', `04000000ffffffff${'00'.repeat(7)}`, 'bad-packet LENGTH report@8'],
    ['a second device', toHex(good), 'mouse-unexpected-message STATE header.messageType@0'],
    ['a second response', '01000000050000000000020001', 'mouse-unexpected-message STATE header.messageType@0'],
  ])('%s is dropped, and the next report counts', async (_name, hex, violation) => {
    const bus = createBus()
    const violations = violationsOf(bus)
    const host = new Describing(good)
    bus.host.offer(host)
    const vsc = await bus.guest.attach(MouseVsc)
    const pointers: PointerEvent[] = []
    vsc.on('pointer', (event) => pointers.push(event))
    bus.settle()
    const raw = fromHex(hex)
    host.channel?.sendOrQueue(new Uint8Array([1, 0, 0, 0, raw.length, 0, 0, 0, ...raw]))
    bus.settle()
    host.move(5, 6)
    bus.settle()
    expect(violations).toEqual([`guest ${violation}`])
    expect(pointers).toEqual([at(5, 6)])
  })
})

describe('another HID device', () => {
  it('is described by its own report descriptor, and reports by it', async () => {
    const reportDescriptor = descriptorOf(
      [usagePage(HidUsagePage.GenericDesktop), usage(0x05)],
      collection(HidCollectionType.Application, [
        reportId(3),
        [usage(0x37), logicalRange(-10, 10), reportSize(8), reportCount(1), input(HidFieldFlags.variable)],
      ]),
    )
    const { bus, vsp, vsc } = await pointing({ reportDescriptor })
    const values: unknown[] = []
    vsc.on('report', (report) => values.push(report.values.map(({ usage, value }) => [usage, value])))
    vsp.sendReport(fromHex('03f6'))
    bus.settle()
    expect(values).toEqual([[[0x1_0037, -10]]])
    expect(vsc.info?.reportDescriptor).toEqual(reportDescriptor)
  })
})
