import { type GuestTransport, type Pump, Task, vmbusMessageType } from '../channels/index.ts'
import { type ClientEvent, VmbusClient } from '../vmbus/client/index.ts'
import type { ChannelId, ConnectionId, GpadlId } from '../vmbus/ids.ts'
import { initializeRing } from '../vmbus/ring/index.ts'
import { RawChannel } from './raw-channel.ts'

const pageSize = 4096
/** Pages of each ring, control page included. */
const ringPages = 4
const firstPage = 16

/** A guest that connects as a good one does, opens the primary channel, and then has raw access to its rings. */
export class HostileGuest {
  /** The channel while it is open. */
  channel: RawChannel | undefined
  readonly #client = new VmbusClient()
  readonly #transport: GuestTransport
  readonly #task: Task
  readonly #pump: Pump
  #offered: { readonly channelId: ChannelId; readonly connectionId: ConnectionId } | undefined
  #gpadlId: GpadlId | undefined

  constructor(transport: GuestTransport, pump: Pump) {
    this.#transport = transport
    this.#pump = pump
    this.#task = new Task('hostile guest', () => this.#run())
    transport.attach({
      message: (_vp, _sint, messageType, payload) => {
        if (messageType === vmbusMessageType) this.#client.receive(payload)
        pump.schedule(this.#task)
      },
      // The fuzzer reads when its inputs say so.
      event: () => {},
    })
    this.#client.connect()
    pump.schedule(this.#task)
  }

  /** Signals the host. */
  signal(): void {
    if (this.#offered !== undefined) this.#transport.signal(this.#offered.connectionId, 0)
  }

  /** Opens the channel if it is offered and not open. */
  open(): void {
    if (this.#offered === undefined || this.channel !== undefined || this.#gpadlId !== undefined) return
    const pfns = Array.from({ length: 2 * ringPages }, (_, index) => firstPage + index)
    const range = { byteCount: pfns.length * pageSize, byteOffset: 0, pfns }
    this.#gpadlId = this.#client.createGpadl(this.#offered.channelId, [range])
    this.#pump.schedule(this.#task)
  }

  /** Closes it, and takes the rings back. */
  close(): void {
    if (this.#offered === undefined || this.channel === undefined || this.#gpadlId === undefined) return
    this.channel = undefined
    this.#client.close(this.#offered.channelId)
    this.#client.teardownGpadl(this.#offered.channelId, this.#gpadlId)
    this.#pump.schedule(this.#task)
  }

  #run(): void {
    for (const event of this.#client.takeEvents()) this.#handle(event)
    for (let post = this.#client.peekPost(); post !== undefined; post = this.#client.peekPost()) {
      this.#client.posted(this.#transport.post(post.connectionId, vmbusMessageType, post.bytes))
    }
    // What a post brings about at once.
    for (const event of this.#client.takeEvents()) this.#handle(event)
  }

  #handle(event: ClientEvent): void {
    switch (event.kind) {
      case 'connected':
        this.#client.requestOffers()
        break
      case 'offer':
        if (event.offer.offer.subchannelIndex !== 0) break
        this.#offered = { channelId: event.channelId, connectionId: event.offer.connectionId }
        this.open()
        break
      case 'gpadl-created': {
        const { memory } = this.#transport
        initializeRing(memory, firstPage * pageSize)
        initializeRing(memory, (firstPage + ringPages) * pageSize)
        this.#client.open(event.channelId, { ringGpadlId: event.gpadlId, downstreamPageOffset: ringPages })
        break
      }
      case 'opened': {
        const pfns = Array.from({ length: 2 * ringPages }, (_, index) => firstPage + index)
        this.channel = new RawChannel(this.#transport.memory, pfns, ringPages, true)
        break
      }
      case 'gpadl-torndown':
        this.#gpadlId = undefined
        break
      case 'rescinded':
        this.channel = undefined
        this.#offered = undefined
        this.#gpadlId = undefined
        this.#client.release(event.channelId)
        break
    }
  }
}
