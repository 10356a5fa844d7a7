import {
  NvspMessage,
  NvspStatus,
  noSendBufferSection,
  nvspMessageSize,
  RndisChannelType,
} from '../../devices/network/index.ts'

/** A host's message, padded as its version has it. */
export function paddedMessage(message: NvspMessage, version: number | undefined): Uint8Array {
  const bytes = NvspMessage.encode(message, { from: 'host' })
  const padded = new Uint8Array(Math.max(bytes.length, nvspMessageSize(version)))
  padded.set(bytes)
  return padded
}

/** The messages that go out with every frame: made once for a version. */
export class NvspWords {
  readonly success: Uint8Array
  readonly failure: Uint8Array
  /** What goes with a transfer page packet: the message lies where its ranges say. */
  readonly data: Uint8Array
  readonly control: Uint8Array

  constructor(version: number | undefined) {
    const complete = (status: number) => paddedMessage({ type: 'NvspSendRndisPacketComplete', status }, version)
    const packet = (channelType: number) =>
      paddedMessage(
        {
          type: 'NvspSendRndisPacket',
          channelType,
          sendBufferSectionIndex: noSendBufferSection,
          sendBufferSectionSize: 0,
        },
        version,
      )
    this.success = complete(NvspStatus.Success)
    this.failure = complete(NvspStatus.Failure)
    this.data = packet(RndisChannelType.Data)
    this.control = packet(RndisChannelType.Control)
  }
}
