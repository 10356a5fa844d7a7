import { restOf, struct, u16, u32, u64 } from '../../wire/index.ts'
import { channelIdField, gpadlIdField } from '../ids.ts'
import { header, statusField } from './header.ts'

/**
 * Guest to host, 20 bytes and up to 27 words: memory that the host may map, or its beginning. Each range is a word
 * `byteCount | byteOffset << 32` and its page numbers. Source: Linux vmbus_channel_gpadl_header.
 */
export const GpadlHeader = /* @__PURE__ */ struct(
  'GpadlHeader',
  {
    header: header(8),
    /** Relid of the channel. */
    channelId: channelIdField,
    /** The guest's handle of the GPADL. */
    gpadlId: gpadlIdField,
    /** Bytes of range data in this message and its bodies together, at most 65535. */
    rangeBufferLength: u16,
    /** Ranges in that data. */
    rangeCount: u16,
    /** The first words of the range data. */
    data: restOf(u64),
  },
  { size: 20, aliases: { linux: 'vmbus_channel_gpadl_header' } },
)

/** Guest to host, 16 bytes and up to 28 words: more of a GPADL. It names no channel. Source: Linux vmbus_channel_gpadl_body. */
export const GpadlBody = /* @__PURE__ */ struct(
  'GpadlBody',
  {
    header: header(9),
    /** Always 0 from Linux, in spite of its name there. */
    messageNumber: u32,
    /** The guest's handle of the GPADL. */
    gpadlId: gpadlIdField,
    /** The next words of the range data. */
    data: restOf(u64),
  },
  { size: 16, aliases: { linux: 'vmbus_channel_gpadl_body' } },
)

/** Host to guest, 20 bytes: the outcome of GPADL creation. */
export const GpadlCreated = /* @__PURE__ */ struct(
  'GpadlCreated',
  {
    header: header(10),
    /** Relid of the channel. */
    channelId: channelIdField,
    /** The guest's handle of the GPADL. */
    gpadlId: gpadlIdField,
    /** 0 for success; anything else is a failure. */
    status: statusField,
  },
  { size: 20, aliases: { linux: 'vmbus_channel_gpadl_created' } },
)

/** Guest to host, 16 bytes: let go of a GPADL. */
export const GpadlTeardown = /* @__PURE__ */ struct(
  'GpadlTeardown',
  {
    header: header(11),
    /** Relid of the channel. */
    channelId: channelIdField,
    /** The guest's handle of the GPADL. */
    gpadlId: gpadlIdField,
  },
  { size: 16, aliases: { linux: 'vmbus_channel_gpadl_teardown' } },
)

/** Host to guest, 12 bytes: the GPADL's pages are the guest's alone again. It names no channel. */
export const GpadlTorndown = /* @__PURE__ */ struct(
  'GpadlTorndown',
  {
    header: header(12),
    /** The guest's handle of the GPADL. */
    gpadlId: gpadlIdField,
  },
  { size: 12, aliases: { linux: 'vmbus_channel_gpadl_torndown' } },
)
