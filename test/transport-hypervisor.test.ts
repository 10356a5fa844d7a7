import { describe, expect, it } from 'vitest'
import { HypervisorTransport, Pump } from '../src/channels/index.ts'
import type { CallObserver } from '../src/hypervisor/index.ts'
import { type Bus, type BusOptions, createBus } from '../src/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { type TestApi, transportSuite } from '../src/testing/index.ts'
import { EchoVsc } from '../src/vsc/echo.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { EchoVsp } from '../src/vsp/echo.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { toHex } from '../src/wire/index.ts'
import { TestVsp } from './bus-rig.ts'

const api: TestApi = { describe, it: (name, body) => it(name, body), expect }

function transport(pump = new Pump()) {
  const calls: string[] = []
  const ends = new HypervisorTransport(new BufferMemory(new ArrayBuffer(0x1_0000)), pump, {
    onCall: (vp, call, status) => calls.push(`${vp.partition.isRoot ? 'root' : 'child'} ${call.name} ${status}`),
  })
  return { ends, pump, settle: () => void pump.settle(), calls }
}

describe('the hypervisor transport', () => transportSuite(api, () => transport()))
describe('the hypervisor transport, scheduled', () =>
  transportSuite(api, () => transport(new Pump({ scheduling: 'scheduled', seed: 3 }))))

describe('what a guest makes up', () => {
  it('costs nothing: ids that the host does not know are wired for one call only', () => {
    const { ends } = transport()
    ends.host.attach({ post: () => 0x12, signal: () => 0x12, slotFree: () => {}, watched: () => {} })
    const { root } = ends.hypervisor
    const before = [root.pool.inUse, root.ports.size, ends.child.connections.size]
    for (let id = 0; id < 200; id++) expect(ends.guest.post(id, 1, new Uint8Array(8))).toBe(0x12)
    // More than there are event ports to be had at a time.
    for (let id = 0; id < 7000; id++) expect(ends.guest.signal(id, 3)).toBe(0x12)
    expect([root.pool.inUse, root.ports.size, ends.child.connections.size]).toEqual(before)
  })

  it('is answered, not thrown: ids beyond 24 bits, types beyond 32, flags that a port does not have', () => {
    const { ends } = transport()
    ends.host.attach({ post: () => 0, signal: () => 0, slotFree: () => {}, watched: () => {} })
    for (const id of [-1, 1.5, Number.NaN, 0x100_0000]) {
      expect([ends.guest.post(id, 1, new Uint8Array(0)), ends.guest.signal(id, 0)]).toEqual([0x12, 0x12])
    }
    expect(ends.guest.post(1, 2 ** 32, new Uint8Array(0))).toBe(0x05)
    expect([ends.guest.signal(1, 4), ends.guest.signal(1, 65_535), ends.guest.signal(1, 65_536)]).toEqual([5, 5, 5])
  })
})

describe('a bus on the hypervisor transport', () => {
  function bus(options: BusOptions = {}) {
    const calls: string[] = []
    const made: HypervisorTransport[] = []
    const created = createBus({
      ...options,
      transport: (memory, pump, vps) => {
        const onCall: CallObserver = (vp, call, status) =>
          calls.push(`${vp.partition.isRoot ? 'root' : 'child'} ${call.name} ${status}`)
        const ends = new HypervisorTransport(memory, pump, { vps, onCall })
        made.push(ends)
        return ends
      },
    })
    const [ends] = made
    if (ends === undefined) throw new Error('no transport was made')
    return { bus: created, calls, ends }
  }

  it('the root makes the child by hypercalls before VMBus starts', () => {
    const { calls, ends } = bus({ memorySize: 0x8_0000 })
    expect(calls).toEqual([
      'root HvCallCreatePartition 0',
      'root HvCallDepositMemory 0',
      'root HvCallSetPartitionProperty 0',
      'root HvCallInitializePartition 0',
      'root HvCallMapGpaPages 0',
      'root HvCallCreateVp 0',
      'root HvCallSetVpRegisters 0',
      'root HvCallMapGpaPages 0',
      'root HvCallMapGpaPages 0',
    ])
    expect(ends.child.state).toBe('active')
  })

  it('VMBus connects by HvCallPostMessage both ways: wired at first use', () => {
    const { bus: running, calls } = bus()
    calls.length = 0
    running.settle()
    expect(calls.slice(0, 10)).toEqual([
      'root HvCallCreatePort 0',
      'root HvCallConnectPort 0',
      // InitiateContact, and the VersionResponse.
      'child HvCallPostMessage 0',
      'root HvCallDepositMemory 0',
      'root HvCallCreatePort 0',
      'root HvCallConnectPort 0',
      'root HvCallPostMessage 0',
      // RequestOffers goes to another connection.
      'root HvCallCreatePort 0',
      'root HvCallConnectPort 0',
      'child HvCallPostMessage 0',
    ])
  })

  it('carries the echo device: the same bytes, signals as HvCallSignalEvent both ways', async () => {
    const { bus: running, calls } = bus()
    running.host.offer(new EchoVsp())
    const echo = await running.guest.attach(EchoVsc)
    expect(await echo.echo('hello, partition')).toBe('hello, partition')
    expect(calls).toContain('child HvCallSignalEvent 0')
    expect(calls).toContain('root HvCallSignalEvent 0')
    expect(calls.filter((call) => !call.endsWith(' 0'))).toEqual(
      // A slot that is taken: the root asks to be told when it is free.
      calls.filter((call) => call === `root HvCallPostMessage ${0x13}`),
    )
    expect(running.host.server.violations.total).toBe(0)
    running.close()
  })

  it('carries the keyboard, in any order of the processors', async () => {
    for (const seed of [1, 2, 3]) {
      const { bus: running } = bus({ scheduling: 'scheduled', seed, vps: 2 })
      const keyboard = new KeyboardVsp()
      running.host.offer(keyboard)
      const driver = await running.guest.attach(KeyboardVsc)
      const keys: number[] = []
      driver.on('key', (event) => keys.push(event.code))
      keyboard.type(0x1e, 0x1f)
      running.settle()
      expect(keys).toEqual([0x1e, 0x1e, 0x1f, 0x1f])
      running.close()
    }
  })

  it('each end says the same, message for message, as on the memory transport', async () => {
    const conversation = async (made: Bus) => {
      const lines: string[] = []
      made.events.on('message', ({ at, direction, bytes }) => lines.push(`${at} ${direction} ${toHex(bytes)}`))
      made.host.offer(new EchoVsp())
      const echo = await made.guest.attach(EchoVsc)
      await echo.echo('abc')
      made.close()
      return ['host sent', 'guest sent'].map((end) => lines.filter((line) => line.startsWith(end)))
    }
    expect(await conversation(bus().bus)).toEqual(await conversation(createBus()))
  })

  it('many devices at once: more messages than slots, none lost', async () => {
    const { bus: running, calls } = bus()
    const offered: number[] = []
    running.events.on('channel', ({ at, what, channelId }) => {
      if (at === 'guest' && what === 'offered') offered.push(channelId ?? 0)
    })
    for (let i = 1; i <= 20; i++) running.host.offer(new TestVsp(i))
    running.settle()
    expect(offered).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    expect(calls).toContain(`root HvCallPostMessage ${0x13}`)
  })
})
