import { type Codec, type Extra, type Structure, type WireContext, WireReader } from '../../wire/index.ts'
import { IcFlags, IcHeader, IcMessageType, IcNegotiate } from './messages.ts'

/** A message of an integration component as it came: a negotiation of versions, or one of the component's own. */
export type IcFrame<M> = {
  /** As it came. */
  readonly header: IcHeader
  /** All its bytes: Linux answers in them. */
  readonly bytes: Uint8Array
} & (
  | {
      /** Versions, offered or chosen. */
      readonly negotiation: IcNegotiate & Extra
      /** The component's own. */
      readonly message?: undefined
    }
  | {
      /** Versions, offered or chosen. */
      readonly negotiation?: undefined
      /** The component's own. */
      readonly message: M & Extra
    }
)

/**
 * How a component's messages are read: header first, then the message from as many bytes as the header says and as there are
 * (IC-07). The codec throws `WireError`.
 */
export function icFrames<M>(schema: Structure<M>): Pick<Codec<IcFrame<M>>, 'decodeAt'> {
  return {
    decodeAt(buffer, at, context?: WireContext) {
      const bytes = buffer.bytes.slice(at, buffer.end)
      const header = IcHeader.decodeAt(new WireReader(bytes), 0)
      const counts = bytes.subarray(0, IcHeader.size + Math.min(header.size, bytes.length - IcHeader.size))
      return header.messageType === IcMessageType.Negotiate
        ? { header, bytes, negotiation: IcNegotiate.decode(counts) }
        : { header, bytes, message: schema.decode(counts, context) }
    },
  }
}

/** Bytes behind the header beyond what it says; negative when there are fewer. 0 for what Linux leaves behind its choice of versions. */
export function icSizeMismatch({ header, bytes }: IcFrame<unknown>): number {
  const excess = bytes.length - IcHeader.size - header.size
  const isChoice = header.messageType === IcMessageType.Negotiate && (header.flags & IcFlags.response) !== 0
  return isChoice && excess > 0 ? 0 : excess
}
