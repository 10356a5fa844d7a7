import type { DeviceDecoder } from '../../vmbus/device-decoder.ts'
import { pipeDecoder } from '../../vmbus/pipe-decoder.ts'
import { PipeHeader } from '../../vmbus/pipe-header.ts'
import { type Guid, type Structure, struct, tryDecode, u16, union } from '../../wire/index.ts'
import { IcFlags, IcHeader, IcMessageType, IcNegotiate, OtherIcMessage } from './messages.ts'
import { fromIcVersion } from './versions.ts'

/** Any component's message: the negotiation, and the rest as bytes. */
export const IcMessage = /* @__PURE__ */ union('IcMessage', { offset: 4, tag: u16, otherwise: OtherIcMessage }, [
  { schema: IcNegotiate },
])

/** A component's packet of which only the frame is known. */
export const IcPacket = /* @__PURE__ */ struct('IcPacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  /** The message. */
  message: IcMessage,
})

/** A decoder for an integration component. @param schema its packets: pipe header and message. */
export function icDecoder(interfaceId: Guid, name: string, schema: Structure<object> = IcPacket): DeviceDecoder {
  return pipeDecoder({ interfaceId, name, schema, nameOf, versionOf })
}

/** The message's type and direction: `Shutdown request`. */
function nameOf(message: Uint8Array): string {
  const { value } = tryDecode(IcHeader, message)
  const type = value?.messageType
  const name = Object.entries(IcMessageType).find(([, number]) => number === type)?.[0] ?? `message ${type}`
  return ((value?.flags ?? 0) & IcFlags.response) !== 0 ? `${name} response` : name
}

/** The guest's choice settles the version of the component's messages. */
function versionOf(message: Uint8Array): number | undefined {
  const { ok, value } = tryDecode(IcNegotiate, message)
  if (!ok || (value.header.flags & IcFlags.response) === 0) return undefined
  const [chosen] = value.versions.messageVersions
  return chosen && fromIcVersion(chosen)
}
