import {
  bytes,
  choice,
  flags,
  guidField,
  type Infer,
  openEnum,
  reserved,
  type Siblings,
  struct,
  u8,
  u16,
  u32,
  u64,
} from '../wire/index.ts'
import { DeviceId } from './device-ids.ts'

/** What kind of channel an offer is. Source: Linux include/linux/hyperv.h (VMBUS_CHANNEL_*), OpenVMM (OfferFlags). */
export const OfferFlags = {
  /** The guest may enumerate the device by its interface. */
  enumerateDeviceInterface: 0x1,
  /** In a hardware-isolated VM the ring must lie in encrypted memory (confidentialChannels). */
  confidentialRingBuffer: 0x2,
  /** The same for further GPADLs and for GPA-direct ranges (confidentialChannels). */
  confidentialExternalMemory: 0x4,
  /** Further GPADLs and GPA-direct ranges must be pinned (gpaPinning). */
  requirePinnedExternalMemory: 0x8,
  /** A pipe: bytes or messages with a header in front. */
  namedPipeMode: 0x10,
  loopbackOffer: 0x100,
  parentOffer: 0x200,
  requestMonitoredNotification: 0x400,
  /** An hvsocket. */
  tlnpiProvider: 0x2000,
} as const

/** Kind of a pipe. */
export const PipeType = { Byte: 0, Message: 4 } as const

const pipeTypeField = /* @__PURE__ */ openEnum('PipeType', u32, PipeType)

/** Device data of a pipe behind its type. */
export const PipeUserData = /* @__PURE__ */ struct(
  'PipeUserData',
  {
    /** The device's own data. */
    data: bytes(112),
    /** What the pipe can do. */
    pipeFlags: flags('PipeFlags', u32, { gpaDirect: 0x1 }),
  },
  { size: 116 },
)

/** User-defined part of a pipe's offer. */
export const PipeUserDefined = /* @__PURE__ */ struct(
  'PipeUserDefined',
  {
    /** Byte or message pipe. */
    pipeType: pipeTypeField,
    /** What stands behind the type. */
    userDefined: PipeUserData,
  },
  { size: 120 },
)

/** User-defined part of an hvsocket's offer. Two fields are not aligned. Source: OpenVMM vmbus_core/protocol.rs. */
export const HvsocketUserDefined = /* @__PURE__ */ struct(
  'HvsocketUserDefined',
  {
    /** Always a byte pipe. */
    pipeType: pipeTypeField,
    /** 1 when the host connects and the guest is to accept by opening; 0 when the guest asked. */
    isForGuestAccept: u8,
    /** 1 when a container of the guest is meant. */
    isForGuestContainer: u8,
    /** Version of this block: 0 before Windows 10 RS5, 1 from then on. */
    version: u32,
    /** Silo, zero for none. */
    siloId: guidField,
    reserved: reserved(94),
  },
  { size: 120 },
)

/** User-defined part of an IDE accelerator's offer. */
export const IdeUserDefined = /* @__PURE__ */ struct(
  'IdeUserDefined',
  {
    reserved: reserved(u16),
    /** IDE channel. */
    path: u8,
    /** Device on that channel. */
    target: u8,
    reserved2: reserved(u32),
    /** What kind of device it is. */
    flags: flags('IdeFlags', u32, { removable: 0x1, ideDevice: 0x2 }),
    reserved3: reserved(108),
  },
  { size: 120 },
)

/** User-defined part of any other offer: the device's own data. */
export const StandardUserDefined = /* @__PURE__ */ struct(
  'StandardUserDefined',
  {
    /** Without meaning here. */
    data: bytes(120),
  },
  { size: 120 },
)

/** The 120 bytes whose meaning the offer's flags and interface tell. */
export const UserDefined = /* @__PURE__ */ choice(
  'UserDefined',
  [StandardUserDefined, PipeUserDefined, HvsocketUserDefined, IdeUserDefined],
  userDefinedOf,
  'HvsocketUserDefined with tlnpiProvider, PipeUserDefined with namedPipeMode, IdeUserDefined for the IDE interface, else StandardUserDefined',
)

function userDefinedOf(fields: Siblings) {
  const offerFlags = Number(fields.flags)
  if ((offerFlags & OfferFlags.tlnpiProvider) !== 0) return 'HvsocketUserDefined'
  if ((offerFlags & OfferFlags.namedPipeMode) !== 0) return 'PipeUserDefined'
  return fields.interfaceId === DeviceId.Ide ? 'IdeUserDefined' : 'StandardUserDefined'
}

/** The description of an offered device, 176 bytes. Source: Linux vmbus_channel_offer. */
export const ChannelOffer = /* @__PURE__ */ struct(
  'ChannelOffer',
  {
    /** Class of the device; for an hvsocket the service. */
    interfaceId: guidField,
    /** This one device; for an hvsocket the endpoint. */
    instanceId: guidField,
    reserved: reserved(u64),
    reserved2: reserved(u64),
    /** What kind of channel this is. */
    flags: flags('OfferFlags', u16, OfferFlags),
    /** MMIO space that the device needs, in MiB. */
    mmioMegabytes: u16,
    /** What the device tells its driver beside its ids. */
    userDefined: UserDefined,
    /** 0 for a device's primary channel, 1 … for its sub-channels. */
    subchannelIndex: u16,
    /** MMIO space that the device could use beyond that, in MiB. Reserved in Linux. */
    mmioMegabytesOptional: u16,
  },
  { size: 176, aliases: { linux: 'vmbus_channel_offer' } },
)
export interface ChannelOffer extends Infer<typeof ChannelOffer> {}
