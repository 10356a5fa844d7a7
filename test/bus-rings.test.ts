import { describe, expect, it } from 'vitest'
import { Random } from '../src/channels/index.ts'
import type { Channel, Completion, RingPacket } from '../src/index.ts'
import { BufferMemory, CopyOnlyMemory } from '../src/memory/index.ts'
import { RING_CONTROL } from '../src/vmbus/ring/index.ts'
import { bytes, messagesOf, type Rig, rig, TestVsc, TestVsp, violationsOf } from './bus-rig.ts'

/** Signals as their sender sends them. */
function signalsOf({ bus }: Rig): string[] {
  const lines: string[] = []
  bus.events.on('signal', ({ at, direction, by, number }) => {
    if (direction === 'sent') lines.push(`${at} ${by} ${number}`)
  })
  return lines
}

describe('requests and completions', () => {
  it('each completion finds its request, in any order', async () => {
    const { bus, vsp, vsc } = await rig()
    const held: { request: Completion; payload: Uint8Array }[] = []
    vsp.answer = (packet, channel) => {
      held.push({ request: channel.defer(packet), payload: packet.copyPayload() })
    }
    const answers = [1, 2, 3].map((value) => vsc.ask(bytes(value)))
    bus.settle()
    expect(bus.explain()).toContain('host: channel 1: 3 deferred completions')
    for (const { request, payload } of held.reverse()) expect(request.complete(payload)).toBe(true)
    expect((await Promise.all(answers)).map(([first]) => first)).toEqual([1, 2, 3])
  })

  it('a device that completes a request twice is told so', async () => {
    const { bus, vsp, vsc } = await rig()
    let later: Completion | undefined
    vsp.answer = (packet, channel) => {
      channel.complete(packet)
      expect(() => channel.complete(packet)).toThrow('packet 1 was completed already')
    }
    await vsc.ask(bytes(1))
    vsp.answer = (packet, channel) => {
      later = channel.defer(packet)
    }
    const answer = vsc.ask(bytes(2))
    bus.settle()
    later?.complete()
    expect(() => later?.complete()).toThrow('request 1 was completed already')
    expect(await answer).toEqual(bytes())
  })

  it('a packet that wants no completion gets none', async () => {
    const { bus, vsp, guest } = await rig()
    const answers: boolean[] = []
    vsp.answer = (packet, channel) => void answers.push(channel.complete(packet, bytes(1)))
    guest.send(bytes(1))
    bus.settle()
    expect(answers).toEqual([false])
    expect(bus.guest.client.violations.total).toBe(0)
  })

  it.each([
    ['[RB-23] an id that was never given', 7, 0, 'completion-unknown-id'],
    ['[RB-23] an id that differs above bit 31', 1, 1, 'completion-unknown-id'],
    ['[RB-25] id 0', 0, 0, 'completion-id-zero'],
  ])('%s: dropped and reported, the request stays open', async (_name, low, high, rule) => {
    const { bus, vsp, vsc } = await rig()
    let later: Completion | undefined
    vsp.answer = (packet, channel) => {
      channel.sendCompletion(low, high)
      later = channel.defer(packet)
    }
    const violations = violationsOf(bus)
    const answer = vsc.ask(bytes(1))
    bus.settle()
    expect(violations).toEqual([{ at: 'guest', rule, code: 'UNKNOWN-ID', offset: 8, channelId: 1 }])
    later?.complete(bytes(5))
    expect((await answer)[0]).toBe(5)
  })

  it('[RB-26] a completion for a packet that asked for none, and a second one for a request: dropped', async () => {
    const { bus, vsp, vsc, guest } = await rig()
    vsp.answer = (packet, channel) => {
      channel.sendCompletion(packet.transactionIdLow, 0)
      channel.sendCompletion(packet.transactionIdLow, 0)
    }
    const violations = violationsOf(bus)
    guest.send(bytes(1))
    await vsc.ask(bytes(1))
    expect(violations.map(({ rule }) => rule)).toEqual([
      'completion-id-zero',
      'completion-id-zero',
      'completion-unknown-id',
    ])
  })

  it('more requests than ids wait for one to come back', async () => {
    const { vsc, guest } = await rig({ guest: { limits: { requests: 2 } } })
    const answers = await Promise.all([1, 2, 3, 4, 5].map((value) => vsc.ask(bytes(value))))
    expect(answers.map(([first]) => first)).toEqual([1, 2, 3, 4, 5])
    expect(guest.requestsInFlight).toBe(0)
  })
})

describe('a full ring', () => {
  it('`send` answers false, `writable` follows when there is room, and nothing is lost', async () => {
    const { bus, vsp, vsc, guest } = await rig()
    let sent = 0
    while (guest.send(new Uint8Array(1000))) sent += 1
    expect(sent).toBe(3)
    expect(guest.send(new Uint8Array(1000))).toBe(false)
    bus.settle()
    expect(vsp.log.filter((line) => line === 'packet 1000')).toHaveLength(3)
    expect(vsc.log).toEqual(['writable 1'])
    expect(guest.send(new Uint8Array(1000))).toBe(true)
  })

  it('`sendOrQueue` keeps packets in order up to its bound', async () => {
    const { bus, vsp, guest } = await rig({ guest: { limits: { queue: 10 } } })
    const sizes: number[] = []
    vsp.answer = (packet) => void sizes.push(packet.bytes[packet.payloadOffset] ?? -1)
    let accepted = 0
    while (guest.sendOrQueue(new Uint8Array(1000).fill(accepted))) accepted += 1
    expect(accepted).toBe(13)
    expect(guest.packetsQueued).toBe(10)
    // What waits goes first.
    expect(guest.send(bytes(1))).toBe(false)
    bus.settle()
    expect(sizes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(guest.packetsQueued).toBe(0)
  })

  it('a guest that never reads its completions stops being read: nothing grows', async () => {
    const { bus, vsp, guest, toGuest } = await rig({ host: { limits: { queue: 8 } } })
    // The guest's driver is busy for ever.
    guest.pause()
    let taken = 0
    vsp.answer = (packet, channel) => {
      taken += 1
      channel.complete(packet, new Uint8Array(1000))
    }
    for (let count = 0; count < 200; count++) guest.request(new Uint8Array(500), () => {})
    bus.settle()
    expect(taken).toBe(3 + 8)
    expect(vsp.channel?.packetsQueued).toBe(8)
    expect(bus.memory.load32(toGuest + RING_CONTROL.pendingSendSize)).toBe(1024)
    guest.resume()
    bus.settle()
    expect(taken).toBe(200)
    expect(guest.requestsInFlight).toBe(0)
  })

  it('a packet that can never fit is refused and reported; the channel goes on', async () => {
    const { bus, vsc, guest } = await rig()
    const violations = violationsOf(bus)
    expect(guest.send(new Uint8Array(4096))).toBe(false)
    await expect(vsc.ask(new Uint8Array(4096))).rejects.toThrow('the channel was closed before the completion')
    expect(violations.map(({ rule, code }) => `${rule} ${code}`)).toEqual([
      'InvalidMessageLength LIMIT',
      'InvalidMessageLength LIMIT',
    ])
    expect((await vsc.ask(bytes(1)))[0]).toBe(1)
  })
})

describe('signals', () => {
  it('[B146][B147] one for an empty ring, none while the reader has not drained it', async () => {
    const open = await rig()
    const signals = signalsOf(open)
    for (let count = 0; count < 5; count++) open.guest.send(bytes(count))
    open.bus.settle()
    expect(signals).toEqual(['guest hypercall 8193'])
    open.host.send(bytes(1))
    open.host.send(bytes(2))
    open.bus.settle()
    expect(signals).toEqual(['guest hypercall 8193', 'host event-flag 1'])
  })

  it('[B148][B150] a reader that makes the room that was asked for signals once', async () => {
    const open = await rig()
    while (open.guest.send(new Uint8Array(1000)));
    const signals = signalsOf(open)
    open.bus.settle()
    expect(signals).toEqual(['host event-flag 1'])
    expect(open.bus.memory.load32(open.toHost + RING_CONTROL.pendingSendSize)).toBe(0)
  })

  it('[RB-32][B152] a peer that sets the mask of the other reader is reported; what is there is read all the same', async () => {
    const open = await rig()
    const violations = violationsOf(open.bus)
    open.guest.send(bytes(1))
    open.bus.memory.store32(open.toHost + RING_CONTROL.interruptMask, 1)
    open.bus.settle()
    expect(violations).toEqual([
      { at: 'host', rule: 'InterruptsExternallyMasked', code: 'STATE', offset: 8, channelId: 1 },
    ])
    expect(open.vsp.log).toEqual(['open 1.0', 'packet 8'])
    open.guest.send(bytes(1))
    open.bus.settle()
    expect(open.vsp.log).toEqual(['open 1.0', 'packet 8', 'packet 8'])
  })

  it('[RB-40] a packet that comes between the last look and the unmasking is found without a signal', async () => {
    // The guest's driver writes in the very moment in which the host clears its mask.
    const inner = new BufferMemory(new ArrayBuffer(1 << 20))
    let onUnmask: (() => void) | undefined
    let maskAt = -1
    class Watched extends CopyOnlyMemory {
      override store32(gpa: number, value: number): void {
        if (gpa === maskAt && value === 0) {
          const now = onUnmask
          onUnmask = undefined
          now?.()
        }
        super.store32(gpa, value)
      }
    }
    const open = await rig({ memory: new Watched(inner) })
    const signals = signalsOf(open)
    maskAt = open.toHost + RING_CONTROL.interruptMask
    onUnmask = () => open.guest.send(bytes(2))
    open.guest.send(bytes(1))
    open.bus.settle()
    expect(open.vsp.log).toEqual(['open 1.0', 'packet 8', 'packet 8'])
    expect(signals).toEqual(['guest hypercall 8193'])
  })

  it('[TR-17] masking, unmasking and signals in the orders that 80 seeds draw: no wake-up is lost', async () => {
    for (let seed = 0; seed < 80; seed++) {
      const open = await rig({ scheduling: 'scheduled', seed, memorySize: 1 << 20, host: { limits: { batch: 2 } } })
      const random = new Random(seed)
      open.vsc.received = () => {}
      open.vsp.answer = (packet, channel) => void channel.sendOrQueue(packet.copyPayload())
      let sent = 0
      for (let turn = 0; turn < 60; turn++) {
        if (random.below(2) === 0 && open.guest.sendOrQueue(new Uint8Array(8 + random.below(600)))) sent += 1
        else open.bus.step()
      }
      open.bus.settle()
      expect(
        open.vsc.log.filter((line) => line.startsWith('packet')),
        `seed ${seed}`,
      ).toHaveLength(sent)
      expect(open.guest.packetsQueued + open.host.packetsQueued).toBe(0)
      open.bus.close()
    }
  })

  it('[RB-41] a guest that keeps the ring full for ever does not keep the host from other channels', async () => {
    const { bus, vsp, guest } = await rig({ host: { limits: { batch: 4 } } })
    const other = new TestVsp(2)
    bus.host.offer(other)
    const quiet = await bus.guest.attach(new TestVsc(2))
    let count = 0
    let seen = -1
    vsp.answer = () => {
      count += 1
      // Each packet read is replaced at once.
      if (count < 10_000) guest.send(bytes(1))
    }
    other.answer = (packet, channel) => {
      seen = count
      channel.complete(packet)
    }
    for (let sent = 0; sent < 8; sent++) guest.send(bytes(1))
    const asked = quiet.ask(bytes(1))
    bus.settle()
    await asked
    expect(seen).toBeGreaterThanOrEqual(0)
    expect(seen).toBeLessThan(20)
    expect(count).toBe(10_007)
  })

  it('[MS-37] a packet that the host sends before the guest has seen the OpenResult is not lost', async () => {
    const vsp = new TestVsp()
    vsp.on('open', (channel) => channel.send(bytes(1, 2, 3)))
    const { bus, vsc } = await rig({}, vsp)
    bus.settle()
    expect(vsc.log).toEqual(['packet 8'])
  })
})

describe('a broken ring', () => {
  it.each([
    ['[B159][B153] a write index beyond the ring', RING_CONTROL.writeIndex, 4096, 'InvalidRingPointer', 'RANGE', 0],
    ['[B153] a write index that is no multiple of 8', RING_CONTROL.writeIndex, 12, 'InvalidRingPointer', 'RANGE', 0],
    ['[B153] fewer bytes than a descriptor', RING_CONTROL.writeIndex, 8, 'InvalidDataAvailable', 'SHORT', 0],
    ['[B154] a descriptor of zeros', RING_CONTROL.writeIndex, 24, 'InvalidDescriptorLengths', 'LENGTH', 0],
  ])('%s kills its channel, and nothing else', async (_name, field, value, rule, code, offset) => {
    const { bus, vsp, vsc, host, toHost } = await rig()
    const other = new TestVsp(2)
    bus.host.offer(other)
    const alive = await bus.guest.attach(new TestVsc(2))
    const violations = violationsOf(bus)
    const messages = messagesOf(bus)
    bus.memory.store32(toHost + field, value)
    host.signalled()
    bus.settle()
    expect(violations).toEqual([{ at: 'host', rule, code, offset, channelId: 1 }])
    expect(vsp.log).toEqual(['open 1.0', 'close 1.0 fault'])
    expect(host.isOpen).toBe(false)
    expect(messages).toEqual([])
    expect((await alive.ask(bytes(3)))[0]).toBe(3)
    // The guest closes it as ever, and can open it anew.
    vsc.close()
    await bus.guest.attach(vsc)
    expect((await vsc.ask(bytes(4)))[0]).toBe(4)
  })

  it('[B159] a read index that went backwards is found by the writer', async () => {
    const { bus, vsp, host, toGuest } = await rig()
    const violations = violationsOf(bus)
    host.send(bytes(1))
    bus.memory.store32(toGuest + RING_CONTROL.readIndex, 4088)
    expect(host.send(bytes(1))).toBe(false)
    expect(violations.map(({ at, rule }) => `${at} ${rule}`)).toEqual(['host InvalidRingPointer'])
    expect(vsp.log).toEqual(['open 1.0', 'close 1.0 fault'])
  })

  it("the host breaks the guest's ring: the driver is told, requests fail, and other channels go on", async () => {
    const { bus, vsp, vsc, guest, toGuest } = await rig()
    const violations = violationsOf(bus)
    vsp.answer = (packet, channel) => void channel.defer(packet)
    const asked = vsc.ask(bytes(1))
    bus.memory.store32(toGuest + RING_CONTROL.writeIndex, 3)
    guest.signalled()
    await expect(asked).rejects.toThrow('the channel was closed before the completion')
    expect(violations.map(({ at, rule }) => `${at} ${rule}`)).toContain('guest InvalidRingPointer')
    expect(vsc.log).toEqual(['close 1.0 fault'])
  })
})

describe('data in guest memory', () => {
  it('a GPA-direct packet: the device reads and writes the ranges that it names', async () => {
    const { bus, vsp, guest } = await rig()
    const run = bus.guest.pages.allocate(2)
    if (run === undefined) throw new Error('no pages')
    bus.memory.write(run.first * 4096 + 4090, bytes(1, 2, 3, 4, 5, 6, 7, 8), 0, 8)
    vsp.answer = (packet, channel) => {
      const [list] = channel.dataOf(packet) ?? []
      const data = new Uint8Array(8)
      list?.read(0, data, 0, 8)
      list?.write(0, data.slice().reverse(), 0, 8)
      channel.complete(packet, data)
    }
    let completion: Uint8Array | undefined
    guest.request(
      bytes(9),
      (packet) => {
        completion = packet?.copyPayload()
      },
      [{ byteCount: 8, byteOffset: 4090, pfns: [run.first, run.first + 1] }],
    )
    bus.settle()
    expect(completion).toEqual(bytes(1, 2, 3, 4, 5, 6, 7, 8))
    const back = new Uint8Array(8)
    bus.memory.read(run.first * 4096 + 4090, back, 0, 8)
    expect(back).toEqual(bytes(8, 7, 6, 5, 4, 3, 2, 1))
  })

  it.each([
    ['[RB-19] pages outside memory', [{ byteCount: 8, byteOffset: 0, pfns: [0x10_0000] }], 'MemoryAccess', 'ACCESS'],
    ['[RB-16] a range of 0 bytes', [{ byteCount: 0, byteOffset: 0, pfns: [1] }], 'EmptyByteCount', 'RANGE'],
    ['[RB-17] an offset beyond the page', [{ byteCount: 8, byteOffset: 4096, pfns: [1] }], 'OffsetTooLarge', 'RANGE'],
    [
      '[B156] fewer pages than the bytes need',
      [{ byteCount: 8192, byteOffset: 0, pfns: [1] }],
      'RangeTooSmall',
      'LENGTH',
    ],
  ])('%s: that request fails, the channel goes on', async (_name, ranges, rule, code) => {
    const { bus, vsp, vsc, guest } = await rig()
    const violations = violationsOf(bus)
    vsp.answer = (packet, channel) => {
      channel.complete(packet, bytes(packet.type === 9 && channel.dataOf(packet) === undefined ? 0xff : 1))
    }
    const answers: (number | undefined)[] = []
    guest.request(bytes(9), (packet) => answers.push(packet?.copyPayload()[0]), ranges)
    bus.settle()
    expect(answers).toEqual([0xff])
    expect(violations.map((violation) => `${violation.rule} ${violation.code}`)).toEqual([`${rule} ${code}`])
    expect((await vsc.ask(bytes(1)))[0]).toBe(1)
  })

  it("a transfer page packet of the host's is completed by the guest", async () => {
    const { bus, vsc, host } = await rig()
    const seen: unknown[] = []
    vsc.received = (packet: RingPacket, channel: Channel) => {
      seen.push([packet.type, packet.transferPageSetId, packet.rangeCount, [...packet.copyHeader()]])
      channel.complete(packet, bytes(1))
    }
    let completed = 0
    host.request(bytes(5), () => (completed += 1), { setId: 0xcafe, ranges: [{ byteCount: 16, byteOffset: 0xfff }] })
    bus.settle()
    expect(seen).toEqual([[7, 0xcafe, 1, [0xfe, 0xca, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 0xff, 0x0f, 0, 0]]])
    expect(completed).toBe(1)
  })
})

describe('other ways to take packets', () => {
  it('in batches, in place', async () => {
    const batches: number[][] = []
    const vsp = new (class extends TestVsp {
      override batch(channel: Channel): void {
        const batch: number[] = []
        for (let packet = channel.next(); packet !== undefined; packet = channel.next()) {
          batch.push(packet.bytes[packet.payloadOffset] ?? -1)
        }
        batches.push(batch)
      }
    })()
    const { bus, guest } = await rig({ host: { limits: { batch: 3 } } }, vsp)
    bus.settle()
    batches.length = 0
    for (let value = 0; value < 5; value++) guest.send(bytes(value))
    bus.settle()
    expect(batches).toEqual([
      [0, 1, 2],
      [3, 4],
    ])
  })

  it('by an async iterator, which ends with the channel; the ring is not read ahead of it', async () => {
    const { bus, vsp, vsc, host, guest } = await rig()
    const stream = host.packets(2)
    const seen: number[] = []
    const reading = (async () => {
      for await (const { payload, request } of stream) {
        seen.push(payload[0] ?? -1)
        request.complete(payload)
      }
    })()
    for (let value = 1; value <= 6; value++) guest.send(bytes(value))
    const [answer] = await vsc.ask(bytes(7))
    expect(answer).toBe(7)
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7])
    vsc.close()
    bus.settle()
    await reading
    expect(vsp.log).toEqual(['open 1.0', 'close 1.0 peer'])
  })

  it('an iterator that is left gives what comes to the device again', async () => {
    const { bus, vsp, host, guest } = await rig()
    guest.send(bytes(1))
    for await (const { payload } of host.packets(1)) {
      expect(payload[0]).toBe(1)
      break
    }
    guest.send(bytes(2))
    bus.settle()
    expect(vsp.log).toEqual(['open 1.0', 'packet 8'])
  })
})
