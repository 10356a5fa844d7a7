import type { TranscriptEvent } from '../trace/events.ts'
import { gpadlMessages } from '../vmbus/gpadl-messages.ts'
import { ChannelMessage, ChannelMessageType, InitiateContact, OpenChannel, RequestOffers } from '../vmbus/messages.ts'
import { VmbusVersion, vmbusVersions } from '../vmbus/versions.ts'
import { guid, type Sender, toHex } from '../wire/index.ts'
import type { Draw } from './draw.ts'
import { generate } from './generate.ts'
import { mutate } from './mutate.ts'
import type { Step } from './target.ts'

/** Two sockets and two services, so that requests meet each other. */
const guids = [guid('11111111-2222-4333-8444-555555555555'), guid('00000017-facb-11e6-bd58-64006a7986d3')] as const

/** Few ids, so that what one message names is there when the next one comes. */
const prefer = {
  channelId: [1, 1, 2, 2, 3, 3, 4],
  gpadlId: [1, 2, 3, 0xe1e10, 0xe1e11, 0xe1e12],
  ringBufferGpadlId: [1, 2, 3],
  openId: [1, 2, 3, 4],
  downstreamRingBufferPageOffset: [1, 2],
  version: vmbusVersions,
  targetVp: [0, 1],
  targetSint: [2],
  sint: [2, 2, 7],
  vtl: [0, 0, 2],
  connectionId: [1, 4, 0x2001, 0x2002],
  eventFlag: [1, 2, 3],
  status: [0, 0, 0, 0x8000_ffff],
  versionSupported: [1, 1, 1, 0],
  connectionState: [0, 0, 0, 2],
  parentToChildMonitorPage: [0n, 0x5000n],
  childToParentMonitorPage: [0n, 0x6000n],
  interfaceId: guids,
  instanceId: guids,
  endpointId: guids,
  serviceId: guids,
  subchannelIndex: [0, 0, 1],
} as const

/** A control message as an event: to the host a post, to the guest a message. */
export function controlEvent(bytes: Uint8Array, from: Sender, connectionId = 1): TranscriptEvent {
  const hex = toHex(bytes)
  return from === 'guest'
    ? { kind: 'postmessage', t: 0, dir: 'g2h', connection_id: connectionId, hex }
    : { kind: 'msg', t: 0, dir: 'h2g', hex }
}

/** A control message of any type that this side sends (sometimes the other), valid, spoiled, or drawn byte by byte. */
export function controlStep(from: Sender, draw: Draw): Step {
  const connectionId = draw.pick([1, 1, 1, 1, 4, 7])
  if (draw.oneIn(20)) return { event: controlEvent(draw.bytes(draw.below(250)), from, connectionId) }
  const context = draw.oneIn(10) ? {} : { from }
  let bytes = generate(ChannelMessage, draw, { context, prefer })
  // Else most conversations would be over before they have begun.
  if (endsConnection(bytes) && !draw.oneIn(4)) bytes = generate(ChannelMessage, draw, { context, prefer })
  const mutations = draw.oneIn(3) ? [mutate(ChannelMessage, bytes, draw, context)] : []
  return { event: controlEvent(bytes, from, connectionId), mutations }
}

function endsConnection(bytes: Uint8Array): boolean {
  return bytes[0] === ChannelMessageType.InitiateContact || bytes[0] === ChannelMessageType.Unload
}

/** The beginning that most guests make, so that what follows meets a connected host. */
export function contactSteps(draw: Draw): Step[] {
  const version = draw.oneIn(2) ? VmbusVersion.V6_0 : draw.pick(vmbusVersions)
  const featureFlags = version === VmbusVersion.V6_0 ? draw.pick([0, 0x7f, 0xff, draw.below(256)]) & ~0x08 : 0
  return [
    { event: controlEvent(contact(version, featureFlags), 'guest', version >= VmbusVersion.V5_0 ? 4 : 1) },
    { event: controlEvent(RequestOffers.encode({}), 'guest') },
  ]
}

/** A well-formed InitiateContact. */
export function contact(version: number, featureFlags = 0): Uint8Array {
  return InitiateContact.encode({
    version,
    targetVp: 0,
    target:
      version >= VmbusVersion.V5_0
        ? { type: 'TargetInfo', sint: 2, vtl: 0, featureFlags }
        : { type: 'InterruptPage', interruptPage: 0x4000n },
    parentToChildMonitorPage: 0n,
    childToParentMonitorPage: 0n,
  })
}

/** A GPADL that can be a ring, and the open that uses it, each with a mutation now and then, each followed by `between`. */
export function openSteps(draw: Draw, between: readonly Step[]): Step[] {
  const channelId = draw.pick(prefer.channelId)
  const gpadlId = draw.pick(prefer.ringBufferGpadlId)
  const pages = draw.pick([2, 4, 4, 40])
  const pfns = Array.from({ length: pages }, (_, index) => 16 + index)
  const open = OpenChannel.encode({
    channelId,
    openId: channelId,
    ringBufferGpadlId: gpadlId,
    targetVp: 0,
    downstreamRingBufferPageOffset: pages / 2,
    userData: new Uint8Array(120),
  })
  const messages = [...gpadlMessages(channelId, gpadlId, [{ byteCount: pages * 4096, byteOffset: 0, pfns }]), open]
  return messages.flatMap((bytes) => {
    const mutations = draw.oneIn(12) ? [mutate(ChannelMessage, bytes, draw, { from: 'guest' })] : []
    return [{ event: controlEvent(bytes, 'guest'), mutations }, ...between]
  })
}
