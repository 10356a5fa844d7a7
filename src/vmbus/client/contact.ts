import { nilGuid } from '../../wire/index.ts'
import type { ConnectionId } from '../ids.ts'
import { InitiateContact, InitiateContact2 } from '../messages.ts'
import { FeatureFlags, VmbusVersion } from '../versions.ts'
import type { VmbusClientOptions } from './options.ts'

/** Connection of every message below 5.0, and what a host listens on for the others before it names one. */
const messageConnection: ConnectionId = 1
const multiClientConnection: ConnectionId = 4

/** Connection that InitiateContact for this version goes to. Source: Linux drivers/hv/connection.c (vmbus_negotiate_version). */
export function contactConnection(version: number): ConnectionId {
  return version >= VmbusVersion.V5_0 ? multiClientConnection : messageConnection
}

/** Features that are asked for with this version: none exist below 6.0. */
export function requestedFeatures(version: number, options: VmbusClientOptions): number {
  return version >= VmbusVersion.V6_0 ? (options.features ?? 0) : 0
}

/** InitiateContact for this version; the long form when the client id is to count. */
export function encodeContact(version: number, options: VmbusClientOptions): Uint8Array {
  const { interruptPage = 0n, monitorPages, clientId = nilGuid, targetVp = 0, sint = 2, vtl = 0 } = options
  const featureFlags = requestedFeatures(version, options)
  const contact = {
    version,
    targetVp,
    target:
      version >= VmbusVersion.V5_0
        ? ({ type: 'TargetInfo', sint, vtl: version >= VmbusVersion.V5_1 ? vtl : 0, featureFlags } as const)
        : ({ type: 'InterruptPage', interruptPage } as const),
    parentToChildMonitorPage: monitorPages?.parentToChild ?? 0n,
    childToParentMonitorPage: monitorPages?.childToParent ?? 0n,
  }
  return (featureFlags & FeatureFlags.clientId) === 0
    ? InitiateContact.encode(contact)
    : InitiateContact2.encode({ ...contact, clientId })
}
