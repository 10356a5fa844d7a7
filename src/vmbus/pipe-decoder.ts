import { type Structure, tryDecode } from '../wire/index.ts'
import type { DeviceDecoder, DevicePayload } from './device-decoder.ts'
import { parseVersion } from './versions.ts'

/** What a pipe decoder has to know of a device. */
export interface PipeProtocol {
  /** Class of the device. */
  readonly interfaceId: DeviceDecoder['interfaceId']
  /** Short name, such as `mouse`. */
  readonly name: string
  /** A whole packet: a `PipeHeader` and a message. */
  readonly schema: Structure<object>
  /** Name of a message, from its bytes behind the pipe header. */
  readonly nameOf: (message: Uint8Array) => string
  /** The version that a message settles. */
  readonly versionOf?: (message: Uint8Array) => number | undefined
}

const headerSize = 8

/** A decoder for a device whose messages have pipe headers. The ring's padding behind a message is dropped; completions carry no message. */
export function pipeDecoder(protocol: PipeProtocol): DeviceDecoder {
  return {
    interfaceId: protocol.interfaceId,
    name: protocol.name,
    parseVersion,
    decodePacket({ packet, payload, from, version }): DevicePayload | undefined {
      if (packet.type !== 'DataInBandPacket') return undefined
      const context = version === undefined ? { from } : { from, version }
      const { value, faults } = tryDecode(protocol.schema, withoutPadding(payload), context)
      const message = payload.subarray(headerSize)
      const settled = protocol.versionOf?.(message)
      return {
        name: protocol.nameOf(message),
        schema: protocol.schema,
        value,
        faults,
        ...(settled === undefined ? {} : { version: settled }),
      }
    },
  }
}

/** The payload up to where its pipe header says that it ends, when nothing but padding to 8 bytes is behind it. */
function withoutPadding(payload: Uint8Array): Uint8Array {
  if (payload.byteLength < headerSize) return payload
  const length = new DataView(payload.buffer, payload.byteOffset).getUint32(4, true)
  const padding = payload.subarray(Math.min(headerSize + length, payload.byteLength))
  return padding.byteLength < 8 && padding.every((byte) => byte === 0)
    ? payload.subarray(0, payload.byteLength - padding.byteLength)
    : payload
}
