import { describe, expect, it } from 'vitest'
import { noInterruptVp } from '../src/vmbus/ids.ts'
import { FeatureFlags, VmbusVersion } from '../src/vmbus/versions.ts'
import {
  kinds,
  modified,
  offeredClient,
  openedClient,
  openResult,
  postAll,
  postNames,
  rescinded,
  reservedClosed,
  violationsOf,
  withGpadl,
} from './client-messages.ts'

const refusal = (rule: string, code: string, field: string, offset: number) => [{ rule, code, field, offset }]

/** A channel whose open was posted and is not answered. */
function opening(version: number = VmbusVersion.V5_3) {
  const client = offeredClient([1], version)
  const ringGpadlId = withGpadl(client)
  client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
  postAll(client)
  return client
}

describe('open', () => {
  it('[B43] sends the 148 bytes that Linux sends: open id = relid, user data filled up', () => {
    const client = offeredClient([2])
    const ringGpadlId = withGpadl(client, 2)
    client.open(2, { ringGpadlId, downstreamPageOffset: 4, userData: new Uint8Array([1, 2, 3]) })
    const hex = `05000000000000000200000002000000101e0e000000000004000000010203${'00'.repeat(117)}`
    expect(postAll(client)).toEqual([{ type: 'OpenChannel', connectionId: 1, hex }])
    client.receive(openResult(2))
    expect(client.takeEvents()).toEqual([{ kind: 'opened', channelId: 2, signalled: false }])
    expect(violationsOf(client)).toEqual([])
  })

  it('[B43][OK-07] can ask for another open id and for no interrupts', () => {
    const client = offeredClient([1])
    const ringGpadlId = withGpadl(client)
    client.open(1, { ringGpadlId, downstreamPageOffset: 1, openId: 7, targetVp: noInterruptVp })
    expect(postAll(client)[0]?.hex.slice(24, 48)).toBe('07000000101e0e00ffffffff')
    client.receive(openResult(1, 0, 1))
    expect(violationsOf(client)).toEqual(refusal('open-result-open-id', 'UNKNOWN-ID', 'openId', 12))
    client.receive(openResult(1, 0, 7))
    expect(kinds(client)).toEqual(['opened'])
  })

  it('[B51][B52] sends the long form when its features were negotiated', () => {
    const params = { downstreamPageOffset: 1, connectionId: 0x3003, eventFlag: 77, redirectInterrupt: true }
    const tail = (features: number, more: object) => {
      const client = offeredClient([1], VmbusVersion.V6_0, { features })
      const ringGpadlId = withGpadl(client)
      client.open(1, { ringGpadlId, ...params, ...more })
      const [post] = postAll(client)
      return [post?.type, post?.hex.slice(2 * 148)]
    }
    expect(tail(FeatureFlags.guestSpecifiedSignalParameters, {})).toEqual(['OpenChannel2', '033000004d000100'])
    expect(tail(FeatureFlags.channelInterruptRedirection, {})).toEqual(['OpenChannel2', '0330000001000100'])
    expect(tail(FeatureFlags.modifyConnection, {})).toEqual(['OpenChannel', ''])
    expect(tail(0x3, { connectionId: 0x2001, eventFlag: 1, redirectInterrupt: false })).toEqual([
      'OpenChannel2',
      '0120000001000000',
    ])
  })

  it('[B44] that the host refuses leaves the channel closed, to be opened anew', () => {
    const client = opening()
    client.receive(openResult(1, 0x8000_ffff))
    expect(client.takeEvents()).toEqual([{ kind: 'open-failed', channelId: 1, status: 0x8000_ffff }])
    client.open(1, { ringGpadlId: 0xe1e10, downstreamPageOffset: 1 })
    expect(postNames(client)).toEqual(['OpenChannel'])
  })

  it('[MS-23] is answered once: results for other channels, other open ids, or twice are ignored', () => {
    const client = opening()
    client.receive(openResult(9))
    expect(violationsOf(client)).toEqual(refusal('open-result-unasked', 'UNKNOWN-ID', 'channelId', 8))
    client.receive(openResult(1, 0, 2))
    expect(violationsOf(client)).toEqual(refusal('open-result-open-id', 'UNKNOWN-ID', 'openId', 12))
    client.receive(openResult(1))
    client.receive(openResult(1))
    client.receive(openResult(1, 0x8000_ffff))
    expect(violationsOf(client)).toEqual([
      ...refusal('open-result-unasked', 'STATE', 'channelId', 8),
      ...refusal('open-result-unasked', 'STATE', 'channelId', 8),
    ])
    expect(kinds(client)).toEqual(['opened'])
  })

  it('[MS-23] is not answered before it was posted', () => {
    const client = offeredClient([1])
    const ringGpadlId = withGpadl(client)
    client.receive(openResult(1))
    client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    client.receive(openResult(1))
    expect(violationsOf(client)).toEqual([
      ...refusal('open-result-unasked', 'STATE', 'channelId', 8),
      ...refusal('open-result-unasked', 'STATE', 'channelId', 8),
    ])
    expect(kinds(client)).toEqual([])
  })

  it('[TR-01][B49] fails once when the rescind comes instead of the result, and the relid is released once', () => {
    const client = opening()
    client.receive(rescinded(1))
    expect(client.takeEvents()).toEqual([
      { kind: 'open-failed', channelId: 1, status: 'rescinded' },
      { kind: 'rescinded', channelId: 1 },
    ])
    client.receive(openResult(1))
    expect(violationsOf(client)).toEqual(refusal('open-result-unasked', 'STATE', 'channelId', 8))
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['released'])
  })

  it('[TR-01] that was not posted yet when the rescind comes is not posted at all', () => {
    const client = offeredClient([1])
    const ringGpadlId = withGpadl(client)
    client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    client.receive(rescinded(1))
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['open-failed', 'rescinded', 'released'])
  })

  it('[TR-01] that is in the hands of the transport when the rescind comes is not tried again', () => {
    const client = offeredClient([1])
    const ringGpadlId = withGpadl(client)
    client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    client.peekPost()
    client.receive(rescinded(1))
    client.posted(0x13)
    expect(client.peekPost()).toBeUndefined()
    expect(kinds(client)).toEqual(['open-failed', 'rescinded', 'post-failed'])
  })

  it('[B49] of a channel that is rescinded already fails at once', () => {
    const client = offeredClient([1])
    const ringGpadlId = withGpadl(client)
    client.receive(rescinded(1))
    client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    client.modify(1, 2)
    client.close(1)
    expect(client.takeEvents()).toEqual([
      { kind: 'rescinded', channelId: 1 },
      { kind: 'open-failed', channelId: 1, status: 'rescinded' },
      { kind: 'modified', channelId: 1, status: 'rescinded' },
    ])
    expect(postNames(client)).toEqual([])
  })

  it('[MS-37] keeps a signal that comes before the result', () => {
    const client = opening()
    expect(client.signalled(1)).toBeUndefined()
    client.receive(openResult(1))
    expect(client.takeEvents()).toEqual([{ kind: 'opened', channelId: 1, signalled: true }])
    expect(client.signalled(1)).toBe(1)
  })

  it('[B57][TR-05] names no channel for a spurious signal, nor for one after close or rescind', () => {
    const { client } = openedClient()
    expect([0, 2, 2048].map((flag) => client.signalled(flag))).toEqual([undefined, undefined, undefined])
    client.close(1)
    expect(client.signalled(1)).toBeUndefined()
    const other = openedClient().client
    other.receive(rescinded(1))
    expect(other.signalled(1)).toBeUndefined()
  })

  it('[B52] is signalled by the event flag that the guest has chosen', () => {
    const client = offeredClient([1, 2], VmbusVersion.V6_0, { features: 0x1 })
    const ringGpadlId = withGpadl(client, 2)
    client.open(2, { ringGpadlId, downstreamPageOffset: 1, eventFlag: 900 })
    postAll(client)
    client.receive(openResult(2))
    expect([client.signalled(2), client.signalled(900)]).toEqual([undefined, 2])
  })

  it('that cannot be posted fails', () => {
    const client = offeredClient([1], VmbusVersion.V5_3, { maxPostAttempts: 1 })
    const ringGpadlId = withGpadl(client)
    client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    postAll(client, 0x13)
    expect(client.takeEvents()).toEqual([
      { kind: 'post-failed', messageType: 5, status: 0x13, channelId: 1 },
      { kind: 'open-failed', channelId: 1, status: 'not-posted' },
    ])
  })

  it('needs a created GPADL of that channel, a closed channel, and no more user data than fits', () => {
    const { client, gpadlId } = openedClient()
    const params = { ringGpadlId: gpadlId, downstreamPageOffset: 1 }
    expect(() => client.open(1, params)).toThrow('channel 1 is open')
    client.close(1)
    expect(() => client.open(1, { ...params, ringGpadlId: 5 })).toThrow('ring GPADL 5 of channel 1 is unknown')
    expect(() => client.open(1, { ...params, userData: new Uint8Array(121) })).toThrow(RangeError)
    expect(() => client.close(1)).toThrow('channel 1 is closed')
  })
})

describe('close', () => {
  it('[B46][B48] sends CloseChannel, has no answer, and lets the channel be opened at once', () => {
    const { client, gpadlId } = openedClient()
    client.close(1)
    client.open(1, { ringGpadlId: gpadlId, downstreamPageOffset: 1 })
    expect(postNames(client)).toEqual(['CloseChannel', 'OpenChannel'])
    client.receive(openResult(1))
    expect(kinds(client)).toEqual(['opened'])
  })

  it('can be tried again when it could not be posted', () => {
    const { client } = openedClient(VmbusVersion.V5_3, { maxPostAttempts: 1 })
    client.close(1)
    postAll(client, 0x13)
    expect(kinds(client)).toEqual(['post-failed'])
    client.close(1)
    expect(postNames(client)).toEqual(['CloseChannel'])
  })
})

describe('modify', () => {
  it('[B92] waits for the response from 5.3 on', () => {
    const { client } = openedClient()
    client.modify(1, 3)
    expect(postAll(client)).toEqual([
      { type: 'ModifyChannel', connectionId: 1, hex: '16000000000000000100000003000000' },
    ])
    expect(() => client.modify(1, 4)).toThrow('channel 1 is being modified already')
    expect(kinds(client)).toEqual([])
    client.receive(modified(1, 0x8000_ffff))
    expect(client.takeEvents()).toEqual([{ kind: 'modified', channelId: 1, status: 0x8000_ffff }])
    client.modify(1, 4)
    expect(postNames(client)).toEqual(['ModifyChannel'])
  })

  it('[B92] waits for nothing below 5.3', () => {
    const { client } = openedClient(VmbusVersion.V5_2)
    client.modify(1, 3)
    postAll(client)
    expect(client.takeEvents()).toEqual([{ kind: 'modified', channelId: 1, status: 0 }])
    client.receive(modified(1))
    expect(violationsOf(client)).toEqual(refusal('message-not-allowed', 'TYPE', '', 0))
  })

  it('[B93][B95] is refused where the host would refuse or not know it', () => {
    const { client } = openedClient()
    expect(() => client.modify(1, noInterruptVp)).toThrow(RangeError)
    client.close(1)
    expect(() => client.modify(1, 2)).toThrow('channel 1 is not open')
    expect(() => openedClient(VmbusVersion.V4_0).client.modify(1, 2)).toThrow('from version 4.1 on')
  })

  it('[B82] is answered at the rescind, and the relid kept until the response has come', () => {
    const { client } = openedClient()
    client.modify(1, 3)
    postAll(client)
    client.receive(rescinded(1))
    client.release(1)
    expect(kinds(client)).toEqual(['modified', 'rescinded'])
    expect(postNames(client)).toEqual([])
    client.receive(modified(1))
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(kinds(client)).toEqual(['released'])
    expect(violationsOf(client)).toEqual([])
  })

  it('[B82] owes nothing when it was not posted yet', () => {
    const { client } = openedClient()
    client.modify(1, 3)
    client.receive(rescinded(1))
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    expect(client.takeEvents()).toEqual([
      { kind: 'modified', channelId: 1, status: 'rescinded' },
      { kind: 'rescinded', channelId: 1 },
      { kind: 'released', channelId: 1 },
    ])
  })
})

describe('a reserved channel', () => {
  const openReserved = () => {
    const client = offeredClient([1])
    const ringGpadlId = withGpadl(client)
    client.openReserved(1, { ringGpadlId, downstreamPageOffset: 1, targetVp: 1 })
    return client
  }

  it('[B113][B116] is opened and closed by messages of its own', () => {
    const client = openReserved()
    expect(postAll(client)).toEqual([
      { type: 'OpenReservedChannel', connectionId: 1, hex: '1200000000000000010000000100000002000000101e0e0001000000' },
    ])
    client.receive(openResult(1, 0, 0))
    expect(kinds(client)).toEqual(['opened'])
    expect(() => client.close(1)).toThrow('channel 1 is reserved')
    expect(() => client.modify(1, 1)).toThrow('channel 1 is not open')
    expect(() => client.release(1)).toThrow('channel 1 is reserved')
    client.closeReserved(1, 4, 2)
    expect(postAll(client)).toEqual([
      { type: 'CloseReservedChannel', connectionId: 1, hex: '1300000000000000010000000400000002000000' },
    ])
    client.receive(reservedClosed(1))
    expect(client.takeEvents()).toEqual([{ kind: 'reserved-closed', channelId: 1, status: 0 }])
    expect(violationsOf(client)).toEqual([])
  })

  it('is answered when it is rescinded while it closes', () => {
    const client = openReserved()
    postAll(client)
    client.receive(openResult(1, 0, 0))
    client.closeReserved(1)
    client.receive(rescinded(1))
    client.closeReserved(1)
    client.release(1)
    expect(postNames(client)).toEqual(['RelIdReleased'])
    const closed = { kind: 'reserved-closed', channelId: 1, status: 'rescinded' }
    expect(client.takeEvents().slice(1, 4)).toEqual([closed, { kind: 'rescinded', channelId: 1 }, closed])
  })

  it('exists from 4.0 on', () => {
    const client = offeredClient([1], VmbusVersion.V3_0)
    expect(() => client.openReserved(1, { ringGpadlId: 1, downstreamPageOffset: 1 })).toThrow('from version 4.0 on')
  })
})

describe('an answer that overtakes the end of its own post', () => {
  it('counts, and what becomes of the post does not', () => {
    const client = offeredClient([1])
    const ringGpadlId = withGpadl(client)
    client.open(1, { ringGpadlId, downstreamPageOffset: 1 })
    client.peekPost()
    client.receive(openResult(1))
    client.posted(5)
    expect(kinds(client)).toEqual(['opened'])
    client.modify(1, 2)
    client.peekPost()
    client.receive(modified(1))
    client.posted(0)
    expect(kinds(client)).toEqual(['modified'])
    client.close(1)
    expect(postNames(client)).toEqual(['CloseChannel'])
  })

  it('to another request leaves a post in hand as it is', () => {
    const { client } = openedClient()
    client.modify(1, 2)
    postAll(client)
    client.close(1)
    client.peekPost()
    client.receive(modified(1))
    client.posted(0x13)
    expect(postNames(client)).toEqual(['CloseChannel'])
  })
})
