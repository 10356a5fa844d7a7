import { ChannelMessageType } from '../../vmbus/messages.ts'
import { u32At } from '../../vmbus/u32.ts'
import type { HostOffer } from './host-offer.ts'

const channelIdAt = 8

/** The channel that a guest begins to let go of with a control message: it closes it, takes memory back, or releases the relid. */
export function channelLeft(message: Uint8Array): number | undefined {
  if (message.length < channelIdAt + 4) return undefined
  switch (u32At(message, 0)) {
    case ChannelMessageType.CloseChannel:
    case ChannelMessageType.GpadlTeardown:
    case ChannelMessageType.RelIdReleased:
      return u32At(message, channelIdAt)
    default:
      return undefined
  }
}

/**
 * Offers that were revoked while the guest had them open, of devices that serve them until the guest lets go. The guest has the relids
 * for as long, so there are never more than relids.
 */
export class RevokedOffers {
  readonly #offers = new Set<HostOffer>()

  get all(): Iterable<HostOffer> {
    return this.#offers
  }

  add(offer: HostOffer): void {
    this.#offers.add(offer)
  }

  /** Takes out what a guest that leaves a channel lets go of: with a primary channel all of its device's. */
  takeLeft(channelId: number): HostOffer[] {
    for (const offer of this.#offers) {
      if (offer.channelId !== channelId) continue
      return this.#take((other) => other === offer || (offer.subchannelIndex === 0 && other.device === offer.device))
    }
    return []
  }

  /** Takes out all. */
  takeAll(): HostOffer[] {
    return this.#take(() => true)
  }

  /** The sub-channels first. */
  #take(isTaken: (offer: HostOffer) => boolean): HostOffer[] {
    const taken = [...this.#offers].filter(isTaken)
    for (const offer of taken) this.#offers.delete(offer)
    return taken.sort((a, b) => b.subchannelIndex - a.subchannelIndex)
  }
}
