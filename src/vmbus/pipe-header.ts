import { openEnum, struct, u32 } from '../wire/index.ts'
import { PipePacketType } from './packet-types.ts'

/** In front of every in-band packet's data on a pipe, 8 bytes. Source: Linux vmpipe_proto_header. */
export const PipeHeader = /* @__PURE__ */ struct(
  'PipeHeader',
  {
    /** What follows: 1, or 2 for the rest of a packet that OpenVMM has read in part. */
    packetType: openEnum('PipePacketType', u32, PipePacketType),
    /** Bytes of data; for a partly read packet the low half is what is left and the high half where it begins. */
    length: u32,
  },
  { size: 8, aliases: { linux: ['vmpipe_proto_header', 'vmbuspipe_hdr', 'pipe_prt_msg'] } },
)
