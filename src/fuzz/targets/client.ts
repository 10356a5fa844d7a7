import { fromHex } from '../../trace/hex.ts'
import { VmbusClient } from '../../vmbus/client/index.ts'
import { ChannelMessageType, VersionResponse2 } from '../../vmbus/messages.ts'
import { controlEvent, controlStep } from '../control-steps.ts'
import type { Draw } from '../draw.ts'
import type { FuzzTarget, Step } from '../target.ts'
import { ClientWorld, type FuzzedClient } from './client-world.ts'

/** Features that the client asks for, so that what hangs on them is reached. */
const features = 0x77

/**
 * The guest's state machine under a hostile host: control messages in any order, valid, spoiled and random, posts that fail, and
 * a driver that requests this and that. It must throw nothing on the host's account, post nothing but well-formed messages, answer
 * every request exactly once, and afterwards connect to a good host as ever.
 *
 * Its inputs: `msg` is received; `fault` `request` is the driver's, `post` says how HvCallPostMessage ends for what waits, `answer`
 * is a good host's answer to one of the messages posted.
 */
export function clientTarget(create: () => FuzzedClient = () => new VmbusClient({ features })): FuzzTarget {
  return {
    name: 'client',
    generate(draw) {
      const steps = draw.oneIn(8) ? [] : greetingSteps(draw)
      for (let count = draw.between(1, 40); count > 0; count--) steps.push(...stepsFor(draw))
      return steps
    },
    run(events) {
      const world = new ClientWorld(create())
      for (const event of events) {
        if (event.kind === 'msg') world.receive(fromHex(event.hex))
        else if (event.kind === 'fault') world.meddle(event)
      }
      world.check()
    },
  }
}

const requests = [
  'createGpadl',
  'createGpadl',
  'open',
  'open',
  'teardownGpadl',
  'close',
  'release',
  'modify',
  'modifyConnection',
  'tlConnect',
] as const

const rareRequests = ['pause', 'resume', 'requestOffers', 'connect', 'unload'] as const

function stepsFor(draw: Draw): Step[] {
  switch (draw.below(6)) {
    case 0:
      return [draw.oneIn(6) ? post(draw.pick([0x13, 0x0b, 0x12, 0x05])) : post(0)]
    case 1:
    case 2:
      return [
        post(0),
        meddling('answer', { which: draw.oneIn(2) ? 0 : draw.below(8), ok: !draw.oneIn(6), twice: draw.oneIn(8) }),
      ]
    case 3:
      if (!draw.oneIn(4)) return [request(draw.pick(requests), draw.between(1, 3), draw.between(0, 3)), post(0)]
      return openSteps(draw.between(1, 3))
    case 4: {
      const what = draw.oneIn(8) ? draw.pick(rareRequests) : draw.pick(requests)
      return [request(what, draw.between(1, 3), draw.between(0, 3)), post(0)]
    }
    default:
      return [controlStep('host', draw)]
  }
}

/** What a driver does to open its channel, with a host that does its part. */
function openSteps(channelId: number): Step[] {
  const answer = meddling('answer', { which: 0, ok: true, twice: false })
  const answers = [post(0), answer, answer, answer]
  return [request('createGpadl', channelId, 0), ...answers, request('open', channelId, 0), ...answers]
}

/** A host that accepts the first version, and some offers. */
function greetingSteps(draw: Draw): Step[] {
  const accepted = VersionResponse2.encode({
    versionSupported: 1,
    connectionState: 0,
    versionOrConnectionId: 0x100,
    supportedFeatures: draw.oneIn(2) ? features : draw.below(256),
  })
  return [
    request('connect', 0, 0),
    post(0),
    { event: controlEvent(accepted, 'host') },
    request('requestOffers', 0, 0),
    post(0),
    ...Array.from({ length: draw.between(1, 3) }, (_, index) => ({ event: controlEvent(offer(index + 1), 'host') })),
  ]
}

function offer(channelId: number): Uint8Array {
  const bytes = new Uint8Array(196)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, ChannelMessageType.OfferChannel, true)
  // Interface and instance differ from channel to channel.
  bytes.fill(channelId, 8, 40)
  view.setUint32(184, channelId, true)
  bytes[188] = 0xff
  view.setUint32(192, 0x2000 + channelId, true)
  return bytes
}

function request(what: string, channelId: number, number: number): Step {
  return meddling('request', { what, channelId, number })
}

function post(status: number): Step {
  return meddling('post', { status })
}

function meddling(fault: string, detail: Record<string, string | number | boolean>): Step {
  return { event: { kind: 'fault', t: 0, fault, detail } }
}
