/** Versions of the storage protocol, `major << 8 | minor`. Source: Linux drivers/scsi/storvsc_drv.c (VMSTOR_PROTO_VERSION_*). */
export const VstorVersion = {
  Win6: 0x0200,
  Win7: 0x0402,
  Win8: 0x0501,
  Win8_1: 0x0600,
  Win10: 0x0602,
} as const

/** All of them, newest first. */
export const vstorVersions: readonly number[] = [
  VstorVersion.Win10,
  VstorVersion.Win8_1,
  VstorVersion.Win8,
  VstorVersion.Win7,
  VstorVersion.Win6,
]

/** Bytes of a storage packet under a version: 64, before 5.1 48. */
export function vstorPacketSize(version: number): number {
  return version >= VstorVersion.Win8 ? 64 : 48
}

/** `6.2` → 0x0602; `undefined` for what is no version. */
export function parseVstorVersion(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})$/.exec(text)
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])]
  return major <= 0xff && minor <= 0xff ? major * 256 + minor : undefined
}
