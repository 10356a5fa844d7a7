import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IcStatus, icFrameworkVersions, offerVersions } from '../src/devices/ics/index.ts'
import {
  KvpAddressFamily,
  KvpAddressOrigin,
  KvpDelete,
  KvpEnumerate,
  KvpGet,
  KvpGetIpBinary,
  KvpGetIpText,
  type KvpIpInfo,
  type KvpPair,
  KvpPool,
  KvpSet,
  KvpSetIpText,
  KvpValueType,
  kvpAutoKeys,
  kvpKeyOf,
  kvpValueOf,
  kvpVersions,
  readKvpPair,
} from '../src/devices/kvp/index.ts'
import { ipBinaryOf, ipTextOf, readIpBinary, readIpText } from '../src/devices/kvp/ip-info.ts'
import { createBus } from '../src/index.ts'
import { type KvpStore, KvpVsc, type KvpVscOptions, MemoryKvpStore } from '../src/vsc/kvp/index.ts'
import { type IcRequestError, type IcRequestOptions, KvpVsp } from '../src/vsp/kvp.ts'
import { toHex } from '../src/wire/index.ts'
import { clock, failure } from './ic-clock.ts'
import { choice, header, violationsOf, withGuest, withHost } from './ics-rig.ts'
import { seeded } from './seed.ts'

const v4 = '04000000'
const v5 = '05000000'

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

/** A message of the component's: a request of the host's, or the guest's answer. */
const kvp = (body: Uint8Array, options: Parameters<typeof header>[2] = {}) =>
  `${header(2, body.length, { transactionId: 1, ...options })}${toHex(body)}`
const asked = { flags: 3 }
const nothing = new Uint8Array(2048)
const adapterId = '{2f3a1c5e-0000-4000-8000-00155d010203}'
const settings: KvpIpInfo = {
  addressFamily: KvpAddressFamily.Both,
  isDhcpEnabled: true,
  addresses: [
    { address: '10.0.0.2', subnet: '255.255.255.0' },
    { address: 'fe80::1', subnet: '/64' },
  ],
  gateways: ['10.0.0.1', 'fe80::2'],
  dnsServers: ['10.0.0.3', '2001:db8::8:800:200c:417a'],
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

describe('answers that the host refuses', () => {
  const item = (pair: Partial<KvpPairBytes>) =>
    KvpEnumerate.encode({
      header: { pool: 0 },
      item: { index: 0, pair: { valueType: 1, keySize: 4, valueSize: 2, key: 'k', value: nothing, ...pair } },
    })
  type KvpPairBytes = ReturnType<typeof kvpValueOf>
  const text = (units: string) => {
    const value = new Uint8Array(2048)
    for (let at = 0; at < units.length; at++) value[2 * at] = units.charCodeAt(at)
    return value
  }

  it.each<[string, Uint8Array, string]>([
    ['[B220] a DWORD of 8 bytes', item({ valueType: 4, valueSize: 8 }), 'RANGE valueSize@36'],
    ['[B220] a QWORD of 4 bytes', item({ valueType: 11, valueSize: 4 }), 'RANGE valueSize@36'],
    ['[B220] text without NUL', item({ valueSize: 2, value: text('x') }), 'RANGE valueSize@36'],
    ['[IC-11] text of no bytes', item({ valueSize: 0 }), 'RANGE valueSize@36'],
    ['[IC-11] text of 2,050 bytes', item({ valueSize: 2050 }), 'RANGE valueSize@36'],
    ['[IC-11] text of 3 bytes', item({ valueSize: 3 }), 'RANGE valueSize@36'],
    ['[IC-11] a key of 514 bytes', item({ keySize: 514 }), 'RANGE keySize@32'],
    ['[IC-11] a key of 5 bytes', item({ keySize: 5 }), 'RANGE keySize@32'],
    ['[IC-11] a key without NUL', item({ keySize: 2 }), 'RANGE keySize@32'],
    ['a type that is none', item({ valueType: 7 }), 'RANGE valueType@28'],
    ['another operation’s answer', KvpDelete.encode({ header: { pool: 0 }, key: kvpKeyOf('k') }), 'TYPE exchange@20'],
    ['no body', new Uint8Array(0), 'SHORT exchange@20'],
  ])('%s: told, the request fails, and the next is served', async (_name, body, violation) => {
    const { vsp, say, violations, bus } = await withGuest(new KvpVsp())
    say(choice(v5))
    const wrong = failure(vsp.enumerate(0).next())
    bus.settle()
    say(kvp(body))
    expect(await wrong).toMatch(/^bad-answer: pair 0 of pool 0: /)
    expect(violations).toEqual([`host ic-bad-answer ${violation}`])
    const right = vsp.enumerate(0).next()
    bus.settle()
    say(kvp(item({ valueType: KvpValueType.ExpandText, valueSize: 4, value: text('x') }), { transactionId: 2 }))
    expect((await right).value).toEqual({ key: 'k', value: 'x' })
  })

  it('one that is too short for its operation: likewise, and an answer after that counts no more', async () => {
    const { vsp, say, violations, bus } = await withGuest(new KvpVsp())
    say(choice(v5))
    const wrong = failure(vsp.enumerate(0).next())
    bus.settle()
    say(kvp(item({}).subarray(0, 2579)))
    expect(await wrong).toContain('bad-answer')
    const right = vsp.set(0, 'a', 1)
    bus.settle()
    say(kvp(item({}), { status: IcStatus.Fail }))
    say(kvp(new Uint8Array(0), { transactionId: 2 }))
    await right
    expect(violations).toEqual(['host bad-packet SHORT exchange.item.pair.value@552'])
  })

  it.each<[string, Partial<ReturnType<typeof ipBinaryOf>>, string]>([
    ['65 IPv4 addresses', { ipv4Count: 65 }, 'ipv4Count@24'],
    ['65 IPv6 addresses', { ipv6Count: 65 }, 'ipv6Count@28'],
    ['six gateways', { ipv6GatewayCount: 6 }, 'ipv6GatewayCount@36'],
    ['65 servers', { ipv4DnsCount: 0xffff_ffff }, 'ipv4DnsCount@40'],
    ['an id without NUL', { adapterId: 'x'.repeat(128) }, 'adapterId@48'],
  ])('[IC-13] %s in binary IP settings', async (_name, part, field) => {
    const { vsp, say, violations, bus } = await withGuest(new KvpVsp())
    say(choice(v5))
    const wrong = failure(vsp.getIpInfo(adapterId))
    bus.settle()
    say(kvp(KvpGetIpBinary.encode({ header: { pool: 1 }, ip: { ...ipBinaryOf('', settings), ...part } })))
    expect([await wrong, violations]).toEqual([
      expect.stringContaining('bad-answer'),
      [`host ic-bad-answer RANGE ${field}`],
    ])
  })

  it.each([
    ['adapterId', 128, 22],
    ['addresses', 1024, 280],
    ['gateways', 512, 4376],
  ])('[IC-13] %s without NUL in IP settings as text', async (field, units, offset) => {
    const { vsp, say, violations, bus } = await withGuest(new KvpVsp())
    say(choice(v4))
    const wrong = failure(vsp.getIpInfo(adapterId))
    bus.settle()
    const ip = { ...ipTextOf('', settings), [field]: 'x'.repeat(units) }
    say(kvp(KvpGetIpText.encode({ pool: 1, ip })))
    expect([await wrong, violations]).toEqual([
      expect.stringContaining('bad-answer'),
      [`host ic-bad-answer RANGE ${field}@${offset}`],
    ])
  })
})

describe('requests to the guest', () => {
  async function ready(options: KvpVscOptions = {}, version = 0x5_0000) {
    const rig = await withHost(new KvpVsc(options))
    rig.say(offerVersions(icFrameworkVersions, [version]))
    rig.vsp.heard.splice(0)
    return rig
  }
  const status = (heard: string | undefined) => heard?.slice(24, 32)

  it('[IC-10] as short as their operation is, are served in their own bytes', async () => {
    const { vsp, vsc, say, violations } = await ready()
    const set = KvpSet.encode({ header: { pool: 1 }, pair: kvpValueOf('k', 'v', 0x5_0000) })
    say(kvp(set, asked))
    expect(vsp.heard.shift()).toBe(kvp(set))
    const get = KvpGet.encode({
      header: { pool: 1 },
      pair: { valueType: 0, valueSize: 0, ...kvpKeyOf('k'), value: nothing },
    })
    say(kvp(get, asked))
    expect(vsp.heard.shift()).toBe(kvp(KvpGet.encode({ header: { pool: 1 }, pair: kvpValueOf('k', 'v', 0x5_0000) })))
    say(kvp(KvpDelete.encode({ header: { pool: 1 }, key: kvpKeyOf('k') }), asked))
    expect(vsp.heard.shift()).toBe(kvp(KvpDelete.encode({ header: { pool: 1 }, key: kvpKeyOf('k') })))
    expect([vsc.store.get(1, 'k'), violations]).toEqual([undefined, []])
  })

  it('[IC-10] shorter than that they are dropped, and told', async () => {
    const { vsp, say, violations } = await ready()
    const set = KvpSet.encode({ header: { pool: 1 }, pair: kvpValueOf('k', 'v', 0x5_0000) })
    say(kvp(set.subarray(0, 2575), asked))
    expect([vsp.heard, violations]).toEqual([[], ['guest bad-packet SHORT exchange.pair.value@548']])
  })

  it('[IC-14] the last index has no pair', async () => {
    const { vsp, say, violations } = await ready()
    const pair = { valueType: 0, keySize: 0, valueSize: 0, key: '', value: nothing }
    const body = KvpEnumerate.encode({ header: { pool: KvpPool.Auto }, item: { index: 0xffff_ffff, pair } })
    say(kvp(body, asked))
    expect(vsp.heard).toEqual([kvp(body, { status: IcStatus.NoMoreItems })])
    expect(violations).toEqual([])
  })

  it.each<[string, Partial<ReturnType<typeof kvpValueOf>>, string]>([
    ['a key of 514 bytes', { keySize: 514 }, 'keySize@28'],
    ['a key without NUL', { keySize: 2 }, 'keySize@28'],
    ['a key of 3 bytes', { keySize: 3 }, 'keySize@28'],
    ['a value of 2,050 bytes', { valueSize: 2050 }, 'valueSize@32'],
    ['a value of 1 byte', { valueSize: 1 }, 'valueSize@32'],
  ])('[IC-11] with %s are refused', async (_name, part, field) => {
    const { vsp, vsc, say, violations } = await ready()
    const pair = { ...kvpValueOf('k', 'v', 0x5_0000), ...part }
    say(kvp(KvpSet.encode({ header: { pool: 1 }, pair }), asked))
    expect([vsp.heard.map(status), violations]).toEqual([['57000780'], [`guest kvp-bad-request RANGE ${field}`]])
    expect(vsc.store.at(1, 0)).toBeUndefined()
  })

  it.each([
    ['no GUID', 'eth0', 'adapterId@22'],
    ['the MAC address, which names it only for reading', '00:15:5D:01:02:03', 'adapterId@22'],
    ['half a pair of braces', adapterId.slice(1), 'adapterId@22'],
    ['no NUL at its end', 'x'.repeat(128), 'adapterId@22'],
  ])('[IC-13] for an adapter with %s are refused', async (_name, id, field) => {
    const adapters = { get: () => settings, set: () => true }
    const { vsp, say, violations } = await ready({ adapters }, 0x4_0000)
    const ip = { ...ipTextOf('', settings), adapterId: id }
    say(kvp(KvpSetIpText.encode({ pool: 1, ip }), asked))
    expect([vsp.heard.map(status), violations]).toEqual([['57000780'], [`guest kvp-bad-request RANGE ${field}`]])
  })

  it('[IC-13] with more addresses than places are refused', async () => {
    const { vsp, say, violations } = await ready({ adapters: { get: () => settings, set: () => true } })
    const ip = { ...ipBinaryOf(adapterId, settings), ipv4Count: 65 }
    say(kvp(KvpGetIpBinary.encode({ header: { pool: 1 }, ip }), asked))
    expect([vsp.heard.map(status), violations]).toEqual([['57000780'], ['guest kvp-bad-request RANGE ipv4Count@24']])
  })

  it('of operations that are not known are not supported', async () => {
    const { vsp, say, violations } = await ready()
    say(kvp(Uint8Array.of(9, 0, 0, 0), asked))
    expect([vsp.heard.map(status), violations]).toEqual([['32000780'], []])
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
