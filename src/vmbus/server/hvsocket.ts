import { type Guid, nilGuid } from '../../wire/index.ts'
import { MessageStatus, TlConnectRequestResult } from '../messages.ts'
import { HvsocketUserDefined, OfferFlags, PipeType } from '../offer.ts'
import { VmbusVersion } from '../versions.ts'
import type { Core, MessageOf } from './core.ts'
import type { OfferParams } from './effects.ts'

/** TlConnectRequest: the guest connects an hvsocket to a service of the host. */
export function receiveTlConnect(core: Core, message: MessageOf<'TlConnectRequest' | 'TlConnectRequest2'>): void {
  const { endpointId, serviceId } = message
  const siloId = 'siloId' in message ? message.siloId : nilGuid
  core.tlConnects.push({ endpointId, serviceId, siloId, stale: false })
  core.effect({ kind: 'tl-connect', endpointId, serviceId, siloId })
}

/** A listener has accepted and offered its channel, or there is none. Success is told by the offer alone. */
export function completeTlConnect(core: Core, endpointId: Guid, serviceId: Guid, ok: boolean): boolean {
  const index = core.tlConnects.findIndex((each) => each.endpointId === endpointId && each.serviceId === serviceId)
  const [request] = index < 0 ? [] : core.tlConnects.splice(index, 1)
  if (request === undefined) return false
  if (ok || request.stale || core.connection === undefined || core.connection.version < VmbusVersion.V4_1) return true
  const status = MessageStatus.ConnectionRefused
  core.send(TlConnectRequestResult.encode({ endpointId, serviceId, status }))
  return true
}

/** What to offer for an hvsocket connection. */
export interface HvsocketOffer {
  /** The service connected to; becomes the interface id. */
  readonly serviceId: Guid
  /** The connecting socket; becomes the instance id: the guest's own for its request, a new one when the host connects. */
  readonly endpointId: Guid
  /** The host connects, and the guest accepts by opening. The caller revokes the offer if that takes too long. */
  readonly isForGuestAccept: boolean
  /** Silo (container) that is meant; zeros for none. */
  readonly siloId?: Guid
}

/** The offer of an hvsocket connection: a byte pipe with the socket's own user-defined part. */
export function hvsocketOffer({
  serviceId,
  endpointId,
  isForGuestAccept,
  siloId = nilGuid,
}: HvsocketOffer): OfferParams {
  return {
    interfaceId: serviceId,
    instanceId: endpointId,
    flags: OfferFlags.enumerateDeviceInterface | OfferFlags.namedPipeMode | OfferFlags.tlnpiProvider,
    userDefined: HvsocketUserDefined.encode({
      pipeType: PipeType.Byte,
      isForGuestAccept: isForGuestAccept ? 1 : 0,
      isForGuestContainer: 0,
      version: 1,
      siloId,
    }),
  }
}
