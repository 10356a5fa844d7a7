import { type Fields, openEnum, pinned, type StructOf, type StructSchema, struct, u32 } from '../../wire/index.ts'

/** Types of NVSP messages. Sources: Linux drivers/net/hyperv/hyperv_net.h, OpenVMM netvsp protocol. */
export const NvspMessageType = {
  Init: 1,
  InitComplete: 2,
  SendNdisVersion: 100,
  SendReceiveBuffer: 101,
  SendReceiveBufferComplete: 102,
  RevokeReceiveBuffer: 103,
  SendSendBuffer: 104,
  SendSendBufferComplete: 105,
  RevokeSendBuffer: 106,
  SendRndisPacket: 107,
  SendRndisPacketComplete: 108,
  SendChimneyDelegatedBuffer: 109,
  SendChimneyDelegatedBufferComplete: 110,
  RevokeChimneyDelegatedBuffer: 111,
  ResumeChimneyReceiveIndication: 112,
  TerminateChimney: 113,
  TerminateChimneyComplete: 114,
  IndicateChimneyEvent: 115,
  SendChimneyPacket: 116,
  SendChimneyPacketComplete: 117,
  PostChimneyReceiveRequest: 118,
  PostChimneyReceiveRequestComplete: 119,
  AllocateReceiveBuffer: 120,
  AllocateReceiveBufferComplete: 121,
  FreeReceiveBuffer: 122,
  SendVmqRndisPacket: 123,
  SendVmqRndisPacketComplete: 124,
  SendNdisConfig: 125,
  AllocateChimneyHandle: 126,
  AllocateChimneyHandleComplete: 127,
  SendVfAssociation: 128,
  SwitchDataPath: 129,
  UplinkConnectState: 130,
  OidQueryEx: 131,
  OidQueryExComplete: 132,
  SubChannel: 133,
  SendIndirectionTable: 134,
  PdApi: 135,
  PdPostBatch: 136,
} as const

/** What an NVSP request came to. Source: Linux hyperv_net.h (NVSP_STAT_*). */
export const NvspStatus = {
  None: 0,
  Success: 1,
  Failure: 2,
  ProtocolTooNew: 3,
  ProtocolTooOld: 4,
  InvalidRndisPacket: 5,
  Busy: 6,
  ProtocolUnsupported: 7,
} as const

/** A status word. */
export const nvspStatus = /* @__PURE__ */ openEnum('NvspStatus', u32, NvspStatus)

/** First 4 bytes of every NVSP message. */
export const NvspHeader = /* @__PURE__ */ struct(
  'NvspHeader',
  {
    /** Which message this is. */
    messageType: openEnum('NvspMessageType', u32, NvspMessageType),
  },
  { size: 4, aliases: { linux: 'nvsp_message_header' } },
)

/** The header of one type of message. */
function nvspHeaderOf(messageType: number) {
  return pinned(NvspHeader, { messageType })
}

/** A whole message: the header with its type, then the fields of `body`. Linux describes the bodies alone. */
export function nvspMessage<const N extends string, F extends Fields>(
  name: N,
  messageType: number,
  body: StructSchema<string, F>,
): StructOf<N, { header: ReturnType<typeof nvspHeaderOf> } & F>
export function nvspMessage(name: string, messageType: number, body: StructSchema): StructSchema {
  return struct(name, { header: nvspHeaderOf(messageType), ...body.properties })
}
