import { type HostTransport, HvStatus, type Pump, Task, vmbusMessageType } from '../channels/index.ts'
import { answerEffect } from '../vmbus/server/answer.ts'
import type { OfferId, OfferParams, OpenRequest, ServerEffect } from '../vmbus/server/effects.ts'
import { VmbusServer } from '../vmbus/server/index.ts'
import { RawChannel } from './raw-channel.ts'

/** A host that offers one device and opens its channel as a good one does, and then has raw access to its rings. */
export class HostileHost {
  /** The primary channel while it is open. */
  channel: RawChannel | undefined
  readonly #server = new VmbusServer()
  readonly #transport: HostTransport
  readonly #pump: Pump
  readonly #task: Task
  #offer: OfferId | undefined
  #request: OpenRequest | undefined

  constructor(transport: HostTransport, pump: Pump, offer: OfferParams) {
    this.#transport = transport
    this.#pump = pump
    this.#task = new Task('hostile host', () => this.#run())
    this.#offer = this.#server.offer(offer)
    transport.attach({
      post: (connectionId, _messageType, payload) => {
        const taken = this.#server.receive(payload, { connectionId })
        pump.schedule(this.#task)
        return taken ? HvStatus.Success : HvStatus.InsufficientBuffers
      },
      // The fuzzer reads when its inputs say so.
      signal: () => HvStatus.Success,
      slotFree: () => pump.schedule(this.#task),
      watched: () => {},
    })
  }

  /** Interrupts the guest for the channel. */
  signal(): void {
    const interrupt = this.#request?.interrupt
    if (interrupt?.kind !== 'event') return
    this.#transport.setEventFlag(interrupt.vp, interrupt.sint, interrupt.flag)
  }

  /** Takes the device away. */
  revoke(): void {
    if (this.#offer === undefined) return
    this.#server.revoke(this.#offer)
    this.#offer = undefined
    this.channel = undefined
    this.#pump.schedule(this.#task)
  }

  #run(): void {
    for (;;) {
      const effects = this.#server.takeEffects()
      for (const effect of effects) this.#perform(effect)
      const message = this.#server.peekMessage()
      if (message === undefined && effects.length === 0) return
      if (message === undefined) continue
      if (this.#transport.post(message.vp, message.sint, vmbusMessageType, message.bytes) === 'busy') return
      this.#server.messageSent()
    }
  }

  #perform(effect: ServerEffect): void {
    if (effect.kind === 'open') {
      const { ring, downstreamPageOffset } = effect.request
      this.#request = effect.request
      this.channel = new RawChannel(this.#transport.memory, ring.pfns, downstreamPageOffset, false)
    } else if (effect.kind === 'close') this.channel = undefined
    answerEffect(this.#server, effect, effect.kind !== 'tl-connect')
  }
}
