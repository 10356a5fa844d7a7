import { type FrameLayout, IpProtocol } from './frame-layout.ts'
import { NdisHash } from './ndis.ts'
import type { ToeplitzHash } from './toeplitz.ts'

/**
 * The hash of a frame as receive side scaling has it: over addresses and ports of TCP, or over addresses alone, as far as `types` (see
 * NdisHash) ask for it. `undefined` for what is none of those.
 */
export function flowHash(
  toeplitz: ToeplitzHash,
  types: number,
  bytes: Uint8Array,
  layout: FrameLayout,
): number | undefined {
  const { ipVersion, ipOffset, protocol, transportOffset } = layout
  if (ipVersion === 0) return undefined
  const isTcp = protocol === IpProtocol.Tcp
  const [withPorts, alone] = ipVersion === 4 ? [NdisHash.tcpIpv4, NdisHash.ipv4] : [NdisHash.tcpIpv6, NdisHash.ipv6]
  const hasPorts = isTcp && (types & withPorts) !== 0
  if (!hasPorts && (types & alone) === 0) return undefined
  const length = ipVersion === 4 ? 8 : 32
  const hash = toeplitz.add(0, 0, bytes, ipOffset + (ipVersion === 4 ? 12 : 8), length)
  return hasPorts ? toeplitz.add(hash, length, bytes, transportOffset, 4) : hash
}
