import {
  bytes,
  type Fields,
  flags,
  openEnum,
  pinned,
  reserved,
  rest,
  struct,
  type UnionValue,
  u8,
  u16,
  u32,
  u64,
  union,
} from '../../wire/index.ts'
import { ScsiRequest, ScsiRequestWin7, VstorOperation } from './messages.ts'
import { VstorVersion } from './versions.ts'

/** What every storage packet begins with, 12 bytes. Source: Linux vstor_packet. */
export const VstorHeader = /* @__PURE__ */ struct(
  'VstorHeader',
  {
    /** What is asked or told; CompleteIo in every answer, whatever was asked. */
    operation: openEnum('VstorOperation', u32, VstorOperation),
    /** requestCompletion: the sender waits for an answer. */
    flags: flags('VstorFlags', u32, { requestCompletion: 0x1 }),
    /** NTSTATUS, in completions. */
    status: u32,
  },
  { size: 12 },
)

/** A version of the protocol, 4 bytes. Source: Linux vmstorage_protocol_version. */
export const ProtocolVersion = /* @__PURE__ */ struct(
  'ProtocolVersion',
  {
    /** `major << 8 | minor`. */
    majorMinor: u16,
    /** 0 in every known build. */
    revision: u16,
  },
  { size: 4, aliases: { linux: 'vmstorage_protocol_version' } },
)

/** Flags of {@link ChannelProperties}. */
export const ChannelPropertyFlags = { multiChannel: 0x1 } as const

/** What the host's device can do, 24 bytes. Source: Linux vmstorage_channel_properties. */
export const ChannelProperties = /* @__PURE__ */ struct(
  'ChannelProperties',
  {
    reserved: reserved(u32),
    /** Sub-channels that the guest may ask for. */
    maxChannelCount: u16,
    reserved1: reserved(u16),
    /** multiChannel: CreateSubChannels may follow. */
    flags: flags('ChannelPropertyFlags', u32, ChannelPropertyFlags),
    /** Bytes in one request. */
    maxTransferBytes: u32,
    reserved2: reserved(u64),
  },
  { size: 24, aliases: { linux: 'vmstorage_channel_properties' } },
)

/** World-wide names of a Fibre Channel adapter, 36 bytes. Source: Linux hv_fc_wwn_packet. */
export const FcWwn = /* @__PURE__ */ struct(
  'FcWwn',
  {
    /** 0: the secondary names are in use; any other value: the primary ones. */
    primaryActive: u8,
    reserved1: reserved(3),
    /** Big-endian, as the other three names. */
    primaryPortWwn: bytes(8),
    primaryNodeWwn: bytes(8),
    secondaryPortWwn: bytes(8),
    secondaryNodeWwn: bytes(8),
  },
  { size: 36, aliases: { linux: 'hv_fc_wwn_packet' } },
)

/** What a guest is told of an IDE accelerator in its offer's user-defined bytes. Source: OpenVMM storvsp_protocol. */
export const StorageOfferProperties = /* @__PURE__ */ struct(
  'StorageOfferProperties',
  {
    reserved: reserved(u16),
    /** IDE channel, 0 or 1. */
    pathId: u8,
    /** Device on that channel, 0 or 1. */
    targetId: u8,
    reserved2: reserved(u32),
    /** emulatedIde: the channel belongs to an IDE device. */
    flags: flags('StorageOfferFlags', u32, { removable: 0x1, emulatedIde: 0x2 }),
    reserved3: reserved(12),
  },
  { size: 24 },
)

/** A packet of an operation: header, body, and zeros up to its size. */
function packet<const N extends string, F extends Fields>(name: N, operation: number, size: 64 | 48, body: F) {
  const used = Object.values(body).reduce((sum, field) => sum + field.size, VstorHeader.size)
  const header = pinned(VstorHeader, { operation })
  return struct(name, { header, ...body, padding: reserved(size - used) }, { size })
}

const { CompleteIo } = VstorOperation
const counts = { subChannelCount: u16 }

// Packets are as long as the longest of their protocol's version, and each operation has two lengths: 64 bytes, and 48 before
// protocol 5.1 (Windows 8). Linux sends 64 bytes under every version. Sources: Linux drivers/scsi/storvsc_drv.c
// (vstor_packet_operation, vstor_packet), OpenVMM storvsp_protocol.

/** Operation 3, guest to host: a SCSI request. Its data are the one range of a GPA-direct packet; without data the packet is in-band. */
export const ExecuteSrb = /* @__PURE__ */ struct(
  'ExecuteSrb',
  { header: pinned(VstorHeader, { operation: VstorOperation.ExecuteSrb }), request: ScsiRequest },
  { size: 64 },
)
/** {@link ExecuteSrb} before protocol 5.1: 48 bytes. */
export const ExecuteSrbWin7 = /* @__PURE__ */ struct(
  'ExecuteSrbWin7',
  { header: pinned(VstorHeader, { operation: VstorOperation.ExecuteSrb }), request: ScsiRequestWin7 },
  { size: 48 },
)
/** Operation 2, host to guest, unasked: a device is gone. Linux scans the bus (storvsc_on_receive). */
export const RemoveDevice = /* @__PURE__ */ packet('RemoveDevice', VstorOperation.RemoveDevice, 64, {})
/** {@link RemoveDevice} before protocol 5.1: 48 bytes. */
export const RemoveDeviceWin7 = /* @__PURE__ */ packet('RemoveDeviceWin7', VstorOperation.RemoveDevice, 48, {})
/** Operation 4, guest to host: resets one logical unit. OpenVMM answers it, Linux never sends it. */
export const ResetLun = /* @__PURE__ */ packet('ResetLun', VstorOperation.ResetLun, 64, {})
/** {@link ResetLun} before protocol 5.1: 48 bytes. */
export const ResetLunWin7 = /* @__PURE__ */ packet('ResetLunWin7', VstorOperation.ResetLun, 48, {})
/** Operation 5, guest to host: resets the controller. OpenVMM answers it, Linux never sends it. */
export const ResetAdapter = /* @__PURE__ */ packet('ResetAdapter', VstorOperation.ResetAdapter, 64, {})
/** {@link ResetAdapter} before protocol 5.1: 48 bytes. */
export const ResetAdapterWin7 = /* @__PURE__ */ packet('ResetAdapterWin7', VstorOperation.ResetAdapter, 48, {})
/** Operation 6, guest to host: resets the bus; Linux's error handling (storvsc_host_reset_handler), which then waits until all is completed. */
export const ResetBus = /* @__PURE__ */ packet('ResetBus', VstorOperation.ResetBus, 64, {})
/** {@link ResetBus} before protocol 5.1: 48 bytes. */
export const ResetBusWin7 = /* @__PURE__ */ packet('ResetBusWin7', VstorOperation.ResetBus, 48, {})
/** Operation 7, guest to host: the first packet of a driver (behaviour 166). */
export const BeginInitialization = /* @__PURE__ */ packet(
  'BeginInitialization',
  VstorOperation.BeginInitialization,
  64,
  {},
)
/** {@link BeginInitialization} before protocol 5.1: 48 bytes. */
export const BeginInitializationWin7 = /* @__PURE__ */ packet(
  'BeginInitializationWin7',
  VstorOperation.BeginInitialization,
  48,
  {},
)
/** Operation 8, guest to host: the driver is ready, and SCSI requests may follow. */
export const EndInitialization = /* @__PURE__ */ packet('EndInitialization', VstorOperation.EndInitialization, 64, {})
/** {@link EndInitialization} before protocol 5.1: 48 bytes. */
export const EndInitializationWin7 = /* @__PURE__ */ packet(
  'EndInitializationWin7',
  VstorOperation.EndInitialization,
  48,
  {},
)
/** Operation 9, guest to host: asks for one version of the protocol; the completion's status says whether that is spoken (behaviour 168). */
export const QueryProtocolVersion = /* @__PURE__ */ packet(
  'QueryProtocolVersion',
  VstorOperation.QueryProtocolVersion,
  64,
  { version: ProtocolVersion },
)
/** {@link QueryProtocolVersion} before protocol 5.1: 48 bytes. */
export const QueryProtocolVersionWin7 = /* @__PURE__ */ packet(
  'QueryProtocolVersionWin7',
  VstorOperation.QueryProtocolVersion,
  48,
  { version: ProtocolVersion },
)
/** Operation 10, guest to host: asks what the device can do. The 24 bytes of properties are the completion's; a request has zeros there. */
export const QueryProperties = /* @__PURE__ */ packet('QueryProperties', VstorOperation.QueryProperties, 64, {
  properties: ChannelProperties,
})
/** {@link QueryProperties} before protocol 5.1: 48 bytes. */
export const QueryPropertiesWin7 = /* @__PURE__ */ packet('QueryPropertiesWin7', VstorOperation.QueryProperties, 48, {
  properties: ChannelProperties,
})
/** Operation 11, host to guest, unasked: look for devices anew (behaviour 178). */
export const EnumerateBus = /* @__PURE__ */ packet('EnumerateBus', VstorOperation.EnumerateBus, 64, {})
/** {@link EnumerateBus} before protocol 5.1: 48 bytes. */
export const EnumerateBusWin7 = /* @__PURE__ */ packet('EnumerateBusWin7', VstorOperation.EnumerateBus, 48, {})
/** Operation 12, guest to host, Fibre Channel only: asks for the adapter's world-wide names (Linux storvsc_channel_init). It has no short form. */
export const FcHbaData = /* @__PURE__ */ packet('FcHbaData', VstorOperation.FcHbaData, 64, { wwn: FcWwn })
/** Operation 13, guest to host, from 5.1 on: asks for 1 … 65,535 sub-channels. Linux sends it after EndInitialization, Windows before (behaviour 170). */
export const CreateSubChannels = /* @__PURE__ */ packet(
  'CreateSubChannels',
  VstorOperation.CreateSubChannels,
  64,
  counts,
)
/** {@link CreateSubChannels} before protocol 5.1: 48 bytes. */
export const CreateSubChannelsWin7 = /* @__PURE__ */ packet(
  'CreateSubChannelsWin7',
  VstorOperation.CreateSubChannels,
  48,
  counts,
)

/** The outcome of {@link ExecuteSrb}: statuses, bytes moved, sense data. Alone, no completion tells what it answers: see {@link completionOf}. */
export const SrbCompletion = /* @__PURE__ */ struct(
  'SrbCompletion',
  { header: pinned(VstorHeader, { operation: CompleteIo }), request: ScsiRequest },
  { size: 64 },
)
/** {@link SrbCompletion} before protocol 5.1: 48 bytes. */
export const SrbCompletionWin7 = /* @__PURE__ */ struct(
  'SrbCompletionWin7',
  { header: pinned(VstorHeader, { operation: CompleteIo }), request: ScsiRequestWin7 },
  { size: 48 },
)
/** The answer to {@link QueryProtocolVersion}: status 0 accepts the version, 0xC0000059 refuses it. */
export const VersionCompletion = /* @__PURE__ */ packet('VersionCompletion', CompleteIo, 64, {
  version: ProtocolVersion,
})
/** {@link VersionCompletion} before protocol 5.1: 48 bytes. */
export const VersionCompletionWin7 = /* @__PURE__ */ packet('VersionCompletionWin7', CompleteIo, 48, {
  version: ProtocolVersion,
})
/** The answer to {@link QueryProperties}. */
export const PropertiesCompletion = /* @__PURE__ */ packet('PropertiesCompletion', CompleteIo, 64, {
  properties: ChannelProperties,
})
/** {@link PropertiesCompletion} before protocol 5.1: 48 bytes. */
export const PropertiesCompletionWin7 = /* @__PURE__ */ packet('PropertiesCompletionWin7', CompleteIo, 48, {
  properties: ChannelProperties,
})
/** The answer to {@link FcHbaData}. */
export const FcCompletion = /* @__PURE__ */ packet('FcCompletion', CompleteIo, 64, { wwn: FcWwn })
/** The answer to whatever has no data of its own: only the status counts. */
export const PlainCompletion = /* @__PURE__ */ packet('PlainCompletion', CompleteIo, 64, {})
/** {@link PlainCompletion} before protocol 5.1: 48 bytes. */
export const PlainCompletionWin7 = /* @__PURE__ */ packet('PlainCompletionWin7', CompleteIo, 48, {})
/** An operation that is none of the protocol's, or a packet shorter than its version has it. */
export const OtherStoragePacket = /* @__PURE__ */ struct('OtherStoragePacket', {
  header: VstorHeader,
  /** All behind the header. */
  body: rest(),
})

const since = VstorVersion.Win8

/** Every storage packet, told apart by its operation, and by its length. */
export const StoragePacket = /* @__PURE__ */ union(
  'StoragePacket',
  { offset: 0, tag: u32, otherwise: OtherStoragePacket },
  [
    { schema: SrbCompletion, from: 'host' },
    { schema: SrbCompletionWin7, from: 'host' },
    { schema: RemoveDevice, from: 'host' },
    { schema: RemoveDeviceWin7, from: 'host' },
    { schema: ExecuteSrb, from: 'guest' },
    { schema: ExecuteSrbWin7, from: 'guest', before: since },
    { schema: ResetLun, from: 'guest' },
    { schema: ResetLunWin7, from: 'guest', before: since },
    { schema: ResetAdapter, from: 'guest' },
    { schema: ResetAdapterWin7, from: 'guest', before: since },
    { schema: ResetBus, from: 'guest' },
    { schema: ResetBusWin7, from: 'guest', before: since },
    { schema: BeginInitialization, from: 'guest' },
    { schema: BeginInitializationWin7, from: 'guest' },
    { schema: EndInitialization, from: 'guest' },
    { schema: EndInitializationWin7, from: 'guest', before: since },
    { schema: QueryProtocolVersion, from: 'guest' },
    { schema: QueryProtocolVersionWin7, from: 'guest' },
    { schema: QueryProperties, from: 'guest' },
    { schema: QueryPropertiesWin7, from: 'guest', before: since },
    { schema: EnumerateBus, from: 'host' },
    { schema: EnumerateBusWin7, from: 'host' },
    { schema: FcHbaData, from: 'guest' },
    { schema: CreateSubChannels, from: 'guest' },
    { schema: CreateSubChannelsWin7, from: 'guest', before: since },
  ],
)
/** A decoded storage packet; `type` is the structure's name. */
export type StoragePacket = UnionValue<(typeof StoragePacket)['members'][number]['schema'] | typeof OtherStoragePacket>
