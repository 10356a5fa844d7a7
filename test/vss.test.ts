import { describe, expect, it } from 'vitest'
import { IcStatus, icFrameworkVersions, offerVersions } from '../src/devices/ics/index.ts'
import { VssFreeze, VssHotBackup, VssHotBackupSupport, VssThaw, vssVersions } from '../src/devices/vss.ts'
import { createBus, guid } from '../src/index.ts'
import { VssVsc, type VssVscOptions } from '../src/vsc/vss.ts'
import { VssVsp } from '../src/vsp/vss.ts'
import { toHex } from '../src/wire/index.ts'
import { clock, failure } from './ic-clock.ts'
import { choice, header, violationsOf, withGuest, withHost } from './ics-rig.ts'

const v5 = '05000000'
const messageVersion = { major: 5, minor: 0 }

/** A bus with both ends. */
async function both(options: VssVscOptions = {}) {
  const bus = createBus()
  const violations = violationsOf(bus)
  const vsp = new VssVsp()
  bus.host.offer(vsp)
  const vsc = await bus.guest.attach(new VssVsc(options))
  return { bus, vsp, vsc, violations }
}

const vss = (body: string, options: Parameters<typeof header>[2] = {}) =>
  `${header(5, body.length / 2, { transactionId: 1, messageVersion, ...options })}${body}`
const asked = { flags: 3 }
const request = (operation: number, flags = 0) =>
  `${operation.toString(16).padStart(2, '0')}${'00'.repeat(7)}${flags.toString(16).padStart(2, '0')}000000`

describe('a backup', () => {
  it('[B221] is prepared by freezing, and ends by thawing', async () => {
    const steps: string[] = []
    const { vsp, vsc, violations } = await both({
      freeze: () => void steps.push('freeze'),
      thaw: () => void steps.push('thaw'),
    })
    expect(await vsp.hotBackup()).toBe(VssHotBackupSupport.NoAutoRecovery)
    expect(await vsp.directMappedInfo()).toBe(0)
    await vsp.freeze()
    expect([steps, vsc.isFrozen]).toEqual([['freeze'], true])
    await vsp.thaw()
    expect([steps, vsc.isFrozen, violations]).toEqual([['freeze', 'thaw'], false, []])
  })

  it('waits for a guest that takes its time', async () => {
    let isDone = () => {}
    const { vsp, vsc, bus } = await both({ freeze: () => new Promise((resolve) => (isDone = resolve)) })
    const order: string[] = []
    const freeze = vsp.freeze().then(() => order.push('frozen'))
    const thaw = vsp.thaw().then(() => order.push('thawed'))
    bus.settle()
    expect([vsc.isFrozen, order]).toEqual([false, []])
    isDone()
    await Promise.all([freeze, thaw])
    expect([vsc.isFrozen, order]).toEqual([false, ['frozen', 'thawed']])
  })

  it('a guest that takes its time reads nothing else meanwhile', async () => {
    let isDone = () => {}
    const { vsp, vsc, bus, say } = await withHost(
      new VssVsc({ freeze: () => new Promise((resolve) => (isDone = resolve)) }),
    )
    say(offerVersions(icFrameworkVersions, vssVersions))
    for (const [index, operation] of [5, 6, 2].entries())
      say(vss(request(operation), { ...asked, transactionId: index }))
    expect([vsp.heard.length, vsc.channel?.isAwaited]).toEqual([1, true])
    isDone()
    await Promise.resolve()
    bus.settle()
    expect(vsp.heard.slice(1)).toEqual([
      vss(request(5), { transactionId: 0 }),
      vss(request(6), { transactionId: 1 }),
      vss(request(2, 5), { transactionId: 2 }),
    ])
  })

  it('fails when the guest’s callback does, and the next may succeed', async () => {
    const fails = ['now', 'later', 'never']
    const freeze = () => {
      const how = fails.shift()
      if (how === 'now') throw new Error('a file system is broken')
      return how === 'later' ? Promise.reject(new Error('another is')) : undefined
    }
    const { vsp, vsc } = await both({ freeze })
    expect(await failure(vsp.freeze())).toContain('refused 80004005')
    expect(await failure(vsp.freeze())).toContain('refused 80004005')
    expect(vsc.isFrozen).toBe(false)
    await vsp.freeze()
    expect(vsc.isFrozen).toBe(true)
  })

  it('[IC-19] frozen twice, or thawed without: refused, and it goes on', async () => {
    const { vsp, vsc, violations } = await both({ freeze: () => {} })
    expect(await failure(vsp.thaw())).toBe('refused 80004005: thaw: the guest answers 0x80004005 (Fail)')
    await vsp.freeze()
    expect(await failure(vsp.freeze())).toContain('refused 80004005')
    await vsp.thaw()
    expect(await vsp.hotBackup()).toBe(5)
    expect([vsc.isFrozen, violations]).toEqual([false, []])
  })

  it('[IC-19] asked for before negotiation: told, and it goes on', async () => {
    const { vsp, say, violations } = await withHost(new VssVsc({ freeze: () => {} }))
    say(vss(request(2), asked))
    expect([vsp.heard, violations]).toEqual([[], ['guest ic-before-negotiation STATE header.messageType@4']])
    say(offerVersions(icFrameworkVersions, vssVersions))
    say(vss(request(2), asked))
    expect(vsp.heard[1]).toBe(vss(request(2, 5)))
  })

  it('[IC-20] asked of a partition that has nothing to freeze: refused', async () => {
    const { vsp, violations } = await both()
    for (const asked of [vsp.hotBackup(), vsp.freeze(), vsp.thaw()]) {
      expect(await failure(asked)).toContain('refused 80004005')
    }
    expect([await vsp.directMappedInfo(), violations]).toEqual([0, []])
  })

  it('thaws when the host goes away, also while the guest is still freezing', async () => {
    const steps: string[] = []
    const first = await both({ freeze: () => {}, thaw: () => void steps.push('thaw') })
    await first.vsp.freeze()
    first.vsp.close()
    first.bus.settle()
    expect([steps, first.vsc.isFrozen]).toEqual([['thaw'], false])

    let isDone = () => {}
    const late = await both({
      freeze: () => new Promise((resolve) => (isDone = resolve)),
      thaw: async () => {
        steps.push('late thaw')
        throw new Error('it will not')
      },
    })
    const freeze = failure(late.vsp.freeze())
    late.bus.settle()
    late.vsp.close()
    late.bus.settle()
    expect(await freeze).toContain('closed')
    isDone()
    await Promise.resolve()
    await Promise.resolve()
    expect([steps, late.vsc.isFrozen]).toEqual([['thaw', 'late thaw'], false])
  })

  it('a freeze has 16 minutes, other requests a minute and a half', async () => {
    const { later, timers } = clock()
    const vsp = new VssVsp({ later })
    for (const asked of [vsp.freeze(), vsp.thaw(), vsp.freeze({ timeout: 5 })]) void asked.catch(() => {})
    expect([...timers.values()]).toEqual([960_000, 90_000, 5])
  })
})

describe('the bytes', () => {
  it('of the requests', async () => {
    const { vsp, guest, bus, say } = await withGuest(new VssVsp())
    say(choice(v5))
    const disk = { busType: 2, controller: guid('ba6163d9-04a1-4d29-b605-72e2ffb1dc7f'), port: 0, target: 1, lun: 3 }
    const freeze = vsp.freeze({ backupType: 1, flags: 2, luns: [disk] })
    const thaw = vsp.thaw()
    bus.settle()
    const lun = '02000000d96361baa104294db60572e2ffb1dc7f00010300'
    expect(guest.heard[1]).toBe(
      vss(`0500000000000000${'01000000'}${'02000000'}${'01000000'}${lun}`.padEnd(2 * 6260, '0'), asked),
    )
    say(vss('', { transactionId: 1 }))
    expect(guest.heard[2]).toBe(vss(request(6).padEnd(64, '0'), { ...asked, transactionId: 2 }))
    say(vss('', { transactionId: 2 }))
    await Promise.all([freeze, thaw])
  })

  it('of more disks than there is room for', async () => {
    const disk = { busType: 0, controller: guid('ba6163d9-04a1-4d29-b605-72e2ffb1dc7f'), port: 0, target: 0, lun: 0 }
    await expect(new VssVsp().freeze({ luns: new Array(261).fill(disk) })).rejects.toThrow(RangeError)
  })

  it.each([
    ['a freeze', toHex(VssFreeze.encode({ header: {}, backupType: 0, flags: 0, lunCount: 0, luns: noLuns() }))],
    ['a freeze of 12 bytes, which is enough for Linux', request(5)],
  ])('%s is answered in its own', async (_name, body) => {
    const { vsp, vsc, say } = await withHost(new VssVsc({ freeze: () => {} }))
    say(offerVersions(icFrameworkVersions, vssVersions))
    say(vss(body, asked))
    expect([vsp.heard[1], vsc.isFrozen]).toEqual([vss(body), true])
  })

  it('of operations that are not known are answered with success, as Linux does', async () => {
    const { vsp, say, violations } = await withHost(new VssVsc())
    say(offerVersions(icFrameworkVersions, vssVersions))
    for (const operation of [0, 1, 4, 7, 8, 200]) say(vss(request(operation), asked))
    expect(vsp.heard.slice(1)).toEqual([0, 1, 4, 7, 8, 200].map((operation) => vss(request(operation))))
    expect(violations).toEqual([])
  })

  it('[IC-08] fewer than 12 of a request are refused', async () => {
    const { vsp, say, violations } = await withHost(new VssVsc({ freeze: () => {} }))
    say(offerVersions(icFrameworkVersions, vssVersions))
    for (const operation of [2, 5, 6, 9]) say(vss(request(operation).slice(0, 22), asked))
    expect(vsp.heard).toHaveLength(1)
    expect(violations).toEqual([
      'guest bad-packet SHORT request.support@28',
      'guest bad-packet SHORT request.backupType@28',
      'guest bad-packet SHORT request.flags@28',
      'guest bad-packet SHORT request.flags@28',
    ])
  })

  it('framework 1.0 is not for backups', async () => {
    const { vsp, say } = await withHost(new VssVsc({ freeze: () => {} }))
    say(offerVersions([0x1_0000], vssVersions))
    expect(vsp.heard[0]?.slice(40, 48)).toBe('00000000')
  })

  function noLuns() {
    return VssFreeze.decode(new Uint8Array([5, ...new Uint8Array(6259)])).luns
  }
})

describe('answers that the host refuses', () => {
  it.each([
    ['another operation’s', toHex(VssThaw.encode({ header: {}, flags: 0 })), 'ic-bad-answer TYPE request@20'],
    ['no body', '', 'ic-bad-answer TYPE request@20'],
    ['too short', request(2).slice(0, 20), 'ic-bad-answer TYPE request@20'],
  ])('%s: told, the request fails, and the next is served', async (_name, body, violation) => {
    const { vsp, bus, say, violations } = await withGuest(new VssVsp())
    say(choice(v5))
    const wrong = failure(vsp.hotBackup())
    bus.settle()
    say(vss(body))
    expect(await wrong).toMatch(/^bad-answer: hot backup: /)
    expect(violations).toEqual([`host ${violation}`])
    const right = vsp.hotBackup()
    bus.settle()
    say(vss(toHex(VssHotBackup.encode({ header: {}, support: 5 })), { transactionId: 2, status: IcStatus.Ok }))
    expect(await right).toBe(5)
  })
})
