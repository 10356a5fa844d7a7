import type { DeviceDecoder, DevicePayload } from '../../vmbus/device-decoder.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { tryDecode, type WireContext } from '../../wire/index.ts'
import { property } from '../../wire/property.ts'
import { NvspMessage, nvspTypeName } from './nvsp.ts'
import { NvspHeader, NvspStatus } from './nvsp-header.ts'
import { parseNvspVersion } from './nvsp-version.ts'

/** Bytes to which messages are padded at most. */
const paddedSize = 40

/**
 * Decodes the network adapter's packets: each carries one NVSP message, RNDIS messages lie in guest memory. Zeros that only fill a message
 * up are dropped. A successful answer to INIT settles the version.
 */
export const networkDecoder: DeviceDecoder = {
  interfaceId: DeviceId.Network,
  name: 'network',
  parseVersion: parseNvspVersion,
  decodePacket({ payload, from, version, request }) {
    if (payload.byteLength === 0) return undefined
    const context: WireContext = version === undefined ? { from } : { from, version }
    const { value, faults } = tryDecode(NvspMessage, payload, context)
    const settled = from === 'host' ? settledVersion(value, request) : undefined
    return {
      name: value?.type ?? nameOf(payload),
      schema: NvspMessage,
      value: withoutPadding(value, payload.byteLength),
      faults,
      ...(settled === undefined ? {} : { version: settled }),
    }
  },
}

/** The version that the guest asked for, when this is the answer that grants it. */
function settledVersion(answer: object | undefined, request: DevicePayload | undefined): number | undefined {
  if (property(answer, 'type') !== 'NvspInitComplete' || property(answer, 'status') !== NvspStatus.Success)
    return undefined
  const asked = property(request?.value, 'maximumProtocolVersion')
  return typeof asked === 'number' ? asked : undefined
}

function withoutPadding<T extends object>(
  value: (T & { extra?: Uint8Array }) | undefined,
  length: number,
): object | undefined {
  const extra = value?.extra
  if (value === undefined || extra === undefined || length > paddedSize || extra.some((byte) => byte !== 0))
    return value
  const { extra: _, ...message } = value
  return message
}

/** Name of a message that could not be read, by its type. */
function nameOf(payload: Uint8Array): string {
  const { value } = tryDecode(NvspHeader, payload)
  return nvspTypeName(value?.messageType ?? 0)
}
