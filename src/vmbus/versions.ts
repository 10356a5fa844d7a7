import { flags, openEnum, u32 } from '../wire/index.ts'

/**
 * VMBus protocol versions, `major << 16 | minor`. A host compares by equality: what is not listed is unsupported.
 *
 * Source: Linux include/linux/hyperv.h (VERSION_*), OpenVMM vmbus_core/protocol.rs.
 */
export const VmbusVersion = {
  /** 0.13, Windows Server 2008. */
  V0_13: 0x0000_000d,
  /** 1.1, Windows 7: offers name a connection, which the guest signals; UnloadComplete. */
  V1_1: 0x0001_0001,
  /** 2.4, Windows 8: event flags in the SIEFP, target VP, sub-channels, pending_send_size. */
  V2_4: 0x0002_0004,
  /** 3.0, Windows 8.1: control messages may go to any VP. */
  V3_0: 0x0003_0000,
  /** 4.0, Windows 10: reserved channels, hvsocket. */
  V4_0: 0x0004_0000,
  /** 4.1: ModifyChannel. */
  V4_1: 0x0004_0001,
  /** 5.0: the version response names a connection id; target SINT. */
  V5_0: 0x0005_0000,
  /** 5.1: target VTL. */
  V5_1: 0x0005_0001,
  /** 5.2: silo-aware hvsocket. */
  V5_2: 0x0005_0002,
  /** 5.3: ModifyChannelResponse. */
  V5_3: 0x0005_0003,
  /** 6.0: feature flags. */
  V6_0: 0x0006_0000,
} as const

/** The version word on the wire. */
export const VmbusVersionField = /* @__PURE__ */ openEnum('VmbusVersion', u32, VmbusVersion)

/** All versions, newest first: the order in which a guest tries them. */
export const vmbusVersions: readonly number[] = /* @__PURE__ */ Object.values(VmbusVersion).sort((a, b) => b - a)

/** `6.0` for 0x60000. */
export function versionText(version: number): string {
  return `${version >>> 16}.${version & 0xffff}`
}

/** Reads `6.0`, `0x60000` or `393216`; `undefined` when it is none of these. */
export function parseVersion(text: string): number | undefined {
  const dotted = /^(\d{1,5})\.(\d{1,5})$/.exec(text)
  if (dotted !== null) {
    const [major, minor] = [Number(dotted[1]), Number(dotted[2])]
    return major <= 0xffff && minor <= 0xffff ? major * 0x10000 + minor : undefined
  }
  if (!/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(text)) return undefined
  const value = Number(text)
  return value <= 0xffff_ffff ? value : undefined
}

/**
 * Feature flags, asked for in InitiateContact and granted in the version response, from 6.0 on.
 *
 * Source: OpenVMM vmbus_core/protocol.rs (FeatureFlags).
 */
export const FeatureFlags = {
  /** OpenChannel grows to OpenChannel2: the guest chooses event flag and signal connection. */
  guestSpecifiedSignalParameters: 0x01,
  /** OpenChannel2 may redirect the channel interrupt to VTL 2. */
  channelInterruptRedirection: 0x02,
  /** ModifyConnection is allowed. */
  modifyConnection: 0x04,
  /** InitiateContact carries a client id. */
  clientId: 0x08,
  /** Offers show the confidential bits. */
  confidentialChannels: 0x10,
  /** Pause and Resume are allowed. */
  pauseResume: 0x20,
  /** The host may allocate the monitor pages. */
  serverSpecifiedMonitorPages: 0x40,
  /** Offers show that external memory must be pinned. */
  gpaPinning: 0x80,
} as const

/** The feature word on the wire. */
export const FeatureFlagsField = /* @__PURE__ */ flags('FeatureFlags', u32, FeatureFlags)

/** A version as text (`'5.3'`) or number (`0x50003`) as a number; default 6.0. Throws `RangeError` for a text that is no version. */
export function versionNumber(version: string | number = VmbusVersion.V6_0): number {
  const parsed = typeof version === 'number' ? version : parseVersion(version)
  if (parsed === undefined) throw new RangeError(`not a VMBus version: ${version}`)
  return parsed
}
