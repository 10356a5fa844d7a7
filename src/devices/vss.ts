/**
 * The volume shadow copy (VSS, backup) integration component's protocol.
 *
 * @module
 */
import { DeviceId } from '../vmbus/device-ids.ts'
import { PipeHeader } from '../vmbus/pipe-header.ts'
import {
  array,
  guidField,
  type Infer,
  openEnum,
  pinned,
  reserved,
  rest,
  struct,
  u8,
  u16,
  u32,
  union,
} from '../wire/index.ts'
import { icDecoder } from './ics/decoder.ts'
import { IcHeader, IcNegotiate, OtherIcMessage } from './ics/messages.ts'

/** Versions of the messages, newest first: the one that knows freezing, and that Linux has. Source: Linux drivers/hv/hv_snapshot.c (vss_versions). */
export const vssVersions: readonly number[] = [0x5_0000]

/** Versions of the framework under which Linux does backups. Source: Linux drivers/hv/hv_snapshot.c (fw_versions). */
export const vssFrameworkVersions: readonly number[] = [0x3_0000]

/** What is asked for. Source: Linux include/uapi/linux/hyperv.h (hv_vss_op), OpenVMM hyperv_ic_protocol vss.rs. */
export const VssOperation = {
  Create: 0,
  Delete: 1,
  HotBackup: 2,
  GetDirectMappedInfo: 3,
  /** From 4.0 on. */
  BackupComplete: 4,
  /** From 5.0 on, as the next two. */
  Freeze: 5,
  Thaw: 6,
  AutoRecover: 7,
  /** From 6.0 on. */
  QueryClusterInfo: 8,
} as const

/** First 8 bytes of a request. Source: Linux include/uapi/linux/hyperv.h (hv_vss_hdr). */
export const VssHeader = /* @__PURE__ */ struct(
  'VssHeader',
  {
    /** What is to be done; the answer keeps it. */
    operation: openEnum('VssOperation', u8, VssOperation),
    reserved: reserved(7),
  },
  { size: 8, aliases: { linux: 'hv_vss_hdr' } },
)
export interface VssHeader extends Infer<typeof VssHeader> {}

/** What a guest can do of hot backups. Source: Linux include/uapi/linux/hyperv.h (VSS_HBU_NO_AUTO_RECOVERY). */
export const VssHotBackupSupport = { NoAutoRecovery: 5 } as const

/** Whether the guest can be backed up while it runs. The answer has the flags. Source: Linux include/uapi/linux/hyperv.h (hv_vss_msg). */
export const VssHotBackup = /* @__PURE__ */ struct(
  'VssHotBackup',
  {
    header: pinned(VssHeader, { operation: 2 }),
    /** Filled in by the guest, in its answer; 5 from Linux. */
    support: openEnum('VssHotBackupSupport', u32, VssHotBackupSupport),
  },
  { size: 12, aliases: { linux: 'hv_vss_msg' } },
)

/** Whether the guest has devices mapped into it directly, which no backup reaches. The answer has the flags; Linux's are 0. */
export const VssGetDirectMappedInfo = /* @__PURE__ */ struct(
  'VssGetDirectMappedInfo',
  {
    header: pinned(VssHeader, { operation: 3 }),
    /** Filled in by the guest, in its answer. */
    flags: u32,
  },
  { size: 12 },
)

/** A disk as the guest sees it. Source: OpenVMM hyperv_ic_protocol vss.rs (LunInfo). */
export const VssLun = /* @__PURE__ */ struct(
  'VssLun',
  {
    busType: u8,
    reserved: reserved(3),
    /** Instance of the controller. */
    controller: guidField,
    /** Where on that controller the disk is: port, then target, then unit. */
    port: u8,
    target: u8,
    lun: u8,
    reserved2: reserved(1),
  },
  { size: 24 },
)
export interface VssLun extends Infer<typeof VssLun> {}

/** Most disks of a request. Source: OpenVMM hyperv_ic_protocol vss.rs (MAX_VHD_COUNT). */
export const vssMaxLuns = 260

/** The guest is to bring its file systems into order and to write no more. Source: OpenVMM hyperv_ic_protocol vss.rs (Message2); 6260 bytes also by Linux include/uapi/linux/hyperv.h. */
export const VssFreeze = /* @__PURE__ */ struct(
  'VssFreeze',
  {
    header: pinned(VssHeader, { operation: 5 }),
    backupType: u32,
    flags: u32,
    /** How many of the disks count. */
    lunCount: u32,
    /** Places for 260; those from `lunCount` on mean nothing. */
    luns: array(VssLun, vssMaxLuns),
  },
  { size: 6260 },
)

/** The same with no more than need be. Source: Linux drivers/hv/hv_snapshot.c asks for these 12 bytes. */
export const VssShortFreeze = /* @__PURE__ */ struct(
  'VssShortFreeze',
  { header: pinned(VssHeader, { operation: 5 }), backupType: u32 },
  { size: 12 },
)

/** The guest may write again. Source: OpenVMM hyperv_ic_protocol vss.rs (MessageThawApplications). */
export const VssThaw = /* @__PURE__ */ struct(
  'VssThaw',
  { header: pinned(VssHeader, { operation: 6 }), flags: u32 },
  { size: 12 },
)

/** An operation of which no more than the header is known. Linux wants 4 bytes behind it of every request. */
export const OtherVssRequest = /* @__PURE__ */ struct('OtherVssRequest', {
  header: VssHeader,
  /** Their meaning goes with the operation. */
  flags: u32,
  /** All behind those 12 bytes. */
  body: rest(),
})

/** What is asked for, by operation. */
export const VssRequest = /* @__PURE__ */ union('VssRequest', { offset: 0, tag: u8, otherwise: OtherVssRequest }, [
  { schema: VssHotBackup },
  { schema: VssGetDirectMappedInfo },
  { schema: VssFreeze },
  { schema: VssShortFreeze },
  { schema: VssThaw },
])
/** A decoded request; `type` is the structure's name. */
export type VssRequest = Infer<typeof VssRequest>

/** Either way: a request. The guest answers in its bytes. */
export const IcVss = /* @__PURE__ */ struct('IcVss', {
  header: pinned(IcHeader, { messageType: 5 }),
  request: VssRequest,
})

/** Guest to host: an answer without a body. */
export const IcVssReply = /* @__PURE__ */ struct('IcVssReply', { header: pinned(IcHeader, { messageType: 5 }) })

/** Every message of the component. */
export const VssMessage = /* @__PURE__ */ union('VssMessage', { offset: 4, tag: u16, otherwise: OtherIcMessage }, [
  { schema: IcNegotiate },
  { schema: IcVss },
  { schema: IcVssReply, from: 'guest' },
])
/** A decoded message; `type` is the structure's name. */
export type VssMessage = Infer<typeof VssMessage>

/** A whole packet: pipe header and message. */
export const VssPacket = /* @__PURE__ */ struct('VssPacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  message: VssMessage,
})

/** Decodes the component's packets. */
export const vssDecoder = /* @__PURE__ */ icDecoder(DeviceId.Vss, 'vss', VssPacket)
