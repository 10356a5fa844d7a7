import { ChannelMessage } from '../vmbus/messages.ts'
import { VmbusVersion } from '../vmbus/versions.ts'
import { type JsonValue, toJSON } from '../wire/index.ts'

/** Where our host answers otherwise than the recorded one. */
export interface Difference {
  /** `missing`: only the recorded host sent it; `extra`: only ours did; `different`: both did, with another value in `field`. */
  readonly kind: 'missing' | 'extra' | 'different'
  /** Number of the recorded host's event; of an extra message that of the guest's message that it answers. */
  readonly event: number
  /** The message's name. */
  readonly message: string
  /** Relid in the recording, where the message has one. */
  readonly channelId?: number
  /** Dotted path of the field; `order` when only the place in the sequence differs; empty for a whole message. */
  readonly field: string
  /** What the recording has there, as JSON. */
  readonly recorded?: JsonValue
  /** What ours has there, as JSON. */
  readonly ours?: JsonValue
  /** Whether a guest would behave differently. */
  readonly matters: boolean
  /** Why it matters, or why not. */
  readonly why: string
}

/** A difference in one line, for people. */
export function differenceText(difference: Difference): string {
  const { kind, event, message, channelId, field, recorded, ours, matters, why } = difference
  const what = channelId === undefined ? message : `${message} #${channelId}`
  const rule = `${matters ? 'matters' : 'does not matter'}: ${why}`
  if (kind === 'missing') return `event ${event}, ${what}: our host does not send it; ${rule}`
  if (kind === 'extra') return `event ${event}, ${what}: only our host sends it; ${rule}`
  const there = recorded === undefined ? '' : `recorded ${JSON.stringify(recorded)}, `
  return `event ${event}, ${what}, ${field}: ${there}ours ${JSON.stringify(ours ?? null)}; ${rule}`
}

/** A field in which hosts may differ without the guest's behaving differently. */
interface FreeField {
  readonly message: string
  readonly field: string
  readonly why: string
}

const followsOffer = 'how the guest signals; it does what the offer says'

/** What a host is free to choose. Source: Linux drivers/hv/channel_mgmt.c (vmbus_onoffer), connection.c. */
const freeFields: readonly FreeField[] = [
  {
    message: 'OfferChannel',
    field: 'channelId',
    why: 'hosts number channels as they like; the guest uses the relid of the offer',
  },
  { message: 'OfferChannel', field: 'connectionId', why: 'the guest signals whatever connection the offer names' },
  { message: 'OfferChannel', field: 'monitorId', why: followsOffer },
  { message: 'OfferChannel', field: 'monitor', why: followsOffer },
  { message: 'OfferChannel', field: 'interrupt', why: followsOffer },
]

/** The fields in which two messages of one kind differ, both numbered as the recording numbers channels. */
export function differingFields(
  recorded: ChannelMessage,
  ours: ChannelMessage,
  version: number | undefined,
): readonly Pick<Difference, 'field' | 'recorded' | 'ours' | 'matters' | 'why'>[] {
  const theirs = leaves(toJSON(ChannelMessage, recorded))
  const mine = leaves(toJSON(ChannelMessage, ours))
  const found: Pick<Difference, 'field' | 'recorded' | 'ours' | 'matters' | 'why'>[] = []
  for (const field of new Set([...theirs.keys(), ...mine.keys()])) {
    const a = theirs.get(field)
    const b = mine.get(field)
    if (a === b || field === 'type') continue
    const free = reasonOfFreedom(recorded, field, version)
    found.push({
      field,
      ...(a === undefined ? {} : { recorded: a }),
      ...(b === undefined ? {} : { ours: b }),
      matters: free === undefined,
      why: free ?? whyItMatters(field),
    })
  }
  return found
}

function reasonOfFreedom(recorded: ChannelMessage, field: string, version: number | undefined): string | undefined {
  if (field.endsWith('padding') || field.includes('reserved')) return 'reserved space, which guests do not look at'
  if (field === 'versionOrConnectionId' && 'versionSupported' in recorded) {
    if (recorded.versionSupported === 0) return 'guests do not look at it in a refusal'
    return version !== undefined && version >= VmbusVersion.V5_0
      ? 'the guest posts to whatever connection the response names'
      : 'below 5.0 the guest knows the version: it asked for it'
  }
  const found = freeFields.find(
    (free) => free.message === recorded.type && (field === free.field || field.startsWith(`${free.field}.`)),
  )
  return found?.why
}

function whyItMatters(field: string): string {
  if (field.startsWith('status')) return 'the guest takes zero for success and anything else for failure'
  if (field === 'versionSupported') return 'the guest goes on with another version'
  if (field.startsWith('supportedFeatures')) return 'the guest uses other features'
  if (field.startsWith('offer.')) return 'the guest sees another device'
  if (/^(channelId|gpadlId|openId)$/.test(field)) return 'the guest finds its request by it'
  return 'the guest looks at it'
}

/** The values in some JSON by their dotted path. An enumeration is one value. */
function leaves(json: JsonValue, path = '', into = new Map<string, JsonValue>()): Map<string, JsonValue> {
  if (typeof json !== 'object' || json === null) into.set(path, json)
  else if ('value' in json && 'name' in json) into.set(path, `${json.name} (${json.value})`)
  else {
    for (const [name, part] of Object.entries(json)) leaves(part, path === '' ? name : `${path}.${name}`, into)
  }
  return into
}
