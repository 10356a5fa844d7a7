import {
  type Count,
  type Fields,
  openEnum,
  pinned,
  type Siblings,
  type StructOf,
  type StructSchema,
  struct,
  u32,
} from '../../wire/index.ts'

/** Types of RNDIS messages; an answer has bit 31 set. Sources: Linux include/linux/rndis.h, OpenVMM netvsp rndisprot. */
export const RndisMessageType = {
  Packet: 0x1,
  Initialize: 0x2,
  Halt: 0x3,
  Query: 0x4,
  Set: 0x5,
  Reset: 0x6,
  IndicateStatus: 0x7,
  KeepAlive: 0x8,
  SetEx: 0x9,
  CondisCreateVc: 0x8001,
  CondisDeleteVc: 0x8002,
  CondisActivateVc: 0x8005,
  CondisDeactivateVc: 0x8006,
  CondisIndicateStatus: 0x8007,
  InitializeComplete: 0x8000_0002,
  QueryComplete: 0x8000_0004,
  SetComplete: 0x8000_0005,
  ResetComplete: 0x8000_0006,
  KeepAliveComplete: 0x8000_0008,
  SetExComplete: 0x8000_0009,
  CondisCreateVcComplete: 0x8000_8001,
  CondisDeleteVcComplete: 0x8000_8002,
  CondisActivateVcComplete: 0x8000_8005,
  CondisDeactivateVcComplete: 0x8000_8006,
  Bus: 0xff00_0001,
} as const

/** What a request came to, and what an indication tells: NDIS status codes. Source: Linux include/linux/rndis.h (RNDIS_STATUS_*). */
export const RndisStatus = {
  Success: 0x0,
  Pending: 0x103,
  NotRecognized: 0x1_0001,
  NotCopied: 0x1_0002,
  NotAccepted: 0x1_0003,
  CallActive: 0x1_0007,
  Online: 0x4001_0003,
  ResetStart: 0x4001_0004,
  ResetEnd: 0x4001_0005,
  RingStatus: 0x4001_0006,
  Closed: 0x4001_0007,
  WanLineUp: 0x4001_0008,
  WanLineDown: 0x4001_0009,
  WanFragment: 0x4001_000a,
  MediaConnect: 0x4001_000b,
  MediaDisconnect: 0x4001_000c,
  HardwareLineUp: 0x4001_000d,
  HardwareLineDown: 0x4001_000e,
  InterfaceUp: 0x4001_000f,
  InterfaceDown: 0x4001_0010,
  MediaBusy: 0x4001_0011,
  MediaSpecificIndication: 0x4001_0012,
  LinkSpeedChange: 0x4001_0013,
  NetworkChange: 0x4001_0018,
  TaskOffloadCurrentConfig: 0x4002_0006,
  NotResettable: 0x8001_0001,
  SoftErrors: 0x8001_0003,
  HardErrors: 0x8001_0004,
  BufferOverflow: 0x8000_0005,
  Failure: 0xc000_0001,
  Resources: 0xc000_009a,
  NotSupported: 0xc000_00bb,
  Closing: 0xc001_0002,
  BadVersion: 0xc001_0004,
  BadCharacteristics: 0xc001_0005,
  AdapterNotFound: 0xc001_0006,
  OpenFailed: 0xc001_0007,
  DeviceFailed: 0xc001_0008,
  MulticastFull: 0xc001_0009,
  MulticastExists: 0xc001_000a,
  MulticastNotFound: 0xc001_000b,
  RequestAborted: 0xc001_000c,
  ResetInProgress: 0xc001_000d,
  ClosingIndicating: 0xc001_000e,
  InvalidPacket: 0xc001_000f,
  OpenListFull: 0xc001_0010,
  AdapterNotReady: 0xc001_0011,
  AdapterNotOpen: 0xc001_0012,
  NotIndicating: 0xc001_0013,
  InvalidLength: 0xc001_0014,
  InvalidData: 0xc001_0015,
  BufferTooShort: 0xc001_0016,
  InvalidOid: 0xc001_0017,
  AdapterRemoved: 0xc001_0018,
  UnsupportedMedia: 0xc001_0019,
  GroupAddressInUse: 0xc001_001a,
  FileNotFound: 0xc001_001b,
  ErrorReadingFile: 0xc001_001c,
  AlreadyMapped: 0xc001_001d,
  ResourceConflict: 0xc001_001e,
  NoCable: 0xc001_001f,
  InvalidSap: 0xc001_0020,
  SapInUse: 0xc001_0021,
  InvalidAddress: 0xc001_0022,
  VcNotActivated: 0xc001_0023,
  DestinationOutOfOrder: 0xc001_0024,
  VcNotAvailable: 0xc001_0025,
  CellRateNotAvailable: 0xc001_0026,
  IncompatableQos: 0xc001_0027,
  AalParamsUnsupported: 0xc001_0028,
  NoRouteToDestination: 0xc001_0029,
  TokenRingOpenError: 0xc001_1000,
} as const

/** A status word. */
export const rndisStatus = /* @__PURE__ */ openEnum('RndisStatus', u32, RndisStatus)

/** First 8 bytes of every RNDIS message; offsets within a message count from behind them. Source: Linux rndis_message. */
export const RndisHeader = /* @__PURE__ */ struct(
  'RndisHeader',
  {
    /** Which message this is. */
    messageType: openEnum('RndisMessageType', u32, RndisMessageType),
    /** Bytes of the message, this header included; messages that share a packet lie one behind the other. */
    messageLength: u32,
  },
  { size: 8, aliases: { like: 'rndis_message' } },
)

/** Bytes of the header. */
export const rndisHeaderSize = 8

/** Bytes up to the end of the message, behind `fixed` of them. */
function restOfMessage(fixed: number): Count {
  const lengthOf = (fields: Siblings): number => {
    const header: { messageLength?: unknown } = Object(fields.header)
    return Number(header.messageLength)
  }
  return {
    get: (fields) => lengthOf(fields) - fixed,
    set: (fields, count) => ({ ...fields, header: { ...Object(fields.header), messageLength: fixed + count } }),
    text: `messageLength − ${fixed}`,
  }
}

/** The header of one type of message. */
function rndisHeaderOf(messageType: number) {
  return pinned(RndisHeader, { messageType })
}

/** A whole message: the header with its type, then the fields of `body`. Linux describes the bodies alone. */
export function rndisMessage<const N extends string, F extends Fields>(
  name: N,
  messageType: number,
  body: StructSchema<string, F>,
): StructOf<N, { header: ReturnType<typeof rndisHeaderOf> } & F>
export function rndisMessage(name: string, messageType: number, body: StructSchema): StructSchema {
  return struct(name, { header: rndisHeaderOf(messageType), ...body.properties })
}

/** Bytes behind a body that begins the message, as many as the message is long. */
export function restBehind(body: StructSchema): Count {
  return restOfMessage(rndisHeaderSize + body.size)
}

/** Bytes behind the header. */
export const restBehindHeader: Count = /* @__PURE__ */ restOfMessage(rndisHeaderSize)
