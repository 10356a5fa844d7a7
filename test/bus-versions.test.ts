import { describe, expect, it } from 'vitest'
import { createBus } from '../src/index.ts'
import { FeatureFlags, VmbusVersion, versionText, vmbusVersions } from '../src/vmbus/versions.ts'
import { bytes, type Rig, rig, TestVsc, TestVsp } from './bus-rig.ts'

function signalsOf({ bus }: Rig): string[] {
  const lines: string[] = []
  bus.events.on('signal', ({ at, direction, by, number, channelId }) => {
    lines.push(`${at} ${direction} ${by} ${number}${channelId === undefined ? '' : ` for ${channelId}`}`)
  })
  return lines
}

describe.each(vmbusVersions.map((version) => [versionText(version), version] as const))(
  'version %s',
  (text, version) => {
    it('opens, echoes, closes and opens again', async () => {
      const { bus, vsp, vsc, guest, host } = await rig({ version: text })
      expect(bus.guest.client.version).toBe(version)
      for (let count = 0; count < 30; count++) guest.sendOrQueue(new Uint8Array(400))
      for (let count = 0; count < 30; count++) host.sendOrQueue(new Uint8Array(400))
      expect((await vsc.ask(bytes(1)))[0]).toBe(1)
      bus.settle()
      expect(vsc.log.filter((line) => line === 'packet 400')).toHaveLength(30)
      vsc.close()
      await bus.guest.attach(vsc)
      expect((await vsc.ask(bytes(2)))[0]).toBe(2)
      vsp.close()
      bus.settle()
      expect(bus.guest.offers).toEqual([])
      expect(bus.host.server.violations.total + bus.guest.client.violations.total).toBe(0)
    })
  },
)

describe('signals by version', () => {
  it('[B55] at 0.13 both ends set bits in the interrupt page', async () => {
    const open = await rig({ version: VmbusVersion.V0_13 })
    const signals = signalsOf(open)
    await open.vsc.ask(bytes(1))
    expect(signals).toEqual([
      'guest sent interrupt-page 1 for 1',
      'guest sent hypercall 2 for 1',
      'host received hypercall 2',
      'host received interrupt-page 1 for 1',
      'host sent interrupt-page 1 for 1',
      'guest received interrupt-page 1 for 1',
    ])
  })

  it('[B55] at 1.1 the guest signals the offered connection, the host sets bits in the interrupt page', async () => {
    const open = await rig({ version: VmbusVersion.V1_1 })
    const signals = signalsOf(open)
    await open.vsc.ask(bytes(1))
    expect(signals).toEqual([
      'guest sent hypercall 8193 for 1',
      'host received hypercall 8193 for 1',
      'host sent interrupt-page 1 for 1',
      'guest received interrupt-page 1 for 1',
    ])
  })

  it('[B31] from 2.4 on by connection and event flag', async () => {
    const open = await rig({ version: VmbusVersion.V2_4 })
    const signals = signalsOf(open)
    await open.vsc.ask(bytes(1))
    expect(signals).toEqual([
      'guest sent hypercall 8193 for 1',
      'host received hypercall 8193 for 1',
      'host sent event-flag 1 for 1',
      'guest received event-flag 1 for 1',
    ])
  })

  it('[B123] with a monitor id the guest sets a bit in the monitor page, and makes no hypercall', async () => {
    const open = await rig({}, new TestVsp(1, { monitorLatency: 100 }))
    expect(open.vsc.device?.offer).toMatchObject({ monitorId: 0, monitor: { allocated: true } })
    const signals = signalsOf(open)
    await open.vsc.ask(bytes(1))
    expect(signals).toEqual([
      'guest sent monitor-page 0 for 1',
      'host received monitor-page 0 for 1',
      'host sent event-flag 1 for 1',
      'guest received event-flag 1 for 1',
    ])
  })

  it('[B124] several monitored channels at once: each is signalled once, bits of none are skipped', async () => {
    const open = await rig({}, new TestVsp(1, { monitorLatency: 100 }))
    const other = new TestVsp(2, { monitorLatency: 100 })
    open.bus.host.offer(other)
    const second = await open.bus.guest.attach(new TestVsc(2))
    const signals = signalsOf(open)
    // The guest's first pages: interrupt page, parent to child, child to parent.
    const page = 3 * 4096
    open.bus.transport.guest.setBit(page + 8, 7)
    open.bus.transport.guest.setBit(page + 8 + 24, 31)
    open.guest.send(bytes(1))
    second.channel?.send(bytes(1))
    open.bus.settle()
    expect(signals).toEqual([
      'guest sent monitor-page 0 for 1',
      'guest sent monitor-page 1 for 2',
      'host received monitor-page 0 for 1',
      'host received monitor-page 1 for 2',
    ])
    expect(other.log).toEqual(['open 2.0', 'packet 8'])
    for (let group = 0; group < 4; group++) expect(open.bus.memory.load32(page + 8 + group * 8)).toBe(0)
  })

  it('[B123] a monitor id of 32 and more stands in another trigger group', async () => {
    const open = await rig({}, new TestVsp(1, { monitorLatency: 100 }))
    for (let number = 2; number < 40; number++) open.bus.host.offer(new TestVsp(number, { monitorLatency: 100 }))
    const last = new TestVsp(40, { monitorLatency: 100 })
    open.bus.host.offer(last)
    const vsc = await open.bus.guest.attach(new TestVsc(40))
    expect(vsc.device?.offer.monitorId).toBe(39)
    expect((await vsc.ask(bytes(1)))[0]).toBe(1)
    expect(last.log).toEqual(['open 40.0', 'packet 8'])
    expect(open.vsp.log).toEqual(['open 1.0'])
  })

  it('a guest without monitor pages signals the same device by hypercall', async () => {
    const open = await rig({ guest: { monitorPages: false } }, new TestVsp(1, { monitorLatency: 100 }))
    const signals = signalsOf(open)
    open.guest.send(bytes(1))
    open.bus.settle()
    expect(signals).toEqual(['guest sent hypercall 8193 for 1', 'host received hypercall 8193 for 1'])
  })
})

describe('what the two ends agree on', () => {
  it('features that both know', async () => {
    const bus = createBus({ features: FeatureFlags.pauseResume | FeatureFlags.modifyConnection })
    bus.settle()
    expect(bus.guest.client.features).toBe(0x24)
    expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
  })

  it('the newest version that both know', () => {
    const bus = createBus({ version: '5.2', guest: { client: { versions: vmbusVersions } } })
    bus.settle()
    expect(versionText(bus.guest.client.version)).toBe('5.2')
  })

  it('a text that is no version is refused', () => {
    expect(() => createBus({ version: 'six' })).toThrow('not a VMBus version: six')
  })
})
