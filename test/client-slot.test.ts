import { describe, expect, it } from 'vitest'
import { SynicMessage } from '../src/hypercall/index.ts'
import { ChannelMessage, ChannelMessageHeader, ChannelMessageType } from '../src/vmbus/messages.ts'
import { VmbusVersion } from '../src/vmbus/versions.ts'
import { isWireError } from '../src/wire/index.ts'
import { connectedClient, kinds, offered, offeredClient, postAll, rescinded, violationsOf } from './client-messages.ts'

/** A message slot of 256 bytes; the bytes behind the payload are not zero. */
function slotWith(payload: Uint8Array, over: { type?: number; size?: number } = {}): Uint8Array {
  const slot = new Uint8Array(256).fill(0xa5)
  const header = {
    messageType: over.type ?? 1,
    payloadSize: over.size ?? payload.length,
    messageFlags: { messagePending: false },
    sender: 0n,
  }
  slot.set(SynicMessage.encode({ header, payload: new Uint8Array(240) }).slice(0, 16))
  slot.set(payload, 16)
  return slot
}

/** A slot in which every byte changes once it was read, as the host could change it. */
function mutating(slot: Uint8Array): { view: Uint8Array; reads: number[] } {
  const reads: number[] = new Array(256).fill(0)
  const view = new Proxy(slot, {
    get(target, key) {
      const index = typeof key === 'string' ? Number(key) : Number.NaN
      if (Number.isInteger(index)) {
        reads[index] = (reads[index] ?? 0) + 1
        return reads[index] === 1 ? target[index] : 0xff
      }
      return Reflect.get(target, key, target)
    },
  })
  return { view, reads }
}

describe('a message slot', () => {
  it('[OK-09] gives the client its message, whatever lies behind the payload', () => {
    const client = connectedClient()
    expect(client.receiveSlot(slotWith(offered(7)))).toBe(true)
    expect(client.takeEvents()).toMatchObject([{ kind: 'offer', channelId: 7 }])
    expect(client.takeEvents()).toEqual([])
  })

  it('is left alone when it is empty', () => {
    const client = connectedClient()
    expect(client.receiveSlot(new Uint8Array(256))).toBe(false)
    expect(violationsOf(client)).toEqual([])
    expect(() => client.receiveSlot(new Uint8Array(255))).toThrow(RangeError)
  })

  it('[MS-01] with a payload size above 240 is freed and reported', () => {
    for (const size of [241, 255]) {
      const client = connectedClient()
      expect(client.receiveSlot(slotWith(offered(7), { size }))).toBe(true)
      expect(violationsOf(client)).toEqual([
        { rule: 'slot-payload-size', code: 'LENGTH', field: 'header.payloadSize', offset: 4 },
      ])
      expect(kinds(client)).toEqual([])
    }
  })

  it('[MS-02] with a payload size below the header of a message is freed and reported', () => {
    for (let size = 0; size < 8; size++) {
      const client = connectedClient()
      expect(client.receiveSlot(slotWith(offered(7), { size }))).toBe(true)
      expect(violationsOf(client)).toEqual([
        { rule: 'slot-payload-size', code: 'SHORT', field: 'header.payloadSize', offset: 4 },
      ])
    }
  })

  it('with a message that is not of VMBus is freed and reported', () => {
    const client = connectedClient()
    expect(client.receiveSlot(slotWith(offered(7), { type: 0x8000_0010 }))).toBe(true)
    expect(violationsOf(client)).toEqual([
      { rule: 'slot-message-type', code: 'TYPE', field: 'header.messageType', offset: 0 },
    ])
  })

  it('[MS-07][MS-08] is read once, byte by byte: type and size that change afterwards change nothing', () => {
    const client = offeredClient([1])
    const { view, reads } = mutating(slotWith(rescinded(1)))
    expect(client.receiveSlot(view)).toBe(true)
    expect(reads).toEqual(new Array(256).fill(1))
    expect(client.takeEvents()).toEqual([{ kind: 'rescinded', channelId: 1 }])
    expect(violationsOf(client)).toEqual([])
  })
})

/** One message of each type that a host sends, at its least size. */
const leastSizes: Record<keyof typeof ChannelMessageType, number> = {
  OfferChannel: 196,
  RescindChannelOffer: 12,
  RequestOffers: 8,
  AllOffersDelivered: 8,
  OpenChannel: 148,
  OpenResult: 20,
  CloseChannel: 12,
  GpadlHeader: 20,
  GpadlBody: 16,
  GpadlCreated: 20,
  GpadlTeardown: 16,
  GpadlTorndown: 12,
  RelIdReleased: 12,
  InitiateContact: 40,
  VersionResponse: 16,
  Unload: 8,
  UnloadComplete: 8,
  OpenReservedChannel: 28,
  CloseReservedChannel: 20,
  CloseReservedChannelResponse: 12,
  TlConnectRequest: 40,
  ModifyChannel: 16,
  TlConnectRequestResult: 44,
  ModifyChannelResponse: 16,
  ModifyConnection: 24,
  ModifyConnectionResponse: 9,
  Pause: 8,
  PauseResponse: 8,
  Resume: 8,
}
const fromHost: readonly string[] = [
  ...['OfferChannel', 'RescindChannelOffer', 'AllOffersDelivered', 'OpenResult', 'GpadlCreated', 'GpadlTorndown'],
  ...['VersionResponse', 'UnloadComplete', 'CloseReservedChannelResponse', 'TlConnectRequestResult'],
  ...['ModifyChannelResponse', 'ModifyConnectionResponse', 'PauseResponse'],
]

describe('a control message', () => {
  const bytesOf = (type: number, size: number) => {
    const bytes = new Uint8Array(size)
    new DataView(bytes.buffer).setUint32(0, type, true)
    return bytes
  }
  const client = () => connectedClient(VmbusVersion.V6_0, { features: 0x24 })

  it('[MS-04] of a type that is not known is ignored and counted', () => {
    for (const type of [0, 30, 0xffff_ffff]) {
      const guest = client()
      guest.receive(bytesOf(type, 240))
      expect(violationsOf(guest)).toEqual([{ rule: 'message-type', code: 'TYPE', field: 'messageType', offset: 0 }])
      expect([kinds(guest), postAll(guest)]).toEqual([[], []])
    }
  })

  it('[MS-05] of each type that is one byte short is ignored', () => {
    for (const [name, type] of Object.entries(ChannelMessageType)) {
      const bytes = bytesOf(type, (Object.entries(leastSizes).find(([key]) => key === name)?.[1] ?? 0) - 1)
      const fault = codeOf(() => ChannelMessage.decode(bytes))
      expect([name, fault]).toEqual([name, 'SHORT'])
      const guest = client()
      guest.receive(bytes)
      const [violation] = violationsOf(guest)
      const isHosts = fromHost.includes(name)
      expect([name, violation?.rule, violation?.code]).toEqual(
        isHosts ? [name, 'message-malformed', 'SHORT'] : [name, 'message-not-allowed', 'TYPE'],
      )
      expect([kinds(guest), postAll(guest)]).toEqual([[], []])
    }
  })

  it('[MS-05] without even a whole header is ignored', () => {
    for (let size = 0; size < ChannelMessageHeader.size; size++) {
      const guest = client()
      guest.receive(bytesOf(1, 8).slice(0, size))
      expect(violationsOf(guest)).toMatchObject([{ rule: 'message-malformed', code: 'SHORT' }])
    }
  })

  it('that only a guest sends is ignored', () => {
    for (const [name, type] of Object.entries(ChannelMessageType)) {
      if (fromHost.includes(name)) continue
      const guest = client()
      guest.receive(bytesOf(type, 240))
      expect(violationsOf(guest)).toMatchObject([{ rule: 'message-not-allowed', code: 'TYPE' }])
    }
  })

  it('that came with a later version is ignored', () => {
    const guest = connectedClient(VmbusVersion.V4_0)
    guest.receive(bytesOf(ChannelMessageType.ModifyChannelResponse, 16))
    guest.receive(bytesOf(ChannelMessageType.TlConnectRequestResult, 44))
    guest.receive(bytesOf(ChannelMessageType.PauseResponse, 8))
    expect(violationsOf(guest).map(({ rule }) => rule)).toEqual(new Array(3).fill('message-not-allowed'))
  })

  it('of more bytes than a slot can hold is ignored', () => {
    const guest = offeredClient([1])
    guest.receive(new Uint8Array([...rescinded(1), ...new Uint8Array(229)]))
    expect(violationsOf(guest)).toEqual([{ rule: 'message-too-long', code: 'LENGTH', field: '', offset: 240 }])
    expect(kinds(guest)).toEqual([])
  })

  it('[OK-01] may be longer than its structure', () => {
    const guest = offeredClient([1])
    guest.receive(new Uint8Array([...rescinded(1), ...new Uint8Array(228).fill(7)]))
    expect(kinds(guest)).toEqual(['rescinded'])
    expect(violationsOf(guest)).toEqual([])
  })
})

function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return isWireError(error) ? error.code : String(error)
  }
}
