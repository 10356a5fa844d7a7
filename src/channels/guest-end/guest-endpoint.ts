import { PAGE_SIZE, PageList } from '../../memory/index.ts'
import { type ClientEvent, VmbusClient, type VmbusClientOptions } from '../../vmbus/client/index.ts'
import type { GpadlId } from '../../vmbus/ids.ts'
import type { OfferChannel } from '../../vmbus/messages.ts'
import { initializeRing } from '../../vmbus/ring/index.ts'
import { VmbusVersion } from '../../vmbus/versions.ts'
import { Channel, type CloseReason } from '../channel/channel.ts'
import type { ChannelLimits } from '../channel/channel-setup.ts'
import type { ChannelEvent } from '../conversation.ts'
import type { EndLog } from '../end-log.ts'
import { type Pump, Task } from '../pump.ts'
import { type GuestTransport, vmbusMessageType } from '../transports/transport.ts'
import { GuestChannel } from './guest-channel.ts'
import { GuestChannels, type WaitingDriver } from './guest-channels.ts'
import { GuestDevice } from './guest-device.ts'
import { defaultRingBytes, type GuestDriver } from './guest-driver.ts'
import { GuestPosts } from './guest-posts.ts'
import { GuestSignals } from './guest-signals.ts'
import { PageAllocator, type PageRun, pageNumbersOf } from './page-allocator.ts'
import { Pendings } from './pendings.ts'

/** How the guest's end behaves. */
export interface GuestOptions {
  /** How it connects. */
  readonly client?: Omit<VmbusClientOptions, 'violations' | 'interruptPage' | 'monitorPages'>
  /** Bounds of each channel. */
  readonly limits?: ChannelLimits
  /** Whether the guest gives the host monitor pages. Default true. */
  readonly monitorPages?: boolean
}

/**
 * The guest's end of a bus: the client's state machine, a transport, and the drivers. It gives ring memory out of guest memory,
 * shows it to the host, opens the channels that drivers want, and lets go of them in the right order.
 */
export class GuestEndpoint {
  /** The state machine of the connection. */
  readonly client: VmbusClient
  /** The way to the host. */
  readonly transport: GuestTransport
  /** Guest pages for rings and buffers. */
  readonly pages: PageAllocator
  /** Promises to users of drivers. */
  readonly pendings: Pendings
  readonly #pump: Pump
  readonly #log: EndLog
  readonly #options: GuestOptions
  readonly #signals: GuestSignals
  readonly #posts: GuestPosts
  readonly #channels = new GuestChannels()
  readonly #devices = new Map<GuestDriver, GuestDevice>()
  #isConnected = false
  readonly #task = new Task('guest control', () => this.#run())
  /** What is still to be told to drivers. */
  readonly #events: ClientEvent[] = []

  constructor(transport: GuestTransport, pump: Pump, log: EndLog, options: GuestOptions = {}) {
    this.transport = transport
    this.#pump = pump
    this.pendings = new Pendings(() => pump.wake())
    this.#log = log
    this.#options = options
    this.pages = new PageAllocator(transport.memory)
    this.#signals = new GuestSignals(transport, this.pages, log)
    const withMonitor = options.monitorPages ?? true
    this.client = new VmbusClient({
      ...options.client,
      violations: log.policy,
      interruptPage: BigInt(this.#signals.interruptPage),
      ...(withMonitor ? { monitorPages: this.#signals.ownMonitorPages } : {}),
    })
    this.#posts = new GuestPosts(transport, this.client, pump, log, () => this.#run())
    transport.attach({
      message: (vp, sint, messageType, payload) => this.#received(vp, sint, messageType, payload),
      event: (vp, sint, flag) => this.#interrupted(vp, sint, flag),
      posted: (status) => {
        if (this.#posts.answered(status)) pump.schedule(this.#task)
      },
    })
  }

  /** Connects, and asks for the offers. */
  connect(): void {
    this.client.connect()
    this.#pump.schedule(this.#task)
  }

  /** Asks for something of the whole connection (`tlConnect`, `modify`, `pause`, …), and sees to it that it goes out. */
  withClient(ask: (client: VmbusClient) => void): void {
    ask(this.client)
    this.#pump.schedule(this.#task)
  }

  /** Ends the connection: all channels are closed, and their memory is the guest's alone once the host has answered. */
  unload(): void {
    for (const channel of this.#channels.all) this.#letGo(channel, 'local')
    this.client.unload()
    this.#isConnected = false
    this.#pump.schedule(this.#task)
  }

  /** Gives a driver the first device that it binds to, now or when it is offered. `settled` is called once: ready, or why not. */
  bind(driver: GuestDriver, settled: (error: Error | undefined) => void): void {
    const waiting = { driver, settled }
    const channel = this.#isConnected ? this.#channels.find(driver) : undefined
    if (channel === undefined) this.#channels.wait(waiting)
    else this.#give(channel, waiting)
    this.#pump.wake()
  }

  /** {@link bind} as a promise of the ready driver; it breaks with a `StalledError` when no offer matches. */
  attach<D extends GuestDriver>(driver: D | (new () => D)): Promise<D> {
    const instance = typeof driver === 'function' ? new driver() : driver
    const { interfaceId, instanceId } = instance.binds
    const what = `attach of ${instance.constructor.name} to ${interfaceId ?? instanceId ?? 'any device'}`
    const channelId = () => this.#devices.get(instance)?.primary.channelId
    return this.pendings
      .promise<D>(what, channelId, (resolve, reject) => {
        this.bind(instance, (error) => (error === undefined ? resolve(instance) : reject(error)))
      })
      .catch((error: unknown) => {
        this.detach(instance)
        throw error
      })
  }

  /** Takes a driver's device away, or gives up waiting for one. */
  detach(driver: GuestDriver): void {
    for (const { settled } of this.#channels.takeWaiting(driver)) settled(new Error('the driver was detached'))
    this.#devices.get(driver)?.close()
  }

  /** What is offered now, in the order of the offers. */
  get offers(): OfferChannel[] {
    return [...this.#channels.all].filter(({ state }) => state !== 'gone').map(({ offer }) => offer)
  }

  /** What this end waits for, a line each. */
  explain(): string[] {
    const lines = [...this.client.explain()]
    for (const { driver } of this.#channels.waiting) lines.push(`an offer for ${driver.constructor.name}`)
    for (const { channel } of this.#channels.all) lines.push(...(channel?.explain() ?? []))
    return lines
  }

  /** Closes all channels without a word to the host, and breaks all promises. */
  close(): void {
    for (const channel of this.#channels.all) this.#letGo(channel, 'local')
    this.#channels.clear()
    for (const { settled } of this.#channels.takeWaiting()) settled(new Error('the bus was closed'))
    this.pendings.failAll(new Error('the bus was closed'))
  }

  /** For {@link GuestDevice}. */
  release(device: GuestDevice): void {
    for (const channel of device.subchannels) this.#leave(channel)
    if (device.primary.device === device) this.#leave(device.primary)
    this.#pump.schedule(this.#task)
  }

  /** For {@link GuestDevice}. */
  openSubchannel(device: GuestDevice, offer: OfferChannel): void {
    const channel = this.#channels.get(offer.channelId)
    if (channel?.state !== 'offered' || channel.offer !== offer) return
    channel.device = device
    device.subchannels.add(channel)
    this.#start(channel)
  }

  /** For {@link GuestDevice}. */
  createGpadl(channel: GuestChannel, run: PageRun, done: (gpadlId: GpadlId | undefined) => void): void {
    const gpadlId = this.client.createGpadl(channel.channelId, [rangeOf(run)])
    channel.gpadls.set(gpadlId, { run, created: done, torndown: undefined })
    this.#pump.schedule(this.#task)
  }

  /** For {@link GuestDevice}. */
  teardownGpadl(channel: GuestChannel, gpadlId: GpadlId, done?: () => void): void {
    const gpadl = channel.gpadls.get(gpadlId)
    if (gpadl === undefined) return
    gpadl.torndown = done
    this.client.teardownGpadl(channel.channelId, gpadlId)
    this.#pump.schedule(this.#task)
  }

  #received(vp: number, sint: number, messageType: number, payload: Uint8Array): void {
    if (messageType !== vmbusMessageType) return
    this.#log.message({ direction: 'received', bytes: payload, vp, sint })
    this.client.receive(payload)
    this.#pump.schedule(this.#task)
  }

  #interrupted(_vp: number, _sint: number, flag: number): void {
    if (flag === 0 && this.client.version < VmbusVersion.V2_4) {
      this.#signals.takeInterruptPage((channelId) => this.#signalled(channelId, 'interrupt-page', channelId))
    } else {
      this.#signalled(this.client.signalled(flag), 'event-flag', flag)
    }
  }

  #signalled(channelId: number | undefined, by: 'event-flag' | 'interrupt-page', number: number): void {
    this.#log.signal(by, 'received', number, channelId)
    // One that comes before the channel is open is not lost: an opened channel looks into its ring.
    if (channelId !== undefined) this.#channels.get(channelId)?.channel?.signalled()
  }

  #run(): void {
    let isDone = false
    try {
      do {
        for (const event of this.client.takeEvents()) this.#events.push(event)
        const event = this.#events.shift()
        if (event !== undefined) this.#handle(event)
        else isDone = !this.#posts.next()
      } while (!isDone)
    } finally {
      // What a driver throws does not cost the others theirs.
      if (!isDone) this.#pump.schedule(this.#task)
    }
  }

  #handle(event: ClientEvent): void {
    switch (event.kind) {
      case 'connected':
        this.#isConnected = true
        this.#signals.monitorPages = event.monitorPages
        this.#log.connection({ what: 'connected', version: event.version, features: event.features })
        this.client.requestOffers()
        return
      case 'connect-failed':
        this.#log.connection({ what: 'failed', why: event.why })
        for (const { settled } of this.#channels.takeWaiting()) settled(new Error(`no connection: ${event.why}`))
        return
      case 'offers-delivered':
        this.#log.connection({ what: 'offers-delivered' })
        return
      case 'offer':
        this.#offered(new GuestChannel(event.offer))
        return
      case 'unloaded':
        for (const channel of this.#channels.all) this.#freeAll(channel)
        this.#channels.clear()
        this.#log.connection({ what: 'disconnected' })
        return
    }
    const channel =
      'channelId' in event && event.channelId !== undefined ? this.#channels.get(event.channelId) : undefined
    if (channel !== undefined) this.#handleFor(channel, event)
  }

  #handleFor(channel: GuestChannel, event: ClientEvent): void {
    switch (event.kind) {
      case 'gpadl-created':
        if (event.gpadlId === channel.ringGpadlId) this.#open(channel)
        else this.#gpadlCreated(channel, event.gpadlId, true)
        break
      case 'gpadl-failed':
        if (event.gpadlId === channel.ringGpadlId) {
          this.#returnRing(channel, event.stillVisible)
          if (typeof event.status === 'number' || event.status === 'not-posted')
            this.#fail(channel, `the host refused the rings: ${event.status}`)
        } else this.#gpadlCreated(channel, event.gpadlId, false, event.stillVisible)
        break
      case 'opened':
        this.#opened(channel)
        break
      case 'open-failed':
        // Of the other reasons the driver is told by what caused them.
        if (typeof event.status !== 'number' && event.status !== 'not-posted') break
        this.#takeRingBack(channel)
        this.#fail(channel, `the host refused the open: ${event.status}`)
        break
      case 'gpadl-torndown':
      case 'gpadl-teardown-failed':
        this.#gpadlGone(channel, event.gpadlId, event.kind === 'gpadl-teardown-failed')
        break
      case 'rescinded':
        this.#tell(channel, 'rescinded')
        this.#letGo(channel, 'rescinded')
        channel.state = 'gone'
        this.client.release(channel.channelId)
        break
      case 'released':
        this.#freeAll(channel)
        this.#channels.remove(channel)
        this.#tell(channel, 'released')
        break
    }
  }

  #offered(channel: GuestChannel): void {
    this.#channels.add(channel)
    this.#tell(channel, 'offered')
    if (channel.isPrimary) {
      this.#match(channel)
      return
    }
    this.#channels.primaryOf(channel.offer)?.device?.driver.subchannelOffered(channel.offer)
  }

  /** A device is free: gives it to the first driver that waits for it. */
  #match(channel: GuestChannel): void {
    const waiting = this.#channels.takeWaitingFor(channel)
    if (waiting !== undefined) this.#give(channel, waiting)
  }

  #give(channel: GuestChannel, { driver, settled }: WaitingDriver): void {
    const device = new GuestDevice(this, driver, channel, settled)
    channel.device = device
    this.#devices.set(driver, device)
    driver.attached(device)
    this.#start(channel)
  }

  /** Shows the rings to the host. */
  #start(channel: GuestChannel): void {
    const { send, receive } = channel.device?.driver.ringBytes ?? defaultRingBytes
    const run = this.pages.allocate((send + receive) / PAGE_SIZE)
    if (run === undefined) {
      this.#fail(channel, 'guest memory has no room for the rings')
      return
    }
    channel.ringRun = run
    channel.state = 'gpadl'
    channel.unwanted = false
    channel.ringGpadlId = this.client.createGpadl(channel.channelId, [rangeOf(run)])
    this.#pump.schedule(this.#task)
  }

  /** Clears the rings now, not before the host has them (as Linux), and opens. */
  #open(channel: GuestChannel): void {
    const { ringRun, ringGpadlId, device } = channel
    if (ringRun === undefined || ringGpadlId === undefined) return
    if (channel.unwanted || device === undefined) {
      this.#takeRingBack(channel)
      return
    }
    const { send } = device.driver.ringBytes ?? defaultRingBytes
    initializeRing(this.transport.memory, ringRun.first * PAGE_SIZE)
    initializeRing(this.transport.memory, ringRun.first * PAGE_SIZE + send)
    channel.state = 'opening'
    this.#tell(channel, 'opening')
    this.client.open(channel.channelId, { ringGpadlId, downstreamPageOffset: send / PAGE_SIZE })
  }

  #opened(channel: GuestChannel): void {
    const { device, ringRun, offer } = channel
    if (channel.unwanted || device === undefined || ringRun === undefined) {
      channel.state = 'open'
      this.#leave(channel)
      return
    }
    const { send } = device.driver.ringBytes ?? defaultRingBytes
    const numbers = pageNumbersOf(ringRun)
    const { memory } = this.transport
    const mechanism = this.#signals.mechanism(offer)
    const { limits } = this.#options
    const { interfaceId, instanceId, subchannelIndex } = offer.offer
    channel.state = 'open'
    channel.channel = new Channel(
      {
        channelId: channel.channelId,
        interfaceId,
        instanceId,
        subchannelIndex,
        memory,
        sendRing: new PageList(memory, numbers.slice(0, send / PAGE_SIZE)),
        receiveRing: new PageList(memory, numbers.slice(send / PAGE_SIZE)),
        signalPeer: () => this.#signals.send(mechanism, channel.channelId),
        pump: this.#pump,
        log: this.#log,
        ...(limits === undefined ? {} : { limits }),
      },
      device.driver,
    )
    this.#tell(channel, 'opened')
    device.driver.opened(channel.channel)
  }

  /** The guest closes a channel: CloseChannel, then the rings' GPADL, then the pages; what is under way is undone later. */
  #leave(channel: GuestChannel): void {
    const { state } = channel
    this.#letGo(channel, 'local')
    if (state === 'open') {
      this.client.close(channel.channelId)
      this.#tell(channel, 'closed', 'local')
      this.#takeRingBack(channel)
    } else if (state === 'gpadl' || state === 'opening') channel.unwanted = true
  }

  /** Takes the channel from its driver. */
  #letGo(channel: GuestChannel, reason: CloseReason): void {
    const { device, channel: open } = channel
    channel.channel = undefined
    channel.device = undefined
    open?.close(reason)
    if (device === undefined) return
    device.subchannels.delete(channel)
    if (device.primary !== channel) return
    this.#devices.delete(device.driver)
    device.settle(new Error(reason === 'rescinded' ? 'the device was rescinded' : 'the device was let go of'))
    device.driver.detached()
  }

  /** The channel could not be opened. */
  #fail(channel: GuestChannel, why: string): void {
    this.#tell(channel, 'refused', why)
    const { device } = channel
    if (device?.primary === channel) device.settle(new Error(why))
    this.#letGo(channel, 'local')
  }

  #takeRingBack(channel: GuestChannel): void {
    const { ringGpadlId } = channel
    channel.state = 'leaving'
    if (ringGpadlId !== undefined) this.client.teardownGpadl(channel.channelId, ringGpadlId)
  }

  #returnRing(channel: GuestChannel, stillVisible: boolean): void {
    const { ringRun } = channel
    channel.ringRun = undefined
    channel.ringGpadlId = undefined
    if (channel.state !== 'gone') channel.state = 'offered'
    if (ringRun === undefined) return
    if (stillVisible) channel.visible.push(ringRun)
    else this.pages.free(ringRun)
  }

  #gpadlCreated(channel: GuestChannel, gpadlId: GpadlId, ok: boolean, stillVisible = false): void {
    const gpadl = channel.gpadls.get(gpadlId)
    if (gpadl === undefined) return
    if (!ok) {
      channel.gpadls.delete(gpadlId)
      if (stillVisible) channel.visible.push(gpadl.run)
      else this.pages.free(gpadl.run)
    }
    const { created } = gpadl
    gpadl.created = undefined
    created?.(ok ? gpadlId : undefined)
  }

  #gpadlGone(channel: GuestChannel, gpadlId: GpadlId, stillVisible: boolean): void {
    if (gpadlId === channel.ringGpadlId) {
      this.#returnRing(channel, stillVisible)
      this.#match(channel)
      return
    }
    const gpadl = channel.gpadls.get(gpadlId)
    if (gpadl === undefined) return
    channel.gpadls.delete(gpadlId)
    if (stillVisible) channel.visible.push(gpadl.run)
    else this.pages.free(gpadl.run)
    gpadl.torndown?.()
  }

  /** The host sees none of the channel's pages any more. */
  #freeAll(channel: GuestChannel): void {
    this.#returnRing(channel, false)
    for (const run of channel.visible.splice(0)) this.pages.free(run)
    for (const { run, created, torndown } of channel.gpadls.values()) {
      this.pages.free(run)
      created?.(undefined)
      torndown?.()
    }
    channel.gpadls.clear()
  }

  #tell({ channelId, offer }: GuestChannel, what: ChannelEvent['what'], why?: string): void {
    this.#log.channel(what, offer.offer, channelId, why)
  }
}

function rangeOf(run: PageRun) {
  return { byteCount: run.count * PAGE_SIZE, byteOffset: 0, pfns: pageNumbersOf(run) }
}
