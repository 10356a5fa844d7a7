import { type WireContext, WireError, type WireReader } from '../../wire/index.ts'
import { VideoMessage, VideoMessageHeader } from './messages.ts'

type WithoutHeader<M> = M extends { header: unknown } ? Omit<M, 'header'> : never

/** A message as its sender thinks of it: name and body. */
export type VideoContent = WithoutHeader<VideoMessage>

const sizeAt = /* @__PURE__ */ VideoMessageHeader.offsetOf('size')

/** The bytes of a message, without the pipe header. Its size field counts the header too, as Linux does. */
export function encodeVideo(content: VideoContent): Uint8Array {
  const bytes = VideoMessage.encode({ ...content, header: { size: 0 } })
  new DataView(bytes.buffer).setUint32(sizeAt, bytes.length, true)
  return bytes
}

/** Whether a size field agrees with a message's length in bytes: it counts all of it, or all but the header. */
export function isVideoSize(size: number, length: number): boolean {
  return size === length || size === length - VideoMessageHeader.size
}

/** Reads messages as {@link VideoMessage} does, and holds their size field to the packet's length (VI-14): a `LENGTH` fault. */
export const sizedVideoMessages = {
  decodeAt(buffer: WireReader, at: number, context: WireContext): VideoMessage {
    const message = VideoMessage.decodeAt(buffer, at, context)
    const length = buffer.end - at
    if (isVideoSize(message.header.size, length)) return message
    const why = `size ${message.header.size} of a message of ${length} bytes`
    throw new WireError({ code: 'LENGTH', path: 'header.size', offset: sizeAt, why }, VideoMessage.name)
  },
}
