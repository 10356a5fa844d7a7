import type { DeviceDecoder } from '../../vmbus/device-decoder.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { pipeDecoder } from '../../vmbus/pipe-decoder.ts'
import { PipeHeader } from '../../vmbus/pipe-header.ts'
import { struct, tryDecode } from '../../wire/index.ts'
import { VideoMessage, VideoMessageHeader, VideoMessageType } from './messages.ts'

/** A video packet's payload: pipe header and message. */
export const VideoPacket = /* @__PURE__ */ struct('VideoPacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  /** The message. */
  message: VideoMessage,
})

/** Decodes the synthetic video device's packets. */
export const videoDecoder: DeviceDecoder = {
  ...pipeDecoder({ interfaceId: DeviceId.Video, name: 'video', schema: VideoPacket, nameOf, versionOf }),
  parseVersion: parseVideoVersion,
}

/** `3.5` as the wire has it: `minor << 16 | major`. */
function parseVideoVersion(text: string): number | undefined {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})$/.exec(text) ?? []
  return major === undefined || minor === undefined ? undefined : (Number(minor) << 16) | Number(major)
}

function nameOf(message: Uint8Array): string {
  const type = tryDecode(VideoMessageHeader, message).value?.messageType
  return Object.entries(VideoMessageType).find(([, number]) => number === type)?.[0] ?? `video message ${type}`
}

/** The host's answer settles the version. */
function versionOf(message: Uint8Array): number | undefined {
  const { ok, value } = tryDecode(VideoMessage, message, { from: 'host' })
  return ok && value.type === 'VersionResponse' && value.body.isAccepted !== 0 ? value.body.version : undefined
}
