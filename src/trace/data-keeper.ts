import type { GuestMemory } from '../memory/index.ts'
import type { DeviceDecoder } from '../vmbus/device-decoder.ts'
import { Session } from '../vmbus/session.ts'
import type { Sender } from '../wire/index.ts'
import { deviceDecoders } from './decoders.ts'

/** How much a recording keeps of what packets refer to outside the rings, in bytes. */
export interface DataLimits {
  /** Of the messages of a device's protocol, such as RNDIS with the frames in it, for each packet. Default: 1 MiB, which is all. */
  readonly messages?: number
  /** Of what is transferred to and from a disk, from its start, for each packet. Default: 512. */
  readonly contents?: number
  /** Of all in the recording; behind that, none. Default: 64 MiB. 0 keeps nothing. */
  readonly total?: number
}

/** What a packet refers to is all that is wanted of it. */
const decoders: readonly DeviceDecoder[] = deviceDecoders.map(({ decodeData: _, ...decoder }) => decoder)

/** Reads what packets refer to out of the guest's memory, at the time when they are seen: later it may be something else. */
export class DataKeeper {
  readonly #session: Session
  #left: number

  /** @param memory the guest's, as it is for the end that is recorded. */
  constructor(memory: GuestMemory, { messages = 1 << 20, contents = 512, total = 64 << 20 }: DataLimits = {}) {
    this.#left = total
    this.#session = new Session({
      decoders,
      memory,
      dataLimit: ({ isContents }) => Math.min(isContents ? contents : messages, this.#left),
    })
  }

  /** Takes a control message. */
  message(from: Sender, bytes: Uint8Array): void {
    this.#session.message(from, bytes)
  }

  /** Takes a packet; answers what it refers to, as far as that is kept. */
  packet(from: Sender, channelId: number, bytes: Uint8Array): Uint8Array | undefined {
    if (this.#session.channel(channelId)?.decoder === undefined) return undefined
    const data = this.#session.packet(from, channelId, bytes).data?.bytes
    this.#left -= data?.byteLength ?? 0
    return data
  }
}
