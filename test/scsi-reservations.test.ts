import { describe, expect, it } from 'vitest'
import {
  Cdb,
  FullStatusData,
  ReservationCapabilities,
  ReservationData,
  ReservationKeys,
  ReservationParameters,
  ReservationType,
  SasTransportId,
} from '../src/devices/scsi/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { type Disk, FaultyDisk, MemoryDisk } from '../src/vsp/storage/index.ts'
import { guid, toHex } from '../src/wire/index.ts'
import { StorageRig } from './storage-rig.ts'

const { WriteExclusive, ExclusiveAccess } = ReservationType
const registrantsOnly: readonly number[] = [
  ReservationType.WriteExclusiveRegistrantsOnly,
  ReservationType.ExclusiveAccessRegistrantsOnly,
]
const allRegistrants: readonly number[] = [
  ReservationType.WriteExclusiveAllRegistrants,
  ReservationType.ExclusiveAccessAllRegistrants,
]
const action = { register: 0, reserve: 1, release: 2, clear: 3, preempt: 4, preemptAndAbort: 5, ignore: 6, move: 7 }

const a = 0xaaaa_0000_0000_0001n
const b = 0xbbbb_0000_0000_0002n
const c = 0xcccc_0000_0000_0003n

const good = 'good'
const conflict = 'conflict'
const attention = (qualifier: number) => `6 2a0${qualifier}`
const preempted = attention(3)
const released = attention(4)
const unregistered = attention(5)

/** One guest of a cluster. */
class Node {
  constructor(readonly rig: StorageRig) {}

  static async of(disk: Disk, instance = 1): Promise<Node> {
    return new Node(
      await StorageRig.ready({ disk, instanceId: guid(`f8b3781a-1e82-4818-a1c3-63d806ec150${instance}`) }),
    )
  }

  /** What becomes of a command: `good`, `conflict`, or sense key and additional sense. */
  async execute(cdb: readonly number[], given?: Uint8Array | number): Promise<string> {
    const data = typeof given === 'number' ? undefined : given
    const { srb, scsi, sense } = await this.rig.execute(
      { cdb, ...(typeof given === 'number' && { length: given }) },
      data,
    )
    if (srb === 1 && scsi === 0) return good
    if (srb === 4 && scsi === 0x18) return conflict
    return `${sense[5]} ${sense.slice(24, 28)}`
  }

  out(service: number, key: bigint, next = 0n, type = 0, flags = {}): Promise<string> {
    const list = ReservationParameters.encode({
      reservationKey: key,
      serviceActionKey: next,
      flags: { persistThroughPowerLoss: false, allTargetPorts: false, specifyInitiatorPorts: false, ...flags },
    })
    return this.execute([0x5f, service, type, 0, 0, 0, 0, 0, 24, 0], list)
  }

  /** Data of PERSISTENT RESERVE IN. */
  async in(service: number, length = 512): Promise<Uint8Array> {
    const { transferred } = await this.rig.execute({
      cdb: [0x5e, service, 0, 0, 0, 0, 0, length >> 8, length & 0xff, 0],
      length,
    })
    return this.rig.data(transferred)
  }

  async keys(): Promise<readonly bigint[]> {
    return ReservationKeys.decode(await this.in(0)).keys
  }

  /** Type and key of the reservation. */
  async reservation(): Promise<readonly [type: number, key: bigint] | undefined> {
    const [descriptor] = ReservationData.decode(await this.in(1)).descriptors
    return descriptor && [descriptor.kind.reservationType, descriptor.reservationKey]
  }

  read(): Promise<string> {
    return this.execute([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0], 512)
  }

  write(): Promise<string> {
    return this.execute([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0], new Uint8Array(512))
  }
}

/** Three guests that share a disk; the first two have registered. */
async function cluster(disk: Disk = new MemoryDisk({ blocks: 64 })) {
  const [first, second, third] = [await Node.of(disk), await Node.of(disk, 2), await Node.of(disk, 3)]
  expect(await first.out(action.register, 0n, a)).toBe(good)
  expect(await second.out(action.register, 0n, b)).toBe(good)
  return { first, second, third }
}

describe('Commands of persistent reservations', () => {
  it('and their data', () => {
    expect(Cdb.decode(fromHex('5f050700000000001800'))).toMatchObject({
      type: 'PersistentReserveOut',
      action: { serviceAction: 5 },
      kind: { reservationType: 7, scope: 0 },
      parameterListLength: 24,
    })
    expect(Cdb.decode(fromHex('5e030000000000020000'))).toMatchObject({
      type: 'PersistentReserveIn',
      action: { serviceAction: 3 },
      allocationLength: 512,
    })
    expect(ReservationParameters.decode(fromHex(`${'aa'.repeat(8)}${'bb'.repeat(8)}000000000d000000`))).toEqual({
      reservationKey: 0xaaaa_aaaa_aaaa_aaaan,
      serviceActionKey: 0xbbbb_bbbb_bbbb_bbbbn,
      flags: { persistThroughPowerLoss: true, allTargetPorts: true, specifyInitiatorPorts: true },
    })
    expect(ReservationCapabilities.decode(fromHex('000801 80ea010000'.replace(' ', '')))).toMatchObject({
      capable: { persistThroughPowerLoss: true, allTargetPorts: false },
      state: { typesValid: true, persistThroughPowerLoss: false },
      types: { writeExclusive: true, exclusiveAccess: true, exclusiveAccessAllRegistrants: true },
    })
  })
})

describe('Registering', () => {
  it('each guest has a key, which the others see', async () => {
    const { first, second, third } = await cluster()
    expect(await third.keys()).toEqual([a, b])
    expect(await first.out(action.register, a, c)).toBe(good)
    expect(await second.keys()).toEqual([c, b])
    // A key that is not one's own.
    expect(await first.out(action.register, a, b)).toBe(conflict)
    expect(await third.out(action.register, a, b)).toBe(conflict)
    expect(await third.out(action.ignore, a, b)).toBe(good)
    expect(await first.out(action.ignore, 0n, a)).toBe(good)
    expect(await first.keys()).toEqual([a, b, b])
    expect(await first.out(action.register, a, 0n)).toBe(good)
    expect(await second.out(action.ignore, 0n, 0n)).toBe(good)
    expect(await first.keys()).toEqual([b])
  })

  it('counts in the generation, as do CLEAR and PREEMPT, but not what fails, nor RESERVE and RELEASE', async () => {
    const { first, second, third } = await cluster()
    const generation = async () => ReservationKeys.decode(await third.in(0)).generation
    expect(await generation()).toBe(2)
    await first.out(action.register, b, a)
    await first.out(action.reserve, a, 0n, WriteExclusive)
    await first.out(action.release, a, 0n, WriteExclusive)
    expect(await generation()).toBe(2)
    await second.out(action.preempt, b, a, WriteExclusive)
    expect(await generation()).toBe(3)
    await second.out(action.clear, b)
    expect(await first.read()).toBe(unregistered)
    expect(await generation()).toBe(4)
  })

  it('tells capabilities, and whether it is to persist', async () => {
    const { first } = await cluster()
    expect(toHex(await first.in(2))).toBe('00080180ea010000')
    expect(await first.out(action.register, a, a, 0, { persistThroughPowerLoss: true })).toBe(good)
    expect(toHex(await first.in(2))).toBe('00080181ea010000')
  })

  it('tells its full status: keys, holder, ports, and names of the guests', async () => {
    const { first, second } = await cluster()
    await second.out(action.reserve, b, 0n, ReservationType.ExclusiveAccessRegistrantsOnly)
    const { generation, additionalLength, descriptors } = FullStatusData.decode(await first.in(3))
    expect([generation, additionalLength]).toEqual([2, 96])
    expect(descriptors).toMatchObject([
      { reservationKey: a, flags: { holder: false }, kind: { reservationType: 0 }, relativePort: 1 },
      { reservationKey: b, flags: { holder: true }, kind: { reservationType: 6 }, relativePort: 2 },
    ])
    const names = descriptors.map(({ transportId }) => SasTransportId.decode(transportId))
    expect(names.map(({ protocol }) => protocol)).toEqual([
      { protocol: 6, format: 0 },
      { protocol: 6, format: 0 },
    ])
    expect(new Set(names.map(({ sasAddress }) => sasAddress)).size).toBe(2)
    expect(names.map(({ sasAddress }) => sasAddress >> 60n)).toEqual([3n, 3n])
  })

  it('outlives channel and driver, but not the disk', async () => {
    const disk = new MemoryDisk({ blocks: 64 })
    const { first, second } = await cluster(disk)
    await first.out(action.reserve, a, 0n, WriteExclusive)
    first.rig.guest.close()
    first.rig.bus.settle()
    expect(await second.write()).toBe(conflict)
    expect(await second.keys()).toEqual([a, b])
    const other = await Node.of(new MemoryDisk({ blocks: 64 }))
    expect([await other.keys(), await other.reservation()]).toEqual([[], undefined])
  })
})

describe('A reservation', () => {
  it('write exclusive: others read; exclusive access: nor that; whoever has registered or not', async () => {
    for (const type of [WriteExclusive, ExclusiveAccess]) {
      const { first, second, third } = await cluster()
      expect(await first.out(action.reserve, a, 0n, type)).toBe(good)
      const read = type === WriteExclusive ? good : conflict
      for (const other of [second, third]) {
        expect([await other.read(), await other.write()]).toEqual([read, conflict])
      }
      expect([await first.read(), await first.write()]).toEqual([good, good])
      expect(await third.reservation()).toEqual([type, a])
    }
  })

  it('for registrants: they do as the holder does', async () => {
    for (const type of [...registrantsOnly, ...allRegistrants]) {
      const { first, second, third } = await cluster()
      expect(await first.out(action.reserve, a, 0n, type)).toBe(good)
      const isWrite = type === registrantsOnly[0] || type === allRegistrants[0]
      expect([await second.read(), await second.write()]).toEqual([good, good])
      expect([await third.read(), await third.write()]).toEqual([isWrite ? good : conflict, conflict])
      expect(await third.reservation()).toEqual([type, allRegistrants.includes(type) ? 0n : a])
    }
  })

  it('keeps out what changes the disk, and lets what asks for nothing of it pass', async () => {
    const { first, third } = await cluster()
    await first.out(action.reserve, a, 0n, ExclusiveAccess)
    const open = {
      'TEST UNIT READY': [0, 0, 0, 0, 0, 0],
      INQUIRY: [0x12, 0, 0, 0, 36, 0],
      'REQUEST SENSE': [3, 0, 0, 0, 18, 0],
      'REPORT LUNS': [0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0],
      'READ CAPACITY(10)': [0x25, ...Array(9).fill(0)],
      'READ CAPACITY(16)': [0x9e, 0x10, ...Array(11).fill(0), 32, 0, 0],
      START: [0x1b, 0, 0, 0, 1, 0],
      'allow removal': [0x1e, 0, 0, 0, 0, 0],
      'READ KEYS': [0x5e, 0, 0, 0, 0, 0, 0, 0, 64, 0],
    }
    const closed = {
      'READ(6)': [8, 0, 0, 0, 1, 0],
      'READ(16)': [0x88, ...Array(12).fill(0), 1, 0, 0],
      'WRITE(16)': [0x8a, ...Array(12).fill(0), 1, 0, 0],
      'VERIFY(10)': [0x2f, 0, 0, 0, 0, 0, 0, 0, 1, 0],
      UNMAP: [0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0],
      'WRITE SAME(16)': [0x93, 1, ...Array(11).fill(0), 1, 0, 0],
      'SYNCHRONIZE CACHE(10)': [0x35, ...Array(9).fill(0)],
      'MODE SENSE(6)': [0x1a, 8, 8, 0, 64, 0],
      'MODE SELECT(6)': [0x15, 0x10, 0, 0, 24, 0],
      'GET LBA STATUS': [0x9e, 0x12, ...Array(11).fill(0), 24, 0, 0],
      STOP: [0x1b, 0, 0, 0, 0, 0],
      'prevent removal': [0x1e, 0, 0, 0, 1, 0],
    }
    for (const [name, cdb] of Object.entries(open)) expect([name, await third.execute(cdb, 64)]).toEqual([name, good])
    for (const [name, cdb] of Object.entries(closed)) {
      expect([name, await third.execute(cdb, 512)]).toEqual([name, conflict])
    }
  })

  it('is one: made by who has registered, with its key; made anew the same by its holder only', async () => {
    const { first, second, third } = await cluster()
    expect(await third.out(action.reserve, 0n, 0n, WriteExclusive)).toBe(conflict)
    expect(await first.out(action.reserve, b, 0n, WriteExclusive)).toBe(conflict)
    expect(await first.out(action.reserve, a, 0n, WriteExclusive)).toBe(good)
    expect(await first.out(action.reserve, a, 0n, WriteExclusive)).toBe(good)
    expect(await first.out(action.reserve, a, 0n, ExclusiveAccess)).toBe(conflict)
    expect(await second.out(action.reserve, b, 0n, WriteExclusive)).toBe(conflict)
  })

  it('is released by its holder, in its type; registrants who shared it are told', async () => {
    const { first, second, third } = await cluster()
    expect(await first.out(action.release, a, 0n, WriteExclusive)).toBe(good)
    await first.out(action.reserve, a, 0n, WriteExclusive)
    expect(await third.out(action.release, 0n, 0n, WriteExclusive)).toBe(conflict)
    expect(await second.out(action.release, b, 0n, WriteExclusive)).toBe(good)
    expect(await first.out(action.release, a, 0n, ExclusiveAccess)).toBe('5 2604')
    expect(await third.reservation()).toEqual([WriteExclusive, a])
    expect(await first.out(action.release, a, 0n, WriteExclusive)).toBe(good)
    expect([await third.reservation(), await second.write()]).toEqual([undefined, good])
    for (const type of [...registrantsOnly, ...allRegistrants]) {
      await first.out(action.reserve, a, 0n, type)
      expect(await first.out(action.release, a, 0n, type)).toBe(good)
      expect([await second.write(), await second.write(), await third.write()]).toEqual([released, good, good])
    }
  })

  it('ends with the registration of its holder, or of the last of all', async () => {
    const { first, second, third } = await cluster()
    for (const type of [WriteExclusive, ...registrantsOnly]) {
      await first.out(action.reserve, a, 0n, type)
      await first.out(action.register, a, 0n)
      expect(await third.reservation()).toBe(undefined)
      if (type !== WriteExclusive) expect(await second.write()).toBe(released)
      expect(await second.write()).toBe(good)
      await first.out(action.register, 0n, a)
    }
    await first.out(action.reserve, a, 0n, ReservationType.WriteExclusiveAllRegistrants)
    await first.out(action.register, a, 0n)
    expect([await second.write(), await first.write()]).toEqual([good, conflict])
    await second.out(action.register, b, 0n)
    expect([await third.reservation(), await third.write()]).toEqual([undefined, good])
  })
})

describe('Preempting', () => {
  it('takes the reservation of who has a key, and its registration; it is told', async () => {
    const { first, second, third } = await cluster()
    await first.out(action.reserve, a, 0n, WriteExclusive)
    expect(await third.out(action.preempt, 0n, a, ExclusiveAccess)).toBe(conflict)
    expect(await second.out(action.preempt, b, a, ExclusiveAccess)).toBe(good)
    expect([await third.reservation(), await third.keys()]).toEqual([[ExclusiveAccess, b], [b]])
    expect([await first.write(), await first.write(), await second.write()]).toEqual([unregistered, conflict, good])
  })

  it('takes registrations only, where the key is not the holder’s', async () => {
    const { first, second, third } = await cluster()
    await third.out(action.register, 0n, c)
    await first.out(action.reserve, a, 0n, WriteExclusive)
    expect(await second.out(action.preempt, b, c, ExclusiveAccess)).toBe(good)
    expect([await first.reservation(), await first.keys()]).toEqual([
      [WriteExclusive, a],
      [a, b],
    ])
    expect([await third.read(), await third.read()]).toEqual([unregistered, good])
    // Nobody has that key; and none is no key.
    expect(await second.out(action.preempt, b, c, ExclusiveAccess)).toBe(conflict)
    expect(await second.out(action.preempt, b, 0n, ExclusiveAccess)).toBe('5 2600')
  })

  it('of oneself changes the type; those who stay are told', async () => {
    const { first, second } = await cluster()
    await first.out(action.reserve, a, 0n, ReservationType.WriteExclusiveRegistrantsOnly)
    expect(await first.out(action.preempt, a, a, WriteExclusive)).toBe(good)
    expect([await first.reservation(), await first.keys()]).toEqual([
      [WriteExclusive, a],
      [a, b],
    ])
    expect([await second.read(), await second.read(), await first.write()]).toEqual([released, good, good])
  })

  it('of all registrants, with key 0: only the sender is left', async () => {
    const { first, second, third } = await cluster()
    await third.out(action.register, 0n, c)
    await first.out(action.reserve, a, 0n, ReservationType.ExclusiveAccessAllRegistrants)
    expect(await third.out(action.preempt, c, b, WriteExclusive)).toBe(good)
    expect([await first.reservation(), await first.keys()]).toEqual([
      [8, 0n],
      [a, c],
    ])
    expect(await third.out(action.preempt, c, 0n, WriteExclusive)).toBe(good)
    expect([await third.reservation(), await third.keys()]).toEqual([[WriteExclusive, c], [c]])
    expect([await first.read(), await second.read()]).toEqual([unregistered, unregistered])
  })

  it('and aborting: what the others have at the disk is over before the answer', async () => {
    const slow = new FaultyDisk(new MemoryDisk({ blocks: 64 }), { seed: 1, delays: 1 })
    const { first, second } = await cluster(slow)
    await first.out(action.reserve, a, 0n, WriteExclusive)
    const order: string[] = []
    const write = first.write().then((end) => order.push(`write ${end}`))
    first.rig.bus.settle()
    const fence = second.out(action.preemptAndAbort, b, a, WriteExclusive).then((end) => order.push(`fence ${end}`))
    second.rig.bus.settle()
    expect([slow.waiting, first.rig.vsp.running, second.rig.vsp.running]).toEqual([1, 1, 1])
    slow.release()
    await Promise.all([write, fence])
    expect(order).toEqual(['write good', 'fence good'])
    expect([await first.read(), await first.write()]).toEqual([unregistered, conflict])
    // Without anything at the disk it is done at once.
    await first.out(action.ignore, 0n, a)
    expect(await first.out(action.preemptAndAbort, a, b, ExclusiveAccess)).toBe(good)
  })

  it('and aborting waits also for commands of a guest that is gone', async () => {
    const slow = new FaultyDisk(new MemoryDisk({ blocks: 64 }), { seed: 1, delays: 1 })
    const { first, second } = await cluster(slow)
    const write = first.write().catch(() => 'closed')
    first.rig.bus.settle()
    first.rig.guest.close()
    first.rig.bus.settle()
    expect([await write, first.rig.vsp.running]).toEqual(['closed', 0])
    let isOver = false
    const fence = second.out(action.preemptAndAbort, b, a, WriteExclusive).then(() => {
      isOver = true
    })
    second.rig.bus.settle()
    await Promise.resolve()
    expect([isOver, second.rig.vsp.running]).toEqual([false, 1])
    slow.release()
    await fence
    expect(await second.keys()).toEqual([b])
  })

  it('clearing ends all; the others are told', async () => {
    const { first, second, third } = await cluster()
    await first.out(action.reserve, a, 0n, WriteExclusive)
    expect(await third.out(action.clear, 0n)).toBe(conflict)
    expect(await second.out(action.clear, b)).toBe(good)
    expect([await third.reservation(), await third.keys()]).toEqual([undefined, []])
    expect([await first.write(), await first.write(), await third.write()]).toEqual([preempted, good, good])
  })
})

describe('What is refused', () => {
  it('unknown actions, scopes and types, lists of another length, and what is not supported', async () => {
    const { first } = await cluster()
    const list = new Uint8Array(24)
    expect(await first.execute([0x5e, 4, 0, 0, 0, 0, 0, 0, 64, 0], 64)).toBe('5 2400')
    expect(await first.execute([0x5f, 8, 0, 0, 0, 0, 0, 0, 24, 0], list)).toBe('5 2400')
    expect(await first.out(action.move, a, b)).toBe('5 2400')
    for (const type of [0, 2, 4, 9, 15, 0x11]) {
      for (const service of [action.reserve, action.release, action.preempt, action.preemptAndAbort]) {
        expect(await first.out(service, a, b, type)).toBe('5 2400')
      }
    }
    expect(await first.execute([0x5f, 0, 0, 0, 0, 0, 0, 0, 23, 0], list)).toBe('5 1a00')
    expect(await first.execute([0x5f, 0, 0, 0, 0, 0, 0, 0, 24, 0], list.subarray(0, 20))).toBe('5 1a00')
    expect(await first.execute([0x5f, 0, 0, 0, 0, 0, 0, 0, 24, 0])).toBe('5 1a00')
    expect(await first.out(action.register, a, b, 0, { specifyInitiatorPorts: true })).toBe('5 2600')
    expect(await first.out(action.register, a, b, 0, { allTargetPorts: true })).toBe('5 2600')
    expect(await first.keys()).toEqual([a, b])
  })

  it('data are cut off where there is no room, their length is told all the same', async () => {
    const { first } = await cluster()
    expect(toHex(await first.in(0, 12))).toBe('0000000200000010aaaa0000')
    expect(toHex(await first.in(0, 0))).toBe('')
  })
})
