import { describe, expect, it } from 'vitest'
import { IcStatus, icFrameworkVersions, offerVersions } from '../src/devices/ics/index.ts'
import {
  KvpDelete,
  KvpEnumerate,
  KvpGet,
  KvpGetIpBinary,
  KvpGetIpText,
  KvpPool,
  KvpSet,
  KvpSetIpText,
  KvpValueType,
  kvpKeyOf,
  kvpValueOf,
} from '../src/devices/kvp/index.ts'
import { ipBinaryOf, ipTextOf } from '../src/devices/kvp/ip-info.ts'
import { KvpVsc, type KvpVscOptions } from '../src/vsc/kvp/index.ts'
import { KvpVsp } from '../src/vsp/kvp.ts'
import { failure } from './ic-clock.ts'
import { choice, withGuest, withHost } from './ics-rig.ts'
import { adapterId, kvp, settings, v4, v5 } from './kvp-rig.ts'

const asked = { flags: 3 }
const nothing = new Uint8Array(2048)

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
