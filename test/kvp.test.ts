import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IcStatus } from '../src/devices/ics/index.ts'
import {
  KvpAddressOrigin,
  KvpGetIpBinary,
  KvpGetIpText,
  type KvpIpInfo,
  type KvpPair,
  KvpPool,
  KvpSet,
  kvpAutoKeys,
  kvpValueOf,
  kvpVersions,
  readKvpPair,
} from '../src/devices/kvp/index.ts'
import { ipBinaryOf, ipTextOf, readIpBinary, readIpText } from '../src/devices/kvp/ip-info.ts'
import { createBus } from '../src/index.ts'
import { type KvpStore, KvpVsc, type KvpVscOptions, MemoryKvpStore } from '../src/vsc/kvp/index.ts'
import { type IcRequestError, type IcRequestOptions, KvpVsp } from '../src/vsp/kvp.ts'
import { clock, failure } from './ic-clock.ts'
import { choice, header, violationsOf, withGuest } from './ics-rig.ts'
import { adapterId, kvp, settings, v4, v5 } from './kvp-rig.ts'
import { seeded } from './seed.ts'

/** A bus with both ends. */
async function both(vscOptions: KvpVscOptions = {}, vspOptions: IcRequestOptions = {}) {
  const bus = createBus()
  const violations = violationsOf(bus)
  const vsp = new KvpVsp(vspOptions)
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(new KvpVsc(vscOptions))
  return { bus, vsp, vsc, violations }
}

async function all(pairs: AsyncIterable<KvpPair>): Promise<KvpPair[]> {
  const list: KvpPair[] = []
  for await (const pair of pairs) list.push(pair)
  return list
}

const origin = KvpAddressOrigin.Unknown
const withOrigins = { ...settings, addresses: settings.addresses.map((address) => ({ ...address, origin })) }

describe('pairs', () => {
  it('[B220] are set, read, listed until there are no more, and removed; text, DWORD and QWORD', async () => {
    const { vsp, vsc, violations } = await both()
    const told: unknown[] = []
    vsc.on('set', (pool, pair) => told.push([pool, pair]))
    vsc.on('delete', (pool, key) => told.push([pool, key]))
    await vsp.set(KvpPool.External, 'colour', 'blau ☺')
    await vsp.set(KvpPool.External, 'count', 0xffff_ffff)
    await vsp.set(KvpPool.External, 'big', (1n << 64n) - 1n)
    await vsp.set(KvpPool.External, 'count', 7)
    expect(await vsp.get(KvpPool.External, 'big')).toBe((1n << 64n) - 1n)
    await vsp.delete(KvpPool.External, 'big')
    expect(await all(vsp.enumerate(KvpPool.External))).toEqual([
      { key: 'colour', value: 'blau ☺' },
      { key: 'count', value: 7 },
    ])
    expect(await all(vsp.enumerate(KvpPool.Guest))).toEqual([])
    expect(told.slice(-2)).toEqual([
      [KvpPool.External, { key: 'count', value: 7 }],
      [KvpPool.External, 'big'],
    ])
    expect([violations, vsp.agreed?.message]).toEqual([[], 0x5_0000])
  })

  it('the pool Auto has the keys of Linux’s daemon, by index, and is the guest’s alone', async () => {
    const store = new MemoryKvpStore({ auto: { OSName: 'vmbus', OSVersion: '1.0' } })
    const { vsp } = await both({ store })
    store.auto.set('NetworkAddressIPv4', '10.0.0.2')
    const pairs = await all(vsp.enumerate(KvpPool.Auto))
    expect(pairs.map(({ key }) => key)).toEqual(kvpAutoKeys)
    expect(pairs.filter(({ value }) => value !== '')).toEqual([
      { key: 'NetworkAddressIPv4', value: '10.0.0.2' },
      { key: 'OSName', value: 'vmbus' },
      { key: 'OSVersion', value: '1.0' },
    ])
    expect(await failure(vsp.set(KvpPool.Auto, 'OSName', 'mine'))).toBe(
      'refused 80004005: set OSName: the guest answers 0x80004005 (Fail)',
    )
    expect(await failure(vsp.delete(KvpPool.Auto, 'OSName'))).toContain('NoMoreItems')
    expect(await all(vsp.enumerate(KvpPool.AutoInternal))).toEqual([])
  })

  it('what is not there, and a pool that is full, are refused', async () => {
    const { vsp } = await both({ store: new MemoryKvpStore({ maxPairs: 1 }) })
    expect(await failure(vsp.get(KvpPool.Guest, 'colour'))).toContain('refused 80070103')
    expect(await failure(vsp.delete(KvpPool.Guest, 'colour'))).toContain('refused 80070103')
    await vsp.set(KvpPool.Guest, 'colour', 'red')
    await vsp.set(KvpPool.Guest, 'colour', 'blue')
    expect(await failure(vsp.set(KvpPool.Guest, 'count', 1))).toContain('refused 80004005')
  })

  it('a store of one’s own that has what does not fit: the request fails, and the component goes on', async () => {
    const pairs: KvpPair[] = [{ key: 'long', value: 'x'.repeat(1024) }]
    const store: KvpStore = { get: () => 1, set: () => true, delete: () => true, at: (_pool, index) => pairs[index] }
    const { vsp, violations } = await both({ store })
    expect(await failure(all(vsp.enumerate(0)))).toContain('refused 80004005')
    expect([await vsp.get(0, 'any'), violations]).toEqual([1, []])
  })

  it.each<[string, string, string | number | bigint]>([
    ['an empty key', '', 1],
    ['a key of 256 units', 'k'.repeat(256), 1],
    ['a NUL in a key', 'a\0b', 1],
    ['a text of 1024 units', 'k', 'x'.repeat(1024)],
    ['a NUL in a text', 'k', 'a\0b'],
    ['33 bits', 'k', 2 ** 32],
    ['a fraction', 'k', 0.5],
    ['65 bits', 'k', 1n << 64n],
  ])('[IC-11] %s does not leave', async (_name, key, value) => {
    await expect(new KvpVsp().set(0, key, value)).rejects.toThrow(RangeError)
  })

  it('the longest key and text arrive', async () => {
    const { vsp } = await both()
    const [key, value] = ['k'.repeat(255), 'x'.repeat(1023)]
    await vsp.set(KvpPool.Guest, key, value)
    expect(await all(vsp.enumerate(KvpPool.Guest))).toEqual([{ key, value }])
  })

  it('[B220] whatever pair is written is read', () => {
    const unit = fc.integer({ min: 1, max: 0xffff }).map((code) => String.fromCharCode(code))
    const text = (minLength: number, maxLength: number) =>
      fc.array(unit, { minLength, maxLength }).map((units) => units.join(''))
    const data = fc.oneof(text(0, 1023), fc.nat(0xffff_ffff), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }))
    fc.assert(
      fc.property(text(1, 255), data, fc.constantFrom(...kvpVersions), (key, value, version) => {
        const { pair } = KvpSet.decode(KvpSet.encode({ header: { pool: 0 }, pair: kvpValueOf(key, value, version) }))
        expect(readKvpPair(pair, 0)).toEqual({ key, value })
      }),
      seeded,
    )
  })
})

describe('the bytes', () => {
  it.each([
    ['5.0', v5, '0b000000'],
    ['4.0, for Linux', v4, '08000000'],
  ])('of a QWORD under version %s', async (_name, version, type) => {
    const { vsp, guest, say, bus } = await withGuest(new KvpVsp())
    say(choice(version))
    void vsp.set(KvpPool.Guest, 'k', 0x0102n).catch(() => {})
    bus.settle()
    const body = `01010000${type}0400000008000000${'6b00'.padEnd(1024, '0')}0201`.padEnd(2580 * 2, '0')
    expect(guest.heard[1]).toBe(
      `${header(2, 2580, { flags: 3, transactionId: 1, messageVersion: { major: version === v5 ? 5 : 4, minor: 0 } })}${body}`,
    )
  })

  it.each([
    ['removing', (vsp: KvpVsp) => vsp.delete(KvpPool.Guest, 'k'), `02010000${'04000000'}6b00`],
    ['listing', (vsp: KvpVsp) => vsp.enumerate(KvpPool.Auto).next(), '03020000'],
  ])('of %s', async (_name, request, body) => {
    const { vsp, guest, say, bus } = await withGuest(new KvpVsp())
    say(choice(v5))
    void request(vsp).catch(() => {})
    bus.settle()
    expect(guest.heard[1]?.slice(40)).toBe(body.padEnd(2580 * 2, '0'))
  })

  it('[B221] of IP settings: text before 5.0, right behind the first two bytes', async () => {
    const { vsp, guest, say, bus } = await withGuest(new KvpVsp())
    say(choice(v4))
    const info = vsp.getIpInfo('00:15:5D:01:02:03')
    bus.settle()
    expect(guest.heard[1]?.slice(40, 60)).toBe(`0401${'3000'}${'3000'}${'3a00'}${'3100'}`)
    const body = KvpGetIpText.encode({ pool: 1, ip: ipTextOf('', settings) })
    say(kvp(body))
    expect(await info).toEqual(settings)
  })

  it('[B221] of IP settings: binary from 5.0 on, as long a message', async () => {
    const { vsp, guest, say, bus } = await withGuest(new KvpVsp())
    say(choice(v5))
    const info = vsp.getIpInfo(adapterId)
    bus.settle()
    const heard = guest.heard[1] ?? ''
    expect([heard.length / 2, heard.slice(40, 56), heard.slice(96, 104)]).toEqual([
      7448,
      '0401000000000000',
      '7b003200',
    ])
    say(kvp(KvpGetIpBinary.encode({ header: { pool: 1 }, ip: ipBinaryOf('', settings) })))
    expect(await info).toEqual(withOrigins)
  })
})

describe('IP settings', () => {
  it.each([
    ['5.0', undefined, withOrigins],
    ['4.0', [0x4_0000], settings],
  ])('[B221] go both ways under version %s', async (_name, versions, expected) => {
    const had = new Map<string, KvpIpInfo>([[adapterId, settings]])
    const adapters = {
      get: (id: string) => had.get(id),
      set: (id: string, info: KvpIpInfo) => had.has(id) && had.set(id, info).size > 0,
    }
    const { vsp, violations } = await both({ adapters, ...(versions && { versions }) })
    expect(await vsp.getIpInfo(adapterId)).toEqual(expected)
    const other = { ...settings, isDhcpEnabled: false, gateways: [] }
    await vsp.setIpInfo(adapterId, other)
    expect(await vsp.getIpInfo(adapterId)).toMatchObject({ isDhcpEnabled: false, gateways: [] })
    const unknown = '12345678-1234-1234-1234-123456789abc'
    expect(await failure(vsp.setIpInfo(unknown, other))).toContain('refused 80041002')
    expect(await failure(vsp.getIpInfo(unknown))).toContain('refused 80041002')
    expect(violations).toEqual([])
  })

  it('[IC-20] a guest that has none to give says so', async () => {
    const { vsp, violations } = await both()
    expect(await failure(vsp.getIpInfo(adapterId))).toContain('refused 80041002')
    expect(await failure(vsp.setIpInfo(adapterId, settings))).toContain('refused 80041002')
    expect(violations).toEqual([])
  })

  it.each([
    ['no IPv4 address', { addresses: [{ address: '10.0.0.256', subnet: '255.0.0.0' }] }],
    ['no IPv6 address', { gateways: ['fe80:::1'] }],
    ['no mask', { addresses: [{ address: '10.0.0.1', subnet: '/8' }] }],
    ['no prefix', { addresses: [{ address: 'fe80::1', subnet: '/129' }] }],
    ['six gateways', { gateways: new Array<string>(6).fill('10.0.0.1') }],
    ['65 servers', { dnsServers: new Array<string>(65).fill('::1') }],
  ])('%s does not leave', async (_name, part) => {
    const { vsp } = await both()
    await expect(vsp.setIpInfo(adapterId, { ...settings, ...part })).rejects.toThrow(RangeError)
    await vsp.set(KvpPool.Guest, 'and', 'it goes on')
  })

  it('text that does not fit does not leave', async () => {
    const { vsp } = await both({ versions: [0x4_0000] })
    await expect(vsp.setIpInfo('x'.repeat(128), settings)).rejects.toThrow(RangeError)
    const many = { ...settings, gateways: new Array<string>(64).fill('10.0.0.1') }
    await expect(vsp.setIpInfo(adapterId, many)).rejects.toThrow(RangeError)
  })

  it('whatever addresses are written are read, in both forms', () => {
    const v4Address = fc.ipV4()
    const v6Address = fc.ipV6()
    const address = fc.oneof(
      fc.record({ address: v4Address, subnet: v4Address }),
      fc.record({ address: v6Address, subnet: fc.nat(128).map((bits) => `/${bits}`) }),
    )
    const servers = fc.array(fc.oneof(v4Address, v6Address), { maxLength: 5 })
    const info = fc.record({
      addressFamily: fc.nat(3),
      isDhcpEnabled: fc.boolean(),
      addresses: fc.array(address, { maxLength: 20 }),
      gateways: servers,
      dnsServers: servers,
    })
    fc.assert(
      fc.property(info, (one) => {
        expect(readIpText(ipTextOf(adapterId, one), 0)).toEqual({ adapterId, info: one })
        const read = readIpBinary(ipBinaryOf(adapterId, one), 0)
        if ('why' in read) throw new Error(read.why)
        // Read once more, all is as short as can be, the IPv4 addresses first.
        expect(readIpBinary(ipBinaryOf(adapterId, read.info), 0)).toEqual(read)
        const isV6 = (text: string) => text.includes(':')
        expect(read.info.addresses.map((item) => item.subnet)).toEqual([
          ...one.addresses.filter((item) => !isV6(item.address)).map((item) => item.subnet),
          ...one.addresses.filter((item) => isV6(item.address)).map((item) => item.subnet),
        ])
        for (const text of read.info.gateways) {
          if (isV6(text)) expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`)
        }
      }),
      seeded,
    )
  })
})

describe('one request at a time', () => {
  it('[B220] the next goes when the one before is answered, whatever came before negotiation', async () => {
    const { vsp, guest, say, bus } = await withGuest(new KvpVsp())
    const first = vsp.set(0, 'a', 1)
    const second = failure(vsp.set(0, 'b', 2))
    bus.settle()
    expect(guest.heard).toHaveLength(1)
    say(choice(v5))
    expect(guest.heard).toHaveLength(2)
    say(kvp(new Uint8Array(0)))
    expect(guest.heard).toHaveLength(3)
    say(kvp(new Uint8Array(0), { transactionId: 2, status: IcStatus.Fail }))
    expect([await first, await second]).toEqual([
      undefined,
      'refused 80004005: set b: the guest answers 0x80004005 (Fail)',
    ])
  })

  it('one that is not answered in time fails; what waits goes when the guest has answered after all', async () => {
    const { later, ring, timers } = clock()
    const { vsp, guest, say, violations, bus } = await withGuest(new KvpVsp({ later, timeout: 100 }))
    say(choice(v5))
    const late = failure(vsp.set(0, 'a', 1))
    bus.settle()
    expect([...timers.values()]).toEqual([100])
    ring()
    expect(await late).toBe('timeout: set a: no answer within 100 ms')
    const waits = vsp.set(0, 'b', 2)
    bus.settle()
    expect(guest.heard).toHaveLength(2)
    say(kvp(new Uint8Array(0)))
    expect(guest.heard).toHaveLength(3)
    say(kvp(new Uint8Array(0), { transactionId: 2 }))
    await waits
    expect([violations, timers.size]).toEqual([[], 0])
  })

  it('one that still waits when its time is over is never sent', async () => {
    const { later, ring } = clock()
    const { vsp, guest, say } = await withGuest(new KvpVsp({ later }))
    const early = failure(vsp.set(0, 'a', 1))
    ring()
    expect(await early).toContain('timeout')
    say(choice(v5))
    expect(guest.heard).toHaveLength(1)
  })

  it('closing the channel, taking the device away, and no version in common fail all that wait', async () => {
    const { vsp, bus, guest, say } = await withGuest(new KvpVsp())
    say(choice(v5))
    const both = [failure(vsp.set(0, 'a', 1)), failure(vsp.set(0, 'b', 2))]
    bus.settle()
    guest.close()
    bus.settle()
    expect(await Promise.all(both)).toEqual([
      'closed: set a: the channel was closed',
      'closed: set b: the channel was closed',
    ])
    const third = failure(vsp.set(0, 'c', 3))
    vsp.close()
    expect(await third).toBe('closed: set c: the device was taken away')

    const other = await withGuest(new KvpVsp())
    const waits = failure(other.vsp.set(0, 'd', 4))
    other.say(`${header(0, 8)}0000000000000000`)
    const [before, after] = [await waits, await failure(other.vsp.set(0, 'e', 5))]
    expect(before).toBe('failed: set d: the guest knows none of the versions')
    expect(after).toBe('failed: set e: the guest knows none of the versions')
  })
})

it('an error knows its status', async () => {
  const { vsp } = await both()
  const error: IcRequestError = await vsp.get(0, 'none').then(
    () => {
      throw new Error('there is such a key')
    },
    (why: IcRequestError) => why,
  )
  expect([error.name, error.code, error.status]).toEqual(['IcRequestError', 'refused', IcStatus.NoMoreItems])
})
