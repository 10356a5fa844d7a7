import { bit, bitField, bits, u64 } from '../wire/index.ts'
import { word } from './word.ts'

/** Who made a proprietary operating system. Source: TLFS (HV_GUEST_OS_VENDOR); BlackBerry in the TLFS only. */
export const GuestOsVendor = { Microsoft: 1, Hpe: 2, BlackBerry: 3, Lancom: 0x200 } as const
/** Microsoft's operating systems. Source: TLFS (HV_GUEST_OS_MICROSOFT_IDS). */
export const MicrosoftOs = { Undefined: 0, MsDos: 1, Windows3x: 2, Windows9x: 3, WindowsNt: 4, WindowsCe: 5 } as const
/** Open source operating systems. Source: TLFS (HV_GUEST_OS_OPENSOURCE_IDS). */
export const OpenSourceOs = { Undefined: 0, Linux: 1, FreeBsd: 2, Xen: 3, Illumos: 4 } as const

/** Identity of a proprietary guest: MSR 0x40000000, HvRegisterGuestOsId. Zero until the guest has set it. Source: TLFS. */
export const GuestOsIdWord = /* @__PURE__ */ bits(u64, {
  buildNumber: bitField(0, 16),
  serviceVersion: bitField(16, 8),
  minorVersion: bitField(24, 8),
  majorVersion: bitField(32, 8),
  /** For Microsoft {@link MicrosoftOs}. */
  osId: bitField(40, 8),
  /** {@link GuestOsVendor}. */
  vendorId: bitField(48, 15),
  isOpenSource: bit(63),
})
/** {@link GuestOsIdWord} alone. */
export const GuestOsId = /* @__PURE__ */ word('GuestOsId', GuestOsIdWord, {
  mile: 'HV_X64_MSR_GUEST_OS_ID_CONTENTS',
  like: 'HV_GUEST_OS_ID_CONTENTS',
})

/** Identity of an open source guest. Linux has its LINUX_VERSION_CODE as version, 0 as distribution. Source: TLFS. */
export const OpenSourceGuestOsIdWord = /* @__PURE__ */ bits(u64, {
  /** What the distribution likes. */
  buildNumber: bitField(0, 16),
  /** Kernel version. */
  version: bitField(16, 32),
  /** Linux has 0. */
  osId: bitField(48, 8),
  /** {@link OpenSourceOs}. */
  osType: bitField(56, 7),
  isOpenSource: bit(63),
})
/** {@link OpenSourceGuestOsIdWord} alone. */
export const OpenSourceGuestOsId = /* @__PURE__ */ word('OpenSourceGuestOsId', OpenSourceGuestOsIdWord)

/** Whether a guest OS id is that of an open source system: read it as {@link OpenSourceGuestOsId}. */
export function isOpenSource(guestOsId: bigint): boolean {
  return (guestOsId & (1n << 63n)) !== 0n
}
