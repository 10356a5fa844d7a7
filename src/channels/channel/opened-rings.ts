import { type GuestMemory, MemoryFault, PageList } from '../../memory/index.ts'
import { Session } from '../../vmbus/session.ts'
import type { Sender } from '../../wire/index.ts'

/** The two rings of a channel in guest memory, control page first. */
export interface OpenedRings {
  /** Relid of the channel. */
  readonly channelId: number
  /** The ring that the guest writes. */
  readonly guestToHost: PageList
  /** The ring that the host writes. */
  readonly hostToGuest: PageList
}

/** Finds rings by the control messages that show them to the host: for recorders and tools, which look on. */
export class OpenedRingsFinder {
  readonly #memory: GuestMemory
  readonly #session = new Session()
  readonly #open = new Map<number, OpenedRings>()

  constructor(memory: GuestMemory) {
    this.#memory = memory
  }

  /** The rings of a channel, from OpenChannel to the message that ends it. */
  get(channelId: number): OpenedRings | undefined {
    return this.#open.get(channelId)
  }

  /** Takes a control message. Answers the rings that it opens or closes, if they are any. */
  message(from: Sender, bytes: Uint8Array): { readonly at: 'open' | 'close'; readonly rings: OpenedRings } | undefined {
    const { message } = this.#session.message(from, bytes)
    switch (message?.type) {
      case 'OpenChannel':
      case 'OpenChannel2':
      case 'OpenReservedChannel': {
        const { channelId, ringBufferGpadlId, downstreamRingBufferPageOffset } = message
        const pages = this.#session.gpadl(channelId, ringBufferGpadlId)?.ranges?.[0]?.pfns
        const rings = pages === undefined ? undefined : this.#rings(channelId, pages, downstreamRingBufferPageOffset)
        if (rings === undefined || this.#open.has(channelId)) return undefined
        this.#open.set(channelId, rings)
        return { at: 'open', rings }
      }
      case 'CloseChannel':
      case 'CloseReservedChannel':
      case 'RescindChannelOffer': {
        const rings = this.#open.get(message.channelId)
        this.#open.delete(message.channelId)
        return rings === undefined ? undefined : { at: 'close', rings }
      }
      case 'Unload':
      case 'InitiateContact':
      case 'InitiateContact2':
        this.#open.clear()
    }
    return undefined
  }

  #rings(channelId: number, pages: readonly number[], downstream: number): OpenedRings | undefined {
    if (downstream < 1 || downstream >= pages.length) return undefined
    try {
      const guestToHost = new PageList(this.#memory, pages.slice(0, downstream))
      return { channelId, guestToHost, hostToGuest: new PageList(this.#memory, pages.slice(downstream)) }
    } catch (error) {
      if (error instanceof MemoryFault) return undefined
      throw error
    }
  }
}
