import { describe, expect, it } from 'vitest'
import { BytePipe, ConnectionResetError } from '../src/channels/index.ts'
import { type Channel, type Completion, createBus, MessageVsc, MessageVsp, rawMessages } from '../src/index.ts'
import { toHex } from '../src/wire/index.ts'
import { bytes, instance, type Rig, rig, TestVsc, TestVsp, testInterface, violationsOf } from './bus-rig.ts'

class PipeVsp extends MessageVsp<Uint8Array> {
  readonly offer = { interfaceId: testInterface, instanceId: instance(1), pipe: 'message' } as const
  protected readonly messages = rawMessages
  readonly got: Uint8Array[] = []
  protected override onMessage(message: Uint8Array, _request: Completion): void {
    this.got.push(message)
    this.sendMessage(message.slice().reverse())
  }
}

class PipeVsc extends MessageVsc<Uint8Array> {
  readonly binds = { interfaceId: testInterface }
  protected readonly messages = rawMessages
  readonly got: Uint8Array[] = []
  protected override onMessage(message: Uint8Array): void {
    this.got.push(message)
  }
  say(message: Uint8Array): boolean {
    return this.sendMessage(message)
  }
}

async function messagePipe() {
  const bus = createBus()
  const vsp = new PipeVsp()
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(new PipeVsc())
  return { bus, vsp, vsc }
}

describe('message pipe', () => {
  it('[B160][B34] messages of any length arrive in exactly that length; in-band, no completion asked for', async () => {
    const { bus, vsp, vsc } = await messagePipe()
    expect(vsc.device?.offer.offer.flags).toBe(0x10)
    const packets: string[] = []
    bus.events.on('packet', ({ at, direction, type, flags, payload }) => {
      if (direction === 'sent' && at === 'guest') packets.push(`${type}/${flags} ${toHex(payload)}`)
    })
    for (const length of [0, 1, 3, 7, 8, 9]) vsc.say(new Uint8Array(length).fill(length))
    bus.settle()
    expect(vsp.got.map(({ length }) => length)).toEqual([0, 1, 3, 7, 8, 9])
    expect(vsc.got.map(({ length }) => length)).toEqual([0, 1, 3, 7, 8, 9])
    expect(packets.slice(0, 3)).toEqual([
      '6/0 0100000000000000',
      '6/0 010000000100000001',
      '6/0 0100000003000000030303',
    ])
  })

  it.each([
    ['a length that is not there', '0100000009000000aabb', 'LENGTH', 'LENGTH', 4],
    ['a length beyond 16384', '0100000001400000', 'PacketTooLarge', 'LENGTH', 4],
    ['pipe type 3', '0300000000000000', 'InvalidPipePacketType', 'TYPE', 0],
    ['no header', '', 'SHORT', 'SHORT', 0],
  ])('[B161] %s: reported, and the device never sees it', async (_name, hex, rule, code, offset) => {
    const { bus, vsp, vsc } = await messagePipe()
    const violations = violationsOf(bus)
    vsc.channel?.send(Uint8Array.from(Buffer.from(hex, 'hex')))
    vsc.say(bytes(1, 2))
    bus.settle()
    expect(violations).toEqual([{ at: 'host', rule, code, offset, channelId: 1 }])
    expect(vsp.got).toEqual([bytes(1, 2)])
  })

  it('[B161] a packet that is not in-band', async () => {
    const { bus, vsp, vsc } = await messagePipe()
    const violations = violationsOf(bus)
    vsc.channel?.sendGpaDirect(bytes(1, 0, 0, 0, 0, 0, 0, 0), [{ byteCount: 1, byteOffset: 0, pfns: [1] }])
    bus.settle()
    expect(violations.map(({ rule, code }) => `${rule} ${code}`)).toEqual(['TYPE TYPE'])
    expect(vsp.got).toEqual([])
  })

  it('[B160] more than 16384 bytes are refused before they are sent', async () => {
    const { vsc } = await messagePipe()
    expect(() => vsc.say(new Uint8Array(16385))).toThrow(RangeError)
  })
})

describe('byte pipe', () => {
  class StreamVsp extends TestVsp {
    pipeEnd: BytePipe | undefined
    protected override onOpen(channel: Channel): void {
      const pipe = new BytePipe(channel)
      this.pipeEnd = pipe
      this.answer = (packet) => pipe.packet(packet)
    }
    protected override onWritable(): void {
      this.pipeEnd?.writable()
    }
    protected override onClose(): void {
      this.pipeEnd?.closed()
    }
  }
  class StreamVsc extends TestVsc {
    pipeEnd: BytePipe | undefined
    protected override onOpen(channel: Channel): void {
      const pipe = new BytePipe(channel)
      this.pipeEnd = pipe
      this.received = (packet) => pipe.packet(packet)
      this.ready()
    }
    protected override onWritable(): void {
      this.pipeEnd?.writable()
    }
    protected override onClose(): void {
      this.pipeEnd?.closed()
    }
  }

  async function bytePipe(): Promise<Rig & { here: BytePipe; there: BytePipe }> {
    const vsp = new StreamVsp(1, { pipe: 'byte' })
    const vsc = new StreamVsc()
    const open = await rig({}, vsp, vsc)
    if (vsp.pipeEnd === undefined || vsc.pipeEnd === undefined) throw new Error('no pipe')
    return { ...open, here: vsc.pipeEnd, there: vsp.pipeEnd }
  }

  async function readAll(pipe: BytePipe): Promise<Uint8Array> {
    const all: number[] = []
    for (let part = await pipe.read(); part !== undefined; part = await pipe.read()) all.push(...part)
    return Uint8Array.from(all)
  }

  it('[B162] 20 000 bytes cross a ring of 4096 bytes, in pieces of at most 2048', async () => {
    const { here, there, bus } = await bytePipe()
    const sizes: number[] = []
    bus.events.on('packet', ({ at, payload }) => {
      if (at === 'guest') sizes.push(payload.length - 8)
    })
    const data = Uint8Array.from({ length: 20_000 }, (_, index) => index * 7)
    const written = here.write(data).then(() => here.end())
    expect(await readAll(there)).toEqual(data)
    await written
    expect(Math.max(...sizes)).toBe(2048)
  })

  it('[B162] a reader that does not read stops the writer; nothing grows', async () => {
    const { here, there, bus, host } = await bytePipe()
    let isWritten = false
    const written = here.write(new Uint8Array(100_000)).then(() => {
      isWritten = true
    })
    bus.settle()
    await Promise.resolve()
    expect(isWritten).toBe(false)
    expect(host.packetsQueued).toBe(0)
    const first = await there.read()
    expect(first?.length).toBe(2048)
    const ended = here.end()
    expect((await readAll(there)).length).toBe(100_000 - 2048)
    await written
    await ended
  })

  it('[B163] the end comes once all before it is read, and again each time', async () => {
    const { here, there } = await bytePipe()
    await here.write(bytes(1))
    await here.write(bytes())
    await here.end()
    expect(await there.read()).toEqual(bytes(1))
    expect(await there.read()).toBeUndefined()
    expect(await there.read()).toBeUndefined()
  })

  it('[B164] the rest of a packet that an OpenVMM peer read in part', async () => {
    const { guest, there, bus } = await bytePipe()
    guest.send(bytes(2, 0, 0, 0, 2, 0, 3, 0, 9, 9, 9, 1, 2))
    bus.settle()
    expect(await there.read()).toEqual(bytes(1, 2))
  })

  it('[B165] the other end closes: a read that waits, and every later one, fails with a reset', async () => {
    const { vsc, here, there } = await bytePipe()
    await here.write(bytes(1))
    expect(await there.read()).toEqual(bytes(1))
    const waiting = there.read()
    vsc.close()
    await expect(waiting).rejects.toThrow(ConnectionResetError)
    await expect(there.read()).rejects.toThrow(ConnectionResetError)
    await expect(there.write(bytes(1))).rejects.toThrow(ConnectionResetError)
  })

  it('[B161] a bad packet stops the channel', async () => {
    const { guest, there, bus } = await bytePipe()
    const violations = violationsOf(bus)
    guest.send(bytes(5, 0, 0, 0, 0, 0, 0, 0))
    await expect(there.read()).rejects.toThrow(ConnectionResetError)
    expect(violations.map(({ rule }) => rule)).toEqual(['InvalidPipePacketType'])
  })
})
