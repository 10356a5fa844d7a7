import { describe, expect, it } from 'vitest'
import { VstorOperation } from '../src/devices/storage/index.ts'
import { createBus } from '../src/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { DeviceId } from '../src/vmbus/device-ids.ts'
import { StorageVsc } from '../src/vsc/storage/index.ts'
import { FaultyDisk, MemoryDisk, StorageVsp } from '../src/vsp/storage/index.ts'
import { toHex } from '../src/wire/index.ts'
import { packet, StorageRig, srb, version } from './storage-rig.ts'

const invalidState = 0xc000_0184
const mismatch = 0xc000_0059
const invalidParameter = 0xc000_000d

const disk = (blocks = 2048) => new MemoryDisk({ blocks })
const begin = packet(7)
const end = packet(8)
const ask = (major: number, minor: number, size = 64) => packet(9, version(major, minor), size)
const subchannels = (count: number) => packet(13, Uint8Array.of(count & 0xff, count >> 8))

describe('Negotiation', () => {
  it('[B166] begin, version, properties, end: each is completed with status 0, operation 1', async () => {
    const rig = await StorageRig.open({ disk: disk() })
    for (const request of [begin, ask(6, 2), packet(10), end]) {
      const answer = await rig.guest.ask(request)
      expect(toHex(answer.subarray(0, 12))).toBe('010000000000000000000000')
      expect(answer.byteLength).toBe(64)
    }
    expect([rig.vsp.isReady, rig.vsp.version]).toEqual([true, 0x602])
  })

  it('[B166] with sub-channels before the end, as Windows asks for them', async () => {
    const rig = await StorageRig.open({ disk: disk(), maxSubchannels: 2 })
    for (const request of [begin, ask(6, 0), packet(10), subchannels(2), end]) expect(await rig.status(request)).toBe(0)
    rig.bus.settle()
    expect(rig.bus.guest.offers.map(({ offer }) => offer.subchannelIndex)).toEqual([0, 1, 2])
  })

  it('[B167][ST-05] anything else first is refused, and changes nothing', async () => {
    const rig = await StorageRig.open({ disk: disk(), maxSubchannels: 1 })
    for (const early of [
      end,
      ask(6, 2),
      packet(10),
      subchannels(1),
      srb({ cdb: [0] }),
      ...[4, 5, 6].map((op) => packet(op)),
    ]) {
      expect(await rig.status(early)).toBe(invalidState)
    }
    for (const request of [begin, ask(6, 2), packet(10), end]) expect(await rig.status(request)).toBe(0)
  })

  it('[B168][ST-07] an unknown version is refused, another may be asked for', async () => {
    for (const known of [
      [2, 0],
      [4, 2],
      [5, 1],
      [6, 0],
      [6, 2],
    ] as const) {
      const rig = await StorageRig.open({ disk: disk() })
      await rig.guest.ask(begin)
      for (const [major, minor] of [
        [0, 0],
        [0xff, 0xff],
        [7, 0],
        [6, 1],
      ] as const) {
        const answer = await rig.guest.ask(ask(major, minor))
        expect(new DataView(answer.buffer).getUint32(8, true)).toBe(mismatch)
        expect(toHex(answer.subarray(12, 16))).toBe(toHex(version(major, minor)))
      }
      expect(await rig.status(ask(known[0], known[1]))).toBe(0)
      expect(rig.vsp.version).toBe(known[0] * 256 + known[1])
    }
  })

  it('can leave versions out, as OpenVMM does 6.2', async () => {
    const rig = await StorageRig.open({ disk: disk(), versions: [0x600, 0x501] })
    await rig.guest.ask(begin)
    expect([await rig.status(ask(6, 2)), await rig.status(ask(6, 0))]).toEqual([mismatch, 0])
  })

  it('[B169][OK-18][OK-19][ST-28] the completion is as long as the request, 64 bytes at most, and padded with zeros', async () => {
    const rig = await StorageRig.open({ disk: disk() })
    await rig.guest.ask(begin)
    for (const [size, answered] of [
      [48, 48],
      [50, 56],
      [56, 56],
      [64, 64],
      [72, 64],
    ] as const) {
      const answer = await rig.guest.ask(ask(0xff, 0xff, size))
      expect([size, answer.byteLength]).toEqual([size, answered])
      expect(toHex(answer)).toBe(`0100000000000000590000c0ffff0000${'00'.repeat(answered - 16)}`)
    }
  })

  it('[B170] properties: multi-channel and the number of sub-channels from 5.1 on, 0x40000 bytes a transfer', async () => {
    for (const [major, minor, flags, count] of [
      [6, 2, 1, 3],
      [5, 1, 1, 3],
      [4, 2, 0, 0],
      [2, 0, 0, 0],
    ] as const) {
      const rig = await StorageRig.open({ disk: disk(), maxSubchannels: 3 })
      await rig.guest.ask(begin)
      await rig.guest.ask(ask(major, minor))
      const view = new DataView((await rig.guest.ask(packet(10))).buffer)
      expect([view.getUint16(16, true), view.getUint32(20, true), view.getUint32(24, true)]).toEqual([
        count,
        flags,
        0x4_0000,
      ])
    }
  })

  it('[B170][ST-17] too many sub-channels, or none, are a wrong number; before 5.1 and over a sub-channel the state is wrong', async () => {
    const rig = await StorageRig.ready({ disk: disk(), maxSubchannels: 2 })
    expect(await rig.status(subchannels(0xffff))).toBe(invalidParameter)
    expect(await rig.status(subchannels(3))).toBe(invalidParameter)
    expect(await rig.status(subchannels(0))).toBe(invalidParameter)
    const old = await StorageRig.ready({ disk: disk(), maxSubchannels: 2 }, {}, version(4, 2))
    expect(await old.status(subchannels(1))).toBe(invalidState)
    expect(await rig.status(subchannels(1))).toBe(0)
    rig.bus.settle()
    const sub = rig.guest.channels.get(1)
    const statuses: (number | undefined)[] = []
    for (const request of [subchannels(1), begin, end]) {
      sub?.request(request, (answer) =>
        statuses.push(answer && new DataView(answer.copyPayload().buffer).getUint32(8, true)),
      )
    }
    rig.bus.settle()
    expect(statuses).toEqual([invalidState, invalidState, invalidState])
  })

  it('[B171] begin after the end is refused', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    expect(await rig.status(begin)).toBe(invalidState)
    expect(await rig.status(end)).toBe(invalidState)
    expect((await rig.execute({ cdb: [0, 0, 0, 0, 0, 0] })).srb).toBe(1)
  })

  it('[B182] packets on a sub-channel wait until the primary channel has made itself known', async () => {
    const rig = await StorageRig.open({ disk: disk(), maxSubchannels: 1 })
    for (const request of [begin, ask(6, 2), packet(10), subchannels(1)]) await rig.guest.ask(request)
    rig.bus.settle()
    const answers: unknown[] = []
    rig.guest.channels
      .get(1)
      ?.request(srb({ cdb: [0, 0, 0, 0, 0, 0] }), (answer) => answers.push(answer?.bytes[answer.payloadOffset + 14]))
    rig.bus.settle()
    expect(answers).toEqual([])
    await rig.guest.ask(end)
    rig.bus.settle()
    expect(answers).toEqual([1])
  })

  it('starts anew when the channel is opened again', async () => {
    const rig = await StorageRig.ready({ disk: disk(), maxSubchannels: 1 })
    await rig.guest.ask(subchannels(1))
    rig.bus.settle()
    rig.guest.close()
    rig.bus.settle()
    expect([rig.vsp.isReady, rig.vsp.channels.size]).toEqual([false, 0])
    await rig.bus.guest.attach(rig.guest)
    expect(await rig.status(end)).toBe(invalidState)
    for (const request of [begin, ask(5, 1), packet(10), end, subchannels(1)]) expect(await rig.status(request)).toBe(0)
  })
})

describe('Offers', () => {
  it('of SCSI, Fibre Channel, and IDE accelerators with their place in instance and user-defined bytes', () => {
    expect(new StorageVsp().offer.interfaceId).toBe(DeviceId.Scsi)
    expect(new StorageVsp({ kind: 'fibre-channel' }).offer.interfaceId).toBe(DeviceId.FibreChannel)
    const ide = new StorageVsp({ kind: { ide: { channel: 1, device: 0 } }, disk: disk() })
    expect(ide.offer.interfaceId).toBe(DeviceId.Ide)
    expect(ide.offer.instanceId).toBe('00000001-0000-8899-0000-000000000000')
    expect(toHex((ide.offer.userDefined ?? new Uint8Array(0)).subarray(0, 16))).toBe('00000100000000000200000000000000')
    expect(ide.unit({ path: 1, target: 0, lun: 0 })).toBeDefined()
  })
})

describe('What breaks the protocol', () => {
  const stops = async (rig: StorageRig, rule: string, send: () => unknown) => {
    send()
    rig.bus.settle()
    expect(rig.violations.filter((seen) => seen.startsWith('host'))).toEqual([rule])
    expect(rig.vsp.channel).toBeUndefined()
    // The connection goes on: the device can be had again.
    rig.guest.close()
    rig.bus.settle()
    await rig.bus.guest.attach(rig.guest)
    expect(await rig.status(begin)).toBe(0)
  }

  for (const [name, operation] of [
    ['COMPLETE_IO', 1],
    ['REMOVE_DEVICE', 2],
    ['ENUMERATE_BUS', 11],
    ['FCHBA_DATA', 12],
    ['0', 0],
    ['14', 14],
  ] as const) {
    it(`[B180] operation ${name} stops the channel`, async () => {
      const rig = await StorageRig.ready({ disk: disk() })
      await stops(rig, 'host storage-operation', () => rig.guest.channel?.request(packet(operation), () => {}))
    })
  }

  it('[B181][ST-02] a packet that wants no completion stops the channel', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    await stops(rig, 'host storage-not-transactional', () => rig.guest.channel?.send(packet(VstorOperation.ResetBus)))
  })

  it('[B181][ST-01] a completion stops the channel', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    rig.guest.channel?.sendCompletion(7, 0, packet(1))
    rig.bus.settle()
    expect(rig.violations).toEqual(['host completion-unknown-id', 'host storage-packet-type'])
    expect(rig.vsp.channel).toBeUndefined()
  })

  it('[ST-04] a packet too short for its header, or for a request, stops the channel', async () => {
    for (const size of [0, 8]) {
      const rig = await StorageRig.ready({ disk: disk() })
      await stops(rig, 'host storage-short-packet', () => rig.guest.channel?.request(new Uint8Array(size), () => {}))
    }
    const rig = await StorageRig.ready({ disk: disk() })
    await stops(rig, 'host storage-short-packet', () =>
      rig.guest.channel?.request(srb({ cdb: [0] }).subarray(0, 40), () => {}),
    )
  })

  it('[B181][ST-08] more data than the range holds, or more than one range, stops the channel: no partial I/O', async () => {
    const write = (length: number) => srb({ cdb: [0x2a, 0, 0, 0, 0, 0, 0, 0, 8, 0], length, dataIn: 0 })
    for (const ranges of [1, 2]) {
      const memory = disk()
      const rig = await StorageRig.ready({ disk: memory })
      const range = rig.range(ranges === 1 ? 4095 : 4096)
      await stops(rig, 'host storage-data-length', () =>
        rig.guest.channel?.request(write(4096), () => {}, ranges === 1 ? [range] : [range, range]),
      )
      expect(memory.bytesInUse).toBe(0)
    }
  })

  it('[ST-10] data in an in-band packet stops the channel', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    await stops(rig, 'host storage-data-length', () =>
      rig.guest.channel?.request(srb({ cdb: [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], length: 512 }), () => {}),
    )
  })

  it('[ST-19] a range over pages that are no memory: an SRB error, and nothing is written', async () => {
    const memory = disk()
    const rig = await StorageRig.ready({ disk: memory })
    const range = { byteCount: 8192, byteOffset: 0, pfns: [rig.page, 0x7_ffff_ffff] }
    const write = srb({ cdb: [0x2a, 0, 0, 0, 0, 0, 0, 0, 16, 0], length: 8192, dataIn: 0 })
    const answer = await rig.guest.ask(write, [range])
    expect([answer[14], new DataView(answer.buffer).getUint32(8, true)]).toEqual([0x30, 0xc000_0185])
    expect(memory.bytesInUse).toBe(0)
    expect((await rig.execute({ cdb: [0, 0, 0, 0, 0, 0] })).srb).toBe(1)
  })
})

describe('Hot-plugging', () => {
  it('[B178] a unit added or removed: ENUMERATE_BUS in-band, wants no completion, padded to the packet size', async () => {
    for (const [major, minor, size] of [
      [6, 2, 64],
      [5, 1, 64],
      [4, 2, 48],
    ] as const) {
      const rig = await StorageRig.ready({ disk: disk() }, {}, version(major, minor))
      rig.vsp.add(1, disk())
      rig.vsp.remove(0)
      rig.bus.settle()
      const bytes = Uint8Array.from({ length: size }, (_, at) => (at === 0 ? 11 : 0))
      expect(rig.guest.notes).toEqual([
        { bytes, wantsCompletion: false },
        { bytes, wantsCompletion: false },
      ])
      expect((await rig.execute({ cdb: [0, 0, 0, 0, 0, 0], lun: 1 })).srb).toBe(1)
    }
  })

  it('[B178] not before the guest is known, nor before 4.2', async () => {
    const rig = await StorageRig.open({})
    rig.vsp.add(0, disk())
    const old = await StorageRig.ready({}, {}, version(2, 0))
    old.vsp.add(0, disk())
    rig.bus.settle()
    old.bus.settle()
    expect([rig.guest.notes, old.guest.notes]).toEqual([[], []])
    expect(() => old.vsp.add(0, disk())).toThrow('already')
  })

  it('commands of a unit that is gone are finished by it', async () => {
    const faulty = new FaultyDisk(disk(), { seed: 1, delays: 1 })
    const rig = await StorageRig.ready({ disk: faulty })
    const reading = rig.execute({ cdb: [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], length: 512 })
    rig.bus.settle()
    expect([faulty.waiting, rig.vsp.running]).toEqual([1, 1])
    rig.vsp.remove(0)
    faulty.release()
    expect((await reading).srb).toBe(1)
    expect(rig.vsp.running).toBe(0)
  })
})

describe('Ejecting', () => {
  const read = { cdb: [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], length: 512 }

  it('units go first, and the guest is told; what the disk has is completed; then the controller goes', async () => {
    const faulty = new FaultyDisk(disk(), { seed: 1, delays: 1 })
    const rig = await StorageRig.ready({ disk: faulty })
    const reading = rig.execute(read)
    rig.bus.settle()
    const gone = rig.vsp.eject()
    expect(rig.vsp.eject()).toBe(gone)
    rig.bus.settle()
    expect(rig.guest.notes.map(({ bytes }) => bytes[0])).toEqual([11])
    expect([rig.vsp.isOffered, rig.vsp.running]).toEqual([true, 1])

    const ready = rig.execute({ cdb: [0, 0, 0, 0, 0, 0] })
    const inquiry = rig.execute({ cdb: [0x12, 0, 0, 0, 36, 0], length: 36 })
    const luns = rig.execute({ cdb: [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0], length: 64 })
    rig.bus.settle()
    faulty.release()
    expect((await ready).srb).toBe(0x20)
    expect((await inquiry).srb).toBe(1)
    expect((await luns).transferred).toBe(8)
    expect((await reading).srb).toBe(1)
    await gone
    expect([rig.vsp.isOffered, rig.vsp.running]).toEqual([false, 0])
    rig.bus.settle()
    expect(rig.guest.device).toBe(undefined)
    expect(rig.violations).toEqual([])
  })

  it('the controller waits until the guest is quiet, and goes in the end though it never is', async () => {
    const waiting: (() => void)[] = []
    const rig = await StorageRig.ready({ disk: disk() }, { host: { later: (run) => waiting.push(run) } })
    void rig.vsp.eject()
    let looks = 0
    for (; rig.vsp.isOffered; looks++) {
      await rig.execute({ cdb: [0, 0, 0, 0, 0, 0] })
      waiting.shift()?.()
    }
    expect([looks, waiting]).toEqual([151, []])
    const other = await StorageRig.ready({ disk: disk() }, { host: { later: (run) => waiting.push(run) } })
    const gone = other.vsp.eject()
    for (looks = 0; other.vsp.isOffered; looks++) {
      if (looks < 3) await other.execute({ cdb: [0, 0, 0, 0, 0, 0] })
      waiting.shift()?.()
    }
    // Three, then quiet for six; then it is asked once more what it has to do, and has five seconds for that.
    expect(looks).toBe(9 + 51)
    await gone
  })

  it('the guest is asked to look again, until it has done the same twice: it may be slow', async () => {
    const waiting: (() => void)[] = []
    const rig = await StorageRig.ready({ disk: disk() }, { host: { later: (run) => waiting.push(run) } })
    const gone = rig.vsp.eject()
    let scans = 0
    let looks = 0
    for (; rig.vsp.isOffered; looks++) {
      // It comes to that up to two seconds later; the first time it has three commands, then two.
      rig.bus.settle()
      if (looks % 20 === 19 && rig.guest.notes.length > scans) {
        scans = rig.guest.notes.length
        for (let count = scans === 2 ? 3 : 2; count > 0; count--) await rig.execute({ cdb: [0, 0, 0, 0, 0, 0] })
      }
      waiting.shift()?.()
    }
    await gone
    expect([scans, rig.violations]).toEqual([4, []])
  })

  it('a command that the disk never completes is aborted, once: what the disk does later is nobody’s', async () => {
    const waiting: (() => void)[] = []
    const faulty = new FaultyDisk(disk(), { seed: 1, delays: 1 })
    const rig = await StorageRig.ready({ disk: faulty }, { host: { later: (run) => waiting.push(run) } })
    rig.bus.memory.write(rig.page * PAGE_SIZE, new Uint8Array(512).fill(0xaa), 0, 512)
    const reading = rig.execute(read)
    rig.bus.settle()
    const gone = rig.vsp.eject()
    for (let looks = 0; looks < 150; looks++) waiting.shift()?.()
    expect(rig.vsp.running).toBe(1)
    waiting.shift()?.()
    expect(await reading).toMatchObject({ srb: 2, status: 0xc000_0120, transferred: 0 })
    expect([rig.vsp.isOffered, rig.vsp.running]).toEqual([true, 0])
    faulty.release()
    while (rig.vsp.isOffered) waiting.shift()?.()
    await gone
    expect(toHex(rig.data(4))).toBe('aaaaaaaa')
    expect(rig.violations).toEqual([])
  })

  it('a controller that no guest has opened goes at once; offered anew it has its units; one that is revoked meanwhile stays gone', async () => {
    const bus = createBus()
    const vsp = new StorageVsp({ disk: disk() })
    await vsp.eject()
    bus.host.offer(vsp)
    bus.settle()
    await vsp.eject()
    expect(vsp.isOffered).toBe(false)
    bus.host.offer(vsp)
    const driver = await bus.guest.attach(StorageVsc)
    expect((await driver.units()).map(({ lun }) => lun)).toEqual([0])
    const gone = vsp.eject()
    vsp.close()
    await gone
    bus.host.offer(vsp)
    bus.settle()
    expect(vsp.isOffered).toBe(true)
    bus.close()
  })

  it('under load, each command of our driver’s ends once: with data before, and as one of an absent unit after', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const faulty = new FaultyDisk(disk(), { seed, delays: 0.5 })
      const bus = createBus({ seed, scheduling: 'scheduled' })
      const vsp = new StorageVsp({ disk: faulty, maxSubchannels: 2 })
      bus.host.offer(vsp)
      const driver = await bus.guest.attach(new StorageVsc({ cpus: 3, queueDepth: 16 }))
      const ends: string[][] = []
      // Each goes on until it is refused.
      const load = (): void => {
        const told: string[] = []
        ends.push(told)
        driver.submit({
          cdb: Uint8Array.of(0x28, 0, 0, 0, 0, ends.length % 64, 0, 0, 1, 0),
          read: 512,
          done: ({ kind, srbStatus }) => {
            told.push(`${kind} ${srbStatus}`)
            if (kind === 'good') load()
          },
        })
      }
      for (let number = 0; number < 32; number++) load()
      for (let round = 0; round < 10; round++) {
        bus.settle()
        faulty.release(3)
      }
      const gone = vsp.eject()
      while (vsp.isOffered) {
        bus.settle()
        faulty.release()
      }
      await gone
      expect([seed, vsp.running, driver.inFlight, driver.waiting]).toEqual([seed, 0, 0, 0])
      expect(ends.filter((told) => told.length !== 1)).toEqual([])
      const refused = ends.filter(([end]) => end === 'failed 32').length
      const good = ends.filter(([end]) => end === 'good 1').length
      expect([refused, good]).toEqual([32, ends.length - 32])
      expect(good).toBeGreaterThan(10)
    }
  })
})

describe('Data', () => {
  it('[B172] move between the disk and exactly the pages given, and requests complete in any order', async () => {
    const slow = new FaultyDisk(disk(), { seed: 1, delays: 1 })
    const rig = await StorageRig.ready({ disks: [disk(), slow] })
    const { memory } = rig.bus
    const order: string[] = []
    const read = [0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0]
    const first = rig.execute({ cdb: read, lun: 1, length: 1024 }).then(() => order.push('slow'))
    await rig.execute({ cdb: read, length: 1024 }).then(() => order.push('fast'))
    slow.release()
    await first
    expect(order).toEqual(['fast', 'slow'])

    // Pages out of order, the first and the last used in part: 100 … 4095, then 0 … 1123 of another.
    const pages = [rig.page + 9, rig.page + 3, rig.page + 6]
    for (const page of pages) memory.write(page * PAGE_SIZE, new Uint8Array(PAGE_SIZE).fill(page), 0, PAGE_SIZE)
    const range = { byteCount: 9216, byteOffset: 100, pfns: pages }
    const write = srb({ cdb: [0x2a, 0, 0, 0, 0, 5, 0, 0, 18, 0], length: 9216, dataIn: 0 })
    expect((await rig.guest.ask(write, [range]))[14]).toBe(1)
    const answer = await rig.execute({ cdb: [0x28, 0, 0, 0, 0, 5, 0, 0, 18, 0], length: 9216 })
    expect(answer).toMatchObject({ srb: 1, transferred: 9216 })
    const [a = 0, b = 0, c = 0] = pages
    const expected = Uint8Array.from({ length: 9216 }, (_, at) => (at < 3996 ? a : at < 8092 ? b : c) & 0xff)
    expect(toHex(rig.data(9216))).toBe(toHex(expected))
  })

  it('are not touched once the guest has closed the channel', async () => {
    const slow = new FaultyDisk(disk(), { seed: 1, delays: 1 })
    const rig = await StorageRig.ready({ disk: slow })
    const before = new Uint8Array(512).fill(0xaa)
    rig.bus.memory.write(rig.page * PAGE_SIZE, before, 0, 512)
    const reading = rig
      .execute({ cdb: [0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], length: 512 })
      .catch((error: Error) => error.message)
    rig.bus.settle()
    rig.guest.close()
    rig.bus.settle()
    expect(await reading).toContain('closed')
    slow.release()
    expect(toHex(rig.data(512))).toBe(toHex(before))
    expect(rig.vsp.running).toBe(0)
  })
})
