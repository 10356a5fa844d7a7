import { bit, bits, reserved, struct, u32 } from '../wire/index.ts'

/**
 * The first page of a ring, 4096 bytes: shared words, each written by one side only.
 *
 * Source: Linux include/linux/hyperv.h (hv_ring_buffer), OpenVMM vmbus_ring.
 */
export const RingControlPage = /* @__PURE__ */ struct(
  'RingControlPage',
  {
    /** Offset in the data area at which the writer will write next; a multiple of 8. The writer's. */
    writeIndex: u32,
    /** Offset in the data area at which the reader will read next; a multiple of 8. The reader's. */
    readIndex: u32,
    /** Not 0: do not interrupt the reader. The reader's. */
    interruptMask: u32,
    /** Not 0: interrupt the writer once this many bytes are free. The writer's. */
    pendingSendSize: u32,
    reserved: reserved(48),
    /** What the writer does. The writer's. */
    featureBits: bits(u32, {
      /** `pendingSendSize` is honoured. */
      pendingSendSize: bit(0),
    }),
    reserved2: reserved(4028),
  },
  { size: 4096, aliases: { linux: 'hv_ring_buffer' } },
)
