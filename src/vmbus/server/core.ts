import type { Guid, WireErrorCode } from '../../wire/index.ts'
import type { ChannelMessage } from '../messages.ts'
import { type Violation, ViolationLog } from '../violation.ts'
import type { Channel } from './channel.ts'
import type { MessageOrigin, MessageTarget, MonitorPages, ServerEffect } from './effects.ts'
import { GpadlTable } from './gpadl-table.ts'
import { OfferTable } from './offer-table.ts'
import type { ServerSettings } from './options.ts'
import { Outbox } from './outbox.ts'
import { type ServerRule, serverRules } from './rules.ts'

/** What was agreed with the guest. */
export interface Connection {
  /** Version agreed on. */
  readonly version: number
  /** Granted features; 0 before 6.0. */
  readonly features: number
  /** Where control messages go. */
  readonly target: MessageTarget
  /** Only messages over the trusted path count. */
  readonly trusted: boolean
  /** Monitor pages in use, if any. */
  monitorPages: MonitorPages | undefined
  /** The host allocated the monitor pages. */
  readonly ownPages: boolean
  /** GPA of the shared interrupt page, before 2.4. */
  readonly interruptPage: bigint | undefined
  /** With the clientId feature. */
  readonly clientId: Guid | undefined
  /** RequestOffers has come. */
  offersSent: boolean
}

/** A contact that is this server's to answer. */
export interface Contact {
  readonly message: MessageOf<'InitiateContact' | 'InitiateContact2'>
  /** It came over the trusted path. */
  readonly trusted: boolean
}

/** What follows when a connection has ended; a later request takes the place of an earlier one. */
export type AfterDisconnect =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'unload-complete'; readonly target: MessageTarget; readonly version: number }
  | { readonly kind: 'contact'; readonly contact: Contact }

/** A connection that ends. */
export interface Ending {
  next: AfterDisconnect
  /** Channels whose devices have not answered yet. */
  readonly waitsFor: Set<Channel>
  /** False when only reserved channels were closed: then no one learns of a disconnect. */
  readonly wasConnected: boolean
}

/** An hvsocket request that no listener has answered yet. */
export interface PendingTlConnect {
  readonly endpointId: Guid
  readonly serviceId: Guid
  readonly siloId: Guid
  /** The connection that asked has ended. */
  stale: boolean
}

/** Everything the parts of the server share. */
export class Core {
  /** Messages for the guest. */
  readonly outbox = new Outbox()
  /** All channels. */
  readonly offers: OfferTable
  /** All GPADLs. */
  readonly gpadls = new GpadlTable()
  /** What the guest did wrong. */
  readonly violations: ViolationLog
  /** Connections on which open channels are signalled. */
  readonly signals = new Map<number, Channel>()
  readonly tlConnects: PendingTlConnect[] = []
  /** What has become due and was not fetched. */
  effects: ServerEffect[] = []
  /** Violations of the message at hand; reported when it has been dealt with, since a policy may throw. */
  readonly found: Violation[] = []
  /** `undefined` while no guest is connected. */
  connection: Connection | undefined
  /** A connection that ends and waits for devices. */
  ending: Ending | undefined
  /** A ModifyConnection that the transport has not answered. */
  modifyingConnection: { readonly pages: MonitorPages | undefined } | undefined
  /** The guest has unloaded once. */
  unloadedOnce = false
  /** More messages wait than allowed: the connection is to be reset. */
  overflowed = false

  constructor(readonly settings: ServerSettings) {
    this.offers = new OfferTable(settings.channelIdOffset)
    this.violations = new ViolationLog(settings.violations)
  }

  /** Sends to the connected guest; nothing when there is none. */
  send(bytes: Uint8Array): void {
    if (this.connection !== undefined) this.#push(this.connection.target, bytes, false)
  }

  /** Sends to a target of its own, whatever the connection's state. */
  sendTo(target: MessageTarget, bytes: Uint8Array): void {
    this.#push(target, bytes, true)
  }

  #push(target: MessageTarget, bytes: Uint8Array, aside: boolean): void {
    if (this.outbox.length >= this.settings.maxOutgoing) this.overflowed = true
    else this.outbox.push(target, bytes, aside)
  }
  /** Adds something that has become due. */
  effect(effect: ServerEffect): void {
    this.effects.push(effect)
  }

  /** Notes a violation: the rule, the field and its offset, and more about it where there is something to say. */
  refuse(rule: ServerRule, field: string, offset: number, more: Refusal = {}): void {
    const { code, why } = serverRules[rule]
    this.found.push({
      rule,
      code: more.code ?? code,
      field,
      offset,
      why: more.why ?? why,
      ...(more.channelId === undefined ? {} : { channelId: more.channelId }),
    })
  }

  /** The channel of a relid that this connection may use. */
  find(channelId: number): Channel | undefined {
    const channel = this.offers.byRelid(channelId)
    return channel?.offered ? channel : undefined
  }

  /** A device has answered: the end of the connection may no longer wait for it. */
  progress(channel: Channel): void {
    if (!channel.isBusy) this.ending?.waitsFor.delete(channel)
  }
  /** What version or features forbid is handled all the same. */
  get observes(): boolean {
    return this.settings.acceptance === 'observe'
  }
}

/** What a violation says beside its rule. */
export interface Refusal {
  readonly code?: WireErrorCode
  readonly why?: string
  readonly channelId?: number
}

/** A decoded control message of one type. */
export type MessageOf<N extends ChannelMessage['type']> = Extract<ChannelMessage, { type: N }>

/** A control message with its origin. */
export interface Incoming {
  readonly bytes: Uint8Array
  readonly origin: MessageOrigin
}
