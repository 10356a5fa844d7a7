import {
  type Count,
  counted,
  countedBytes,
  flags,
  gap,
  type Infer,
  openEnum,
  pinned,
  reserved,
  type Siblings,
  struct,
  type UnionValue,
  u8,
  u16,
  u32,
  u64,
  union,
} from '../wire/index.ts'
import { gpadlIdField } from './ids.ts'
import { PacketFlags, PacketType } from './packet-types.ts'

/** The first 16 bytes of every ring packet. Lengths count units of 8 bytes. Source: Linux vmpacket_descriptor. */
export const PacketDescriptor = /* @__PURE__ */ struct(
  'PacketDescriptor',
  {
    /** What the packet carries. */
    type: openEnum('PacketType', u16, PacketType),
    /** Where the payload begins, in 8-byte units from the packet's start: 2, or 3 and more behind a type's own header. */
    dataOffset8: u16,
    /** Length of the packet in 8-byte units, descriptor included, the 8-byte trailer not. */
    length8: u16,
    /** Whether an answer is wanted. */
    flags: flags('PacketFlags', u16, PacketFlags),
    /** Chosen by the sender; 0 in a completion means unsolicited. */
    transactionId: u64,
  },
  { size: 16, aliases: { linux: 'vmpacket_descriptor' } },
)
export interface PacketDescriptor extends Infer<typeof PacketDescriptor> {}

/** Bytes of the descriptor. */
const descriptorSize = 16

function descriptorOf(fields: Siblings): { dataOffset8: number; length8: number } {
  const descriptor: { dataOffset8?: unknown; length8?: unknown } = Object(fields.descriptor)
  return { dataOffset8: Number(descriptor.dataOffset8), length8: Number(descriptor.length8) }
}

function withDescriptor(fields: Siblings, change: { dataOffset8?: number; length8?: number }): Siblings {
  return { ...fields, descriptor: { ...Object(fields.descriptor), ...change } }
}

/** Bytes between a packet's own header, which ends at `headerEnd`, and its payload: normally none. */
function headerGap(headerEnd: (fields: Siblings) => number): Count {
  return {
    get: (fields) => descriptorOf(fields).dataOffset8 * 8 - headerEnd(fields),
    set: (fields, count) => withDescriptor(fields, { dataOffset8: Math.ceil((headerEnd(fields) + count) / 8) }),
    text: 'dataOffset8 × 8 − end of the header',
  }
}

/** Bytes of payload: all up to `length8`, padding to 8 included. */
const payloadLength: Count = {
  get: (fields) => (descriptorOf(fields).length8 - descriptorOf(fields).dataOffset8) * 8,
  set: (fields, count) => withDescriptor(fields, { length8: descriptorOf(fields).dataOffset8 + Math.ceil(count / 8) }),
  text: 'length8 × 8 − dataOffset8 × 8',
}

/** Header bytes that a type without a header of its own has none of, and the payload. */
const plainBody = {
  /** Between the header and the payload; normally none. */
  headerRest: gap(headerGap(() => descriptorSize)),
  /** Padded to a multiple of 8 bytes: a protocol on top needs its own length. */
  payload: countedBytes(payloadLength),
}

/** Number of 4 KiB pages that `byteCount` bytes from `byteOffset` on touch. */
const pageCount: Count = {
  get: (fields) => Math.ceil((Number(fields.byteOffset) + Number(fields.byteCount)) / 4096),
  set: (fields, count) => {
    const byteOffset = count === 0 ? 0 : Number(fields.byteOffset) & 0xfff
    return { ...fields, byteOffset, byteCount: Math.max(0, count * 4096 - byteOffset) }
  },
  text: '⌈(byteOffset + byteCount) ÷ 4096⌉',
}

/** Guest memory by page: 8 bytes and the page numbers. Source: Linux gpa_range. */
export const GpaRange = /* @__PURE__ */ struct(
  'GpaRange',
  {
    /** Bytes in the range. */
    byteCount: u32,
    /** Where in the first page the range begins, 0 … 4095. */
    byteOffset: u32,
    /** Guest page numbers (GPA ÷ 4096), in order. */
    pfns: counted(u64, pageCount),
  },
  { size: 8, aliases: { linux: 'gpa_range' } },
)
export interface GpaRange extends Infer<typeof GpaRange> {}

/** A piece of the receiver's transfer-page buffer. Source: Linux vmtransfer_page_range. */
export const TransferPageRange = /* @__PURE__ */ struct(
  'TransferPageRange',
  {
    /** Bytes of the piece. */
    byteCount: u32,
    /** Offset in the buffer's GPADL. */
    byteOffset: u32,
  },
  { size: 8, aliases: { linux: 'vmtransfer_page_range' } },
)

/** Bytes up to the end of a packet's GPA ranges. */
function rangesEnd(fields: Siblings): number {
  let end = 24
  if (Array.isArray(fields.ranges)) {
    for (const range of fields.ranges) end += 8 + 8 * (Array.isArray(range?.pfns) ? range.pfns.length : 0)
  }
  return end
}

/** Data in the packet itself. */
export const DataInBandPacket = /* @__PURE__ */ struct('DataInBandPacket', {
  descriptor: pinned(PacketDescriptor, { type: PacketType.DataInBand }),
  ...plainBody,
})

/** The answer to a packet that asked for a completion. */
export const CompletionPacket = /* @__PURE__ */ struct('CompletionPacket', {
  descriptor: pinned(PacketDescriptor, { type: PacketType.Completion }),
  ...plainBody,
})

/** Data that stands in a buffer of the receiver's (netvsc's receive buffer). Source: Linux vmtransfer_page_packet_header. */
export const TransferPagePacket = /* @__PURE__ */ struct(
  'TransferPagePacket',
  {
    descriptor: pinned(PacketDescriptor, { type: PacketType.DataUsingTransferPages }),
    /** Which buffer: the id that the receiver gave it. */
    transferPageSetId: u16,
    /** 1 when the sender owns the page set. */
    senderOwnsSet: u8,
    reserved: reserved(u8),
    /** How many ranges follow. */
    rangeCount: u32,
    /** Where in the buffer the data lie. */
    ranges: counted(TransferPageRange, 'rangeCount'),
    /** Between the header and the payload; normally none. */
    headerRest: gap(headerGap((fields) => 24 + 8 * Number(fields.rangeCount))),
    /** Padded to a multiple of 8 bytes. */
    payload: countedBytes(payloadLength),
  },
  { size: 24, aliases: { linux: 'vmtransfer_page_packet_header' } },
)

/** Data in guest memory, by page number (storvsc, netvsc). Source: Linux vmbus_packet_mpb_array. */
export const GpaDirectPacket = /* @__PURE__ */ struct(
  'GpaDirectPacket',
  {
    descriptor: pinned(PacketDescriptor, { type: PacketType.DataUsingGpaDirect }),
    reserved: reserved(u32),
    /** How many ranges follow. */
    rangeCount: u32,
    /** Where in guest memory the data lie, in order. */
    ranges: counted(GpaRange, 'rangeCount'),
    /** Between the header and the payload; normally none. */
    headerRest: gap(headerGap(rangesEnd)),
    /** Padded to a multiple of 8 bytes. */
    payload: countedBytes(payloadLength),
  },
  { size: 24, aliases: { like: 'vmdata_gpa_direct' } },
)

/** Data in a GPADL; not in use today. Source: Linux vmgpadl_packet_header. */
export const GpadlPacket = /* @__PURE__ */ struct(
  'GpadlPacket',
  {
    descriptor: pinned(PacketDescriptor, { type: PacketType.DataUsingGpadl }),
    /** Handle of the GPADL. */
    gpadlId: gpadlIdField,
    reserved: reserved(u32),
    /** Between the header and the payload; normally none. */
    headerRest: gap(headerGap(() => 24)),
    /** Padded to a multiple of 8 bytes. */
    payload: countedBytes(payloadLength),
  },
  { size: 24, aliases: { linux: 'vmgpadl_packet_header' } },
)

const transferPageSetFields = {
  /** Handle of the GPADL. */
  gpadlId: gpadlIdField,
  transferPageSetId: u16,
  reserved: reserved(u16),
  /** Between the header and the payload; normally none. */
  headerRest: gap(headerGap(() => 24)),
  /** Padded to a multiple of 8 bytes. */
  payload: countedBytes(payloadLength),
}

/** Adds a transfer page set; not in use today. Source: Linux vmadd_remove_transfer_page_set. */
export const AddTransferPageSetPacket = /* @__PURE__ */ struct(
  'AddTransferPageSetPacket',
  {
    descriptor: pinned(PacketDescriptor, { type: PacketType.AddTransferPageSet }),
    ...transferPageSetFields,
  },
  { size: 24, aliases: { linux: 'vmadd_remove_transfer_page_set' } },
)

/** Removes a transfer page set; not in use today. */
export const RemoveTransferPageSetPacket = /* @__PURE__ */ struct(
  'RemoveTransferPageSetPacket',
  {
    descriptor: pinned(PacketDescriptor, { type: PacketType.RemoveTransferPageSet }),
    ...transferPageSetFields,
  },
  { size: 24 },
)

/** Establishes a GPADL in the ring; not in use today. Source: Linux vmestablish_gpadl. */
export const EstablishGpadlPacket = /* @__PURE__ */ struct(
  'EstablishGpadlPacket',
  {
    descriptor: pinned(PacketDescriptor, { type: PacketType.EstablishGpadl }),
    /** Handle of the GPADL. */
    gpadlId: gpadlIdField,
    /** How many ranges follow. */
    rangeCount: u32,
    /** The memory that the GPADL names. */
    ranges: counted(GpaRange, 'rangeCount'),
    /** Between the header and the payload; normally none. */
    headerRest: gap(headerGap(rangesEnd)),
    /** Padded to a multiple of 8 bytes. */
    payload: countedBytes(payloadLength),
  },
  { size: 24, aliases: { like: 'vmestablish_gpadl' } },
)

/** Tears a GPADL down in the ring; not in use today. Source: Linux vmteardown_gpadl. */
export const TeardownGpadlPacket = /* @__PURE__ */ struct(
  'TeardownGpadlPacket',
  {
    descriptor: pinned(PacketDescriptor, { type: PacketType.TeardownGpadl }),
    /** Handle of the GPADL. */
    gpadlId: gpadlIdField,
    reserved: reserved(u32),
    /** Between the header and the payload; normally none. */
    headerRest: gap(headerGap(() => 24)),
    /** Padded to a multiple of 8 bytes. */
    payload: countedBytes(payloadLength),
  },
  { size: 24, aliases: { linux: 'vmteardown_gpadl' } },
)

/** Takes a request back; not in use today. The transaction id names it. */
export const CancelRequestPacket = /* @__PURE__ */ struct('CancelRequestPacket', {
  descriptor: pinned(PacketDescriptor, { type: PacketType.CancelRequest }),
  ...plainBody,
})

/** A piece of data too large for one packet; not in use today. Source: Linux vmadditional_data. */
export const AdditionalDataPacket = /* @__PURE__ */ struct(
  'AdditionalDataPacket',
  {
    descriptor: pinned(PacketDescriptor, { type: PacketType.AdditionalData }),
    /** Bytes of the whole data. */
    totalBytes: u64,
    /** Where this piece belongs. */
    offset: u32,
    /** Bytes of this piece. */
    byteCount: u32,
    /** Between the header and the payload; normally none. */
    headerRest: gap(headerGap(() => 32)),
    /** Padded to a multiple of 8 bytes. */
    payload: countedBytes(payloadLength),
  },
  { size: 32, aliases: { like: 'vmadditional_data' } },
)

/** A packet of a type that is not known, or that has no header of its own beside the descriptor. */
export const OtherPacket = /* @__PURE__ */ struct('OtherPacket', {
  /** Of any type. */
  descriptor: PacketDescriptor,
  ...plainBody,
})

/** Every ring packet, descriptor and payload, without the trailer; told apart by the descriptor's type. */
export const Packet = /* @__PURE__ */ union('Packet', { offset: 0, tag: u16, otherwise: OtherPacket }, [
  { schema: DataInBandPacket },
  { schema: TransferPagePacket },
  { schema: GpaDirectPacket },
  { schema: CompletionPacket },
  { schema: AddTransferPageSetPacket },
  { schema: RemoveTransferPageSetPacket },
  { schema: EstablishGpadlPacket },
  { schema: TeardownGpadlPacket },
  { schema: GpadlPacket },
  { schema: CancelRequestPacket },
  { schema: AdditionalDataPacket },
])
/** A decoded ring packet; `type` is the structure's name. */
export type Packet = UnionValue<(typeof Packet)['members'][number]['schema'] | typeof OtherPacket>

/** The 8 bytes behind each packet in the ring. Source: Linux drivers/hv/ring_buffer.c, OpenVMM vmbus_ring. */
export const PacketTrailer = /* @__PURE__ */ struct(
  'PacketTrailer',
  {
    reserved: reserved(u32),
    /** Ring offset, in bytes, at which this packet's descriptor begins. */
    startOffset: u32,
  },
  { size: 8 },
)
