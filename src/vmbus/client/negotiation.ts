import { nilGuid } from '../../wire/index.ts'
import { type ConnectionId, ConnectionIds } from '../ids.ts'
import { type ChannelMessage, InitiateContact, InitiateContact2, VersionResponse } from '../messages.ts'
import type { MonitorPages } from '../server/effects.ts'
import { FeatureFlags, VmbusVersion } from '../versions.ts'
import type { Violation } from '../violation.ts'
import type { VmbusClientOptions } from './options.ts'

/** A connection id has 24 bits (TLFS 11.4, HV_CONNECTION_ID): a larger one could not be posted to. */
export const maxConnectionId = 0xff_ffff

/** Any form of the answer to InitiateContact. */
export type AnyVersionResponse = Extract<
  ChannelMessage,
  { type: 'VersionResponse' | 'VersionResponse2' | 'VersionResponse3' }
>

/** What a version response means for the guest. */
export type Verdict =
  | {
      readonly kind: 'accepted'
      readonly features: number
      /** Connection of every further message. */
      readonly connectionId: ConnectionId
      readonly monitorPages: MonitorPages | undefined
    }
  /** Not this version. */
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'failed'; readonly why: string; readonly connectionState?: number; readonly violation?: Violation }

/** Judges the answer to InitiateContact for this version. Below 5.0 it names no connection that counts. */
export function judgeVersionResponse(
  message: AnyVersionResponse,
  version: number,
  options: VmbusClientOptions,
): Verdict {
  const { versionSupported, connectionState, versionOrConnectionId } = message
  // Any value but 0 is taken as 1, as Linux takes it (MS-29).
  if (versionSupported === 0) return { kind: 'unsupported' }
  if (connectionState !== 0) {
    return { kind: 'failed', why: `the host answered state ${connectionState}`, connectionState }
  }
  // Below 5.0 the field is an echo that some hosts leave out, and means nothing (OK-03); so does 0 above.
  const named = version >= VmbusVersion.V5_0 && versionOrConnectionId !== 0
  const connectionId: ConnectionId = named ? versionOrConnectionId : contactConnection(version)
  if (connectionId > maxConnectionId) {
    const field = 'versionOrConnectionId'
    const why = `connection id ${connectionId} has over 24 bits`
    const offset = VersionResponse.offsetOf(field)
    return {
      kind: 'failed',
      why,
      violation: { rule: 'version-response-connection-id', code: 'RANGE', field, offset, why },
    }
  }
  const granted = message.type === 'VersionResponse' ? 0 : message.supportedFeatures
  // What was never asked for is not granted, whatever the host says (MS-32).
  const features = (granted & requestedFeatures(version, options)) >>> 0
  const hostsPages = message.type === 'VersionResponse3' && (features & FeatureFlags.serverSpecifiedMonitorPages) !== 0
  const monitorPages = hostsPages
    ? { parentToChild: message.parentToChildMonitorPage, childToParent: message.childToParentMonitorPage }
    : options.monitorPages
  return { kind: 'accepted', features, connectionId, monitorPages }
}

/** Connection that InitiateContact for this version goes to. Source: Linux drivers/hv/connection.c (vmbus_negotiate_version). */
export function contactConnection(version: number): ConnectionId {
  return version >= VmbusVersion.V5_0 ? ConnectionIds.multiClient : ConnectionIds.message
}

/** Features that are asked for with this version: none exist below 6.0. */
function requestedFeatures(version: number, options: VmbusClientOptions): number {
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
