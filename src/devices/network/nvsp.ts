import { gpadlIdField } from '../../vmbus/ids.ts'
import {
  bit,
  bits,
  type Count,
  counted,
  gap,
  type Infer,
  openEnum,
  pinned,
  reserved,
  rest,
  struct,
  type UnionValue,
  u16,
  u32,
  u64,
  union,
} from '../../wire/index.ts'
import { NdisObjectHeader } from './ndis.ts'
import { NvspHeader, NvspMessageType, nvspMessage, nvspStatus } from './nvsp-header.ts'
import { NvspPdApiComplete, NvspPdApiRequest, NvspPdPostBatch } from './nvsp-pd.ts'
import { NvspVersion } from './nvsp-version.ts'
import { Oid } from './oid.ts'
import { rndisStatus } from './rndis-header.ts'

const version = /* @__PURE__ */ openEnum('NvspVersion', u32, NvspVersion)

/** Body of {@link NvspInit}. */
export const NvspInitBody = /* @__PURE__ */ struct(
  'NvspInitBody',
  {
    /** Oldest version that the guest takes; Linux asks for one at a time, so both are the same. */
    minimumProtocolVersion: version,
    /** Newest version that the guest takes. */
    maximumProtocolVersion: version,
  },
  { size: 8, aliases: { linux: 'nvsp_message_init' } },
)

/** Body of {@link NvspInitComplete}. */
export const NvspInitCompleteBody = /* @__PURE__ */ struct(
  'NvspInitCompleteBody',
  {
    /** 0xffffffff, and for version 1 the version; guests ignore it. */
    negotiatedProtocolVersion: version,
    /** Most ranges of a packet's data. */
    maximumMdlChainLength: u32,
    /** Success, or any other: the guest may ask for another version. */
    status: nvspStatus,
  },
  { size: 12, aliases: { linux: 'nvsp_message_init_complete' } },
)

/** Body of {@link NvspSendNdisVersion}. */
export const NvspSendNdisVersionBody = /* @__PURE__ */ struct(
  'NvspSendNdisVersionBody',
  {
    /** NDIS version, such as 6 … */
    ndisMajorVersion: u32,
    /** … and 30. */
    ndisMinorVersion: u32,
  },
  { size: 8, aliases: { linux: 'nvsp_1_message_send_ndis_version' } },
)

/** Body of {@link NvspSendReceiveBuffer}. */
export const NvspSendReceiveBufferBody = /* @__PURE__ */ struct(
  'NvspSendReceiveBufferBody',
  {
    /** The buffer's memory. */
    gpadlId: gpadlIdField,
    /** The guest's choice (Linux: 0xcafe); transfer page packets name the buffer by it. */
    id: u16,
  },
  { size: 6, aliases: { linux: 'nvsp_1_message_send_receive_buffer' } },
)

/** A part of the receive buffer, cut into pieces of one size. */
export const NvspReceiveBufferSection = /* @__PURE__ */ struct(
  'NvspReceiveBufferSection',
  {
    /** Where the section begins: bytes from the buffer's start. */
    offset: u32,
    /** Bytes of a piece: the largest RNDIS message that fits. */
    subAllocationSize: u32,
    /** How many pieces. */
    subAllocationCount: u32,
    /** End of the last piece. */
    endOffset: u32,
  },
  { size: 16, aliases: { linux: 'nvsp_1_receive_buffer_section' } },
)

/** Body of {@link NvspSendReceiveBufferComplete}. */
export const NvspSendReceiveBufferCompleteBody = /* @__PURE__ */ struct(
  'NvspSendReceiveBufferCompleteBody',
  {
    /** How it went. */
    status: nvspStatus,
    /** How many sections follow. */
    sectionCount: u32,
    /** Linux takes exactly one, at offset 0. */
    sections: counted(NvspReceiveBufferSection, 'sectionCount'),
  },
  { size: 8, aliases: { linux: 'nvsp_1_message_send_receive_buffer_complete' } },
)

/** Body of {@link NvspRevokeReceiveBuffer}. */
export const NvspRevokeReceiveBufferBody = /* @__PURE__ */ struct(
  'NvspRevokeReceiveBufferBody',
  {
    /** The buffer, as the guest has named it. */
    id: u16,
  },
  { size: 2, aliases: { linux: 'nvsp_1_message_revoke_receive_buffer' } },
)

/** Body of {@link NvspSendSendBuffer}. */
export const NvspSendSendBufferBody = /* @__PURE__ */ struct(
  'NvspSendSendBufferBody',
  {
    /** The buffer's memory. */
    gpadlId: gpadlIdField,
    /** The guest's choice. */
    id: u16,
  },
  { size: 6, aliases: { linux: 'nvsp_1_message_send_send_buffer' } },
)

/** Body of {@link NvspSendSendBufferComplete}. */
export const NvspSendSendBufferCompleteBody = /* @__PURE__ */ struct(
  'NvspSendSendBufferCompleteBody',
  {
    /** How it went. */
    status: nvspStatus,
    /** Bytes of each section, usually 6144; what is left at the buffer's end is not used. */
    sectionSize: u32,
  },
  { size: 8, aliases: { linux: 'nvsp_1_message_send_send_buffer_complete' } },
)

/** Body of {@link NvspRevokeSendBuffer}. */
export const NvspRevokeSendBufferBody = /* @__PURE__ */ struct(
  'NvspRevokeSendBufferBody',
  {
    /** The buffer, as the guest has named it. */
    id: u16,
  },
  { size: 2, aliases: { linux: 'nvsp_1_message_revoke_send_buffer' } },
)

/** What an RNDIS message is about. Source: Linux hyperv_net.h. */
export const RndisChannelType = { Data: 0, Control: 1 } as const

/** Stands for no section of the send buffer. */
export const noSendBufferSection = 0xffff_ffff

/** Body of {@link NvspSendRndisPacket}. */
export const NvspSendRndisPacketBody = /* @__PURE__ */ struct(
  'NvspSendRndisPacketBody',
  {
    /** Data or control. */
    channelType: openEnum('RndisChannelType', u32, RndisChannelType),
    /** Section of the send buffer where the message begins, or 0xffffffff: it lies in the packet's GPA ranges alone. */
    sendBufferSectionIndex: u32,
    /** Bytes of it in the section; what the GPA ranges name follows. */
    sendBufferSectionSize: u32,
  },
  { size: 12, aliases: { linux: 'nvsp_1_message_send_rndis_packet' } },
)

/** Body of {@link NvspSendRndisPacketComplete}. */
export const NvspSendRndisPacketCompleteBody = /* @__PURE__ */ struct(
  'NvspSendRndisPacketCompleteBody',
  {
    /** How it went. */
    status: nvspStatus,
  },
  { size: 4, aliases: { linux: 'nvsp_1_message_send_rndis_packet_complete' } },
)

/** Body of {@link NvspAllocateReceiveBuffer}. */
export const NvspAllocateReceiveBufferBody = /* @__PURE__ */ struct(
  'NvspAllocateReceiveBufferBody',
  {
    /** The guest's choice; comes back in the answer. */
    allocationId: u32,
    /** Bytes. */
    length: u32,
  },
  { size: 8, aliases: { linux: 'nvsp_2_alloc_rxbuf' } },
)

/** Body of {@link NvspAllocateReceiveBufferComplete}. */
export const NvspAllocateReceiveBufferCompleteBody = /* @__PURE__ */ struct(
  'NvspAllocateReceiveBufferCompleteBody',
  {
    /** How it went. */
    status: nvspStatus,
    /** The guest's choice; comes back in the answer. */
    allocationId: u32,
    /** The buffer's memory. */
    gpadlId: gpadlIdField,
    /** Names the buffer from now on. */
    receiveBufferId: u64,
  },
  { size: 20, aliases: { linux: 'nvsp_2_alloc_rxbuf_comp' } },
)

/** Body of {@link NvspFreeReceiveBuffer}. */
export const NvspFreeReceiveBufferBody = /* @__PURE__ */ struct(
  'NvspFreeReceiveBufferBody',
  {
    /** Names the buffer from now on. */
    receiveBufferId: u64,
  },
  { size: 8, aliases: { linux: 'nvsp_2_free_rxbuf' } },
)

/** What the guest's driver can do. Source: Linux nvsp_2_vsc_capability. */
export const NvspCapabilities = /* @__PURE__ */ bits(u64, {
  vmq: bit(0),
  chimney: bit(1),
  sriov: bit(2),
  ieee8021q: bit(3),
  correlationId: bit(4),
  teaming: bit(5),
  virtualSubnetId: bit(6),
  receiveSegmentCoalescing: bit(7),
})

/** Body of {@link NvspSendNdisConfig}. */
export const NvspSendNdisConfigBody = /* @__PURE__ */ struct(
  'NvspSendNdisConfigBody',
  {
    /** Largest frame in bytes, Ethernet header included: 1514. */
    mtu: u32,
    reserved: reserved(u32),
    /** What the guest's driver can do. */
    capabilities: NvspCapabilities,
  },
  { size: 16, aliases: { linux: 'nvsp_2_send_ndis_config' } },
)

/** Body of {@link NvspSendVfAssociation}. */
export const NvspSendVfAssociationBody = /* @__PURE__ */ struct(
  'NvspSendVfAssociationBody',
  {
    /** 1 while there is a virtual function for this NIC. */
    allocated: u32,
    /** Serial number of the VF, as the VPCI bus tells it. */
    serial: u32,
  },
  { size: 8, aliases: { linux: 'nvsp_4_send_vf_association' } },
)

/** Which way data take. Source: Linux nvsp_vm_datapath. */
export const NvspDataPath = { Synthetic: 0, VirtualFunction: 1 } as const

/** Body of {@link NvspSwitchDataPath}. */
export const NvspSwitchDataPathBody = /* @__PURE__ */ struct(
  'NvspSwitchDataPathBody',
  {
    /** Which way from now on. */
    activeDataPath: openEnum('NvspDataPath', u32, NvspDataPath),
  },
  { size: 4, aliases: { linux: 'nvsp_4_sw_datapath' } },
)

/** Guest to host: asks for an OID's value. No driver at hand sends it. Source: OpenVMM netvsp protocol. */
export const NvspOidQueryEx = /* @__PURE__ */ struct(
  'NvspOidQueryEx',
  {
    header: pinned(NvspHeader, { messageType: 131 }),
    /** Kind and size of the object. */
    object: NdisObjectHeader,
    /** What is asked for. */
    oid: openEnum('Oid', u32, Oid),
  },
  { size: 12 },
)
/** Host to guest: the answer. Source: OpenVMM netvsp protocol. */
export const NvspOidQueryExComplete = /* @__PURE__ */ struct(
  'NvspOidQueryExComplete',
  {
    header: pinned(NvspHeader, { messageType: 132 }),
    /** How it went. */
    status: rndisStatus,
    /** Bytes of the value. */
    byteCount: u32,
  },
  { size: 12 },
)

/** Body of {@link NvspSubchannelRequest}. */
export const NvspSubchannelRequestBody = /* @__PURE__ */ struct(
  'NvspSubchannelRequestBody',
  {
    /** What is asked for. */
    operation: openEnum('NvspSubchannelOperation', u32, { None: 0, Allocate: 1 }),
    /** Channels beside the primary one. */
    subchannelCount: u32,
  },
  { size: 8, aliases: { linux: 'nvsp_5_subchannel_request' } },
)

/** Body of {@link NvspSubchannelComplete}. */
export const NvspSubchannelCompleteBody = /* @__PURE__ */ struct(
  'NvspSubchannelCompleteBody',
  {
    /** How it went. */
    status: nvspStatus,
    /** How many the host will offer. */
    subchannelCount: u32,
  },
  { size: 8, aliases: { linux: 'nvsp_5_subchannel_complete' } },
)

/** Bytes between the fields of a send indirection table and its entries; offsets count from the message's start. */
const tableGap: Count = {
  // Hosts up to version 6 give offsets that are too small (OK-12): then the entries follow at once.
  get: (fields) => Math.max(0, Number(fields.tableOffset) - 12),
  set: (fields, count) => ({ ...fields, tableOffset: 12 + count }),
  text: 'tableOffset − 12',
}

/** Body of {@link NvspSendIndirectionTable}. */
export const NvspSendIndirectionTableBody = /* @__PURE__ */ struct(
  'NvspSendIndirectionTableBody',
  {
    /** Entries: always 16. */
    count: u32,
    /** Where the table begins: bytes from the message's start, 12. */
    tableOffset: u32,
    /** Up to where `tableOffset` points; normally none. */
    tableGap: gap(tableGap),
    /** By hash, the channel that the guest is to send on. */
    table: counted(u32, 'count'),
  },
  { size: 8, aliases: { linux: 'nvsp_5_send_indirect_table' } },
)

/** Guest to host, the first message: which versions the guest speaks. */
export const NvspInit = /* @__PURE__ */ nvspMessage('NvspInit', 1, NvspInitBody)
/** Host to guest, as the completion of {@link NvspInit}. */
export const NvspInitComplete = /* @__PURE__ */ nvspMessage('NvspInitComplete', 2, NvspInitCompleteBody)
/** Guest to host: the NDIS version that its RNDIS messages follow. Wants no answer. */
export const NvspSendNdisVersion = /* @__PURE__ */ nvspMessage('NvspSendNdisVersion', 100, NvspSendNdisVersionBody)
/** Guest to host: the buffer into which the host is to write RNDIS messages. */
export const NvspSendReceiveBuffer = /* @__PURE__ */ nvspMessage(
  'NvspSendReceiveBuffer',
  101,
  NvspSendReceiveBufferBody,
)
/** Host to guest: how the host cuts the receive buffer up. */
export const NvspSendReceiveBufferComplete = /* @__PURE__ */ nvspMessage(
  'NvspSendReceiveBufferComplete',
  102,
  NvspSendReceiveBufferCompleteBody,
)
/** Guest to host: takes the receive buffer back. Wants no answer; part of Linux's ordinary teardown. */
export const NvspRevokeReceiveBuffer = /* @__PURE__ */ nvspMessage(
  'NvspRevokeReceiveBuffer',
  103,
  NvspRevokeReceiveBufferBody,
)
/** Guest to host: the buffer from which the guest sends short messages. */
export const NvspSendSendBuffer = /* @__PURE__ */ nvspMessage('NvspSendSendBuffer', 104, NvspSendSendBufferBody)
/** Host to guest: how the guest is to cut the send buffer up. */
export const NvspSendSendBufferComplete = /* @__PURE__ */ nvspMessage(
  'NvspSendSendBufferComplete',
  105,
  NvspSendSendBufferCompleteBody,
)
/** Guest to host: takes the send buffer back. */
export const NvspRevokeSendBuffer = /* @__PURE__ */ nvspMessage('NvspRevokeSendBuffer', 106, NvspRevokeSendBufferBody)
/** Either way: an RNDIS message lies where the packet around this says. */
export const NvspSendRndisPacket = /* @__PURE__ */ nvspMessage('NvspSendRndisPacket', 107, NvspSendRndisPacketBody)
/** The answer: the message was taken, and its memory is the sender's again. */
export const NvspSendRndisPacketComplete = /* @__PURE__ */ nvspMessage(
  'NvspSendRndisPacketComplete',
  108,
  NvspSendRndisPacketCompleteBody,
)
/** Guest to host: wants a receive buffer of the host's; not in use. */
export const NvspAllocateReceiveBuffer = /* @__PURE__ */ nvspMessage(
  'NvspAllocateReceiveBuffer',
  120,
  NvspAllocateReceiveBufferBody,
)
/** Host to guest: the answer. */
export const NvspAllocateReceiveBufferComplete = /* @__PURE__ */ nvspMessage(
  'NvspAllocateReceiveBufferComplete',
  121,
  NvspAllocateReceiveBufferCompleteBody,
)
/** Guest to host: gives it back. */
export const NvspFreeReceiveBuffer = /* @__PURE__ */ nvspMessage(
  'NvspFreeReceiveBuffer',
  122,
  NvspFreeReceiveBufferBody,
)
/** Guest to host: frame size and capabilities. Wants no answer. */
export const NvspSendNdisConfig = /* @__PURE__ */ nvspMessage('NvspSendNdisConfig', 125, NvspSendNdisConfigBody)
/** Host to guest: whether there is a virtual function for this NIC. Asks for a completion, which Linux does not send (OK-16). */
export const NvspSendVfAssociation = /* @__PURE__ */ nvspMessage(
  'NvspSendVfAssociation',
  128,
  NvspSendVfAssociationBody,
)
/** Guest to host: send data by the virtual function from now on, or by VMBus again. Completed without payload. */
export const NvspSwitchDataPath = /* @__PURE__ */ nvspMessage('NvspSwitchDataPath', 129, NvspSwitchDataPathBody)
/** Guest to host: wants sub-channels. */
export const NvspSubchannelRequest = /* @__PURE__ */ nvspMessage(
  'NvspSubchannelRequest',
  133,
  NvspSubchannelRequestBody,
)
/** Host to guest: the answer; the offers follow. */
export const NvspSubchannelComplete = /* @__PURE__ */ nvspMessage(
  'NvspSubchannelComplete',
  133,
  NvspSubchannelCompleteBody,
)
/** Host to guest: which channel to send on, by hash. */
export const NvspSendIndirectionTable = /* @__PURE__ */ nvspMessage(
  'NvspSendIndirectionTable',
  134,
  NvspSendIndirectionTableBody,
)
/** A message whose form is not publicly known (TCP chimney, VMQ), or of an unknown type. */
export const NvspOther = /* @__PURE__ */ struct('NvspOther', {
  header: NvspHeader,
  /** All behind the header. */
  body: rest(),
})

const { V2, V4, V5, V6 } = NvspVersion

/** Every NVSP message. Context: the NVSP version, and who sends; both 133s look alike without that. */
export const NvspMessage = /* @__PURE__ */ union('NvspMessage', { offset: 0, tag: u32, otherwise: NvspOther }, [
  { schema: NvspInit, from: 'guest' },
  { schema: NvspInitComplete, from: 'host' },
  { schema: NvspSendNdisVersion, from: 'guest' },
  { schema: NvspSendReceiveBuffer, from: 'guest' },
  { schema: NvspSendReceiveBufferComplete, from: 'host' },
  { schema: NvspRevokeReceiveBuffer, from: 'guest' },
  { schema: NvspSendSendBuffer, from: 'guest' },
  { schema: NvspSendSendBufferComplete, from: 'host' },
  { schema: NvspRevokeSendBuffer, from: 'guest' },
  { schema: NvspSendRndisPacket },
  { schema: NvspSendRndisPacketComplete },
  { schema: NvspAllocateReceiveBuffer, since: V2, from: 'guest' },
  { schema: NvspAllocateReceiveBufferComplete, since: V2, from: 'host' },
  { schema: NvspFreeReceiveBuffer, since: V2, from: 'guest' },
  { schema: NvspSendNdisConfig, since: V2, from: 'guest' },
  { schema: NvspSendVfAssociation, since: V4, from: 'host' },
  { schema: NvspSwitchDataPath, since: V4, from: 'guest' },
  { schema: NvspOidQueryEx, since: V5, from: 'guest' },
  { schema: NvspOidQueryExComplete, since: V5, from: 'host' },
  { schema: NvspSubchannelRequest, since: V5, from: 'guest' },
  { schema: NvspSubchannelComplete, since: V5, from: 'host' },
  { schema: NvspSendIndirectionTable, since: V5, from: 'host' },
  { schema: NvspPdApiRequest, since: V6, from: 'guest' },
  { schema: NvspPdApiComplete, since: V6, from: 'host' },
  { schema: NvspPdPostBatch, since: V6 },
])
/** A decoded NVSP message; `type` is the structure's name. */
export type NvspMessage = UnionValue<(typeof NvspMessage)['members'][number]['schema'] | typeof NvspOther>

export interface NvspSendNdisConfig extends Infer<typeof NvspSendNdisConfig> {}
export interface NvspSendReceiveBuffer extends Infer<typeof NvspSendReceiveBuffer> {}
export interface NvspSendSendBuffer extends Infer<typeof NvspSendSendBuffer> {}

/** The name of a message's type, for people. */
export function nvspTypeName(messageType: number): string {
  return Object.entries(NvspMessageType).find(([, type]) => type === messageType)?.[0] ?? `NVSP message ${messageType}`
}
