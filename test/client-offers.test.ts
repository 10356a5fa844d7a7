import { describe, expect, it } from 'vitest'
import { VmbusVersion } from '../src/vmbus/versions.ts'
import {
  connectedClient,
  device,
  kinds,
  offerEvent,
  offered,
  offeredClient,
  offersDelivered,
  openedClient,
  openResult,
  postAll,
  postNames,
  rescinded,
  violationsOf,
  withGpadl,
} from './client-messages.ts'

const refusal = (rule: string, code: string, field: string, offset: number) => [{ rule, code, field, offset }]

describe('offers', () => {
  it('[B27][OK-06] are told to the drivers as they are, also after all were delivered', () => {
    const client = connectedClient()
    client.requestOffers()
    expect(postNames(client)).toEqual(['RequestOffers'])
    client.receive(offered(1))
    client.receive(offersDelivered())
    client.receive(offered(2))
    expect(client.takeEvents()).toEqual([offerEvent(1), { kind: 'offers-delivered' }, offerEvent(2)])
    expect(violationsOf(client)).toEqual([])
  })

  it('[B28] end once: a second AllOffersDelivered is ignored', () => {
    const client = offeredClient([])
    client.receive(offersDelivered())
    expect(violationsOf(client)).toEqual(refusal('offers-delivered-unasked', 'STATE', 'messageType', 0))
    expect(kinds(client)).toEqual([])
  })

  it('[MS-10][MS-11] with a relid that cannot be are dropped', () => {
    const client = offeredClient([])
    for (const relid of [0, 2048, 0xffff_ffff]) {
      client.receive(offered(relid))
      expect(violationsOf(client)).toEqual(refusal('offer-relid', 'RANGE', 'channelId', 184))
    }
    client.receive(offered(2047))
    expect(kinds(client)).toEqual(['offer'])
  })

  it('[B40] for a relid that is still held are ignored, and the old channel stays', () => {
    const { client } = openedClient()
    client.receive(offered(1, {}, { instanceId: device(99) }))
    expect(violationsOf(client)).toEqual(refusal('offer-relid-held', 'DUP', 'channelId', 184))
    client.close(1)
    expect(postNames(client)).toEqual(['CloseChannel'])
    client.receive(rescinded(1))
    client.receive(offered(1))
    expect(violationsOf(client)).toEqual(refusal('offer-relid-held', 'DUP', 'channelId', 184))
    expect(kinds(client)).toEqual(['rescinded'])
  })

  it('[MS-13] of a device under a second relid are reported', () => {
    const client = offeredClient([1])
    client.receive(offered(2, {}, { instanceId: device(1) }))
    expect(violationsOf(client)).toEqual(refusal('offer-duplicate', 'DUP', 'offer.instanceId', 24))
    expect(kinds(client)).toEqual([])
    client.receive(rescinded(1))
    client.receive(offered(2, {}, { instanceId: device(1) }))
    expect(kinds(client)).toEqual(['rescinded', 'offer'])
    expect(violationsOf(client)).toEqual([])
  })

  it('that name a connection or a monitor id that cannot be are dropped', () => {
    const client = offeredClient([])
    client.receive(offered(1, { connectionId: 0x100_0000 }))
    expect(violationsOf(client)).toEqual(refusal('offer-connection-id', 'RANGE', 'connectionId', 192))
    client.receive(offered(1, { monitor: { allocated: true }, monitorId: 128 }))
    expect(violationsOf(client)).toEqual(refusal('offer-monitor-id', 'RANGE', 'monitorId', 188))
    client.receive(offered(1, { monitor: { allocated: true }, monitorId: 127, connectionId: 0xff_ffff }))
    expect(kinds(client)).toEqual(['offer'])
  })

  it('[MS-14][B37] of a sub-channel wait for the offer of its primary', () => {
    const client = offeredClient([])
    const sub = (relid: number, subchannelIndex: number) =>
      offered(relid, {}, { instanceId: device(1), subchannelIndex })
    client.receive(sub(2, 1))
    client.receive(sub(3, 2))
    client.receive(sub(4, 3))
    expect(kinds(client)).toEqual([])
    expect(client.explain()).toContain('channel 2: the offer of its primary channel')
    expect(() => client.release(2)).toThrow('no channel 2')
    client.receive(rescinded(4))
    expect(postAll(client)).toMatchObject([{ type: 'RelIdReleased', hex: '0d0000000000000004000000' }])
    client.receive(offered(1))
    client.receive(sub(5, 4))
    expect(client.takeEvents()).toMatchObject([1, 2, 3, 5].map((channelId) => ({ kind: 'offer', channelId })))
    client.receive(sub(6, 2))
    expect(violationsOf(client)).toEqual(refusal('offer-duplicate', 'DUP', 'offer.instanceId', 24))
  })

  it('[MS-16] of a pipe of an unknown type are kept', () => {
    const client = offeredClient([])
    const userDefined = {
      type: 'PipeUserDefined',
      pipeType: 3,
      userDefined: { data: new Uint8Array(112), pipeFlags: 0 },
    } as const
    client.receive(offered(1, {}, { flags: 0x10, userDefined }))
    expect(client.takeEvents()).toEqual([offerEvent(1, {}, { flags: 0x10, userDefined })])
    expect(violationsOf(client)).toEqual([])
  })

  it('at version 0.13 name no connection, whatever stands there; a monitor id they have', () => {
    const client = connectedClient(VmbusVersion.V0_13)
    const monitored = { monitorId: 5, monitor: { allocated: true } }
    client.receive(offered(1, { ...monitored, connectionId: 0xffff_ffff, interrupt: { isDedicated: true } }))
    expect(client.takeEvents()).toEqual([
      offerEvent(1, { ...monitored, connectionId: 2, interrupt: { isDedicated: false } }),
    ])
  })
})

describe('a rescind', () => {
  it('[B83][B84] is answered by RelIdReleased once the driver lets go; then the relid may come back', () => {
    const client = offeredClient([1])
    client.receive(rescinded(1))
    expect(client.takeEvents()).toEqual([{ kind: 'rescinded', channelId: 1 }])
    expect(postNames(client)).toEqual([])
    client.release(1)
    expect(kinds(client)).toEqual([])
    expect(postAll(client)).toEqual([{ type: 'RelIdReleased', connectionId: 1, hex: '0d0000000000000001000000' }])
    expect(client.takeEvents()).toEqual([{ kind: 'released', channelId: 1 }])
    client.receive(offered(1, {}, { instanceId: device(2) }))
    expect(kinds(client)).toEqual(['offer'])
    expect(violationsOf(client)).toEqual([])
  })

  it('[MS-19] of a relid that is not offered is ignored', () => {
    const client = offeredClient([1])
    for (const relid of [0, 2, 0xffff_ffff]) {
      client.receive(rescinded(relid))
      expect(violationsOf(client)).toEqual(refusal('rescind-unknown', 'UNKNOWN-ID', 'channelId', 8))
    }
    expect([kinds(client), postAll(client)]).toEqual([[], []])
  })

  it('[MS-20][B91] that comes twice tears down once', () => {
    const { client } = openedClient()
    client.receive(rescinded(1))
    client.receive(rescinded(1))
    expect(violationsOf(client)).toEqual(refusal('rescind-twice', 'STATE', 'channelId', 8))
    client.release(1)
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['rescinded', 'released'])
    client.receive(rescinded(1))
    expect(violationsOf(client)).toEqual(refusal('rescind-unknown', 'UNKNOWN-ID', 'channelId', 8))
  })

  it('[B89] of an open channel makes no CloseChannel; the relid can be used for a new offer afterwards', () => {
    const { client } = openedClient()
    client.receive(rescinded(1))
    client.close(1)
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    client.receive(offered(1))
    const gpadlId = withGpadl(client)
    client.open(1, { ringGpadlId: gpadlId, downstreamPageOffset: 1 })
    postAll(client)
    client.receive(openResult(1))
    expect(kinds(client)).toEqual(['opened'])
  })

  it('[B89] of an open channel makes a CloseChannel as Linux does, if so wished', () => {
    const { client } = openedClient(VmbusVersion.V5_3, { closeRescinded: true })
    client.receive(rescinded(1))
    client.release(1)
    expect(postAll(client).map(({ hex }) => hex)).toEqual(['070000000000000001000000', '0d0000000000000001000000'])
  })

  it('[B90] that crosses a CloseChannel is answered by RelIdReleased exactly once', () => {
    for (const posted of [true, false]) {
      const { client } = openedClient()
      client.close(1)
      const before = posted ? postNames(client) : []
      client.receive(rescinded(1))
      client.release(1)
      expect([...before, ...postNames(client)]).toEqual(posted ? ['CloseChannel', 'RelIdReleased'] : ['RelIdReleased'])
      expect(kinds(client)).toEqual(['rescinded', 'released'])
      expect(violationsOf(client)).toEqual([])
    }
  })

  it('[B60] has to come before RelIdReleased: letting go of an open channel closes it and no more', () => {
    const { client } = openedClient()
    client.release(1)
    expect(postAll(client)).toEqual([{ type: 'CloseChannel', connectionId: 1, hex: '070000000000000001000000' }])
    expect(client.explain()).toEqual(['channel 1: RescindChannelOffer, since it was let go of'])
    expect(() => client.close(1)).toThrow('channel 1 was let go of')
    client.receive(rescinded(1))
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['rescinded', 'released'])
  })

  it('[B88] followed by an offer of the same device comes back with the same relid, after the release', () => {
    const client = offeredClient([1])
    client.receive(rescinded(1))
    client.release(1)
    postAll(client)
    client.receive(offered(1))
    expect(kinds(client)).toEqual(['rescinded', 'released', 'offer'])
  })

  it('keeps the relid when RelIdReleased cannot be posted; release tries again', () => {
    const client = offeredClient([1], VmbusVersion.V5_3, { maxPostAttempts: 2 })
    client.receive(rescinded(1))
    client.release(1)
    postAll(client, 0x13)
    expect(client.takeEvents().slice(1)).toEqual([{ kind: 'post-failed', messageType: 13, status: 0x13, channelId: 1 }])
    client.release(1)
    postAll(client)
    expect(kinds(client)).toEqual(['released'])
  })
})
