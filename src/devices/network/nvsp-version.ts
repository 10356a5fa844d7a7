/**
 * Versions of NVSP, `major << 16 | minor`, but for the first, which is the number 2. Named as Linux does; what they are on the wire is
 * 0.2, 3.2, 4.0, 5.0, 6.0, 6.1. Sources: Linux drivers/net/hyperv/hyperv_net.h (NVSP_PROTOCOL_VERSION_*), OpenVMM netvsp.
 */
export const NvspVersion = {
  V1: 0x0000_0002,
  V2: 0x0003_0002,
  V4: 0x0004_0000,
  V5: 0x0005_0000,
  V6: 0x0006_0000,
  V61: 0x0006_0001,
} as const

/** All of them, newest first: the order in which Linux asks. */
export const nvspVersions: readonly number[] = /* @__PURE__ */ Object.values(NvspVersion).reverse()

/** A version as people write it: `6.1`, `5`, or `1` and `2` for the first two; `undefined` when it is none. */
export function parseNvspVersion(text: string): number | undefined {
  const [, major, minor = '0'] = /^(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (major === undefined) return undefined
  if (major === '1' && minor === '0') return NvspVersion.V1
  if (major === '2' && minor === '0') return NvspVersion.V2
  const version = Number(major) * 0x1_0000 + Number(minor)
  return nvspVersions.includes(version) ? version : undefined
}

/**
 * Bytes to which a message is padded with zeros: 40 at 6.1, else 28. Linux always sends 40; hosts before INIT is answered send 28.
 * Source: OpenVMM netvsp (behaviour 185).
 */
export function nvspMessageSize(version: number | undefined): number {
  return version === NvspVersion.V61 ? 0x28 : 0x1c
}
