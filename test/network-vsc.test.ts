import { describe, expect, it } from 'vitest'
import { NdisPacketFilter, NvspMessage, nvspVersions, RndisPacketHeader } from '../src/devices/network/index.ts'
import { createBus } from '../src/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { NetworkVsc, type NetworkVscOptions, type ReceivedFrame } from '../src/vsc/network/index.ts'
import { LoopbackBackend, NetworkSwitch, NetworkVsp } from '../src/vsp/network/index.ts'
import { toHex } from '../src/wire/index.ts'
import { type HostScript, RawHost, receiveAnswer, rndisFrame, word } from './network-rig.ts'

const success = '6c00000001000000'
const failure = '6c00000002000000'

/** A driver under a scripted host, with what it got and what was reported. */
async function driven(script: HostScript = {}, options: NetworkVscOptions = {}) {
  const bus = createBus()
  const host = new RawHost(script)
  const violations: string[] = []
  bus.events.on('violation', ({ at, violation: { rule, code } }) => violations.push(`${at} ${rule} ${code}`))
  bus.host.offer(host)
  const nic = await bus.guest.attach(new NetworkVsc(options))
  const frames: ReceivedFrame[] = []
  nic.on('frame', (frame) => frames.push(frame))
  bus.settle()
  host.completions.length = 0
  return { bus, host, nic, frames, violations }
}

/** Why a driver cannot be attached to a scripted host. */
async function refusal(script: HostScript, options: NetworkVscOptions = {}): Promise<string> {
  const bus = createBus()
  bus.host.offer(new RawHost(script))
  const before = bus.guest.pages.freePages
  const why = await bus.guest.attach(new NetworkVsc(options)).then(
    () => 'attached',
    (error: unknown) => String(error),
  )
  bus.settle()
  expect(bus.guest.pages.freePages).toBeGreaterThan(before - 2)
  return why
}

const plain = (length: number, fill = 7) => new Uint8Array(length).fill(fill)
const ipv4 = (length: number) => {
  const frame = plain(length, 0)
  frame.set([8, 0, 0x45], 12)
  frame.set([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 22)
  return frame
}

/** A part of a coalesced frame. */
function part(data: Uint8Array, flags: number): Uint8Array {
  const header = new RndisPacketHeader().begin().addPacketId(flags).end(data.length)
  const bytes = new Uint8Array(header.length + data.length)
  bytes.set(header.bytes.subarray(0, header.length))
  bytes.set(data, header.length)
  return bytes
}

describe('negotiation', () => {
  it('asks for versions from the newest on, then goes as Linux does', async () => {
    const asked: number[] = []
    const { host, nic } = await driven({
      init: (version) => {
        asked.push(version)
        return version <= 0x4_0000 ? 1 : 0
      },
    })
    expect(asked).toEqual(nvspVersions.slice(0, 4))
    expect(nic.version).toBe(0x4_0000)
    expect(host.nvsp.slice(4, 8).map(({ type }) => type)).toEqual([
      'NvspSendNdisConfig',
      'NvspSendNdisVersion',
      'NvspSendReceiveBuffer',
      'NvspSendSendBuffer',
    ])
    expect(host.nvsp[5]).toEqual({ type: 'NvspSendNdisVersion', ndisMajorVersion: 6, ndisMinorVersion: 1 })
    expect(host.control.map(({ type }) => type)).toEqual([
      'RndisInitializeRequest',
      ...new Array<string>(4).fill('RndisQueryRequest'),
      'RndisSetRequest',
    ])
  })

  it('knows what the host has told it', async () => {
    const { nic, host } = await driven({}, { queues: 4 })
    expect(toHex(nic.macAddress)).toBe('00155d000009')
    expect([nic.mtu, nic.isLinkUp, nic.linkSpeed, nic.queues]).toEqual([1500, true, 10_000_000_000, 4])
    expect(host.channels.size).toBe(4)
  })

  it('fails where the host speaks no version', async () => {
    expect(await refusal({ init: () => 0 })).toBe('Error: the host speaks none of the NVSP versions')
  })

  it('[NC-01] fails for receive buffers in pieces that are too small, too many, or more than one section', async () => {
    const answers = [
      receiveAnswer(1, [[0, 67, 1, 67]]),
      receiveAnswer(1, [[0, 0, 100, 0]]),
      receiveAnswer(1, [[0, 1806, 0xffff_ffff, 0]]),
      receiveAnswer(1, [[0, 0x1_0000, 0x1_0000, 0]]),
      receiveAnswer(1, [[0, 1806, 0, 0]]),
      receiveAnswer(1, [[4096, 1806, 10, 0]]),
      receiveAnswer(1, []),
      receiveAnswer(1, [
        [0, 1806, 10, 0],
        [0, 1806, 10, 0],
      ]),
      receiveAnswer(2, []),
      '6600000001000000',
    ]
    for (const answer of answers) {
      expect(await refusal({ receiveBuffer: () => answer })).toMatch(/^Error: (the host|\d+ pieces|no answer)/)
    }
  })

  it('[NC-02] fails for send buffer sections of 0 bytes, or of too few', async () => {
    for (const size of [0, 67]) {
      expect(await refusal({ sendBuffer: () => `6900000001000000${word(size)}` })).toBe(
        `Error: sections of ${size} bytes are no send buffer`,
      )
    }
    expect(await refusal({ sendBuffer: () => `6900000002000000${word(6144)}` })).toBe(
      'Error: the host refused the send buffer',
    )
  })

  it('[OK-17] a host without sub-channels leaves the first', async () => {
    const { nic } = await driven({ subchannels: () => ({ status: 2, count: 0 }) }, { queues: 4 })
    expect([nic.queues, nic.channels.size]).toEqual([1, 1])
  })

  it('[NC-16] a send table while an answer is awaited is taken, and the answer awaited further', async () => {
    const table = NvspMessage.encode({
      type: 'NvspSendIndirectionTable',
      count: 16,
      tableOffset: 12,
      table: new Array<number>(16).fill(0),
    })
    const { nic, violations } = await driven({ beforeAnswer: (host) => void host.channel?.send(table) })
    expect([nic.sendTable, violations]).toEqual([new Array<number>(16).fill(0), []])
  })

  it('takes the buffers back in order: HALT, REVOKE, and the pages are free', async () => {
    const bus = createBus({ violations: 'throw' })
    const host = new RawHost()
    bus.host.offer(host)
    bus.settle()
    const before = bus.guest.pages.freePages
    const nic = await bus.guest.attach(NetworkVsc)
    nic.close()
    bus.settle()
    expect(host.control.at(-1)?.type).toBe('RndisHaltRequest')
    expect(host.nvsp.slice(-2)).toEqual([
      { type: 'NvspRevokeReceiveBuffer', id: 0xcafe },
      { type: 'NvspRevokeSendBuffer', id: 0 },
    ])
    expect(bus.guest.pages.freePages).toBe(before)
  })
})

describe('what a host sends', () => {
  it('frames come as events and by an iterator, each a copy of its own', async () => {
    const { bus, host, nic, frames } = await driven()
    const stream = nic.frames(2)
    host.sendMessages(
      rndisFrame(plain(60, 1)),
      rndisFrame(plain(61, 2), [
        [6, 0x7bd],
        [8, 0x1234],
      ]),
      rndisFrame(plain(62, 3)),
    )
    bus.settle()
    expect(frames.map(({ bytes }) => [bytes.length, bytes[0]])).toEqual([
      [60, 1],
      [61, 2],
      [62, 3],
    ])
    expect(frames[1]).toMatchObject({ vlan: { priority: 5, dropEligible: true, id: 0x7b }, hash: 0x1234, queue: 0 })
    expect([(await stream.next()).value?.bytes.length, (await stream.next()).value?.bytes.length]).toEqual([60, 61])
    expect(stream.dropped).toBe(1)
    const next = stream.next()
    nic.close()
    expect(await next).toEqual({ value: undefined, done: true })
    expect(host.completions).toEqual([success])
  })

  it('[NC-04][NC-05] notes that are short, or tables that are wrong, are reported, and the old table kept', async () => {
    const { bus, host, nic, violations } = await driven({}, { queues: 2 })
    const good = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    host.channel?.send(
      NvspMessage.encode({ type: 'NvspSendIndirectionTable', count: 16, tableOffset: 12, table: good }),
    )
    bus.settle()
    expect(nic.sendTable).toEqual(good)
    const table = (count: number, offset: number, entries: readonly number[]) =>
      fromHex(`86000000${word(count)}${word(offset)}${entries.map(word).join('')}`)
    for (const note of [
      fromHex('80000000'),
      new Uint8Array(0),
      table(15, 12, good.slice(1)),
      table(17, 12, [...good, 0]),
      table(16, 12, good.slice(2)),
      table(16, 0xffff_fff0, good),
      table(0xffff_ffff, 12, good),
      table(16, 12, [...good.slice(1), 2]),
      fromHex('0200000000000000000000000000000000'),
    ]) {
      const before = violations.length
      host.channel?.send(note)
      bus.settle()
      expect(violations.length).toBe(before + 1)
    }
    expect([nic.sendTable, nic.channel?.isOpen]).toEqual([good, true])
  })

  it('[OK-12] a table whose offset is too small is where it always is', async () => {
    const { bus, host, nic } = await driven({ init: (version) => (version <= 0x6_0000 ? 1 : 0) }, { queues: 2 })
    host.channel?.send(fromHex(`86000000${word(16)}${word(8)}${word(1).repeat(16)}`))
    bus.settle()
    expect(nic.sendTable).toEqual(new Array<number>(16).fill(1))
  })

  it('[NC-07][NC-08] RNDIS that is cut off, or whose data are elsewhere, fails to the host; the next is good', async () => {
    const { bus, host, frames, violations } = await driven()
    const wrong = (at: number, value: number) => {
      const bytes = rndisFrame(plain(60))
      new DataView(bytes.buffer).setUint32(at, value, true)
      return bytes
    }
    const messages = [
      fromHex('0100'),
      fromHex('01000000'),
      wrong(4, 7),
      wrong(4, 43 - 8),
      wrong(4, 105),
      wrong(8, 1000),
      wrong(8, 96),
      wrong(12, 61),
      fromHex('ff7f000008000000'),
    ]
    for (const message of messages) {
      host.completions.length = 0
      host.sendMessages(message)
      bus.settle()
      expect(host.completions).toEqual([failure])
    }
    host.sendMessages(rndisFrame(plain(60)))
    bus.settle()
    expect([host.completions.at(-1), frames.length, violations.length]).toEqual([success, 1, messages.length])
  })

  it('ranges outside the receive buffer, of another buffer, or longer than a piece, fail', async () => {
    const { bus, host, frames } = await driven()
    host.sendRanges([{ byteOffset: 0xffff_f000, byteCount: 100 }])
    host.sendRanges([{ byteOffset: 0, byteCount: 100 }], 0xbeef)
    host.sendRanges([{ byteOffset: 0, byteCount: 1807 }])
    host.sendRanges([{ byteOffset: 0, byteCount: 0xffff_ffff }])
    bus.settle()
    expect([host.completions, frames]).toEqual([new Array<string>(4).fill(failure), []])
  })

  it('[OK-14] 375 ranges in one packet, 562 too; more are refused', async () => {
    const { bus, host, frames } = await driven()
    const range = host.place(rndisFrame(plain(60)))
    for (const count of [375, 562, 563]) host.sendRanges(new Array<typeof range>(count).fill(range))
    bus.settle()
    expect([host.completions, frames.length]).toEqual([[success, success, failure], 375 + 562])
  })

  it('[NC-10][NC-17][OK-10] a status whose buffer is behind its length counts; one elsewhere is ignored', async () => {
    const { bus, host, nic } = await driven()
    const status = (code: number, length: number, offset: number, extra: string) =>
      fromHex(`07000000${word(20)}${word(code)}${word(length)}${word(offset)}${extra}`)
    host.sendMessages(status(0x4001_0013, 4, 12, word(1_000_000)), rndisFrame(plain(60)))
    bus.settle()
    expect(nic.linkSpeed).toBe(100_000_000)
    for (const [length, offset] of [
      [4, 13],
      [5, 12],
      [4, 0xffff_fffc],
      [0xffff_ffff, 12],
      [4, 0],
    ] as const) {
      host.sendMessages(status(0x4001_0013, length, offset, word(7)))
    }
    host.sendMessages(status(0x4002_0006, 4, 12, word(7)))
    bus.settle()
    expect(nic.linkSpeed).toBe(100_000_000)
    expect(host.completions.every((completion) => completion === success)).toBe(true)
  })

  it('the link goes down and up', async () => {
    const { bus, host, nic } = await driven()
    const seen: boolean[] = []
    nic.on('link', (isUp) => seen.push(isUp))
    for (const code of [0x4001_000c, 0x4001_000b]) {
      host.sendMessages(fromHex(`07000000${word(20)}${word(code)}${word(0)}${word(0)}`))
    }
    bus.settle()
    expect([seen, nic.isLinkUp]).toEqual([[false, true], true])
  })

  it('[NC-11] an answer to no request, or that is cut off, is reported, and nothing waits for it', async () => {
    const { bus, host, nic, violations } = await driven()
    const query = nic.query(0x1_010c)
    host.sendMessages(
      fromHex(`04000080${word(24)}${word(0xdead)}${word(0)}${word(0)}${word(16)}`),
      fromHex(`05000080${word(16)}${word(1)}${word(0)}`),
      fromHex(`04000080${word(8)}`),
    )
    bus.settle()
    expect(toHex(await query)).toBe('00000000')
    expect(violations.slice(0, 2)).toEqual([
      'guest network-bad-message UNKNOWN-ID',
      'guest network-bad-message UNKNOWN-ID',
    ])
    expect(violations.length).toBe(3)
  })

  it('[NC-13] a coalesced frame is put together; without end, without beginning, or too long it is dropped', async () => {
    const { bus, host, frames } = await driven()
    host.sendMessages(part(plain(1000, 1), 3), part(plain(1000, 2), 1), part(plain(500, 3), 5))
    bus.settle()
    expect(frames.map(({ bytes }) => [bytes.length, bytes[0], bytes[1500], bytes[2499]])).toEqual([[2500, 1, 2, 3]])
    frames.length = 0
    host.sendMessages(part(plain(100), 3), part(plain(100), 1))
    host.sendMessages(part(plain(100), 5))
    host.sendMessages(part(plain(100), 1), rndisFrame(plain(60)))
    host.sendMessages(...Array.from({ length: 30 }, (_, index) => part(plain(1700), index === 0 ? 3 : 1)))
    bus.settle()
    expect(frames.map(({ bytes }) => bytes.length)).toEqual([60])
    // 65,557 bytes are the most: 38 parts of 1700, and 957.
    const [first, middle] = [host.place(part(plain(1700), 3)), host.place(part(plain(1700), 1))]
    const whole = (last: number) => [
      first,
      ...new Array<typeof first>(37).fill(middle),
      host.place(part(plain(last), 5)),
    ]
    host.sendRanges(whole(957))
    host.sendRanges(whole(958))
    bus.settle()
    expect(frames.map(({ bytes }) => bytes.length)).toEqual([60, 65_557])
  })

  it('[NC-14] an IP checksum that is to be put back into less than an IP header: dropped', async () => {
    const { bus, host, frames } = await driven()
    host.sendMessages(rndisFrame(ipv4(48).slice(0, 14 + 19), [[0, 0x120]]))
    host.sendMessages(rndisFrame(ipv4(42), [[0, 0x120]]))
    bus.settle()
    expect(frames.map(({ bytes }) => [bytes.length, toHex(bytes.subarray(24, 26))])).toEqual([[42, '66eb']])
  })

  it('a virtual function comes and goes', async () => {
    const { bus, host, nic } = await driven()
    const seen: (number | undefined)[] = []
    nic.on('virtualFunction', (serial) => seen.push(serial))
    host.channel?.notify(NvspMessage.encode({ type: 'NvspSendVfAssociation', allocated: 1, serial: 5 }))
    host.channel?.notify(NvspMessage.encode({ type: 'NvspSendVfAssociation', allocated: 0, serial: 5 }))
    bus.settle()
    expect([seen, nic.virtualFunction]).toEqual([[5, undefined], undefined])
  })
})

describe('with our own host', () => {
  const looped = async (options: NetworkVscOptions = {}, queues = 8) => {
    const bus = createBus({ violations: 'throw' })
    const vsp = new NetworkVsp({ backend: new LoopbackBackend(), queues })
    bus.host.offer(vsp)
    const nic = await bus.guest.attach(new NetworkVsc(options))
    const frames: ReceivedFrame[] = []
    nic.on('frame', (frame) => frames.push(frame))
    return { bus, vsp, nic, frames }
  }

  it('frames of all sizes go out and come back the same', async () => {
    const { bus, nic, frames } = await looped({ mtu: 9000 })
    const sent = [14, 60, 1514, 6000, 6100, 6200, 9014].map((length, index) => plain(length, index + 1))
    for (const frame of sent) expect(nic.send(frame)).toBe(true)
    bus.settle()
    expect(frames.map(({ bytes }) => toHex(bytes))).toEqual(sent.map(toHex))
    expect(nic.statistics).toMatchObject({ sentFrames: 7, sendsIssued: 7, sendsCompleted: 7, receivedFrames: 7 })
  })

  it('several frames share a section, each aligned; all arrive', async () => {
    const { bus, nic, vsp, frames } = await looped()
    const sent = Array.from({ length: 50 }, (_, index) => plain(60 + index, index + 1))
    expect(nic.sendAll(sent)).toBe(50)
    bus.settle()
    expect(frames.map(({ bytes }) => toHex(bytes))).toEqual(sent.map(toHex))
    expect(nic.statistics.sendsIssued).toBe(7)
    expect(vsp.statistics.transmitErrors).toBe(0)
  })

  it('without room it says so, and when there is room again', async () => {
    const { bus, nic, frames } = await looped({ sendBufferSize: 6144 * 4 })
    let room = 0
    nic.on('writable', () => {
      room++
    })
    const taken = Array.from({ length: 10 }, () => nic.send(plain(60)))
    expect([taken.filter(Boolean).length, nic.sendRoom]).toEqual([4, 0])
    bus.settle()
    expect([room, nic.sendRoom, frames.length]).toEqual([1, 4, 4])
  })

  it('checksums and large sends are asked for, and done', async () => {
    const { bus, nic, frames } = await looped()
    const frame = new Uint8Array(54 + 3000)
    frame.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45])
    new DataView(frame.buffer).setUint16(16, 3040)
    frame.set([64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 1, 0, 2], 22)
    frame[46] = 0x50
    nic.send(frame, { segmentSize: 1460 })
    nic.send(frame.subarray(0, 54 + 100), { checksum: true, vlan: { priority: 1, dropEligible: false, id: 42 } })
    bus.settle()
    expect(frames.map(({ bytes, checksum, vlan }) => [bytes.length, checksum, vlan?.id])).toEqual([
      [1514, 0x28, undefined],
      [1514, 0x28, undefined],
      [134, 0x28, undefined],
      [154, 0x28, 42],
    ])
  })

  it('several channels: each flow keeps to its own, in both directions', async () => {
    const { bus, nic, frames } = await looped({ queues: 4 })
    expect([nic.queues, nic.channels.size]).toEqual([4, 4])
    expect(nic.sendTable.slice(0, 5)).toEqual([0, 1, 2, 3, 0])
    const flow = (port: number) => {
      const frame = ipv4(60)
      frame[17] = 46
      frame[23] = 6
      frame.set([port >> 8, port & 0xff, 0, 80], 34)
      frame[46] = 0x50
      return frame
    }
    for (let port = 1; port <= 64; port++) nic.send(flow(port))
    bus.settle()
    expect(frames.length).toBe(64)
    expect(new Set(frames.map(({ queue }) => queue)).size).toBe(4)
  })

  it('is set up anew with other wishes, and leaves nothing behind', async () => {
    const { bus, vsp, nic, frames } = await looped({ queues: 2 })
    const before = bus.guest.pages.freePages
    for (let round = 0; round < 3; round++) {
      await nic.renegotiate({ mtu: 9000, queues: 4 })
      expect([nic.mtu, nic.queues]).toEqual([9000, 4])
      nic.send(plain(9000))
      bus.settle()
      expect(frames.at(-1)?.bytes.length).toBe(9000)
      await nic.renegotiate({ mtu: 1500, queues: 2, versions: [0x5_0000] })
      expect([nic.mtu, nic.queues, vsp.version]).toEqual([1500, 2, 0x5_0000])
    }
    expect(bus.guest.pages.freePages).toBe(before)
  })

  it('filter, OIDs, keep-alive, data path', async () => {
    const { bus, vsp, nic, frames } = await looped()
    await nic.setPacketFilter(0)
    nic.send(plain(60))
    bus.settle()
    expect(frames).toEqual([])
    await nic.setPacketFilter(NdisPacketFilter.promiscuous)
    expect(toHex(await nic.query(0x1_010e))).toBe('20000000')
    await expect(nic.query(0x1)).rejects.toThrow('refused with status 0xc00000bb')
    await expect(nic.set(0x1, new Uint8Array(4))).rejects.toThrow('refused with status 0xc00000bb')
    await nic.keepAlive()
    await expect(nic.switchDataPath(true)).rejects.toThrow('refused')
    vsp.addVirtualFunction(4)
    bus.settle()
    expect(nic.virtualFunction).toBe(4)
    await nic.switchDataPath(true)
    await nic.switchDataPath(false)
  })

  it('two NICs through a switch; a rescinded one ends its streams and its promises', async () => {
    const bus = createBus({ violations: 'throw' })
    const lan = new NetworkSwitch()
    const vsps = [1, 2].map((number) => new NetworkVsp({ backend: lan, macAddress: `00:15:5d:00:00:0${number}` }))
    for (const vsp of vsps) bus.host.offer(vsp)
    const a = await bus.guest.attach(new NetworkVsc({ index: 0 }))
    const b = await bus.guest.attach(new NetworkVsc({ index: 1 }))
    expect([toHex(a.macAddress), toHex(b.macAddress)]).toEqual(['00155d000001', '00155d000002'])
    const frame = plain(100)
    frame.set([...b.macAddress, ...a.macAddress])
    const stream = b.frames()
    a.send(frame)
    expect(toHex((await stream.next()).value?.bytes ?? plain(0))).toBe(toHex(frame))
    const next = stream.next()
    const [, second] = vsps
    if (second !== undefined) bus.host.revoke(second)
    expect(await next).toEqual({ value: undefined, done: true })
    await expect(b.query(0x1_010c)).rejects.toThrow()
    expect([b.send(frame), a.send(frame), lan.ports]).toEqual([false, true, 1])
  })
})
