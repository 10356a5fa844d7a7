import { type ClientEvent, VmbusClient, type VmbusClientOptions } from '../src/vmbus/client/index.ts'
import { ChannelMessage } from '../src/vmbus/messages.ts'
import { type ServerEffect, type ServerOptions, VmbusServer } from '../src/vmbus/server/index.ts'

/** Our guest and our host, with nothing between them but this loop. Devices agree to everything, unless `hold` keeps them waiting. */
export class Pair {
  readonly client: VmbusClient
  readonly server: VmbusServer
  /** Types of what was exchanged, guest's with `>`, host's with `<`. */
  readonly said: string[] = []
  readonly events: ClientEvent[] = []
  /** Effects that devices have not answered. */
  readonly held: ServerEffect[] = []
  hold = false

  constructor(client: VmbusClientOptions = {}, server: ServerOptions = {}) {
    this.client = new VmbusClient(client)
    this.server = new VmbusServer(server)
  }

  /** One message from the guest; false when there is none. */
  guestToHost(): boolean {
    const post = this.client.peekPost()
    if (post === undefined) return false
    const { version, features } = this.client
    const context = version === 0 ? {} : { version, features }
    const accepted = this.server.receive(post.bytes, { connectionId: post.connectionId })
    if (accepted) this.said.push(`> ${ChannelMessage.decode(post.bytes, { ...context, from: 'guest' }).type}`)
    this.client.posted(accepted ? 0 : 0x13)
    this.events.push(...this.client.takeEvents())
    return true
  }

  /** One message from the host, through a message slot; false when there is none. */
  hostToGuest(): boolean {
    const message = this.server.peekMessage()
    if (message === undefined) return false
    const slot = new Uint8Array(256)
    slot[0] = 1
    slot[4] = message.bytes.length
    slot.set(message.bytes, 16)
    this.said.push(`< ${ChannelMessage.decode(message.bytes, { from: 'host' }).type}`)
    this.client.receiveSlot(slot)
    this.server.messageSent()
    this.events.push(...this.client.takeEvents())
    return true
  }

  /** Devices answer what they are asked, or it is held; false when nothing was asked. */
  devices(): boolean {
    const effects = this.server.takeEffects()
    for (const effect of effects) {
      if (this.hold) this.held.push(effect)
      else this.complete(effect)
    }
    return effects.length > 0
  }

  complete(effect: ServerEffect, ok = true): void {
    const { server } = this
    if (effect.kind === 'open') server.openComplete(effect.offer, ok)
    if (effect.kind === 'close') server.closeComplete(effect.offer)
    if (effect.kind === 'gpadl') server.gpadlComplete(effect.offer, effect.gpadlId, ok)
    if (effect.kind === 'gpadl-teardown') server.gpadlTeardownComplete(effect.offer, effect.gpadlId)
    if (effect.kind === 'modify') server.modifyComplete(effect.offer, ok)
    if (effect.kind === 'modify-connection') server.modifyConnectionComplete(ok)
    if (effect.kind === 'tl-connect') server.tlConnectComplete(effect.endpointId, effect.serviceId, false)
  }

  /** Runs until nothing moves; answers what was said and what the guest's drivers were told. */
  run(): { said: string[]; told: string[] } {
    while (this.guestToHost() || this.hostToGuest() || this.devices());
    return { said: this.said.splice(0), told: this.events.splice(0).map(({ kind }) => kind) }
  }

  /** Violations that either end has seen. */
  get violations(): string[] {
    return [...this.client.violations.take(), ...this.server.violations.take()].map(({ rule }) => rule)
  }
}
