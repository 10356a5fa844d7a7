import type { Infer } from '../../wire/index.ts'
import { type ConnectionId, type GpadlId, noInterruptVp } from '../ids.ts'
import {
  ChannelMessageType,
  CloseChannel,
  CloseReservedChannel,
  CloseReservedChannelResponse,
  ModifyChannel,
  ModifyChannelResponse,
  OpenChannel,
  OpenChannel2,
  OpenReservedChannel,
  OpenResult,
  RelIdReleased,
} from '../messages.ts'
import { FeatureFlags, VmbusVersion } from '../versions.ts'
import type { ClientChannel } from './channel.ts'
import type { RequestFailure } from './events.ts'
import { type ClientLink, ClientStateError } from './link.ts'
import type { Post } from './post-queue.ts'

/** How a channel is to be opened. */
export interface OpenParams {
  /** A created GPADL of this channel over both rings, the guest-to-host ring first. */
  readonly ringGpadlId: GpadlId
  /** Page of that GPADL at which the host-to-guest ring begins. */
  readonly downstreamPageOffset: number
  /** VP that the host interrupts; `noInterruptVp` for none. Default 0. */
  readonly targetVp?: number
  /** Up to 120 bytes for the device, filled up with zeros. */
  readonly userData?: Uint8Array
  /** What OpenResult is to echo. Default: the relid, as Linux. */
  readonly openId?: number
  /** With guestSpecifiedSignalParameters: connection that the guest will signal. Default: the offered one. */
  readonly connectionId?: ConnectionId
  /** With guestSpecifiedSignalParameters: event flag that the host is to set. Default: the relid. */
  readonly eventFlag?: number
  /** With channelInterruptRedirection: interrupt VTL 2. */
  readonly redirectInterrupt?: boolean
}

/** How a reserved channel is to be opened: for firmware and crash dump, without interrupts. */
export interface OpenReservedParams {
  /** As in {@link OpenParams}. */
  readonly ringGpadlId: GpadlId
  /** As in {@link OpenParams}. */
  readonly downstreamPageOffset: number
  /** VP and SINT that the answer is to go to. Default: VP 0, SINT 2. */
  readonly targetVp?: number
  /** SINT of that VP, 1 … 15. */
  readonly targetSint?: number
}

const userDataSize = 120
const longOpen = FeatureFlags.guestSpecifiedSignalParameters | FeatureFlags.channelInterruptRedirection
const openTypes = [ChannelMessageType.OpenChannel, ChannelMessageType.OpenReservedChannel] as const
/** What of a channel's messages is pointless once the channel is rescinded; GPADLs have their own rule. */
const pointlessWhenRescinded: readonly number[] = [
  ChannelMessageType.OpenChannel,
  ChannelMessageType.CloseChannel,
  ChannelMessageType.ModifyChannel,
  ChannelMessageType.OpenReservedChannel,
  ChannelMessageType.CloseReservedChannel,
]

/** Opens, closes, retargets and releases channels: requests and replies. */
export class ClientChannels {
  constructor(
    readonly link: ClientLink,
    readonly closeRescinded: boolean,
  ) {}

  open(channel: ClientChannel, params: OpenParams): void {
    const { channelId } = channel
    const { userData = new Uint8Array(0), openId = channelId, targetVp = 0 } = params
    if (userData.length > userDataSize)
      throw new RangeError(`${userData.length} bytes of user data, at most ${userDataSize}`)
    if (!this.#mayOpen(channel, params.ringGpadlId)) return
    const message = {
      channelId,
      openId,
      ringBufferGpadlId: params.ringGpadlId,
      targetVp,
      downstreamRingBufferPageOffset: params.downstreamPageOffset,
      userData: filledUp(userData),
    }
    const chosen = (this.link.features & FeatureFlags.guestSpecifiedSignalParameters) !== 0
    const eventFlag = chosen ? (params.eventFlag ?? channelId) : channelId
    const bytes =
      (this.link.features & longOpen) === 0
        ? OpenChannel.encode(message)
        : OpenChannel2.encode({
            ...message,
            connectionId: params.connectionId ?? channel.offer.connectionId,
            eventFlag,
            flags: { redirectInterrupt: params.redirectInterrupt ?? false },
          })
    channel.openId = openId
    channel.eventFlag = eventFlag
    channel.reserved = false
    this.#opening(channel, ChannelMessageType.OpenChannel, bytes)
  }

  openReserved(channel: ClientChannel, params: OpenReservedParams): void {
    const { channelId } = channel
    if (!this.#mayOpen(channel, params.ringGpadlId)) return
    const bytes = OpenReservedChannel.encode({
      channelId,
      targetVp: params.targetVp ?? 0,
      targetSint: params.targetSint ?? 2,
      ringBufferGpadlId: params.ringGpadlId,
      downstreamRingBufferPageOffset: params.downstreamPageOffset,
    })
    channel.openId = 0
    channel.reserved = true
    this.#opening(channel, ChannelMessageType.OpenReservedChannel, bytes)
  }

  close(channel: ClientChannel): void {
    const { channelId, state } = channel
    if (state !== 'open' || channel.reserved) {
      // A rescind that has closed it meanwhile is not the caller's fault.
      if (channel.rescinded) return
      throw new ClientStateError(`channel ${channelId} is ${channel.reserved ? 'reserved' : state}`)
    }
    channel.state = 'closed'
    if (channel.rescinded && !this.closeRescinded) return
    this.link.post(ChannelMessageType.CloseChannel, CloseChannel.encode({ channelId }), { channelId })
  }

  closeReserved(channel: ClientChannel, targetVp: number, targetSint: number): void {
    const { channelId } = channel
    if (channel.rescinded) {
      this.link.emit({ kind: 'reserved-closed', channelId, status: 'rescinded' })
      return
    }
    if (channel.state !== 'open' || !channel.reserved) {
      throw new ClientStateError(`channel ${channelId} is no open reserved channel`)
    }
    channel.state = 'closing-reserved'
    const bytes = CloseReservedChannel.encode({ channelId, targetVp, targetSint })
    this.link.post(ChannelMessageType.CloseReservedChannel, bytes, { channelId })
  }

  modify(channel: ClientChannel, targetVp: number): void {
    const { channelId } = channel
    if (this.link.version < VmbusVersion.V4_1) throw new ClientStateError('ModifyChannel exists from version 4.1 on')
    if (targetVp === noInterruptVp) throw new RangeError('a channel cannot be modified to have no interrupt')
    if (channel.rescinded) {
      this.link.emit({ kind: 'modified', channelId, status: 'rescinded' })
      return
    }
    if (channel.state !== 'open' || channel.reserved) throw new ClientStateError(`channel ${channelId} is not open`)
    if (channel.modifying) throw new ClientStateError(`channel ${channelId} is being modified already`)
    const bytes = ModifyChannel.encode({ channelId, targetVp })
    channel.modifying = true
    if (this.#modifyIsAnswered) channel.owed++
    this.link.post(ChannelMessageType.ModifyChannel, bytes, { channelId })
  }

  /** The driver lets go: closes what is open; the relid is released when the channel is rescinded, not before (behaviour 60). */
  release(channel: ClientChannel): void {
    if (!channel.rescinded && (channel.state === 'opening' || channel.reserved)) {
      throw new ClientStateError(`channel ${channel.channelId} is ${channel.reserved ? 'reserved' : channel.state}`)
    }
    if (channel.state === 'open') this.close(channel)
    channel.letGo = true
    this.settle(channel)
  }

  /** Releases the relid once, when channel and driver are done with each other and every reply has come (behaviour 82). */
  settle(channel: ClientChannel): void {
    const { channelId } = channel
    if (!channel.rescinded || !channel.letGo || channel.releasing || channel.owed > 0) return
    channel.releasing = true
    this.link.post(ChannelMessageType.RelIdReleased, RelIdReleased.encode({ channelId }), { channelId })
  }

  onOpenResult({ channelId, openId, status }: Infer<typeof OpenResult>, channel: ClientChannel | undefined): void {
    if (channel === undefined) {
      const why = `no channel ${channelId}`
      this.link.reject('open-result-unasked', 'UNKNOWN-ID', OpenResult, 'channelId', why, channelId)
    } else if (channel.state !== 'opening' || this.#isWaiting(channel)) {
      const why = `channel ${channelId} is ${channel.state === 'opening' ? 'not asked for yet' : channel.state}`
      this.link.reject('open-result-unasked', 'STATE', OpenResult, 'channelId', why, channelId)
    } else if (channel.openId !== openId) {
      const why = `open id ${openId}, not ${channel.openId}`
      this.link.reject('open-result-open-id', 'UNKNOWN-ID', OpenResult, 'openId', why, channelId)
    } else if (status !== 0) {
      this.#settle(channel, ...openTypes)
      this.#openFailed(channel, status)
    } else {
      this.#settle(channel, ...openTypes)
      channel.state = 'open'
      this.link.emit({ kind: 'opened', channelId, signalled: channel.signalled })
      channel.signalled = false
    }
  }

  onModified(message: Infer<typeof ModifyChannelResponse>, channel: ClientChannel | undefined): void {
    const { channelId, status } = message
    if (channel === undefined) {
      const why = `no channel ${channelId}`
      this.link.reject('modify-response-unasked', 'UNKNOWN-ID', ModifyChannelResponse, 'channelId', why, channelId)
    } else if (!channel.modifying || this.#isWaiting(channel, ChannelMessageType.ModifyChannel)) {
      const why = `channel ${channelId} is not being modified`
      this.link.reject('modify-response-unasked', 'STATE', ModifyChannelResponse, 'channelId', why, channelId)
    } else {
      this.#settle(channel, ChannelMessageType.ModifyChannel)
      this.#modified(channel, status)
    }
  }

  onReservedClosed(message: Infer<typeof CloseReservedChannelResponse>, channel: ClientChannel | undefined): void {
    const { channelId } = message
    if (channel?.state !== 'closing-reserved' || this.#isWaiting(channel)) {
      const why = `reserved channel ${channelId} is not being closed`
      const code = channel === undefined ? 'UNKNOWN-ID' : 'STATE'
      this.link.reject('reserved-closed-unasked', code, CloseReservedChannelResponse, 'channelId', why, channelId)
    } else {
      this.#settle(channel, ChannelMessageType.CloseReservedChannel)
      this.#reservedClosed(channel, 0)
    }
  }

  /** The host has rescinded the channel: answers what waits. */
  rescinded(channel: ClientChannel): void {
    const { channelId, state } = channel
    const pointless = ({ channelId: id, messageType }: Post) =>
      id === channelId && pointlessWhenRescinded.includes(messageType)
    const modifyUnsent = this.#isWaiting(channel, ChannelMessageType.ModifyChannel)
    this.link.queue.remove(pointless)
    const { inHand } = this.link.queue
    if (inHand !== undefined && pointless(inHand)) inHand.lastTry = true
    if (state === 'opening') this.#openFailed(channel, 'rescinded')
    if (state === 'closing-reserved') this.#reservedClosed(channel, 'rescinded')
    if (channel.modifying) {
      this.link.emit({ kind: 'modified', channelId, status: 'rescinded' })
      if (modifyUnsent) this.#modifyDone(channel)
      else channel.modifyAnswered = true
    }
  }

  /** A message of this channel was posted. */
  posted(channel: ClientChannel, post: Post): void {
    if (post.messageType === ChannelMessageType.ModifyChannel && !this.#modifyIsAnswered) this.#modified(channel, 0)
  }

  /** A message of this channel could not be posted. */
  notPosted(channel: ClientChannel, post: Post): void {
    switch (post.messageType) {
      case ChannelMessageType.OpenChannel:
      case ChannelMessageType.OpenReservedChannel:
        if (channel.state === 'opening') this.#openFailed(channel, 'not-posted')
        break
      case ChannelMessageType.CloseChannel:
        // The host still has it open; the driver may try again.
        if (channel.state === 'closed' && !channel.rescinded) channel.state = 'open'
        break
      case ChannelMessageType.CloseReservedChannel:
        if (channel.state !== 'closing-reserved') break
        this.#reservedClosed(channel, 'not-posted')
        channel.state = 'open'
        channel.reserved = true
        break
      case ChannelMessageType.ModifyChannel:
        if (channel.modifying) this.#modified(channel, 'not-posted')
        break
      case ChannelMessageType.RelIdReleased:
        // The relid stays taken; `release` tries again.
        channel.releasing = false
        break
    }
  }

  /** The connection ends: what waits is answered. */
  disconnected(channel: ClientChannel): void {
    const { channelId, state } = channel
    if (state === 'opening') this.#openFailed(channel, 'disconnected')
    if (state === 'closing-reserved') this.#reservedClosed(channel, 'disconnected')
    if (channel.modifying && !channel.modifyAnswered) {
      this.link.emit({ kind: 'modified', channelId, status: 'disconnected' })
    }
  }

  get #modifyIsAnswered(): boolean {
    return this.link.version >= VmbusVersion.V5_3
  }

  /** Whether the channel can be opened now; a rescinded one fails at once. */
  #mayOpen(channel: ClientChannel, gpadlId: GpadlId): boolean {
    const { channelId, state } = channel
    if (channel.rescinded) {
      this.link.emit({ kind: 'open-failed', channelId, status: 'rescinded' })
      return false
    }
    if (state !== 'closed') throw new ClientStateError(`channel ${channelId} is ${state}`)
    const gpadl = channel.gpadls.get(gpadlId)
    if (gpadl?.state !== 'created') {
      throw new ClientStateError(`ring GPADL ${gpadlId} of channel ${channelId} is ${gpadl?.state ?? 'unknown'}`)
    }
    return true
  }

  #opening(channel: ClientChannel, messageType: number, bytes: Uint8Array): void {
    channel.state = 'opening'
    channel.signalled = false
    this.link.post(messageType, bytes, { channelId: channel.channelId })
  }

  #openFailed(channel: ClientChannel, status: number | RequestFailure): void {
    channel.state = 'closed'
    channel.reserved = false
    channel.signalled = false
    channel.eventFlag = channel.channelId
    this.link.emit({ kind: 'open-failed', channelId: channel.channelId, status })
  }

  #reservedClosed(channel: ClientChannel, status: 0 | RequestFailure): void {
    channel.state = 'closed'
    channel.reserved = false
    this.link.emit({ kind: 'reserved-closed', channelId: channel.channelId, status })
  }

  #modified(channel: ClientChannel, status: number | RequestFailure): void {
    if (!channel.modifyAnswered) this.link.emit({ kind: 'modified', channelId: channel.channelId, status })
    this.#modifyDone(channel)
  }

  #modifyDone(channel: ClientChannel): void {
    channel.modifying = false
    channel.modifyAnswered = false
    if (!this.#modifyIsAnswered) return
    channel.owed--
    this.settle(channel)
  }

  /** What these messages asked of the channel is answered. */
  #settle({ channelId }: ClientChannel, ...types: readonly number[]): void {
    this.link.queue.settle((post) => post.channelId === channelId && types.includes(post.messageType))
  }

  /** Whether a message that asks something of the channel still waits to be posted: no honest reply can be there. */
  #isWaiting(channel: ClientChannel, type?: number): boolean {
    if (!this.link.queue.concerns(channel.channelId)) return false
    return this.link.queue.some(
      ({ channelId, gpadlId, messageType }) =>
        channelId === channel.channelId && gpadlId === undefined && (type === undefined || messageType === type),
    )
  }
}

function filledUp(userData: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(userDataSize)
  bytes.set(userData)
  return bytes
}
