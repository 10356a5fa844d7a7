import { describe, expect, it } from 'vitest'
import {
  FrameLayout,
  ipChecksum,
  NvspVersion,
  RndisMessage,
  RndisPacketReader,
  transportChecksum,
} from '../src/devices/network/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { receiveScale } from '../src/vsc/network/negotiation.ts'
import {
  copyFrame,
  type Frame,
  LoopbackBackend,
  type NetworkBackend,
  type TransmitFrame,
} from '../src/vsp/network/index.ts'
import { toHex } from '../src/wire/index.ts'
import { NicRig, receiveBufferId, rndisFrame, rndisPacket, word } from './network-rig.ts'

const ok = '6c00000001000000'.padEnd(80, '0')
const bad = '6c00000002000000'.padEnd(80, '0')

/** Keeps what a guest sends. */
class Sink implements NetworkBackend {
  readonly frames: Frame[] = []
  transmit(frame: TransmitFrame): void {
    this.frames.push(copyFrame(frame))
  }
  get lengths(): number[] {
    return this.frames.map(({ bytes }) => bytes.length)
  }
}

function ready(more: Parameters<NicRig['bringUp']>[1] = {}) {
  const sink = new Sink()
  const rig = new NicRig({ backend: sink }).bringUp(NvspVersion.V61, more)
  return { rig, sink }
}

const plain = (length: number, fill = 7) => new Uint8Array(length).fill(fill)

/** TCP over IPv4 from 10.0.0.1, with checksums left to the NIC. */
function tcp(data: number, port = 1000): Uint8Array {
  const frame = new Uint8Array(54 + data)
  frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45])
  const view = new DataView(frame.buffer)
  view.setUint16(16, 40 + data)
  frame.set([64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 22)
  view.setUint16(34, port)
  view.setUint16(36, 80)
  frame[46] = 0x50
  frame.fill(0x5a, 54)
  return frame
}

const checksumOf = (frame: Uint8Array) => {
  const layout = new FrameLayout().parse(frame, 0, frame.length)
  return [ipChecksum(frame, layout), transportChecksum(frame, layout)]
}

describe('what a guest sends', () => {
  it('[B194] from a section, from a section and pages, and from pages alone', () => {
    const { rig, sink } = ready()
    expect(rig.bySection(rndisFrame(plain(100, 1)), 3)).toBe(ok)
    expect(rig.byPages(rndisFrame(plain(5000, 2)))).toBe(ok)
    const message = rndisFrame(plain(3000, 3))
    const run = rig.nic.device?.endpoint.pages.allocate(1)
    const section = (rig.nic.send?.first ?? 0) * 4096 + 6144
    rig.bus.memory.write(section, message, 0, 44)
    rig.bus.memory.write((run?.first ?? 0) * 4096, message, 44, 3000)
    const range = { byteCount: 3000, byteOffset: 0, pfns: [run?.first ?? 0] }
    expect(rig.askPacket(rndisPacket(0, 1, 44), [range])).toBe(ok)
    expect(sink.frames.map(({ bytes }) => [bytes.length, bytes[0], bytes.at(-1)])).toEqual([
      [100, 1, 1],
      [5000, 2, 2],
      [3000, 3, 3],
    ])
    expect(rig.vsp.statistics).toMatchObject({ transmittedFrames: 3, transmittedBytes: 8100 })
  })

  it('[B194] a section that there is not stops the channel', () => {
    for (const [section, size] of [
      [10, 100],
      [0xffff_fffe, 100],
      [0, 6145],
      [0, 0xffff_ffff],
    ] as const) {
      const { rig, sink } = ready()
      expect(rig.askPacket(rndisPacket(0, section, size))).toBe('none')
      expect([rig.isOpen, sink.frames.length, rig.violations]).toEqual([false, 0, ['host nvsp-bad-rndis-packet RANGE']])
    }
  })

  it('[B195][RN-06] a bad packet fails, and the channel goes on', () => {
    const { rig, sink } = ready()
    const message = rndisFrame(plain(60))
    new DataView(message.buffer).setUint32(8, 7777, true)
    expect([rig.byPages(message), rig.byPages(message)]).toEqual([bad, bad])
    expect(rig.byPages(rndisFrame(plain(60)))).toBe(ok)
    expect([rig.isOpen, sink.frames.length, rig.vsp.statistics.transmitErrors]).toEqual([true, 1, 2])
    expect(rig.violations).toEqual(['host rndis-bad-packet LENGTH', 'host rndis-bad-packet LENGTH'])
  })

  it('[B196] several packets in one message: all are sent, with one completion', () => {
    const { rig, sink } = ready()
    const message = fromHex([60, 61, 70].map((length) => toHex(rndisFrame(plain(length), [], 4))).join(''))
    expect(rig.bySection(message)).toBe(ok)
    expect(sink.lengths).toEqual([60, 61, 70])
  })

  it('[B196][RN-04][RN-16] if one of them is bad none is sent, and the message fails once', () => {
    const { rig, sink } = ready()
    const good = toHex(rndisFrame(plain(60)))
    const broken = (at: number, value: number) => {
      const message = rndisFrame(plain(60))
      new DataView(message.buffer).setUint32(at, value, true)
      return toHex(message)
    }
    for (const second of [broken(4, 0), broken(0, 4), broken(8, 9999), broken(16, 1), broken(36, 1), broken(12, 0)]) {
      expect(rig.bySection(fromHex(good + second + good))).toBe(bad)
    }
    expect(rig.bySection(fromHex(`${good}0000`))).toBe(bad)
    expect([sink.frames, rig.isOpen]).toEqual([[], true])
  })

  it('[RN-09] a header split over ranges is put together: nothing is wrong with it, and the channel goes on', () => {
    const { rig, sink } = ready()
    expect(rig.byPages(rndisFrame(plain(100, 9)), 0, rig.nic.channel, 7)).toBe(ok)
    expect(sink.frames.map(({ bytes }) => toHex(bytes))).toEqual([toHex(plain(100, 9))])
    expect(rig.isOpen).toBe(true)
  })

  it('ranges that are bad fail their packet alone', () => {
    const { rig } = ready()
    const pfn = rig.bus.memory.size / 4096 + 5
    expect(rig.askPacket(rndisPacket(0, 0xffff_ffff, 0), [{ byteCount: 100, byteOffset: 0, pfns: [pfn] }])).toBe(bad)
    expect(rig.askPacket(rndisPacket(0, 0xffff_ffff, 0))).toBe(bad)
    expect(rig.byPages(rndisFrame(plain(60)))).toBe(ok)
  })

  it('[B196] checksums are filled in; [RN-15] flags for neither IP version do nothing', () => {
    const { rig, sink } = ready()
    const asked = (word: number) => rig.byPages(rndisFrame(tcp(20), [[0, word]]))
    expect([asked(0x0022_0015), asked(0x0022_0005), asked(0x0022_0014)]).toEqual([ok, ok, ok])
    const [whole, transportOnly, neither] = sink.frames
    expect(checksumOf(whole?.bytes ?? plain(60))).toEqual([0, 0])
    expect(checksumOf(transportOnly?.bytes ?? plain(60))[1]).toBe(0)
    expect(toHex(neither?.bytes ?? plain(0))).toBe(toHex(tcp(20)))
    expect(sink.frames.map(({ isChecked }) => isChecked)).toEqual([true, true, false])
    // One without a TCP header where it is asked for fails.
    expect(rig.byPages(rndisFrame(plain(60), [[0, 0x0022_0015]]))).toBe(bad)
  })

  it('[B196] a large send is cut into segments with right checksums', () => {
    const { rig, sink } = ready()
    const message = rndisFrame(tcp(4000), [[2, (1448 | (34 << 20) | 0x4000_0000) >>> 0]])
    expect(rig.byPages(message)).toBe(ok)
    expect(sink.lengths).toEqual([1502, 1502, 1158])
    expect(sink.frames.map(({ bytes }) => checksumOf(bytes))).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ])
    expect(rig.vsp.statistics.transmittedFrames).toBe(3)
  })

  it('[RN-13][B196] a large send whose TCP header is elsewhere fails', () => {
    const { rig, sink } = ready()
    const send = (frame: Uint8Array, offset: number, size = 1448) =>
      rig.byPages(rndisFrame(frame, [[2, (size | (offset << 20) | 0x4000_0000) >>> 0]]))
    const tall = tcp(100)
    tall[46] = 0xf0
    tall.fill(0, 54)
    const short = tcp(10)
    short[46] = 0xf0
    for (const [frame, offset] of [
      [tcp(100), 0],
      [tcp(100), 13],
      [tcp(100), 33],
      [tcp(100), 1023],
      [short, 34],
    ] as const) {
      expect(send(frame, offset)).toBe(bad)
    }
    expect(send(tcp(100), 34, 0)).toBe(bad)
    expect(sink.frames).toEqual([])
    expect(send(tall, 34)).toBe(ok)
  })

  it('[OK-15] a large send with fewer than two segments, or with more than is promised, is sent', () => {
    const { rig, sink } = ready()
    const lso = (data: number) => rndisFrame(tcp(data), [[2, (1460 | (34 << 20) | 0x4000_0000) >>> 0]])
    expect([rig.byPages(lso(10)), rig.byPages(lso(65_400))]).toEqual([ok, ok])
    expect(sink.frames.length).toBe(1 + Math.ceil(65_400 / 1460))
  })

  it('[B196] a VLAN tag travels beside the frame', () => {
    const { rig, sink } = ready()
    expect(rig.byPages(rndisFrame(plain(60), [[6, 0x7bd]]))).toBe(ok)
    expect(sink.frames[0]?.vlan).toEqual({ priority: 5, dropEligible: true, id: 0x7b })
  })

  it('[B194][B205] a frame that the back end transmits later is completed then, once, and across a change of RSS', () => {
    const done: (() => void)[] = []
    const rig = new NicRig({ backend: { transmit: (frame) => void done.push(frame.defer()) } }).bringUp()
    const answers: string[] = []
    const message = fromHex(toHex(rndisFrame(plain(60))).repeat(3))
    rig.bus.memory.write((rig.nic.send?.first ?? 0) * 4096, message, 0, message.length)
    rig.nic.channel?.request(rndisPacket(0, 0, message.length), (completion) => {
      if (completion !== undefined) answers.push(toHex(completion.copyPayload()))
    })
    rig.bus.settle()
    expect(rig.set(0x1_0204, receiveScale(1))).toBe('0x0')
    for (const [index, call] of done.entries()) {
      expect([index, answers]).toEqual([index, []])
      call()
      rig.bus.settle()
    }
    expect(answers).toEqual([ok])
    expect(() => done[0]?.()).toThrow('transmitted already')
  })

  it('[NV-17] a completion without id, of an unknown id, or twice, frees no buffer', () => {
    const { rig } = ready({ pages: 11 })
    rig.nic.completes = false
    for (let index = 0; index < 8; index++) expect(rig.vsp.receive({ bytes: plain(60) })).toBe(true)
    rig.bus.settle()
    expect(rig.vsp.receive({ bytes: plain(60) })).toBe(false)
    rig.nic.channel?.sendCompletion(0, 0, fromHex('6c00000001000000'))
    rig.nic.channel?.sendCompletion(0xffff, 0, fromHex('6c00000001000000'))
    rig.bus.settle()
    expect(rig.vsp.receive({ bytes: plain(60) })).toBe(false)
    rig.nic.arrivals[0]?.complete()
    rig.nic.arrivals[0]?.complete()
    rig.bus.settle()
    expect([rig.vsp.receive({ bytes: plain(60) }), rig.vsp.receive({ bytes: plain(60) })]).toEqual([true, false])
    expect(rig.violations).toEqual([
      'host completion-id-zero UNKNOWN-ID',
      'host completion-unknown-id UNKNOWN-ID',
      'host completion-unknown-id UNKNOWN-ID',
    ])
  })

  it('[TR-16] 100,000 bad packets: the log stays short, and the next good one is sent', () => {
    const { rig, sink } = ready()
    const message = rndisFrame(plain(60))
    new DataView(message.buffer).setUint32(8, 7777, true)
    rig.bus.memory.write((rig.nic.send?.first ?? 0) * 4096, message, 0, message.length)
    const payload = rndisPacket(0, 0, message.length)
    let failed = 0
    for (let index = 0; index < 100_000; index++) {
      rig.nic.channel?.request(payload, () => {
        failed++
      })
      if (index % 128 === 127) rig.bus.settle()
    }
    rig.bus.settle()
    expect([failed, rig.bus.host.server.violations.total]).toEqual([100_000, 0])
    expect(rig.vsp.statistics.transmitErrors).toBe(100_000)
    expect(rig.bySection(rndisFrame(plain(60)))).toBe(ok)
    expect(sink.frames.length).toBe(1)
  })
})

describe('what a guest receives', () => {
  const infoOf = (bytes: Uint8Array) => {
    const reader = new RndisPacketReader()
    expect(reader.read(bytes, 0, bytes.length)).toBe(true)
    const { frameOffset, frameLength, checksum, vlan, hasVlan, hash, hasHash } = reader
    return { frame: bytes.slice(frameOffset, frameOffset + frameLength), checksum, vlan, hasVlan, hash, hasHash }
  }

  it('[B192] comes as transfer pages of the guest’s buffer, and a piece is not used again before it is completed', () => {
    const { rig } = ready()
    rig.nic.completes = false
    for (let index = 0; index < 3; index++) rig.vsp.receive({ bytes: plain(60, index) })
    rig.bus.settle()
    const [first, second, third] = rig.nic.arrivals
    expect(rig.nic.arrivals.map(({ setId }) => setId)).toEqual([receiveBufferId, receiveBufferId, receiveBufferId])
    const offsets = rig.nic.arrivals.flatMap(({ ranges }) => ranges.map(({ byteOffset }) => byteOffset))
    expect(new Set(offsets).size).toBe(3)
    expect(offsets.every((offset) => offset % 1806 === 0)).toBe(true)
    second?.complete()
    rig.bus.settle()
    rig.vsp.receive({ bytes: plain(60, 9) })
    rig.bus.settle()
    expect(rig.nic.arrivals[3]?.ranges).toEqual([{ ...second?.ranges[0] }])
    expect([first, third].map((arrival) => infoOf(arrival?.messages[0] ?? plain(0)).frame[0])).toEqual([0, 2])
  })

  it('[B193] nothing while the packet filter is 0', () => {
    const { rig } = ready()
    expect(rig.filter(0)).toBe('0x0')
    expect(rig.vsp.receive({ bytes: plain(60) })).toBe(false)
    expect(rig.filter(0xd)).toBe('0x0')
    expect(rig.vsp.receive({ bytes: plain(60) })).toBe(true)
    expect(rig.vsp.statistics.receiveDropped).toBe(1)
  })

  it('[B197] checksum information always, a VLAN tag where there is one; the frame is as it was', () => {
    const { rig } = ready()
    const frame = tcp(10)
    rig.vsp.receive({ bytes: frame })
    rig.vsp.receive({ bytes: frame, isChecked: true, vlan: { priority: 5, dropEligible: true, id: 0x7b } })
    rig.bus.settle()
    const [one, other] = rig.nic.arrivals.map(({ messages }) => infoOf(messages[0] ?? plain(0)))
    expect(one).toMatchObject({ checksum: 0, hasVlan: false })
    expect(other).toMatchObject({ checksum: 0x28, hasVlan: true, vlan: 0x7bd })
    expect([toHex(one?.frame ?? plain(0)), toHex(other?.frame ?? plain(0))]).toEqual([toHex(frame), toHex(frame)])
    const message = RndisMessage.decode(rig.nic.arrivals[0]?.messages[0] ?? plain(0))
    expect(message).toMatchObject({ type: 'RndisPacket', perPacketInfoLength: 16, perPacketInfoOffset: 36 })
  })

  it('[B192] several frames in one packet, at most 375 in each', () => {
    const rig = new NicRig().bringUp(NvspVersion.V61, { pages: 256 })
    const frames = Array.from({ length: 500 }, (_, index) => ({ bytes: plain(60, index & 0xff) }))
    expect(rig.vsp.receiveAll(frames)).toBe(500)
    rig.bus.settle()
    expect(rig.nic.arrivals.map(({ ranges }) => ranges.length)).toEqual([375, 125])
    const bytes = rig.nic.arrivals.flatMap(({ messages }) => messages.map((message) => infoOf(message).frame[0]))
    expect(bytes).toEqual(frames.map(({ bytes }) => bytes[0]))
    // All pieces come back with the two completions.
    expect(rig.vsp.receiveAll(frames)).toBe(500)
    rig.bus.settle()
    rig.filter(0)
    expect(rig.vsp.receiveAll(frames)).toBe(0)
    expect(rig.vsp.statistics).toMatchObject({ receivedFrames: 1000, receiveDropped: 500 })
  })

  it('[OK-14] a long frame is coalesced from ranges when the guest wants that, otherwise dropped', () => {
    const rig = new NicRig().bringUp(NvspVersion.V61, { rsc: true })
    expect(rig.vsp.receive({ bytes: plain(9000) })).toBe(false)
    const parameters = new Uint8Array(28)
    parameters.set([0x80, 3, 28, 0])
    parameters.set([2, 2], 22)
    expect(rig.set(0xfc01_020c, parameters)).toBe('0x0')
    rig.nic.arrivals.length = 0
    expect(rig.vsp.receive({ bytes: plain(9000) })).toBe(true)
    rig.bus.settle()
    const [arrival] = rig.nic.arrivals
    expect(arrival?.messages.length).toBe(6)
    const reader = new RndisPacketReader()
    const flags = (arrival?.messages ?? []).map((bytes) => reader.read(bytes, 0, bytes.length) && reader.packetId)
    expect(flags).toEqual([3, 1, 1, 1, 1, 5])
    // Among several it goes in its turn.
    rig.nic.arrivals.length = 0
    const frames = [60, 61, 9000, 62].map((length) => ({ bytes: plain(length) }))
    expect(rig.vsp.receiveAll(frames)).toBe(4)
    rig.bus.settle()
    expect(rig.nic.arrivals.map(({ messages }) => messages.length)).toEqual([2, 6, 1])
  })
})

describe('channels', () => {
  const spread = (queues: number) => {
    const rig = new NicRig({ queues: 4, backend: new LoopbackBackend() }).bringUp()
    expect(rig.ask(`8500000001000000${word(queues - 1)}`)).toBe(`8500000001000000${word(queues - 1)}`.padEnd(80, '0'))
    return rig
  }

  it('[B199] sub-channels are granted up to one less than there are; anything else is refused', () => {
    const rig = new NicRig({ queues: 4 }).bringUp()
    const refused = '850000000200000000000000'.padEnd(80, '0')
    for (const asked of [
      `${word(1)}${word(4)}`,
      `${word(1)}${word(0xffff_ffff)}`,
      `${word(2)}${word(1)}`,
      `${word(0)}${word(1)}`,
    ]) {
      expect(rig.ask(`85000000${asked}`)).toBe(refused)
    }
    expect(rig.ask(`85000000${word(1)}${word(3)}`)).toBe(`8500000001000000${word(3)}`.padEnd(80, '0'))
    expect([...rig.vsp.channels.keys()]).toEqual([0, 1, 2, 3])
    expect(rig.ask(`85000000${word(1)}${word(1)}`)).toBe(refused)
  })

  it('[B200] when all are open the guest gets its send table', () => {
    const rig = spread(3)
    const entries = Array.from({ length: 16 }, (_, index) => word(index % 3)).join('')
    expect(rig.nic.notes).toEqual([{ hex: `8600000010000000${word(12)}${entries}`.padEnd(160, '0'), flags: 0, id: 0n }])
  })

  it('[B201][RN-22] RSS parameters: bad ones are invalid data, and nothing changes', () => {
    const rig = spread(3)
    const good = receiveScale(3)
    const set = (change: (view: DataView) => void, length = good.length) => {
      const bytes = good.slice(0, length)
      change(new DataView(bytes.buffer))
      return rig.set(0x1_0204, bytes)
    }
    const invalid = '0xc0010015'
    expect(set((view) => view.setUint16(4, 0x10, true))).toBe('0x0')
    expect(set(() => {})).toBe('0x0')
    const before = rig.vsp.save().rss
    expect(set((view) => view.setUint16(12, 0, true))).toBe(invalid)
    expect(set((view) => view.setUint16(12, 3, true))).toBe(invalid)
    expect(set((view) => view.setUint16(12, 0xffff, true))).toBe(invalid)
    expect(set((view) => view.setUint16(20, 39, true))).toBe(invalid)
    expect(set((view) => view.setUint32(16, 0xffff_fff0, true))).toBe(invalid)
    expect(set((view) => view.setUint32(24, 0xffff_fff0, true))).toBe(invalid)
    expect(set((view) => view.setUint32(40, 4, true))).toBe(invalid)
    expect(set(() => {}, 27)).toBe(invalid)
    expect(rig.vsp.save().rss).toEqual(before)
    // A queue that is not open, a short table, a long one.
    expect(set((view) => view.setUint32(40, 3, true))).toBe('0x0')
    expect(rig.set(0x1_0204, receiveScale(3, 2))).toBe('0x0')
    expect(rig.vsp.save().rss?.table).toEqual(Array.from({ length: 128 }, (_, index) => index % 2))
    expect(rig.set(0x1_0204, receiveScale(3, 200))).toBe('0x0')
    expect(rig.vsp.save().rss?.table).toHaveLength(128)
  })

  it('[B201] frames are spread by their flow, each flow on one channel; [B193] filter 0 holds for all', () => {
    const rig = spread(3)
    expect(rig.set(0x1_0204, receiveScale(3))).toBe('0x0')
    rig.nic.arrivals.length = 0
    const queues = (port: number) => {
      const before = rig.nic.arrivals.length
      for (let index = 0; index < 4; index++) rig.vsp.receive({ bytes: tcp(10, port) })
      rig.bus.settle()
      return new Set(rig.nic.arrivals.slice(before).map(({ queue }) => queue))
    }
    const used = Array.from({ length: 64 }, (_, index) => [...queues(2000 + index)])
    expect(used.every((queue) => queue.length === 1)).toBe(true)
    expect(new Set(used.flat())).toEqual(new Set([0, 1, 2]))
    rig.filter(0)
    expect(queues(2000).size).toBe(0)
  })

  it('frames may be sent on any channel; [NV-19] RNDIS control only on the first', () => {
    const rig = spread(2)
    const sub = rig.nic.channels.get(1)
    expect(rig.byPages(rndisFrame(plain(60)), 0, sub)).toBe(ok)
    expect(rig.control(fromHex('080000000c00000001000000'), sub)).toBe('none')
    expect([rig.isOpen, rig.vsp.channels.get(1)?.isOpen]).toEqual([true, undefined])
    expect(rig.violations).toEqual(['host nvsp-unexpected-message STATE'])
  })

  it('when the guest closes the first channel the others go, and it can ask for them again', () => {
    const rig = spread(3)
    rig.nic.close()
    rig.bus.settle()
    expect(rig.bus.guest.offers).toHaveLength(1)
    rig.bus.guest.bind(rig.nic, () => {})
    rig.bus.settle()
    rig.bringUp()
    rig.ask(`85000000${word(1)}${word(2)}`)
    expect([...rig.vsp.channels.keys()]).toEqual([0, 1, 2])
    expect(rig.violations).toEqual([])
  })
})
