import type { DeviceDecoder } from '../../vmbus/device-decoder.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { parseVersion } from '../../vmbus/versions.ts'
import { tryDecode } from '../../wire/index.ts'
import { KeyboardMessage, KeyboardMessageHeader, KeyboardMessageType } from './messages.ts'

/**
 * Decodes the synthetic keyboard's packets. A message has no length of its own, so zeros that only fill it up to the ring's 8 bytes
 * are dropped; anything else behind it stays in `extra`. Completions carry no message (Linux ignores them).
 */
export const keyboardDecoder: DeviceDecoder = {
  interfaceId: DeviceId.Keyboard,
  name: 'keyboard',
  parseVersion,
  decodePacket({ packet, payload, from }) {
    if (packet.type !== 'DataInBandPacket') return undefined
    const { value, faults } = tryDecode(KeyboardMessage, payload, { from })
    return { name: value?.type ?? nameOf(payload), schema: KeyboardMessage, value: withoutPadding(value), faults }
  },
}

function withoutPadding<T extends object>(value: (T & { extra?: Uint8Array }) | undefined): object | undefined {
  const extra = value?.extra
  if (value === undefined || extra === undefined || extra.byteLength >= 8 || extra.some((byte) => byte !== 0)) {
    return value
  }
  const { extra: _, ...message } = value
  return message
}

/** Name of a message that is none of ours, by its type. */
function nameOf(payload: Uint8Array): string {
  const { value } = tryDecode(KeyboardMessageHeader, payload)
  const type = value?.messageType
  return Object.entries(KeyboardMessageType).find(([, number]) => number === type)?.[0] ?? `keyboard message ${type}`
}
