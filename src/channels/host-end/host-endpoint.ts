import { MemoryFault, type PageList } from '../../memory/index.ts'
import type { GpadlId } from '../../vmbus/ids.ts'
import { ChannelMessageType } from '../../vmbus/messages.ts'
import type { RingFault } from '../../vmbus/ring/index.ts'
import type { OfferId, OfferParams, OpenRequest, ServerEffect } from '../../vmbus/server/effects.ts'
import { type ServerOptions, VmbusServer } from '../../vmbus/server/index.ts'
import type { ServerState } from '../../vmbus/server/saved-state.ts'
import { u32At } from '../../vmbus/u32.ts'
import type { Guid } from '../../wire/index.ts'
import { Channel, type CloseReason } from '../channel/channel.ts'
import { faultViolation } from '../channel/channel-faults.ts'
import type { ChannelLimits } from '../channel/channel-setup.ts'
import type { ChannelEvent } from '../conversation.ts'
import type { EndLog } from '../end-log.ts'
import { type Pump, Task } from '../pump.ts'
import { type HostTransport, HvStatus, vmbusMessageType } from '../transports/transport.ts'
import type { DeviceHost, HostDevice, Later, PendingOpen } from './host-device.ts'
import { HostOffer, pageListsOf } from './host-offer.ts'
import { HostSignals } from './host-signals.ts'
import { IdleTime } from './idle-time.ts'
import { channelLeft, RevokedOffers } from './revoked-offers.ts'

/** Where a host goes on that was saved. */
export interface RestoredHost {
  /** What {@link HostEndpoint.save} answered. */
  readonly state: ServerState
  /** What is offered from now on. What the guest has open of a device goes on with the one that stands in its place; the rest is rescinded. */
  readonly devices: readonly HostDevice[]
}

/** How the host's end behaves. */
export interface HostOptions {
  readonly server?: Omit<ServerOptions, 'violations'>
  readonly limits?: ChannelLimits
  /**
   * Time for devices that wait. Default: at rest, when nothing is left to run and nothing is awaited from outside the bus, the earliest
   * of what waits is due. A host whose guest is elsewhere ({@link Host}) has `setTimeout`.
   */
  readonly later?: Later
  /** Answers the device for an hvsocket that the guest connects, or nothing when no one listens. */
  readonly listen?: (serviceId: Guid, endpointId: Guid) => HostDevice | undefined
  /** Goes on where another host was saved, with the same guest. A state that the options do not allow throws `RestoreError`. */
  readonly restored?: RestoredHost
}

/**
 * The host's end of a bus: the server's state machine, a transport, and the devices. It carries out what the server asks for,
 * maps rings, hands opens to devices, and turns the guest's signals into turns of the right channel.
 */
export class HostEndpoint implements DeviceHost {
  readonly server: VmbusServer
  readonly transport: HostTransport
  readonly later: Later
  readonly #pump: Pump
  readonly #log: EndLog
  readonly #options: HostOptions
  readonly #offers = new Map<OfferId, HostOffer>()
  readonly #byDevice = new Map<HostDevice, Set<HostOffer>>()
  readonly #revoked = new RevokedOffers()
  readonly #signals: HostSignals
  readonly #task = new Task('host control', () => this.#run())
  #slotBusy = false
  /** What is still to be carried out. */
  readonly #effects: ServerEffect[] = []

  constructor(transport: HostTransport, pump: Pump, log: EndLog, options: HostOptions = {}) {
    this.transport = transport
    this.#pump = pump
    this.#log = log
    this.#options = options
    const serverOptions = { ...options.server, violations: log.policy }
    const { restored } = options
    this.server = restored === undefined ? new VmbusServer(serverOptions) : this.#restore(restored, serverOptions)
    this.#signals = new HostSignals(transport, log)
    this.later = options.later ?? this.#idleTime()
    transport.attach({
      post: (connectionId, messageType, payload) => this.#posted(connectionId, messageType, payload),
      signal: (connectionId) => this.#signals.received(connectionId),
      slotFree: () => {
        this.#slotBusy = false
        pump.schedule(this.#task)
      },
      watched: () => this.#signals.monitored(),
    })
    if (restored === undefined) return
    for (const device of restored.devices) device.attached(this)
    pump.schedule(this.#task)
  }

  /**
   * What guest and host have agreed on, as plain data, for `restored` of another host; then close this one. Throws while anything is under
   * way: a message, a request without completion, packets that wait for room.
   */
  save(): ServerState {
    const waits = [...this.#all()].flatMap(({ channel }) => channel?.explain() ?? [])
    if (this.#task.queued || this.#effects.length > 0) waits.push('control messages')
    if (waits.length > 0) throw new Error(`not at rest: ${waits.join(', ')}`)
    return this.server.save()
  }

  #restore({ state, devices }: RestoredHost, options: ServerOptions): VmbusServer {
    const wanted = devices.flatMap((device) => offersOf(device, state).map((params) => ({ device, params })))
    const restored = VmbusServer.restore(
      state,
      options,
      wanted.map(({ params }) => params),
    )
    for (const [index, { device, params }] of wanted.entries()) {
      const id = restored.offers[index]
      if (id !== undefined) this.#add(new HostOffer(id, device, params))
    }
    return restored.server
  }

  /** Offers a device. Throws when its interface and instance are offered already. */
  offer(device: HostDevice): OfferId {
    const id = this.#offer(device, device.offer)
    device.attached(this)
    return id
  }

  offerSubchannel(device: HostDevice, subchannelIndex: number): OfferId {
    return this.#offer(device, { ...device.offer, subchannelIndex })
  }

  /**
   * Takes a device away, its sub-channels first (behaviour 58). The guest sees its channels rescinded. What is open closes at once, or,
   * where the device `servesUntilReleased`, when the guest lets go of it.
   */
  revoke(device: HostDevice): void {
    const offers = [...this.#offersOf(device)].sort((a, b) => b.subchannelIndex - a.subchannelIndex)
    if (offers.length === 0) return
    for (const offer of offers) {
      if (device.servesUntilReleased === true && offer.channel?.isOpen === true && !offer.isLeft) this.#keep(offer)
      else this.#forget(offer, 'rescinded', true)
    }
    device.detached()
    this.#pump.schedule(this.#task)
  }

  revokeSubchannels(device: HostDevice): void {
    const offers = [...this.#offersOf(device)].filter(({ subchannelIndex }) => subchannelIndex > 0)
    for (const offer of offers.sort((a, b) => b.subchannelIndex - a.subchannelIndex)) {
      this.#forget(offer, 'rescinded', true)
    }
    if (offers.length > 0) this.#pump.schedule(this.#task)
  }

  gpadl(device: HostDevice, gpadlId: GpadlId): readonly PageList[] | undefined {
    for (const offer of this.#all()) {
      const lists = offer.device === device ? offer.gpadls.get(gpadlId) : undefined
      if (lists !== undefined) return lists
    }
    return undefined
  }

  /** Devices that are offered. */
  get devices(): HostDevice[] {
    return [...this.#byDevice.keys()]
  }

  /** Whether something outside the bus still owes the guest an answer on this channel, or another of the same device's. */
  owes(channelId: number): boolean {
    const device = [...this.#all()].find((offer) => offer.channelId === channelId)?.device
    for (const offer of this.#all()) if (offer.device === device && isAwaited(offer)) return true
    return false
  }

  /** What this end waits for, a line each. */
  explain(): string[] {
    const lines = [...this.server.explain()]
    if (this.#slotBusy) lines.push('guest: to free its message slot')
    for (const { channelId } of this.#revoked.all) lines.push(`channel ${channelId}: the guest to let go of it`)
    for (const { channel } of this.#all()) lines.push(...(channel?.explain() ?? []))
    return lines
  }

  /** Closes all channels, lets go of all devices, and says no more. */
  close(): void {
    for (const offer of this.#revoked.takeAll()) this.#closeChannel(offer, 'local')
    for (const device of this.devices) {
      for (const offer of this.#offersOf(device)) this.#forget(offer, 'local', false)
      device.detached()
    }
    this.transport.watch(undefined)
  }

  #idleTime(): Later {
    const time = new IdleTime()
    const task = new Task('host time', () => time.pass())
    this.#pump.onQuiet(() => {
      if (time.isAwaited && ![...this.#all()].some(isAwaited)) this.#pump.schedule(task)
    })
    return (run, milliseconds) => {
      time.later(run, milliseconds)
      this.#pump.wake()
    }
  }

  #offer(device: HostDevice, params: OfferParams): OfferId {
    const id = this.server.offer(params)
    const offer = new HostOffer(id, device, params)
    this.#add(offer)
    this.#tell(offer, 'offered')
    this.#pump.schedule(this.#task)
    return id
  }

  #add(offer: HostOffer): void {
    this.#offers.set(offer.id, offer)
    this.#byDevice.set(offer.device, new Set([...this.#offersOf(offer.device), offer]))
  }

  #offersOf(device: HostDevice): ReadonlySet<HostOffer> {
    return this.#byDevice.get(device) ?? new Set()
  }

  /** Of what is offered, and of what is not any more but still served. */
  *#all(): Generator<HostOffer> {
    yield* this.#offers.values()
    yield* this.#revoked.all
  }

  #posted(connectionId: number, messageType: number, payload: Uint8Array): number {
    if (messageType !== vmbusMessageType) return HvStatus.Success
    this.#log.message({ direction: 'received', bytes: payload, connectionId })
    const taken = this.server.receive(payload, { connectionId })
    this.#pump.schedule(this.#task)
    if (!taken) return HvStatus.InsufficientBuffers
    this.#guestLeaves(payload)
    return HvStatus.Success
  }

  /**
   * What the guest lets go of after a rescind is closed before its post is answered: it waits for nothing more, and takes the memory for
   * something else (Linux vmbus_close_internal, __vmbus_teardown_gpadl).
   */
  #guestLeaves(message: Uint8Array): void {
    const isUnload = message.length >= 8 && u32At(message, 0) === ChannelMessageType.Unload
    const channelId = isUnload ? undefined : channelLeft(message)
    if (!isUnload && channelId === undefined) return
    const left = channelId === undefined ? this.#revoked.takeAll() : this.#revoked.takeLeft(channelId)
    for (const offer of left) this.#closeChannel(offer, 'rescinded')
    const id = channelId === undefined ? undefined : this.server.channelAt(channelId)
    const offer = id === undefined ? undefined : this.#offers.get(id)
    if (offer !== undefined) offer.isLeft = true
  }

  /** Carries out what the server asks for and sends what it says, until it is content or the guest's slot is taken. */
  #run(): void {
    let isDone = false
    try {
      do {
        for (const effect of this.server.takeEffects()) this.#effects.push(effect)
        const effect = this.#effects.shift()
        if (effect !== undefined) this.#perform(effect)
        else isDone = !this.#send()
      } while (!isDone)
    } finally {
      // What a device throws does not cost the others theirs.
      if (!isDone) this.#pump.schedule(this.#task)
    }
  }

  /** Sends the next message. Answers whether there was one that could go. */
  #send(): boolean {
    const message = this.server.peekMessage()
    if (message === undefined || this.#slotBusy) return false
    const { vp, sint, bytes } = message
    const outcome = this.transport.post(vp, sint, vmbusMessageType, bytes)
    if (outcome === 'busy') {
      this.#slotBusy = true
      return false
    }
    // A slot that does not exist takes nothing, now or later: the message is lost, and does not block those behind it.
    if (outcome === 'delivered') this.#log.message({ direction: 'sent', bytes, vp, sint })
    this.server.messageSent()
    return true
  }

  #perform(effect: ServerEffect): void {
    switch (effect.kind) {
      case 'connected': {
        const { version, features, monitorPages, interruptPage } = effect
        this.#signals.pages(monitorPages, interruptPage)
        this.#log.connection({ what: 'connected', version, features })
        return
      }
      case 'disconnected':
        for (const offer of this.#revoked.takeAll()) this.#closeChannel(offer, 'rescinded')
        this.#signals.pages(undefined, undefined)
        this.#log.connection({ what: 'disconnected' })
        return
      case 'modify-connection':
        this.#signals.pages(effect.monitorPages, undefined)
        this.server.modifyConnectionComplete(true)
        return
      case 'tl-connect':
        this.#connectSocket(effect.endpointId, effect.serviceId)
        return
      case 'forward-contact':
        // There is no server for another VTL here.
        return
    }
    const offer = this.#offers.get(effect.offer)
    if (offer !== undefined) this.#performFor(offer, effect)
  }

  #performFor(offer: HostOffer, effect: Extract<ServerEffect, { offer: OfferId }>): void {
    switch (effect.kind) {
      case 'open':
        this.#open(offer, effect.request)
        break
      case 'close':
        this.#closeChannel(offer, 'peer')
        this.server.closeComplete(offer.id)
        break
      case 'gpadl': {
        const lists = pageListsOf(this.transport.memory, effect.ranges)
        if (lists !== undefined) offer.gpadls.set(effect.gpadlId, lists)
        this.server.gpadlComplete(offer.id, effect.gpadlId, lists !== undefined)
        break
      }
      case 'gpadl-teardown':
        offer.gpadls.delete(effect.gpadlId)
        offer.device.gpadlTornDown?.(effect.gpadlId)
        this.server.gpadlTeardownComplete(offer.id, effect.gpadlId)
        break
      case 'modify':
        offer.interrupt = effect.interrupt
        this.server.modifyComplete(offer.id, true)
        break
      case 'revoked':
        this.#forget(offer, 'rescinded', false)
        if (this.#offersOf(offer.device).size === 0) offer.device.detached()
        break
      case 'restored':
        offer.channelId = effect.channelId
        for (const { gpadlId, ranges } of effect.gpadls) {
          const lists = pageListsOf(this.transport.memory, ranges)
          if (lists !== undefined) offer.gpadls.set(gpadlId, lists)
        }
        if (effect.request !== undefined) this.#open(offer, effect.request, true)
        break
    }
  }

  #open(offer: HostOffer, request: OpenRequest, isRestored = false): void {
    offer.channelId = request.channelId
    offer.request = request
    offer.interrupt = request.interrupt
    offer.isLeft = false
    offer.opening = 'asked'
    this.#tell(offer, 'opening')
    const isCurrent = () => offer.opening !== 'no' && offer.request === request
    let answered = false
    const answer = (ok: boolean): void => {
      offer.opening = 'no'
      if (!isRestored) this.server.openComplete(offer.id, ok)
      this.#tell(offer, ok ? 'opened' : 'refused')
      // To the guest it is open: all that can be done is to take it away.
      if (isRestored && !ok) this.revoke(offer.device)
      this.#pump.schedule(this.#task)
    }
    const once = (): void => {
      if (answered) throw new Error(`the open of channel ${request.channelId} was answered already`)
      answered = true
    }
    const pending: PendingOpen = {
      request,
      subchannelIndex: offer.subchannelIndex,
      isRestored,
      defer: () => {
        if (isCurrent()) offer.opening = 'deferred'
      },
      accept: () => {
        once()
        if (!isCurrent()) return undefined
        const channel = this.#makeChannel(offer, request)
        answer(channel !== undefined)
        if (channel !== undefined) offer.device.opened(channel)
        return channel
      },
      refuse: () => {
        once()
        if (isCurrent()) answer(false)
      },
    }
    offer.device.opening(pending)
  }

  #makeChannel(offer: HostOffer, request: OpenRequest): Channel | undefined {
    const { pfns } = request.ring
    const [incoming, outgoing] = [
      pageListsOf(this.transport.memory, [ringPart(pfns, 0, request.downstreamPageOffset)])?.[0],
      pageListsOf(this.transport.memory, [ringPart(pfns, request.downstreamPageOffset, pfns.length)])?.[0],
    ]
    if (incoming === undefined || outgoing === undefined) return undefined
    const { interfaceId, instanceId } = offer.params
    const { limits } = this.#options
    try {
      const channel = new Channel(
        {
          channelId: request.channelId,
          interfaceId,
          instanceId,
          subchannelIndex: offer.subchannelIndex,
          memory: this.transport.memory,
          sendRing: outgoing,
          receiveRing: incoming,
          signalPeer: () => this.#signals.interrupt(offer.interrupt, request.channelId),
          pump: this.#pump,
          log: this.#log,
          ...(limits === undefined ? {} : { limits }),
        },
        offer.device,
      )
      offer.channel = channel
      this.#signals.add(channel, request)
      return channel
    } catch (error) {
      if (!isRingTrouble(error)) throw error
      if (!(error instanceof MemoryFault)) this.#log.violations.report(faultViolation(error, request.channelId))
      return undefined
    }
  }

  #closeChannel(offer: HostOffer, reason: CloseReason): void {
    const { channel, request } = offer
    offer.opening = 'no'
    offer.channel = undefined
    offer.request = undefined
    if (request === undefined) return
    this.#signals.remove(request)
    channel?.close(reason)
    this.#tell(offer, 'closed', reason)
  }

  /** The offer is gone, and what is open goes on. */
  #keep(offer: HostOffer): void {
    this.#drop(offer)
    this.#revoked.add(offer)
    this.server.revoke(offer.id)
    this.#tell(offer, 'rescinded')
  }

  #drop(offer: HostOffer): boolean {
    const left = this.#byDevice.get(offer.device)
    left?.delete(offer)
    if (left?.size === 0) this.#byDevice.delete(offer.device)
    return this.#offers.delete(offer.id)
  }

  #forget(offer: HostOffer, reason: CloseReason, revoke: boolean): void {
    if (!this.#drop(offer)) return
    this.#closeChannel(offer, reason)
    if (revoke) this.server.revoke(offer.id)
    if (reason === 'rescinded') this.#tell(offer, 'rescinded')
  }

  #connectSocket(endpointId: Guid, serviceId: Guid): void {
    const device = this.#options.listen?.(serviceId, endpointId)
    if (device !== undefined) this.offer(device)
    this.server.tlConnectComplete(endpointId, serviceId, device !== undefined)
  }

  #tell({ channelId, params }: HostOffer, what: ChannelEvent['what'], why?: string): void {
    this.#log.channel(what, params, channelId, why)
  }
}

/** What a device offers: itself, and the sub-channels that the guest had of it. */
function offersOf({ offer }: HostDevice, { channels }: ServerState): OfferParams[] {
  const subchannels = channels.filter(
    ({ interfaceId, instanceId, subchannelIndex }) =>
      interfaceId === offer.interfaceId && instanceId === offer.instanceId && subchannelIndex > 0,
  )
  return [offer, ...subchannels.map(({ subchannelIndex }) => ({ ...offer, subchannelIndex }))]
}

/** Whether something outside the bus owes the guest an answer. */
function isAwaited({ opening, channel }: HostOffer): boolean {
  return opening === 'deferred' || channel?.isAwaited === true
}

function ringPart(pfns: readonly number[], start: number, end: number) {
  const part = pfns.slice(start, end)
  return { byteCount: part.length * 4096, byteOffset: 0, pfns: part }
}

/** What the guest can cause by the ring that it gives. */
function isRingTrouble(error: unknown): error is RingFault | MemoryFault {
  return error instanceof MemoryFault || (error instanceof Error && error.name === 'RingFault')
}
