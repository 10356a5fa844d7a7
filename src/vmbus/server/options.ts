import type { ConnectionId } from '../ids.ts'
import { VmbusVersion } from '../versions.ts'
import type { ViolationPolicy } from '../violation.ts'
import type { MonitorPages } from './effects.ts'

/** How a {@link VmbusServer} behaves where the protocol leaves a choice. */
export interface ServerOptions {
  /** Newest version that is agreed to (default 6.0). */
  readonly maxVersion?: number
  /** Let `maxVersion` count only after the first Unload: firmware may use a newer version than the operating system. */
  readonly delayMaxVersion?: boolean
  /**
   * Features that are granted when asked for. Default: all but gpaPinning. Confidential channels are granted to trusted
   * contacts only, server-specified monitor pages only with `monitorPages`.
   */
  readonly features?: number
  /** Monitor pages that the host allocated; `parentToChild` may be 0n. */
  readonly monitorPages?: MonitorPages
  /** Never use the guest's monitor pages: without feature serverSpecifiedMonitorPages there is then no monitoring. */
  readonly ownMonitorPagesOnly?: boolean
  /** SINT of this server (default 2; 7 for redirected channels). */
  readonly sint?: number
  /** VTL of this server (default 0). */
  readonly vtl?: number
  /** Connection that the version response tells the guest to post to from 5.0 on (default 1; OpenVMM redirects by 0x800074). */
  readonly messageConnectionId?: ConnectionId
  /** Added to every relid (default 0): 1024 where two servers share a guest. */
  readonly channelIdOffset?: number
  /** Order of offers and so of relids: by interface, order, instance (default), or by order, interface, instance. */
  readonly offerOrder?: 'interface' | 'order'
  /**
   * What is accepted from the guest. `strict` (default): what a careful peer does. `observe`: messages that the version,
   * the features or a pause forbid are handled all the same, and a second RequestOffers is answered; each is reported.
   */
  readonly acceptance?: 'strict' | 'observe'
  /** What becomes of violations (default `collect`). */
  readonly violations?: ViolationPolicy
  /** Messages that may wait for the guest (default 8192); one more, and the connection is reset. */
  readonly maxOutgoing?: number
  /** GPADLs at a time, over all channels (default 16384). */
  readonly maxGpadls?: number
  /** Bytes of range data of all GPADLs together (default 64 MiB, enough for 32 GiB of guest memory). */
  readonly maxGpadlBytes?: number
  /** hvsocket requests at a time (default 16); while there are so many, no message is handled. */
  readonly maxTlConnects?: number
}

/** Options with the defaults filled in. */
export type ServerSettings = Required<Omit<ServerOptions, 'monitorPages'>> & {
  /** Monitor pages that the host allocated, if any. */
  readonly monitorPages: MonitorPages | undefined
}

/** Every known feature but gpaPinning (0x80), which a host has only where it pins. */
const usualFeatures = 0x7f

/** Fills in the defaults. */
export function settingsOf(options: ServerOptions): ServerSettings {
  return {
    maxVersion: VmbusVersion.V6_0,
    delayMaxVersion: false,
    features: usualFeatures,
    monitorPages: undefined,
    ownMonitorPagesOnly: false,
    sint: 2,
    vtl: 0,
    messageConnectionId: 1,
    channelIdOffset: 0,
    offerOrder: 'interface',
    acceptance: 'strict',
    violations: 'collect',
    maxOutgoing: 8192,
    maxGpadls: 16_384,
    maxGpadlBytes: 64 * 1024 * 1024,
    maxTlConnects: 16,
    ...options,
  }
}
