import { bytes, struct, u16, u32 } from '../wire/index.ts'

/** Addresses of the network debugger. Source: HV_DEBUG_NET_DATA of Mile.HyperV. */
export const DebugNetData = /* @__PURE__ */ struct(
  'DebugNetData',
  {
    ipv4: struct(
      'DebugNetDataIpv4',
      {
        hostIp: u32,
        targetIp: u32,
        hostPort: u16,
        targetPort: u16,
        hostMac: bytes(6),
        targetMac: bytes(6),
      },
      { size: 24 },
    ),
    ipv6: struct(
      'DebugNetDataIpv6',
      {
        hostIp: bytes(16),
        targetIp: bytes(16),
        hostPort: u16,
        targetPort: u16,
        hostMac: bytes(6),
        targetMac: bytes(6),
      },
      { size: 48 },
    ),
  },
  { size: 72, aliases: { mile: 'HV_DEBUG_NET_DATA' } },
)
