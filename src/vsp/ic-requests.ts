import type { Channel } from '../channels/index.ts'
import { type IcFault, isIcFault } from '../devices/ics/fault.ts'
import { type IcHeader, IcStatus } from '../devices/ics/messages.ts'
import type { OfferParams } from '../vmbus/server/effects.ts'
import type { Violation } from '../vmbus/violation.ts'
import type { Extra, Structure } from '../wire/index.ts'
import { IcVsp, type IcVspOptions } from './ics.ts'

/**
 * Why a request failed: `refused` by the guest, with a status; `bad-answer`, which is a violation as well; `timeout`; `closed`, the
 * channel or the device; `failed`, no versions in common.
 */
export type IcRequestFailure = 'refused' | 'bad-answer' | 'timeout' | 'closed' | 'failed'

/** A request to the guest that came to nothing. */
export class IcRequestError extends Error {
  override readonly name = 'IcRequestError'
  constructor(
    readonly code: IcRequestFailure,
    what: string,
    why: string,
    /** The guest's status, an HRESULT, when it refused. */
    readonly status?: number,
  ) {
    super(`${what}: ${why}`)
  }
}

/** Whether it is an {@link IcRequestError}, also one of another copy of this package. */
export function isIcRequestError(error: unknown): error is IcRequestError {
  return error instanceof Error && error.name === 'IcRequestError'
}

/** Runs something later. Answers what calls that off. */
export type Later = (run: () => void, milliseconds: number) => () => void

/** How a component that asks is made; everything has a default. */
export interface IcRequestOptions extends IcVspOptions {
  /** Milliseconds until a request is given up, those in which it waits for others and for negotiation included. */
  readonly timeout?: number
  /** Runs something later, for timeouts. Default `setTimeout`. */
  readonly later?: Later
}

const byTimer: Later = (run, milliseconds) => {
  const timer = setTimeout(run, milliseconds)
  return () => clearTimeout(timer)
}

/** Longer than a Linux guest without its daemon lets the negotiation wait (55 s) and takes to refuse (30 s). Source: Linux drivers/hv/hyperv_vmbus.h. */
const defaultTimeout = 90_000

/** One request, until it is answered. */
interface IcRequest<M, T> {
  /** For people: `set colour`. */
  readonly what: string
  readonly messageType: number
  /** Made when it is sent. May throw: then the request fails so. */
  readonly body: (version: number) => Uint8Array
  /** What a good answer says, or what is wrong in it. */
  readonly read: (message: M & Extra) => T | IcFault
  readonly timeout?: number
}

interface Waiting<M> {
  readonly what: string
  readonly messageType: number
  readonly body: (version: number) => Uint8Array
  /** Settles the promise. Answers a fault of the answer, to be reported. */
  readonly answered: (message: M & Extra, status: number) => IcFault | undefined
  readonly fail: (error: unknown) => void
  transactionId: number
}

/**
 * A component that asks the guest, one request at a time; others wait. They may be made before versions are agreed on. A request that timed
 * out after it was sent still holds up the next, until the guest answers or closes: guests take one at a time.
 *
 * @typeParam M the component's messages.
 */
export abstract class IcRequestVsp<M, Events extends object = object> extends IcVsp<M, Events> {
  readonly #later: Later
  readonly #timeout: number
  readonly #queue: Waiting<M>[] = []
  #inFlight: Waiting<M> | undefined
  #failure: string | undefined

  protected constructor(
    offer: Pick<OfferParams, 'interfaceId' | 'instanceId'>,
    messages: Structure<M>,
    versions: readonly number[],
    { later = byTimer, timeout = defaultTimeout, ...options }: IcRequestOptions,
  ) {
    super(offer, messages, versions, options)
    this.#later = later
    this.#timeout = timeout
  }

  /** Asks the guest. Fails with {@link IcRequestError}, or with what `body` throws. */
  protected request<T>({ what, messageType, body, read, timeout = this.#timeout }: IcRequest<M, T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const settle = (settleIt: () => void) => {
        callOff()
        settleIt()
      }
      const waiting: Waiting<M> = {
        what,
        messageType,
        body,
        transactionId: 0,
        fail: (error) => settle(() => reject(error)),
        answered: (message, status) => {
          if (status !== IcStatus.Ok) {
            settle(() => reject(refusal(what, status)))
            return undefined
          }
          const result = read(message)
          if (isIcFault(result)) {
            settle(() => reject(new IcRequestError('bad-answer', what, result.why)))
            return result
          }
          settle(() => resolve(result))
          return undefined
        },
      }
      const callOff = this.#later(() => {
        const index = this.#queue.indexOf(waiting)
        if (index >= 0) this.#queue.splice(index, 1)
        reject(new IcRequestError('timeout', what, `no answer within ${timeout} ms`))
      }, timeout)
      if (this.#failure !== undefined) waiting.fail(new IcRequestError('failed', what, this.#failure))
      else this.#queue.push(waiting)
      this.#sendNext()
    })
  }

  protected override onAnswer(message: M & Extra, { status, transactionId }: IcHeader): void {
    const answered = this.#inFlight
    // An answer that comes after one that could not be read.
    if (answered === undefined || answered.transactionId !== transactionId) return
    this.#inFlight = undefined
    const fault = answered.answered(message, status)
    this.#sendNext()
    if (fault !== undefined) {
      const channelId = this.channel?.channelId
      this.channel?.violation({ rule: 'ic-bad-answer', ...fault, ...(channelId !== undefined && { channelId }) })
    }
  }

  /** There is one request at a time: what cannot be read is taken for its answer. */
  protected override onBadMessage(violation: Violation, channel: Channel): void {
    const answered = this.#inFlight
    this.#inFlight = undefined
    answered?.fail(new IcRequestError('bad-answer', answered.what, violation.why))
    this.#sendNext()
    super.onBadMessage(violation, channel)
  }

  protected override onNegotiated(): void {
    this.#sendNext()
  }

  protected override onFailed(why: string): void {
    this.#failure = why
    this.#failAll('failed', why)
  }

  protected override onClose(): void {
    super.onClose()
    this.#failure = undefined
    this.#failAll('closed', 'the channel was closed')
  }

  override detached(): void {
    super.detached()
    this.#failAll('closed', 'the device was taken away')
  }

  #sendNext(): void {
    const { agreed } = this
    while (agreed !== undefined && this.#inFlight === undefined) {
      const next = this.#queue.shift()
      if (next === undefined) return
      try {
        if (this.ask(next.messageType, next.body(agreed.message))) {
          next.transactionId = this.lastTransactionId
          this.#inFlight = next
        } else next.fail(new IcRequestError('closed', next.what, 'the channel takes no more'))
      } catch (error) {
        next.fail(error)
      }
    }
  }

  #failAll(code: IcRequestFailure, why: string): void {
    const all = this.#queue.splice(0)
    if (this.#inFlight !== undefined) all.unshift(this.#inFlight)
    this.#inFlight = undefined
    for (const { what, fail } of all) fail(new IcRequestError(code, what, why))
  }
}

const statusNames: ReadonlyMap<number, string> = /* @__PURE__ */ new Map(
  Object.entries(IcStatus).map(([name, status]) => [status, name]),
)

function refusal(what: string, status: number): IcRequestError {
  const name = statusNames.get(status)
  const text = `0x${status.toString(16)}${name === undefined ? '' : ` (${name})`}`
  return new IcRequestError('refused', what, `the guest answers ${text}`, status)
}
