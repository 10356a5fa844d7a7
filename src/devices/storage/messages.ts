import { bitField, bits, bytes, flags, type Infer, openEnum, reserved, struct, u8, u16, u32 } from '../../wire/index.ts'

/** What a storage packet asks or tells. Source: Linux drivers/scsi/storvsc_drv.c (vstor_packet_operation). */
export const VstorOperation = {
  CompleteIo: 1,
  RemoveDevice: 2,
  ExecuteSrb: 3,
  ResetLun: 4,
  ResetAdapter: 5,
  ResetBus: 6,
  BeginInitialization: 7,
  EndInitialization: 8,
  QueryProtocolVersion: 9,
  QueryProperties: 10,
  EnumerateBus: 11,
  FcHbaData: 12,
  CreateSubChannels: 13,
} as const

/** SRB status, in the low 6 bits of `srbStatus`. Source: Linux storvsc_drv.c and Windows srb.h (SRB_STATUS_*). */
export const SrbStatus = {
  Pending: 0x00,
  Success: 0x01,
  Aborted: 0x02,
  AbortFailed: 0x03,
  Error: 0x04,
  Busy: 0x05,
  InvalidRequest: 0x06,
  InvalidPathId: 0x07,
  NoDevice: 0x08,
  Timeout: 0x09,
  SelectionTimeout: 0x0a,
  CommandTimeout: 0x0b,
  MessageRejected: 0x0d,
  BusReset: 0x0e,
  ParityError: 0x0f,
  RequestSenseFailed: 0x10,
  NoHba: 0x11,
  DataOverrun: 0x12,
  UnexpectedBusFree: 0x13,
  PhaseSequenceFailure: 0x14,
  BadSrbBlockLength: 0x15,
  RequestFlushed: 0x16,
  InvalidLun: 0x20,
  InvalidTargetId: 0x21,
  BadFunction: 0x22,
  ErrorRecovery: 0x23,
  NotPowered: 0x24,
  LinkDown: 0x25,
  InternalError: 0x30,
} as const

/** Flags of a SCSI request block. Source: Linux storvsc_drv.c (SRB_FLAGS_*). */
export const SrbFlags = {
  queueActionEnable: 0x2,
  disableDisconnect: 0x4,
  disableSynchTransfer: 0x8,
  bypassFrozenQueue: 0x10,
  disableAutosense: 0x20,
  dataIn: 0x40,
  dataOut: 0x80,
  noQueueFreeze: 0x100,
  adapterCacheEnable: 0x200,
  freeSenseBuffer: 0x400,
  d3Processing: 0x800,
  isActive: 0x1_0000,
  allocatedFromZone: 0x2_0000,
  sgListFromPool: 0x4_0000,
  bypassLockedQueue: 0x8_0000,
  noKeepAwake: 0x10_0000,
  portDriverAllocatedSense: 0x20_0000,
  portDriverSenseHasPort: 0x40_0000,
  dontStartNextPacket: 0x80_0000,
} as const

/** Direction of a request's data. Source: Linux storvsc_drv.c (storvsc_request_type). */
export const DataDirection = { Write: 0, Read: 1, None: 2 } as const

const srbStatus = /* @__PURE__ */ openEnum('SrbStatus', u8, SrbStatus)

/** What stands in a SCSI request of any version, 36 bytes. */
const requestFields = {
  /** Length of this structure in bytes, as the sender's version has it. */
  length: u16,
  /** How the adapter fared with the request. */
  srbStatus: /* @__PURE__ */ bits(u8, {
    status: bitField(0, 6, srbStatus),
    /** 1: further requests wait until the queue is released. */
    queueFrozen: bitField(6, 1),
    /** 1: there are sense data, as many bytes as `senseInfoLength` says. */
    autosenseValid: bitField(7, 1),
  }),
  /** SCSI status: 0 good, 2 check condition. */
  scsiStatus: u8,
  /** The guest's own number for the adapter (Linux: its SCSI host's). */
  portNumber: u8,
  /** Bus of the adapter, from 0 (Linux: the device's channel). */
  pathId: u8,
  /** Device on that bus, from 0. */
  targetId: u8,
  /** Logical unit of that device, 0 … 255. */
  lun: u8,
  /** Bytes of CDB that count, at most 16. */
  cdbLength: u8,
  /** Bytes of sense data, at most 20. */
  senseInfoLength: u8,
  /** Which way data go: to the device, from it, or none do. */
  dataIn: /* @__PURE__ */ openEnum('DataDirection', u8, DataDirection),
  reserved: /* @__PURE__ */ reserved(u8),
  /** Bytes of data that are to be, or were, transferred. */
  dataTransferLength: u32,
  /** The CDB (16 bytes) in a request, sense data (20 bytes) in its outcome. */
  cdbOrSense: /* @__PURE__ */ bytes(20),
}

/** A SCSI request or its outcome before protocol 5.1, 36 bytes. Source: OpenVMM storvsp_protocol. */
export const ScsiRequestWin7 = /* @__PURE__ */ struct('ScsiRequestWin7', requestFields, { size: 36 })

/** A SCSI request or its outcome, 52 bytes (36 before protocol 5.1). Source: Linux vmscsi_request. */
export const ScsiRequest = /* @__PURE__ */ struct(
  'ScsiRequest',
  {
    ...requestFields,
    reserved2: reserved(u16),
    /** 0xff: the request has no tag of its own. */
    queueTag: u8,
    /** Counts with queueActionEnable: 0x20 simple tag, 0x21 head of the queue, 0x22 ordered. */
    queueAction: u8,
    /** dataIn or dataOut goes with the direction; Linux sets disableSynchTransfer on all. */
    srbFlags: flags('SrbFlags', u32, SrbFlags),
    /** Seconds. */
    timeOutValue: u32,
    /** By which a Windows driver sorts its queue; 0 from Linux. */
    queueSortKey: u32,
  },
  { size: 52, aliases: { linux: 'vmscsi_request' } },
)

/** A storage packet that carries a SCSI request, 64 bytes. Source: Linux vstor_packet. */
export const VstorPacket = /* @__PURE__ */ struct(
  'VstorPacket',
  {
    /** What is asked or told; CompleteIo in every answer, whatever was asked. */
    operation: openEnum('VstorOperation', u32, VstorOperation),
    /** requestCompletion: the sender waits for an answer. */
    flags: flags('VstorFlags', u32, { requestCompletion: 0x1 }),
    /** NTSTATUS of the operation. */
    status: u32,
    request: ScsiRequest,
  },
  { size: 64, aliases: { linux: 'vstor_packet' } },
)
/** A decoded packet with a SCSI request. */
export interface VstorPacket extends Infer<typeof VstorPacket> {}
