import { describe, expect, it } from 'vitest'
import type { Channel } from '../src/channels/index.ts'
import { type BusOptions, createBus, type RingPacket, Vsp } from '../src/index.ts'
import { BufferMemory, PAGE_SIZE } from '../src/memory/index.ts'
import { DeviceId } from '../src/vmbus/device-ids.ts'
import { ScsiError, type ScsiOutcome, StorageVsc } from '../src/vsc/storage/index.ts'
import {
  type Disk,
  DiskUnit,
  DvdUnit,
  FaultyDisk,
  MemoryDisk,
  StorageVsp,
  type StorageVspOptions,
} from '../src/vsp/storage/index.ts'
import { guid } from '../src/wire/index.ts'

const pattern = (length: number, seed = 1) =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 7 + (at >> 8)) & 0xff)

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0

async function attached(options: StorageVspOptions, vsc = new StorageVsc(), more: BusOptions = {}) {
  const bus = createBus({ violations: 'throw', ...more })
  const vsp = new StorageVsp(options)
  bus.host.offer(vsp)
  await bus.guest.attach(vsc)
  bus.settle()
  return { bus, vsp, vsc }
}

describe('A disk through the bus', () => {
  it('[B166][B172] is read and written by blocks', async () => {
    const { vsc } = await attached({ disk: new MemoryDisk({ blocks: 4096 }) })
    expect(vsc.version).toBe(0x602)
    expect(await vsc.capacity()).toEqual({ blocks: 4096, blockSize: 512 })
    expect(await vsc.read({ lba: 0n, blocks: 8 })).toEqual(new Uint8Array(4096))
    const data = pattern(4096)
    await vsc.write({ lba: 17, data })
    expect(same(await vsc.read({ lba: 17, blocks: 8 }), data)).toBe(true)
    await vsc.flush()
    await vsc.unmap({ lba: 17, blocks: 1 })
    const left = await vsc.read({ lba: 17, blocks: 8 })
    expect(same(left, Uint8Array.from([...new Uint8Array(512), ...data.subarray(512)]))).toBe(true)
    await expect(vsc.write({ lba: 0, data: new Uint8Array(100) })).rejects.toThrow(RangeError)
  })

  it('moves more than one command can, in parts', async () => {
    const { vsc } = await attached({ disk: new MemoryDisk({ blocks: 8192 }), maxTransferBytes: 0x1_0000 })
    const data = pattern(1024 * 1024)
    await vsc.write({ lba: 3, data })
    expect(same(await vsc.read({ lba: 3, blocks: 2048 }), data)).toBe(true)
  })

  it('of any size: the last block of 2^52', async () => {
    const blocks = 2 ** 52
    const { vsc } = await attached({ disk: new MemoryDisk({ blocks, blockSize: 4096 }) })
    expect(await vsc.capacity()).toEqual({ blocks, blockSize: 4096 })
    const data = pattern(4096)
    await vsc.write({ lba: blocks - 1, data })
    expect(same(await vsc.read({ lba: BigInt(blocks) - 1n, blocks: 1 }), data)).toBe(true)
    await expect(vsc.read({ lba: blocks - 1, blocks: 2 })).rejects.toThrow('IllegalRequest, LbaOutOfRange')
  })

  it('speaks every version', async () => {
    for (const version of [0x602, 0x600, 0x501, 0x402, 0x200]) {
      const { vsc } = await attached({ disk: new MemoryDisk({ blocks: 64 }), versions: [version] })
      expect(vsc.version).toBe(version)
      const data = pattern(4096, version)
      await vsc.write({ lba: 0, data })
      expect(same(await vsc.read({ lba: 0, blocks: 8 }), data)).toBe(true)
    }
  })

  it('is one of many units, which the driver lists and is told of', async () => {
    const { vsp, vsc, bus } = await attached({
      disks: [new MemoryDisk({ blocks: 10 }), new DvdUnit(new MemoryDisk({ blocks: 5, blockSize: 2048 }))],
    })
    expect(
      (await vsc.units()).map(({ lun, product, deviceType, capacity }) => [lun, product, deviceType, capacity?.blocks]),
    ).toEqual([
      [0, 'Virtual Disk', 0, 10],
      [1, 'Virtual DVD-ROM', 5, 5],
    ])
    let changes = 0
    vsc.on('changed', () => changes++)
    vsp.remove(0)
    vsp.add(200, new MemoryDisk({ blocks: 7 }))
    bus.settle()
    expect(changes).toBe(2)
    expect((await vsc.units()).map(({ lun }) => lun)).toEqual([1, 200])
    await expect(vsc.read({ lba: 0, blocks: 1, lun: 0 })).rejects.toThrow('SRB status InvalidLun')
  })

  it('tells the driver when its size has changed', async () => {
    let blocks = 8
    const memory = new MemoryDisk({ blocks: 100 })
    const growing: Disk = {
      blockSize: 512,
      get blocks() {
        return blocks
      },
      read: (io) => memory.read(io),
      write: (io) => memory.write(io),
    }
    const unit = new DiskUnit(growing)
    const { vsc } = await attached({ disk: unit })
    expect((await vsc.capacity()).blocks).toBe(8)
    blocks = 16
    unit.attention(0x2a09)
    await vsc.read({ lba: 0, blocks: 1 })
    expect((await vsc.capacity()).blocks).toBe(16)
  })

  it('is had as IDE accelerator and behind Fibre Channel', async () => {
    const ide = await attached(
      { disk: new MemoryDisk({ blocks: 8 }), kind: { ide: { channel: 1, device: 0 } } },
      new StorageVsc({ kind: 'ide' }),
    )
    // Linux says path 0, whatever the channel.
    expect((await ide.vsc.read({ lba: 0, blocks: 8 })).byteLength).toBe(4096)
    const wwn = {
      primaryActive: 1,
      primaryPortWwn: pattern(8),
      primaryNodeWwn: pattern(8, 2),
      secondaryPortWwn: pattern(8, 3),
      secondaryNodeWwn: pattern(8, 4),
    }
    const fc = await attached(
      { disk: new MemoryDisk({ blocks: 8 }), kind: 'fibre-channel', wwn },
      new StorageVsc({ kind: 'fibre-channel' }),
    )
    expect(fc.vsc.properties?.wwn).toEqual(wwn)
    expect((await fc.vsc.read({ lba: 0, blocks: 8 })).byteLength).toBe(4096)
  })
})

describe('The driver', () => {
  it('keeps a bounded number of commands on their way, in order', async () => {
    const slow = new FaultyDisk(new MemoryDisk({ blocks: 64 }), { seed: 5, delays: 1 })
    const { vsc, bus } = await attached({ disk: slow }, new StorageVsc({ queueDepth: 4 }))
    const done: number[] = []
    for (let at = 0; at < 10; at++) {
      vsc.submit({ cdb: Uint8Array.of(0x28, 0, 0, 0, 0, at, 0, 0, 1, 0), read: 512, done: () => done.push(at) })
    }
    expect([vsc.inFlight, vsc.waiting]).toEqual([4, 6])
    while (done.length < 10) {
      bus.settle()
      slow.release(1)
    }
    expect([...done].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect([vsc.inFlight, vsc.waiting]).toEqual([0, 0])
  })

  it('works over as many channels as there are processors', async () => {
    const { vsp, vsc } = await attached(
      { disk: new MemoryDisk({ blocks: 64 }), maxSubchannels: 8 },
      new StorageVsc({ cpus: 4 }),
    )
    expect([vsp.channels.size, vsc.channels.size]).toEqual([4, 4])
    const reads = Array.from({ length: 64 }, (_, lba) => vsc.read({ lba, blocks: 1 }))
    expect((await Promise.all(reads)).every(({ byteLength }) => byteLength === 512)).toBe(true)
    const few = await attached(
      { disk: new MemoryDisk({ blocks: 64 }), maxSubchannels: 2 },
      new StorageVsc({ cpus: 16 }),
    )
    expect(few.vsc.channels.size).toBe(3)
  })

  it('moves data straight between pieces of guest memory and the disk; gaps go over pages of its own', async () => {
    const { vsc, bus } = await attached({ disk: new MemoryDisk({ blocks: 64 }) })
    const [a = 0, b = 0, c = 0] = [1, 2, 1].map((count) => (bus.guest.pages.allocate(count)?.first ?? 0) * PAGE_SIZE)
    const ranges: number[] = []
    bus.events.on('packet', ({ at, direction, header }) => {
      if (at === 'guest' && direction === 'sent' && header.byteLength > 0)
        ranges.push(new DataView(header.buffer, header.byteOffset).getUint32(12, true))
    })
    const data = pattern(8192)
    bus.memory.write(a + 1000, data, 0, 3096)
    bus.memory.write(b, data, 3096, 4096)
    bus.memory.write(c, data, 7192, 1000)
    const cdb = (opcode: number) => Uint8Array.of(opcode, 0, 0, 0, 0, 0, 0, 0, 16, 0)
    const run = (opcode: number, segments: { gpa: number; length: number }[]) =>
      new Promise<ScsiOutcome>((resolve) =>
        vsc.submit({ cdb: cdb(opcode), segments, direction: opcode === 0x2a ? 'write' : 'read', done: resolve }),
      )
    const whole = [
      { gpa: a + 1000, length: 3096 },
      { gpa: b, length: 4096 },
      { gpa: c, length: 1000 },
    ]
    expect((await run(0x2a, whole)).kind).toBe('good')
    const gaps = [
      { gpa: b + 100, length: 5000 },
      { gpa: a + 8, length: 3192 },
    ]
    expect(await run(0x28, gaps)).toMatchObject({ kind: 'good', transferred: 8192 })
    // Offset in the first page: 1000 as given, and 0 of the driver's own pages.
    expect(ranges).toEqual([1000, 0])
    const back = new Uint8Array(8192)
    bus.memory.read(b + 100, back, 0, 5000)
    bus.memory.read(a + 8, back, 5000, 3192)
    expect(same(back, data)).toBe(true)
  })

  it('tries again what is worth it, five times, and no more', async () => {
    const calls = new Map<string, number>()
    const failing = (
      kind: 'busy' | 'aborted' | 'broken' | 'unreadable' | 'not-ready' | 'write-protected',
      times: number,
    ): Disk => {
      let left = times
      return {
        blockSize: 512,
        blocks: 8,
        read(io) {
          calls.set(kind, (calls.get(kind) ?? 0) + 1)
          io.complete(left-- > 0 ? kind : undefined)
        },
        write: (io) => io.complete(),
      }
    }
    for (const [kind, worth] of [
      ['busy', true],
      ['aborted', true],
      ['broken', true],
      ['not-ready', true],
      ['unreadable', false],
      ['write-protected', false],
    ] as const) {
      const { vsc } = await attached({ disks: [failing(kind, 5), failing(kind, 6)] })
      const [first, second] = await Promise.allSettled([
        vsc.read({ lba: 0, blocks: 1 }),
        vsc.read({ lun: 1, lba: 0, blocks: 1 }),
      ])
      expect([kind, first.status, second.status]).toEqual([kind, worth ? 'fulfilled' : 'rejected', 'rejected'])
      expect(calls.get(kind)).toBe(worth ? 12 : 2)
      if (second.status === 'rejected') expect(second.reason).toBeInstanceOf(ScsiError)
    }
  })

  it('calls commands overdue, and goes on waiting, as Linux does', async () => {
    const slow = new FaultyDisk(new MemoryDisk({ blocks: 64 }), { seed: 5, delays: 1 })
    const { vsc, bus } = await attached({ disk: slow }, new StorageVsc({ timeout: 100 }))
    const overdue: number[] = []
    let done = false
    vsc.on('overdue', (commands) => overdue.push(commands.length))
    vsc.tick(1000)
    vsc.submit({
      cdb: Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0),
      read: 512,
      done: () => {
        done = true
      },
    })
    bus.settle()
    for (const now of [1099, 1100, 1199, 1200]) vsc.tick(now)
    expect([overdue, done]).toEqual([[1, 1], false])
    slow.release()
    bus.settle()
    expect(done).toBe(true)
  })

  it('[B179] resets the bus, and waits for what is on its way', async () => {
    const slow = new FaultyDisk(new MemoryDisk({ blocks: 64 }), { seed: 5, delays: 1 })
    const { vsc, bus } = await attached({ disk: slow })
    const order: string[] = []
    vsc.submit({ cdb: Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0), read: 512, done: () => order.push('read') })
    const reset = vsc.resetBus().then(() => order.push('reset'))
    bus.settle()
    slow.release()
    await reset
    expect(order).toEqual(['read', 'reset'])
  })

  it('tells every command once when the device is taken away', async () => {
    const slow = new FaultyDisk(new MemoryDisk({ blocks: 64 }), { seed: 5, delays: 1 })
    const { vsp, vsc, bus } = await attached({ disk: slow }, new StorageVsc({ queueDepth: 8 }))
    const outcomes: string[] = []
    for (let at = 0; at < 20; at++) {
      vsc.submit({
        cdb: Uint8Array.of(0x28, 0, 0, 0, 0, at, 0, 0, 1, 0),
        read: 512,
        done: ({ kind }) => outcomes.push(kind),
      })
    }
    bus.settle()
    bus.host.revoke(vsp)
    bus.settle()
    slow.release()
    bus.settle()
    expect(outcomes).toEqual(Array(20).fill('closed'))
    expect([vsc.inFlight, vsc.waiting, vsp.running]).toEqual([0, 0, 0])
  })

  it('a write that the disk still holds when the device is taken away reaches it with the data that it had, never with zeros', async () => {
    const disk = new MemoryDisk({ blocks: 64 })
    const slow = new FaultyDisk(disk, { seed: 1, delays: 1 })
    const { vsp, vsc, bus } = await attached({ disk: slow })
    const data = pattern(8192)
    vsc.submit({ cdb: Uint8Array.of(0x2a, 0, 0, 0, 0, 8, 0, 0, 16, 0), write: data, done: () => {} })
    bus.settle()
    expect(slow.waiting).toBe(1)
    bus.host.revoke(vsp)
    bus.settle()
    slow.release()
    const found = new BufferMemory(new ArrayBuffer(8192))
    disk.read({ lba: 8, blocks: 16, data: found, complete: () => {} })
    expect(same(new Uint8Array(found.buffer), data)).toBe(true)
  })

  it('fails a command for which guest memory has no room', async () => {
    const { vsc, bus } = await attached({ disk: new MemoryDisk({ blocks: 64 }) })
    while (bus.guest.pages.allocate(1) !== undefined);
    await expect(vsc.read({ lba: 0, blocks: 8 })).rejects.toThrow('no room')
  })
})

/** A device that answers as the test has it answer. */
class HostileStorage extends Vsp {
  readonly offer = { interfaceId: DeviceId.Scsi, instanceId: guid('f8b3781a-1e82-4818-a1c3-63d806ec15bb') }
  /** Changes the answer to an operation; `undefined` keeps it. */
  answer: (operation: number, answer: Uint8Array) => Uint8Array | undefined = () => undefined
  note(bytes: Uint8Array): void {
    this.channel?.send(bytes)
  }
  completeUnknown(): void {
    this.channel?.sendCompletion(200, 7, new Uint8Array(64))
  }
  protected override onPacket(packet: RingPacket, channel: Channel): void {
    const operation = packet.bytes[packet.payloadOffset] ?? 0
    const answer = new Uint8Array(64)
    answer[0] = 1
    if (operation === 10) answer.set([0, 0, 4, 0], 24)
    if (operation === 3) answer.set([52, 0, 1], 12)
    channel.complete(packet, this.answer(operation, answer) ?? answer)
  }
}

describe('The driver and a host without manners', () => {
  async function hostile(answer: HostileStorage['answer'] = () => undefined) {
    const bus = createBus()
    const violations: string[] = []
    bus.events.on('violation', ({ at, violation }) => violations.push(`${at} ${violation.rule}`))
    const vsp = new HostileStorage()
    vsp.answer = answer
    bus.host.offer(vsp)
    const vsc = await bus.guest.attach(new StorageVsc({ cpus: 4 }))
    bus.settle()
    return { bus, vsp, vsc, violations }
  }
  const outcomeOf = ({ vsc, bus }: { vsc: StorageVsc; bus: { settle(): number } }) => {
    const outcomes: ScsiOutcome[] = []
    vsc.submit({
      cdb: Uint8Array.of(0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0),
      read: 512,
      done: (outcome) => outcomes.push(outcome),
    })
    bus.settle()
    return outcomes
  }

  it('[B183] takes any status but success for: not this version', async () => {
    for (const status of [0xc000_0059, 0xc000_0184, 1]) {
      let asked = 0
      const { vsc } = await hostile((operation, answer) => {
        if (operation === 9 && asked++ < 3) new DataView(answer.buffer).setUint32(8, status, true)
        return undefined
      })
      expect(vsc.version).toBe(0x402)
    }
    await expect(hostile((operation, answer) => (operation === 9 ? answer.fill(1, 8, 12) : undefined))).rejects.toThrow(
      'none of the protocol versions',
    )
  })

  it('[ST-20] does not use an answer that is too short, or none', async () => {
    for (const bad of [new Uint8Array(0), new Uint8Array(56).fill(1, 0, 1), new Uint8Array(64)]) {
      const rig = await hostile((operation) => (operation === 3 ? bad : undefined))
      expect(outcomeOf(rig)).toEqual([{ kind: 'invalid', srbStatus: 0, scsiStatus: 0, transferred: 0 }])
      expect(rig.violations).toEqual(['guest storage-answer'])
    }
  })

  it('[ST-22] takes an ENUMERATE_BUS of 4 bytes, and REMOVE_DEVICE, for news', async () => {
    const { bus, vsp, vsc, violations } = await hostile()
    let changes = 0
    vsc.on('changed', () => changes++)
    vsp.note(Uint8Array.of(11, 0, 0, 0))
    vsp.note(Uint8Array.of(2, 0, 0, 0))
    bus.settle()
    expect([changes, violations]).toEqual([2, []])
    for (const bytes of [Uint8Array.of(1, 0, 0, 0), Uint8Array.of(12, 0, 0, 0), new Uint8Array(0)]) vsp.note(bytes)
    bus.settle()
    expect([changes, violations]).toEqual([2, Array(3).fill('guest storage-unexpected-packet')])
  })

  it('[ST-23] cuts sense data and the number of bytes down to what can be', async () => {
    const rig = await hostile((operation, answer) => {
      if (operation !== 3) return undefined
      answer.set([0x84, 2], 14)
      answer[21] = 255
      answer.fill(0xff, 24, 28)
      answer.set([0x70, 0, 5, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0x24, 0], 28)
      return undefined
    })
    expect(outcomeOf(rig)).toEqual([
      { kind: 'failed', srbStatus: 4, scsiStatus: 2, transferred: 0, sense: { key: 5, additional: 0x2400 } },
    ])
    const long = await hostile((operation, answer) => (operation === 3 ? answer.fill(0xff, 24, 28) : undefined))
    expect(outcomeOf(long)).toEqual([{ kind: 'good', srbStatus: 1, scsiStatus: 0, transferred: 512 }])
  })

  it('[ST-25] drops completions of nothing', async () => {
    const rig = await hostile()
    rig.vsp.completeUnknown()
    expect(outcomeOf(rig)).toHaveLength(1)
    expect(rig.violations).toEqual(['guest completion-unknown-id'])
  })

  it('[ST-26] takes sane properties for those that cannot be', async () => {
    const properties = async (transfer: number, count: number) => {
      const { vsc } = await hostile((operation, answer) => {
        const view = new DataView(answer.buffer)
        if (operation === 10) {
          view.setUint16(16, count, true)
          view.setUint32(20, 1, true)
          view.setUint32(24, transfer, true)
        }
        return undefined
      })
      return [vsc.properties?.maxTransferBytes, vsc.properties?.maxSubchannels, vsc.channels.size]
    }
    expect(await properties(0, 0xffff)).toEqual([0x4_0000, 0xffff, 1])
    expect(await properties(0xffff_ffff, 0)).toEqual([0x40_0000, 0, 1])
    expect(await properties(4095, 1)).toEqual([0x4_0000, 1, 1])
    expect(await properties(0x1_1234, 1)).toEqual([0x1_1000, 1, 1])
  })
})
