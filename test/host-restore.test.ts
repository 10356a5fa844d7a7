import { describe, expect, it } from 'vitest'
import { NvspVersion } from '../src/devices/network/index.ts'
import { createHost } from '../src/index.ts'
import { receiveScale } from '../src/vsc/network/negotiation.ts'
import { LoopbackBackend, NetworkVsp } from '../src/vsp/network/index.ts'
import { rig as busRig, bytes, messagesOf, TestVsc, TestVsp } from './bus-rig.ts'
import { NicRig, rndisFrame, word } from './network-rig.ts'

const ok = '6c00000001000000'.padEnd(80, '0')
const frame = new Uint8Array(60).fill(0xab)

describe('a host that is saved, and another that goes on', () => {
  it('serves what was open, offers what is new, and rescinds what is missing', async () => {
    const { bus, vsp, vsc } = await busRig()
    bus.host.offer(new TestVsp(2))
    const other = await bus.guest.attach(new TestVsc(2))
    const messages = messagesOf(bus)
    const state = bus.host.save()
    bus.host.close()
    expect(vsp.log).toEqual(['open 1.0', 'close 1.0 local', 'revoked'])

    const next = new TestVsp()
    const { pump, transport } = bus
    const restored = { state: JSON.parse(JSON.stringify(state)), devices: [next, new TestVsp(3)] }
    const host = createHost({ pump, transport: transport.host, host: { restored } })
    bus.settle()
    expect([next.isOffered, next.log, vsc.log]).toEqual([true, ['open 1.0'], []])
    expect(await vsc.ask(bytes(5))).toEqual(bytes(5, 0, 0, 0, 0, 0, 0, 0))
    expect([other.channel, messages]).toEqual([undefined, ['guest RelIdReleased']])
    expect((await bus.guest.attach(new TestVsc(3))).channel?.isOpen).toBe(true)
    // It is a host as any other.
    vsc.close()
    await bus.guest.attach(vsc)
    expect(next.log.slice(1)).toEqual(['packet 8', 'close 1.0 peer', 'open 1.0'])
    next.close()
    bus.settle()
    expect(vsc.channel).toBe(undefined)
    expect(host.explain()).toEqual(['guest connected at 6.0'])
  })

  it('is saved at rest only, and takes a device away that will not go on', async () => {
    const { bus, vsp, vsc } = await busRig({}, new TestVsp(), new TestVsc(1))
    vsp.answer = (packet, channel) => void channel.defer(packet)
    const asked = vsc.ask(bytes(1))
    asked.catch(() => {})
    bus.settle()
    expect(() => bus.host.save()).toThrow('not at rest: channel 1: 1 deferred completions')
    bus.host.offer(new TestVsp(2))
    expect(() => bus.host.save()).toThrow('control messages')
    vsc.close()
    await bus.guest.attach(vsc)
    const state = bus.host.save()
    bus.host.close()
    const stubborn = new TestVsp()
    stubborn.openWith = (open) => {
      expect(open.isRestored).toBe(true)
      open.refuse()
    }
    const { pump, transport } = bus
    createHost({ pump, transport: transport.host, host: { restored: { state, devices: [stubborn] } } })
    bus.settle()
    expect([stubborn.isOffered, vsc.channel]).toEqual([false, undefined])
  })

  it('[B205] RSS and virtual function survive saving and restoring: the guest sees nothing of it', () => {
    const rig = new NicRig({ virtualFunction: 3, queues: 4 }).bringUp(NvspVersion.V61, { sriov: true })
    rig.ask(`85000000${word(1)}${word(1)}`)
    expect(rig.set(0x1_0204, receiveScale(2))).toBe('0x0')
    rig.ask('8100000001000000')
    rig.nic.arrivals.length = 0
    const state = rig.bus.host.save()
    const saved = rig.vsp.save()
    expect(JSON.parse(JSON.stringify(saved))).toEqual(saved)
    expect(saved).toMatchObject({
      version: NvspVersion.V61,
      isInitialized: true,
      packetFilter: 0xd,
      subchannelCount: 1,
      virtualFunction: 3,
      isOnVirtualFunction: true,
    })
    rig.bus.host.close()

    const lan = new LoopbackBackend()
    const next = new NetworkVsp({ queues: 4, backend: lan, saved })
    const { pump, transport } = rig.bus
    const host = createHost({ pump, transport: transport.host, host: { restored: { state, devices: [next] } } })
    rig.bus.settle()
    expect(next.save()).toEqual(saved)
    expect([...next.channels.keys()]).toEqual([0, 1])
    expect(rig.ask('8100000000000000')).toBe('')
    expect([next.save().isOnVirtualFunction, saved.isOnVirtualFunction]).toEqual([false, true])
    // Data go both ways, by section and by pages, on both channels; what was agreed on is not agreed on again.
    expect(rig.bySection(rndisFrame(frame))).toBe(ok)
    expect(rig.byPages(rndisFrame(frame), 0, rig.nic.channels.get(1))).toBe(ok)
    expect(rig.nic.arrivals).toHaveLength(2)
    expect([rig.query(0x1_010e).hex, rig.violations]).toEqual([word(0xd), []])
    expect(rig.init()).toBe('none')
    host.close()
  })
})
