import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { IcStatus, icFrameworkVersions, offerVersions } from '../src/devices/ics/index.ts'
import { ShutdownData, ShutdownFlags, ShutdownReason } from '../src/devices/shutdown.ts'
import { hostTimeOf, timeSyncVersions, unixMillisecondsOf } from '../src/devices/timesync.ts'
import { createBus } from '../src/index.ts'
import { HeartbeatVsc } from '../src/vsc/heartbeat.ts'
import { type ShutdownAsked, ShutdownVsc } from '../src/vsc/shutdown.ts'
import { type HostTime, TimeSyncVsc } from '../src/vsc/timesync.ts'
import { HeartbeatVsp } from '../src/vsp/heartbeat.ts'
import { ShutdownVsp } from '../src/vsp/shutdown.ts'
import { TimeSyncVsp } from '../src/vsp/timesync.ts'
import { toHex } from '../src/wire/index.ts'
import { choice, header, v1, v3, v32, violationsOf, withGuest, withHost } from './ics-rig.ts'
import { seeded } from './seed.ts'

describe('shutdown', () => {
  /** A bus with both ends, the versions agreed on. */
  async function both(options: ConstructorParameters<typeof ShutdownVsc>[0] = {}) {
    const bus = createBus()
    const violations = violationsOf(bus)
    const vsp = new ShutdownVsp()
    const answers: (number | undefined)[] = []
    vsp.on('answered', (status) => answers.push(status))
    bus.host.offer(vsp)
    const vsc = await bus.guest.attach(new ShutdownVsc(options))
    const asked: ShutdownAsked[] = []
    vsc.on('shutdown', (what) => asked.push(what))
    bus.settle()
    return { bus, vsp, vsc, answers, asked, violations }
  }

  it('[B217] a planned request with reason, flags and text; one at a time; the answer goes before the deed', async () => {
    const { bus, vsp, answers, asked, violations } = await both()
    expect(vsp.request({ flags: ShutdownFlags.force | ShutdownFlags.restart, timeoutSeconds: 30, text: 'bye ☺' })).toBe(
      'sent',
    )
    expect(vsp.request()).toBe('already-in-progress')
    bus.settle()
    expect(answers).toEqual([IcStatus.Ok])
    expect(asked).toEqual([
      { action: 'restart', isForced: true, reason: ShutdownReason.planned, timeoutSeconds: 30, text: 'bye ☺' },
    ])
    expect(vsp.request()).toBe('sent')
    bus.settle()
    expect(asked.at(-1)).toMatchObject({ action: 'power-off', isForced: false, text: '' })
    expect(violations).toEqual([])
  })

  it('[B217] before negotiation nothing is sent', () => {
    expect(new ShutdownVsp().request()).toBe('not-ready')
  })

  it.each([
    [0xff, IcStatus.NotSupported],
    [ShutdownFlags.restart | ShutdownFlags.hibernate, IcStatus.NotSupported],
    [ShutdownFlags.hibernate, IcStatus.Fail],
  ])(
    '[IC-17] flags 0x%s that are not known, or hibernation: refused, and the component goes on',
    async (flags, status) => {
      const { bus, vsp, answers, asked } = await both()
      expect(vsp.request({ flags, reason: 0xffff_ffff })).toBe('sent')
      bus.settle()
      expect([answers, asked]).toEqual([[status], []])
      vsp.request({ reason: 0xffff_ffff })
      bus.settle()
      expect(asked).toEqual([
        { action: 'power-off', isForced: false, reason: 0xffff_ffff, timeoutSeconds: 0, text: '' },
      ])
    },
  )

  it('a guest that can hibernate does', async () => {
    const { bus, vsp, asked } = await both({ canHibernate: true })
    vsp.request({ flags: ShutdownFlags.hibernate })
    bus.settle()
    expect(asked).toMatchObject([{ action: 'hibernate' }])
  })

  it('[B218] an answer without a body counts', async () => {
    const { vsp, say, violations } = await withGuest(new ShutdownVsp())
    const answers: (number | undefined)[] = []
    vsp.on('answered', (status) => answers.push(status))
    say(choice(v32))
    vsp.request()
    say(header(3, 0, { transactionId: 1, status: 0x8000_4005 }))
    expect([answers, violations]).toEqual([[0x8000_4005], []])
  })

  it('the guest that closes instead of answering is told', async () => {
    const { vsp, guest, bus, say } = await withGuest(new ShutdownVsp())
    const answers: (number | undefined)[] = []
    vsp.on('answered', (status) => answers.push(status))
    say(choice(v32))
    vsp.request()
    guest.close()
    bus.settle()
    expect(answers).toEqual([undefined])
  })

  it('the bytes of a request', async () => {
    const { vsp, guest, bus, say } = await withGuest(new ShutdownVsp())
    say(choice(v32))
    vsp.request({ flags: 1, text: 'bye' })
    bus.settle()
    expect(guest.heard[1]).toBe(
      `${'03000000'}0300${v32}0c08${'00000000'}01030000${'00000080'}00000000${'01000000'}627965`.padEnd(2080 * 2, '0'),
    )
  })

  it('a text longer than the field is refused', () => {
    expect(() => new ShutdownVsp().request({ text: 'x'.repeat(2048) })).toThrow(RangeError)
  })

  it.each([
    [
      'an id that was never used',
      header(3, 0, { transactionId: 2 }),
      'ic-unknown-transaction UNKNOWN-ID header.transactionId@16',
    ],
    ['another type', header(1, 0, { transactionId: 1 }), 'ic-unknown-transaction UNKNOWN-ID header.transactionId@16'],
    ['a second choice of versions', choice(v3), 'ic-unknown-transaction UNKNOWN-ID header.transactionId@16'],
    ['a request', header(3, 0, { transactionId: 1, flags: 3 }), 'ic-no-response STATE header.flags@17'],
  ])('an answer with %s is told and dropped, and the right one still counts', async (_name, hex, violation) => {
    const { vsp, say, violations } = await withGuest(new ShutdownVsp())
    const answers: (number | undefined)[] = []
    vsp.on('answered', (status) => answers.push(status))
    say(choice(v32))
    vsp.request()
    say(hex)
    expect([answers, violations]).toEqual([[], [`host ${violation}`]])
    say(header(3, 0, { transactionId: 1 }))
    expect(answers).toEqual([0])
  })
})

describe('time', () => {
  it('[B219] first with the flag to set the clock, then samples, each answered before the next; both clocks read together', async () => {
    const bus = createBus()
    let reads = 0n
    const now = () => ({ hostTime: 1000n + reads, referenceTime: ++reads })
    const vsp = new TimeSyncVsp({ now })
    bus.host.offer(vsp)
    const vsc = new TimeSyncVsc()
    const times: HostTime[] = []
    vsc.on('time', (time) => times.push(time))
    expect(vsp.sample()).toBe(false)
    await bus.guest.attach(vsc)
    bus.settle()
    expect(vsp.sample()).toBe(true)
    expect(vsp.sample()).toBe(false)
    bus.settle()
    expect(vsp.sync()).toBe(true)
    bus.settle()
    expect(times).toEqual([
      { hostTime: 1000n, referenceTime: 1n, isSync: true, isSample: false },
      { hostTime: 1001n, referenceTime: 2n, isSync: false, isSample: true },
      { hostTime: 1002n, referenceTime: 3n, isSync: true, isSample: false },
    ])
    expect([bus.host.server.violations.total, vsp.unanswered]).toEqual([0, 0])
  })

  it.each([
    ['4.0', '04000000', '1800', `0800000000000000090000000000000001${'00'.repeat(7)}`],
    ['3.0', v3, '1c00', '08000000000000000000000000000000000000000000000001' + '000000'],
    ['1.0', v1, '1c00', '08000000000000000000000000000000000000000000000001' + '000000'],
  ])('the bytes under version %s', async (_text, version, size, body) => {
    const { guest, say } = await withGuest(new TimeSyncVsp({ now: () => ({ hostTime: 8n, referenceTime: 9n }) }))
    say(choice(version))
    expect(guest.heard[1]).toBe(`${v3}0400${version}${size}${'00000000'}01030000${body}`)
  })

  it('is counted in 100 ns since 1601', () => {
    expect(hostTimeOf(0)).toBe(116_444_736_000_000_000n)
    expect(hostTimeOf(Date.UTC(1601, 0, 1))).toBe(0n)
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 42 }), (time) => {
        expect(unixMillisecondsOf(hostTimeOf(time))).toBe(time)
      }),
      seeded,
    )
  })

  it('[IC-08] forms that are too short are refused, each by itself', async () => {
    const { vsp, vsc, say, violations } = await withHost(new TimeSyncVsc())
    const times: HostTime[] = []
    vsc.on('time', (time) => times.push(time))
    say(offerVersions(icFrameworkVersions, timeSyncVersions))
    say(`${header(4, 21, { flags: 3 })}${'00'.repeat(21)}`)
    say(offerVersions(icFrameworkVersions, [0x1_0000]))
    say(`${header(4, 24, { flags: 3 })}${'00'.repeat(24)}`)
    expect(violations).toEqual(['guest bad-packet SHORT time.reserved@39', 'guest bad-packet SHORT time.flags@44'])
    expect([vsp.heard.length, times]).toEqual([2, []])
    say(`${header(4, 25, { flags: 3 })}${'00'.repeat(24)}02`)
    expect(times).toHaveLength(1)
  })
})

describe('heartbeat', () => {
  it('[B221] the guest answers with the next number', async () => {
    const bus = createBus()
    const vsp = new HeartbeatVsp()
    bus.host.offer(vsp)
    expect(vsp.beat()).toBe(false)
    const vsc = await bus.guest.attach(HeartbeatVsc)
    const beats: unknown[] = []
    vsp.on('beat', (beat) => beats.push(beat))
    const asked: bigint[] = []
    vsc.on('beat', (sequence) => asked.push(sequence))
    bus.settle()
    expect(vsp.beat()).toBe(true)
    bus.settle()
    vsc.applicationState = 1
    expect(vsp.beat()).toBe(true)
    bus.settle()
    expect(asked).toEqual([1n, 3n])
    expect(beats).toEqual([
      { sequence: 2n, applicationState: 0, status: 0 },
      { sequence: 4n, applicationState: 1, status: 0 },
    ])
    expect([bus.host.server.violations.total, vsp.missed]).toEqual([0, 0])
  })

  it('a guest that does not answer is told, and one late answer is enough', async () => {
    const { vsp, say, violations } = await withGuest(new HeartbeatVsp())
    const missed: number[] = []
    vsp.on('missed', (count) => missed.push(count))
    say(choice(v3))
    for (let count = 0; count < 4; count++) vsp.beat()
    expect([missed, vsp.missed]).toEqual([[1, 2, 3], 3])
    say(`${header(1, 8, { transactionId: 2 })}0500000000000000`)
    expect([vsp.missed, violations]).toEqual([0, []])
    vsp.beat()
    expect(missed).toHaveLength(3)
  })

  it('the bytes, and no more than a ring of them', async () => {
    const { vsp, guest, bus, say } = await withGuest(new HeartbeatVsp())
    say(choice(v3))
    vsp.beat()
    bus.settle()
    expect(guest.heard[1]).toBe(`${v3}0100${v3}2800${'00000000'}01030000${'0100000000000000'}`.padEnd(120, '0'))
    guest.channel?.pause()
    let sent = 0
    while (sent < 10_000 && vsp.beat()) sent++
    expect(sent).toBeLessThan(2000)
  })

  it('[IC-08] fewer than 8 bytes are refused; 8 are enough', async () => {
    const { vsp, say, violations } = await withHost(new HeartbeatVsc())
    say(offerVersions(icFrameworkVersions, [0x3_0000]))
    say(`${header(1, 7, { flags: 3 })}${'00'.repeat(7)}`)
    expect(violations).toEqual(['guest bad-packet SHORT sequence@20'])
    say(`${header(1, 8, { flags: 3, transactionId: 7 })}ffffffffffffffff`)
    expect(vsp.heard.slice(1)).toEqual([`${header(1, 8, { transactionId: 7 })}0000000000000000`])
  })
})

describe('requests that a driver refuses', () => {
  it('[IC-08] a shutdown request that is cut off', async () => {
    const { vsc, vsp, say, violations } = await withHost(new ShutdownVsc())
    const asked: unknown[] = []
    vsc.on('shutdown', (what) => asked.push(what))
    say(offerVersions(icFrameworkVersions, [0x3_0002]))
    say(`${header(3, 2059, { flags: 3 })}${'00'.repeat(2059)}`)
    say(header(3, 0, { flags: 3 }))
    expect(violations).toEqual([
      'guest bad-packet SHORT shutdown.displayMessage@32',
      'guest bad-packet SHORT shutdown.reason@20',
    ])
    expect([asked, vsp.heard.length]).toEqual([[], 1])
  })

  it.each([
    ['before negotiation', header(1, 8, { flags: 3 }), 'ic-before-negotiation STATE header.messageType@4'],
    ['that is an answer', header(1, 8), 'ic-not-a-request STATE header.flags@17'],
  ])('one %s', async (_name, hex, violation) => {
    const { vsp, say, violations } = await withHost(new HeartbeatVsc())
    say(`${hex}0000000000000000`)
    expect([violations, vsp.heard]).toEqual([[`guest ${violation}`], []])
  })

  it('one of another component', async () => {
    const { vsp, say, violations } = await withHost(new HeartbeatVsc())
    say(offerVersions(icFrameworkVersions, [0x3_0000]))
    say(`${header(3, 8, { flags: 3 })}0000000000000000`)
    expect([violations, vsp.heard.length]).toEqual([['guest ic-unknown-message TYPE header.messageType@4'], 1])
  })
})

describe('[IC-07] a size in the header that is not the payload’s', () => {
  it('to the guest: the smaller one bounds the message, and the difference is told', async () => {
    const { vsp, vsc, say, violations } = await withHost(new ShutdownVsc())
    const asked: unknown[] = []
    vsc.on('shutdown', (what) => asked.push(what))
    say(offerVersions(icFrameworkVersions, [0x3_0002]))
    const body = toHex(
      ShutdownData.encode({ reason: 0, timeoutSeconds: 0, flags: 0, displayMessage: new Uint8Array(2048) }),
    )
    say(`${header(3, 100, { flags: 3 })}${body}`)
    expect([violations.splice(0), asked]).toEqual([['guest bad-packet SHORT shutdown.displayMessage@32'], []])
    say(`${header(3, 0xffff, { flags: 3 })}${body}`)
    expect([violations.splice(0), asked.length]).toEqual([['guest ic-size-mismatch LENGTH header.size@10'], 1])
    say(`${header(3, 2060, { flags: 3 })}${body}00000000`)
    expect([violations, asked.length]).toEqual([['guest ic-size-mismatch LENGTH header.size@10'], 2])
    expect(vsp.heard).toHaveLength(3)
  })

  it('to the host: likewise', async () => {
    const { vsp, say, violations } = await withGuest(new HeartbeatVsp())
    const beats: unknown[] = []
    vsp.on('beat', (beat) => beats.push(beat))
    say(choice(v3))
    vsp.beat()
    say(`${header(1, 4, { transactionId: 1 })}${'00'.repeat(40)}`)
    expect([violations.splice(0), beats]).toEqual([['host bad-packet SHORT sequence@20'], []])
    say(`${header(1, 400, { transactionId: 1 })}0200000000000000${'00'.repeat(32)}`)
    expect([violations, beats.length]).toEqual([['host ic-size-mismatch LENGTH header.size@10'], 1])
  })
})
