import { ConnectionIds, HvStatus, vmbusMessageType } from '../channels/index.ts'
import { MemoryFault } from '../memory/index.ts'
import type { TestApi } from './test-api.ts'
import { payloadOf, TransportProbe, type TransportUnderTest } from './transport-probe.ts'

const sint = 2
const page = 0x4000

/** What every transport must do (see `TransportEnds`). `make` is called for each test. */
export function transportSuite(
  { describe, it, expect }: TestApi,
  make: () => TransportUnderTest | Promise<TransportUnderTest>,
): void {
  const test = (name: string, body: (probe: TransportProbe) => Promise<void>) =>
    it(name, async () => {
      const transport = await make()
      try {
        await body(new TransportProbe(transport))
      } finally {
        await transport.close?.()
      }
    })

  describe('messages to the host', () => {
    test('arrive in order, with connection, type and exact bytes', async (probe) => {
      probe.attach()
      for (const length of [0, 1, 239, 240]) {
        expect(probe.guest.post(ConnectionIds.message, vmbusMessageType, payloadOf(length))).toBe(HvStatus.Success)
      }
      await probe.settle()
      expect(probe.posts).toEqual(
        [0, 1, 239, 240].map((length) => ({ connectionId: 1, messageType: 1, bytes: [...payloadOf(length)] })),
      )
    })

    test('of more than 240 bytes, or of a type that is none, are refused', async (probe) => {
      probe.attach()
      expect(probe.guest.post(1, 1, payloadOf(241))).toBe(HvStatus.InvalidParameter)
      expect(probe.guest.post(1, 0, payloadOf(8))).toBe(HvStatus.InvalidParameter)
      expect(probe.guest.post(1, 0x8000_0000, payloadOf(8))).toBe(HvStatus.InvalidParameter)
      await probe.settle()
      expect(probe.posts).toEqual([])
    })

    test('are answered with the status of the host: no such connection, no room', async (probe) => {
      probe.attach()
      for (const status of [HvStatus.InvalidConnectionId, HvStatus.InsufficientBuffers, HvStatus.Success]) {
        probe.status = status
        expect(probe.guest.post(77, 1, payloadOf(8))).toBe(status)
        expect(probe.guest.signal(77, 0)).toBe(status)
      }
    })

    test('have no host to go to before it attaches', async (probe) => {
      expect(probe.guest.post(1, 1, payloadOf(8))).toBe(HvStatus.InvalidConnectionId)
      expect(probe.guest.signal(1, 0)).toBe(HvStatus.InvalidConnectionId)
    })

    test('are copied: the sender may use its bytes again', async (probe) => {
      probe.attach()
      const bytes = payloadOf(8)
      probe.guest.post(1, 1, bytes)
      bytes.fill(0xee)
      await probe.settle()
      expect(probe.posts[0]?.bytes).toEqual([...payloadOf(8)])
    })
  })

  describe('messages to the guest', () => {
    test('arrive with their slot, type and exact bytes, not while they are sent', async (probe) => {
      probe.attach()
      for (const length of [0, 1, 240]) {
        expect(probe.host.post(0, sint, vmbusMessageType, payloadOf(length))).toBe('delivered')
        expect(probe.messages.length).toBe(0)
        await probe.settle()
        expect(probe.messages.splice(0)).toEqual([{ vp: 0, sint, messageType: 1, bytes: [...payloadOf(length)] }])
      }
      expect(probe.slotsFreed).toEqual([])
    })

    test('find the slot busy until the guest has taken the one before; then the host is told', async (probe) => {
      probe.attach()
      expect(probe.host.post(0, sint, 1, payloadOf(1))).toBe('delivered')
      expect(probe.host.post(0, sint, 1, payloadOf(2))).toBe('busy')
      expect(probe.host.post(0, sint, 1, payloadOf(2))).toBe('busy')
      expect(probe.slotsFreed).toEqual([])
      await probe.settle()
      expect(probe.slotsFreed).toEqual([{ vp: 0, sint }])
      expect(probe.host.post(0, sint, 1, payloadOf(2))).toBe('delivered')
      await probe.settle()
      expect(probe.messages.map(({ bytes }) => bytes.length)).toEqual([1, 2])
      // No one waited this time.
      expect(probe.slotsFreed.length).toBe(1)
    })

    test('have a slot for each SINT', async (probe) => {
      probe.attach()
      expect(probe.host.post(0, 2, 1, payloadOf(1))).toBe('delivered')
      expect(probe.host.post(0, 3, 1, payloadOf(2))).toBe('delivered')
      expect(probe.host.post(0, 2, 1, payloadOf(3))).toBe('busy')
      await probe.settle()
      expect(probe.messages.map(({ sint }) => sint).sort()).toEqual([2, 3])
    })

    test('are refused where there is no slot, and beyond 240 bytes', async (probe) => {
      probe.attach()
      expect(probe.host.post(0, sint, 1, payloadOf(241))).toBe('refused')
      expect(probe.host.post(0, 16, 1, payloadOf(8))).toBe('refused')
      expect(probe.host.post(0, -1, 1, payloadOf(8))).toBe('refused')
      expect(probe.host.post(0xffff_ffff, sint, 1, payloadOf(8))).toBe('refused')
      await probe.settle()
      expect(probe.messages).toEqual([])
      expect(probe.host.post(0, sint, 1, payloadOf(8))).toBe('delivered')
    })

    test('and event flags wait for a guest that attaches later', async (probe) => {
      probe.attachHost()
      expect(probe.host.post(0, sint, 1, payloadOf(8))).toBe('delivered')
      probe.host.setEventFlag(0, sint, 5)
      await probe.settle()
      probe.attachGuest()
      await probe.settle()
      expect(probe.messages.length).toBe(1)
      expect(probe.events).toEqual([{ vp: 0, sint, flag: 5 }])
    })
  })

  describe('signals', () => {
    test('of the guest reach the host with their connection and flag', async (probe) => {
      probe.attach()
      expect(probe.guest.signal(0x2001, 0)).toBe(HvStatus.Success)
      expect(probe.guest.signal(0x2002, 3)).toBe(HvStatus.Success)
      await probe.settle()
      expect(probe.signals).toEqual([
        { connectionId: 0x2001, flag: 0 },
        { connectionId: 0x2002, flag: 3 },
      ])
    })

    test('of the host are flags: one that is set already raises nothing, one that was taken does again', async (probe) => {
      probe.attach()
      for (const flag of [5, 5, 0, 2047, 5]) probe.host.setEventFlag(0, sint, flag)
      expect(probe.events).toEqual([])
      await probe.settle()
      expect(probe.events.map(({ flag }) => flag).sort((a, b) => a - b)).toEqual([0, 5, 2047])
      probe.host.setEventFlag(0, sint, 5)
      await probe.settle()
      expect(probe.events.length).toBe(4)
    })

    test('of the host to a flag, SINT or VP that does not exist do nothing', async (probe) => {
      probe.attach()
      probe.host.setEventFlag(0, sint, 2048)
      probe.host.setEventFlag(0, sint, -1)
      probe.host.setEventFlag(0, 16, 1)
      probe.host.setEventFlag(99, sint, 1)
      await probe.settle()
      expect(probe.events).toEqual([])
    })
  })

  describe('memory', () => {
    test('is the same for both ends, words and bytes', async ({ host, guest }) => {
      guest.memory.store32(page, 0x1234_5678)
      expect(host.memory.load32(page)).toBe(0x1234_5678)
      host.memory.write(page + 1, Uint8Array.of(0xaa, 0xbb), 0, 2)
      expect(guest.memory.load32(page)).toBe(0x12bb_aa78)
      expect(host.memory.size).toBe(guest.memory.size)
    })

    test('has bits that either end sets and the other takes', async ({ host, guest }) => {
      for (const [setter, taker] of [
        [host, guest],
        [guest, host],
      ] as const) {
        setter.setBit(page, 31)
        setter.setBit(page, 0)
        setter.setBit(page, 0)
        setter.setBit(page, 37)
        expect(taker.memory.load32(page)).toBe(0x8000_0001)
        expect(taker.take32(page)).toBe(0x8000_0001)
        expect(taker.take32(page)).toBe(0)
        expect(taker.take32(page + 4)).toBe(0x20)
      }
    })

    test('refuses bits outside of it with a MemoryFault', async ({ host, guest }) => {
      for (const end of [host, guest]) {
        expect(thrownBy(() => end.setBit(end.memory.size, 0))).toBe(MemoryFault)
        expect(thrownBy(() => end.take32(end.memory.size))).toBe(MemoryFault)
      }
    })

    test('has a page that the host watches: told of each change, later, until it watches no more', async (probe) => {
      probe.attach()
      const { host, guest } = probe
      host.watch(page)
      guest.setBit(page + 4096, 1)
      guest.setBit(page - 4, 1)
      await probe.settle()
      expect(probe.watched).toBe(0)
      guest.setBit(page + 8, 40)
      expect(probe.watched).toBe(0)
      await probe.settle()
      expect(probe.watched).toBe(1)
      host.setBit(page, 1)
      await probe.settle()
      expect(probe.watched).toBe(1)
      host.watch(undefined)
      guest.setBit(page, 2)
      await probe.settle()
      expect(probe.watched).toBe(1)
    })
  })

  describe('handlers', () => {
    test('are replaced by attaching again', async (probe) => {
      probe.attach()
      const first = probe.takeOver()
      probe.host.post(0, sint, 1, payloadOf(4))
      probe.guest.post(1, 1, payloadOf(4))
      await probe.settle()
      expect([first.messages.length, first.posts.length]).toEqual([0, 0])
      expect([probe.messages.length, probe.posts.length]).toEqual([1, 1])
    })
  })
}

/** The class of what a call throws. */
function thrownBy(call: () => void): unknown {
  try {
    call()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.constructor : error
  }
}
