import type { Channel, GuestDevice } from '../../channels/index.ts'
import {
  NvspMessage,
  NvspStatus,
  noSendBufferSection,
  RndisChannelType,
  RndisMessage,
} from '../../devices/network/index.ts'
import { PAGE_SIZE } from '../../memory/index.ts'

/** An RNDIS message of the host's that answers a request. */
export type RndisAnswer = Extract<RndisMessage, { requestId: number; status: number }>

/** Gets the answer, once; or why there is none. */
export type AnswerHandler = (answer: RndisAnswer | undefined, why?: string) => void

interface Waiting {
  readonly message: RndisMessage & { requestId: number }
  readonly done: AnswerHandler
}

const longest = 4096

/**
 * RNDIS control messages to the host and the answers to them, matched by request id. One is under way at a time, in a page of its own;
 * others wait.
 */
export class RndisRequests {
  readonly #device: GuestDevice
  readonly #channel: Channel
  readonly #page: number
  readonly #waiting: Waiting[] = []
  #current: Waiting | undefined
  #nextId = 1
  #isClosed = false

  /** @param page number of a page that is the requests' alone. */
  constructor(device: GuestDevice, channel: Channel, page: number) {
    this.#device = device
    this.#channel = channel
    this.#page = page
  }

  /** An id for the next message. */
  nextId(): number {
    const id = this.#nextId
    this.#nextId = id === 0xffff_ffff ? 1 : id + 1
    return id
  }

  /** Sends a message and waits for its answer. */
  request(message: RndisMessage & { requestId: number }, done: AnswerHandler): void {
    if (this.#isClosed) {
      done(undefined, 'the channel is closed')
      return
    }
    this.#waiting.push({ message, done })
    this.#start()
  }

  /** Sends a message that has no answer. */
  send(message: RndisMessage): boolean {
    return this.#write(message, () => {})
  }

  /** An answer of the host's. False when no request waits for it (NC-11). */
  answered(answer: RndisAnswer): boolean {
    const current = this.#current
    if (current === undefined || current.message.requestId !== answer.requestId) return false
    if (!isAnswerTo(current.message, answer)) return false
    this.#current = undefined
    current.done(answer)
    this.#start()
    return true
  }

  /** The channel is closed: every request gets its answer, which is none. */
  close(): void {
    this.#isClosed = true
    const all = this.#current === undefined ? this.#waiting.splice(0) : [this.#current, ...this.#waiting.splice(0)]
    this.#current = undefined
    for (const { done } of all) done(undefined, 'the channel was closed')
  }

  #start(): void {
    if (this.#current !== undefined) return
    const next = this.#waiting.shift()
    if (next === undefined) return
    this.#current = next
    const sent = this.#write(next.message, (status) => {
      if (status !== NvspStatus.Success) this.#fail(next, `the host refused the message with status ${status}`)
    })
    if (!sent) this.#fail(next, 'the message could not be sent')
  }

  #fail(request: Waiting, why: string): void {
    if (this.#current !== request) return
    this.#current = undefined
    request.done(undefined, why)
    this.#start()
  }

  #write(message: RndisMessage, completed: (status: number) => void): boolean {
    const bytes = RndisMessage.encode(message, { from: 'guest' })
    if (bytes.length > longest) return false
    this.#device.endpoint.transport.memory.write(this.#page * PAGE_SIZE, bytes, 0, bytes.length)
    const packet = NvspMessage.encode({
      type: 'NvspSendRndisPacket',
      channelType: RndisChannelType.Control,
      sendBufferSectionIndex: noSendBufferSection,
      sendBufferSectionSize: 0,
    })
    const payload = new Uint8Array(40)
    payload.set(packet)
    const range = { byteCount: bytes.length, byteOffset: 0, pfns: [this.#page] }
    return this.#channel.request(
      payload,
      (completion) => {
        if (completion === undefined) return
        completed(completion.payloadLength >= 8 ? completion.payloadU32(4) : 0)
      },
      [range],
    )
  }
}

/** Whether an answer is of the kind that a request asks for. */
function isAnswerTo(request: RndisMessage, answer: RndisMessage): boolean {
  return answer.type === request.type.replace(/Request$/, 'Complete')
}
