import type { IcVersion } from './messages.ts'

/** Versions of the framework, `major << 16 | minor`, newest first. Source: Linux drivers/hv/hv_util.c (fw_versions). */
export const icFrameworkVersions: readonly number[] = [0x3_0000, 0x1_0000]

/** A version as it stands in a message. */
export function toIcVersion(version: number): IcVersion {
  return { major: version >>> 16, minor: version & 0xffff }
}

/** A message's version as `major << 16 | minor`. */
export function fromIcVersion({ major, minor }: IcVersion): number {
  return ((major << 16) | minor) >>> 0
}

/** The first of the guest's versions, its newest first, that the host offers. Source: Linux drivers/hv/channel_mgmt.c. */
export function chooseVersion(own: readonly number[], offered: readonly IcVersion[]): number | undefined {
  const known = new Set(offered.map(fromIcVersion))
  return own.find((version) => known.has(version))
}
