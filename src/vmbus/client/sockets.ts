import { type Guid, guid, type Infer } from '../../wire/index.ts'
import {
  ChannelMessageType,
  type OfferChannel,
  TlConnectRequest,
  TlConnectRequest2,
  TlConnectRequestResult,
} from '../messages.ts'
import { OfferFlags } from '../offer.ts'
import type { RequestFailure } from './events.ts'
import { type ClientLink, ClientStateError } from './link.ts'

/** The guest's hvsocket connects that wait for an offer or a refusal. */
export class ClientSockets {
  /** Requests by service and endpoint. */
  readonly #waiting = new Map<string, { readonly endpointId: Guid; readonly serviceId: Guid }>()

  constructor(readonly link: ClientLink) {}

  get waiting(): number {
    return this.#waiting.size
  }

  connect(endpointId: Guid, serviceId: Guid, siloId: Guid | undefined): void {
    const socket = socketKey(endpointId, serviceId)
    if (this.#waiting.has(socket)) throw new ClientStateError(`${endpointId} is already connecting to ${serviceId}`)
    const bytes =
      siloId === undefined
        ? TlConnectRequest.encode({ endpointId, serviceId })
        : TlConnectRequest2.encode({ endpointId, serviceId, siloId })
    this.#waiting.set(socket, { endpointId, serviceId })
    this.link.post(ChannelMessageType.TlConnectRequest, bytes, { socket })
  }

  /** Takes an offer as the answer to a connect, if it is one: an hvsocket that the guest is not asked to accept. */
  offered({ channelId, offer }: OfferChannel): void {
    const { flags, interfaceId: serviceId, instanceId: endpointId, userDefined } = offer
    if ((flags & OfferFlags.tlnpiProvider) === 0) return
    if (userDefined.type !== 'HvsocketUserDefined' || userDefined.isForGuestAccept !== 0) return
    if (!this.#waiting.delete(socketKey(endpointId, serviceId))) return
    this.link.emit({ kind: 'tl-connected', endpointId, serviceId, channelId })
  }

  onResult({ endpointId, serviceId, status }: Infer<typeof TlConnectRequestResult>): void {
    if (!this.#waiting.has(socketKey(endpointId, serviceId))) {
      const why = `${endpointId} is not connecting to ${serviceId}`
      this.link.reject('tl-connect-result-unasked', 'UNKNOWN-ID', TlConnectRequestResult, 'endpointId', why)
    } else if ((status | 0) >= 0) {
      const why = `status ${status} is no failure: success is told by an offer`
      this.link.reject('tl-connect-result-success', 'RANGE', TlConnectRequestResult, 'status', why)
    } else {
      this.#fail(socketKey(endpointId, serviceId), status)
    }
  }

  notPosted(socket: string): void {
    this.#fail(socket, 'not-posted')
  }

  disconnected(): void {
    for (const socket of [...this.#waiting.keys()]) this.#fail(socket, 'disconnected')
  }

  #fail(socket: string, status: number | RequestFailure): void {
    const request = this.#waiting.get(socket)
    if (request === undefined) return
    this.#waiting.delete(socket)
    this.link.emit({ kind: 'tl-connect-failed', ...request, status })
  }
}

function socketKey(endpointId: Guid, serviceId: Guid): string {
  return `${guid(serviceId)}/${guid(endpointId)}`
}
