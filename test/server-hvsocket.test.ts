import { describe, expect, it } from 'vitest'
import { BufferMemory } from '../src/memory/index.ts'
import {
  BytePipeReader,
  hvsocketOffer,
  initializeRing,
  MessageStatus,
  PipeWriter,
  RingReader,
  RingWriter,
  VmbusVersion,
} from '../src/vmbus/index.ts'
import { nilGuid } from '../src/wire/index.ts'
import { id, pages, TestEnv } from './server-env.ts'

const { V1_1, V4_0, V4_1, V5_1, V5_2, V6_0 } = VmbusVersion
const endpointId = id(0xe)
const serviceId = id(0x5)
const asked = { kind: 'tl-connect', endpointId, serviceId, siloId: nilGuid }
const refused = { type: 'TlConnectRequestResult', endpointId, serviceId, status: MessageStatus.ConnectionRefused }

/** Connected, with offers requested. */
function connected(version: number = V6_0) {
  const env = new TestEnv()
  env.offered(0, { version })
  return env
}

describe('hvsocket', () => {
  it('[B106] a listener answers by its offer, without a result', () => {
    const env = connected(V4_0)
    env.post('TlConnectRequest', { endpointId, serviceId })
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([asked])
    const offer = env.server.offer(hvsocketOffer({ serviceId, endpointId, isForGuestAccept: false }))
    env.server.tlConnectComplete(endpointId, serviceId, true)
    expect(env.heard()).toMatchObject([
      {
        type: 'OfferChannel',
        channelId: 1,
        offer: {
          interfaceId: serviceId,
          instanceId: endpointId,
          flags: 0x2011,
          userDefined: { type: 'HvsocketUserDefined', isForGuestAccept: 0 },
        },
      },
    ])
    env.opened(offer, 1)
  })

  it('[B107] without a listener the result says so, from 4.1', () => {
    for (const [version, said] of [
      [V4_0, []],
      [V4_1, [refused]],
      [V6_0, [refused]],
    ] as const) {
      const env = connected(version)
      env.post('TlConnectRequest', { endpointId, serviceId })
      env.server.tlConnectComplete(endpointId, serviceId, false)
      expect(env.heard()).toEqual(said)
    }
    expect(MessageStatus.ConnectionRefused).toBe(0xc000_0236)
  })

  it('[B108][OK-04] the silo comes in the long form from 5.2; the short form is right at any version', () => {
    const siloId = id(0x51)
    for (const [version, silo] of [
      [V5_2, siloId],
      [V6_0, siloId],
      [V5_1, nilGuid],
      [V4_0, nilGuid],
    ] as const) {
      const env = connected(version)
      env.post('TlConnectRequest2', { endpointId, serviceId, siloId })
      expect(env.effects()).toEqual([{ ...asked, siloId: silo }])
      env.post('TlConnectRequest', { endpointId, serviceId })
      expect(env.effects()).toEqual([asked])
      expect(env.rules()).toEqual([])
    }
  })

  it('[B109] the host connects by an offer to accept, and takes it back when nobody does', () => {
    const env = connected()
    const offer = env.server.offer(hvsocketOffer({ serviceId, endpointId, isForGuestAccept: true }))
    expect(env.heard()).toMatchObject([{ offer: { userDefined: { isForGuestAccept: 1 } } }])
    env.server.revoke(offer)
    expect(env.heard()).toEqual([{ type: 'RescindChannelOffer', channelId: 1 }])
  })

  it('[B111] data flows through a byte pipe: an empty packet ends one direction, the close of the ring both', () => {
    const env = connected()
    const offer = env.server.offer(hvsocketOffer({ serviceId, endpointId, isForGuestAccept: true }))
    expect(env.heard()).toMatchObject([{ offer: { userDefined: { pipeType: 0 } } }])
    env.accepted(offer, 1, 10, pages(4, 0))
    env.open(1)
    const [open] = env.effects()
    if (open?.kind !== 'open') throw new Error('not opened')
    const size = open.request.downstreamPageOffset * 4096
    const memory = new BufferMemory(new ArrayBuffer(2 * size))
    for (const at of [0, size]) initializeRing(memory, at)
    const ends = (at: number) => ({
      sender: new PipeWriter(new RingWriter(memory, at, size)),
      receiver: new BytePipeReader(new RingReader(memory, at, size)),
    })
    const [up, down] = [ends(0), ends(size)]
    const target = new Uint8Array(8)
    up.sender.writeBytes(Uint8Array.of(1, 2))
    up.sender.writeEnd()
    expect([up.receiver.read(target), up.receiver.count, up.receiver.read(target)]).toEqual(['data', 2, 'end'])
    down.sender.writeBytes(Uint8Array.of(3))
    expect([down.receiver.read(target), down.receiver.count, down.receiver.read(target)]).toEqual(['data', 1, 'empty'])
    env.server.openComplete(offer, true)
    env.heard()
    env.post('CloseChannel', { channelId: 1 })
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    env.server.closeComplete(offer)
    env.expectIgnored()
  })

  it('[B112] with 16 requests under way, nothing more is looked at', () => {
    const env = connected()
    for (let socket = 1; socket <= 17; socket++) env.post('TlConnectRequest', { endpointId: id(socket), serviceId })
    env.gpadl(9, 9)
    expect(env.effects()).toHaveLength(16)
    expect(env.heard()).toEqual([])
    env.server.tlConnectComplete(id(3), serviceId, false)
    expect(env.heard()).toEqual([{ ...refused, endpointId: id(3) }])
    expect(env.effects()).toEqual([{ ...asked, endpointId: id(17) }])
    env.server.tlConnectComplete(id(4), serviceId, true)
    expect(env.heard()).toMatchObject([{ type: 'GpadlCreated', channelId: 9 }])
  })

  it('[SV-30][SV-03] does not exist before 4.0', () => {
    const env = connected(V1_1)
    env.post('TlConnectRequest', { endpointId, serviceId })
    env.expectIgnored('type-not-allowed')
  })

  it('an answer after the connection has ended is not sent to the next one', () => {
    const env = connected()
    env.post('TlConnectRequest', { endpointId, serviceId })
    env.post('Unload', {})
    env.heard()
    env.effects()
    env.connect()
    env.server.tlConnectComplete(endpointId, serviceId, false)
    env.expectIgnored()
    env.server.tlConnectComplete(endpointId, serviceId, false)
    env.expectIgnored('completion-unexpected')
  })
})

describe('reserved channels', () => {
  const result = { type: 'OpenResult', channelId: 1, openId: 0, status: 0 }
  const closed = (vp: number, sint = 2) => ({
    vp,
    sint,
    message: { type: 'CloseReservedChannelResponse', channelId: 1 },
  })

  it('[B113] are answered where they say, and have no interrupts', () => {
    const env = new TestEnv()
    const offer = env.one({ version: V4_0 })
    env.accepted(offer, 1, 10)
    env.openReserved(1, 1, 5)
    expect(env.effects()).toEqual([
      {
        kind: 'open',
        offer,
        request: {
          channelId: 1,
          openId: 0,
          ringGpadlId: 10,
          ring: pages(4)[0],
          downstreamPageOffset: 2,
          interrupt: { kind: 'none' },
          connectionId: 0x2001,
          userData: new Uint8Array(120),
          reserved: true,
        },
      },
    ])
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([{ vp: 1, sint: 5, message: result }])
  })

  it('[B113] that a device refuses, or whose ring is bad, fail there too', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.accepted(offer, 1, 10)
    const failed = { vp: 1, sint: 2, message: { ...result, status: 0x8000_ffff } }
    env.openReserved(1)
    env.server.openComplete(offer, false)
    expect(env.heard()).toEqual([failed])
    env.effects()
    env.openReserved(1, 1, 2, 11)
    expect(env.heard()).toEqual([failed])
    expect(env.violations()).toMatchObject([{ rule: 'open-ring', field: 'ringBufferGpadlId', offset: 20 }])
    env.open(1)
    expect(env.effects()).toMatchObject([{ kind: 'open', offer, request: { reserved: false } }])
  })

  it('[B114][SV-31] and others are closed by their own messages only', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.openedReserved(first, 1)
    env.opened(second, 2)
    env.post('CloseChannel', { channelId: 1 })
    env.expectIgnored('close-reserved')
    env.post('CloseReservedChannel', { channelId: 2, targetVp: 0, targetSint: 2 })
    env.post('CloseReservedChannel', { channelId: 9, targetVp: 0, targetSint: 2 })
    env.expectIgnored('close-not-reserved', 'close-not-reserved')
  })

  it('[B77][SV-31] have no GPADLs but their ring while open', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.openedReserved(offer, 1)
    env.gpadl(1, 11)
    expect(env.heard()).toEqual([{ type: 'GpadlCreated', channelId: 1, gpadlId: 11, status: 0x8000_ffff }])
    env.post('GpadlTeardown', { channelId: 1, gpadlId: 10 })
    env.expectIgnored('gpadl-reserved', 'gpadl-reserved')
  })

  it('[B115] stay, with their rings, when the guest unloads', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.openedReserved(first, 1)
    env.opened(second, 2)
    env.post('Unload', {})
    expect(env.effects()).toEqual([{ kind: 'close', offer: second, channelId: 2 }])
    env.server.closeComplete(second)
    env.server.gpadlTeardownComplete(second, 10)
    expect(env.heard()).toEqual([{ type: 'UnloadComplete' }])
    expect(env.server.channels()).toMatchObject([
      { state: 'open', channelId: 1, reserved: true, gpadls: 1 },
      { state: 'released', channelId: undefined, gpadls: 0 },
    ])
  })

  it('[B116] are closed with an answer where the close says, and may be opened again', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.openedReserved(offer, 1)
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 4, targetSint: 2 })
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    env.server.closeComplete(offer)
    expect(env.heard()).toEqual([closed(4)])
    env.open(1)
    expect(env.effects()).toMatchObject([{ kind: 'open', request: { reserved: false } }])
  })

  it('[B116] also while disconnected, and then the channel is released', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.openedReserved(offer, 1)
    env.post('Unload', {})
    env.heard()
    env.effects()
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 4, targetSint: 3 })
    env.server.closeComplete(offer)
    expect(env.heard()).toEqual([closed(4, 3)])
    expect(env.effects()).toEqual([
      { kind: 'close', offer, channelId: 1 },
      { kind: 'gpadl-teardown', offer, gpadlId: 10 },
    ])
    env.server.gpadlTeardownComplete(offer, 10)
    env.expectIgnored()
    expect(env.server.channels()).toMatchObject([{ state: 'released', channelId: undefined, gpadls: 0 }])
    env.connect()
    env.post('RequestOffers', {})
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 1 }, { type: 'AllOffersDelivered' }])
  })

  it('[B117] stay open on a new connection, where their GPADL ids are free for others', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.openedReserved(first, 1)
    env.post('Unload', {})
    env.heard()
    env.effects()
    env.connect({ version: VmbusVersion.V5_3 })
    env.post('RequestOffers', {})
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 2 }, { type: 'AllOffersDelivered' }])
    env.opened(second, 2)
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 4, targetSint: 2 })
    env.server.closeComplete(first)
    expect(env.heard()).toEqual([closed(4)])
    // Now it is offered here too, when its old ring is gone.
    expect(env.effects()).toMatchObject([{ kind: 'close' }, { kind: 'gpadl-teardown', offer: first, gpadlId: 10 }])
    env.server.gpadlTeardownComplete(first, 10)
    expect(env.heard()).toMatchObject([{ type: 'OfferChannel', channelId: 1 }])
  })

  it('[B118] are not opened twice, nor while they close, nor for a SINT that cannot be', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.openedReserved(first, 1)
    env.openReserved(1)
    env.expectIgnored('open-not-closed')
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 4, targetSint: 16 })
    env.expectIgnored('reserved-sint')
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 4, targetSint: 2 })
    env.effects()
    env.openReserved(1)
    env.expectIgnored('open-not-closed')
    env.accepted(second, 2, 10)
    env.openReserved(2, 1, 0)
    env.openReserved(2, 1, 0xffff_ffff)
    env.expectIgnored('reserved-sint', 'reserved-sint')
  })

  it('answer a close that is under way when the device goes', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.openedReserved(offer, 1)
    env.post('Unload', {})
    env.heard()
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 4, targetSint: 2 })
    env.server.revoke(offer)
    expect(env.heard()).toEqual([closed(4)])
    expect(env.server.channels()).toEqual([])
  })

  it('[SV-03] do not exist before 4.0', () => {
    const env = new TestEnv()
    const offer = env.one({ version: VmbusVersion.V3_0 })
    env.accepted(offer, 1, 10)
    env.openReserved(1)
    env.expectIgnored('type-not-allowed')
  })
})
