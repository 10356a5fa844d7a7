import type { ChannelId } from '../ids.ts'
import { versionText } from '../versions.ts'
import type { Channel, ChannelState } from './channel.ts'
import type { Core } from './core.ts'
import type { OfferId, OfferParams } from './effects.ts'

/** One channel as it stands, for tools and tests. */
export interface ChannelInfo {
  /** The device's handle; `undefined` when it was revoked and the guest still holds the relid. */
  readonly offer: OfferId | undefined
  /** What the device offers. */
  readonly params: OfferParams
  /** Relid, where one is assigned. */
  readonly channelId: ChannelId | undefined
  /** Monitor id (0 … 127), where one is assigned. */
  readonly monitorId: number | undefined
  /** Where the channel stands. */
  readonly state: ChannelState
  /** Whether it was opened by OpenReservedChannel. */
  readonly reserved: boolean
  /** GPADLs of any state. */
  readonly gpadls: number
}

/** All channels of a server, offered or not. */
export function channelInfos(core: Core): ChannelInfo[] {
  return [...core.offers.channels()].map((channel) => ({
    offer: channel.offer,
    params: channel.params,
    channelId: channel.channelId,
    monitorId: channel.monitorId,
    state: channel.state,
    reserved: channel.reserved !== undefined,
    gpadls: channel.gpadls.size,
  }))
}

/** What the server waits for, a line each. */
export function explain(core: Core, waiting: number): string[] {
  const { connection, outbox, ending } = core
  const lines: string[] = []
  if (connection !== undefined) {
    const offers = connection.offersSent ? '' : ': RequestOffers'
    lines.push(`guest connected at ${versionText(connection.version)}${offers}`)
  } else if (ending === undefined) lines.push('guest: InitiateContact')
  else lines.push(`end of the connection: ${ending.waitsFor.size} channels`)
  if (outbox.peek() !== undefined) lines.push(`guest: to take ${outbox.length} messages`)
  if (outbox.paused) lines.push('guest: Resume')
  if (waiting > 0) lines.push(`${waiting} messages of the guest wait to be handled`)
  if (core.modifyingConnection !== undefined) lines.push('transport: modifyConnectionComplete')
  for (const { serviceId } of core.tlConnects) lines.push(`listener of ${serviceId}: tlConnectComplete`)
  for (const channel of core.offers.channels()) explainChannel(channel, lines)
  return lines
}

function explainChannel(channel: Channel, lines: string[]): void {
  const name = `channel ${channel.channelId ?? '(not offered)'}`
  const { state } = channel
  if (state.startsWith('opening')) lines.push(`${name}: openComplete`)
  if (state.startsWith('closing')) lines.push(`${name}: closeComplete`)
  if (channel.isRevoked) lines.push(`${name}: RelIdReleased`)
  if (channel.modify !== undefined) lines.push(`${name}: modifyComplete`)
  for (const gpadl of channel.gpadls.values()) {
    if (gpadl.state === 'assembling') {
      lines.push(`${name}: GpadlBody, ${gpadl.list.length - gpadl.filled} bytes of GPADL ${gpadl.id}`)
    }
    if (gpadl.state === 'offered') lines.push(`${name}: gpadlComplete for ${gpadl.id}`)
    if (gpadl.held) lines.push(`${name}: CloseChannel, to tear down GPADL ${gpadl.id}`)
    else if (gpadl.state === 'tearing-down') lines.push(`${name}: gpadlTeardownComplete for ${gpadl.id}`)
  }
}
