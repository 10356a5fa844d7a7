import type { DeviceDecoder } from '../../vmbus/device-decoder.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { pipeDecoder } from '../../vmbus/pipe-decoder.ts'
import { PipeHeader } from '../../vmbus/pipe-header.ts'
import { struct, tryDecode } from '../../wire/index.ts'
import { MouseMessage, MouseMessageHeader, MouseMessageType } from './messages.ts'

/** A whole packet: pipe header and message. */
export const MousePacket = /* @__PURE__ */ struct('MousePacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  /** The message. */
  message: MouseMessage,
})

/** Decodes the synthetic mouse's packets. */
export const mouseDecoder: DeviceDecoder = /* @__PURE__ */ pipeDecoder({
  interfaceId: DeviceId.Mouse,
  name: 'mouse',
  schema: MousePacket,
  nameOf(message) {
    const type = tryDecode(MouseMessageHeader, message).value?.messageType
    return Object.entries(MouseMessageType).find(([, number]) => number === type)?.[0] ?? `mouse message ${type}`
  },
})
