import { fileCopyDecoder } from '../devices/file-copy.ts'
import { heartbeatDecoder } from '../devices/heartbeat.ts'
import { keyboardDecoder } from '../devices/keyboard/index.ts'
import { kvpDecoder } from '../devices/kvp/messages.ts'
import { mouseDecoder } from '../devices/mouse/index.ts'
import { networkDecoder } from '../devices/network/index.ts'
import { shutdownDecoder } from '../devices/shutdown.ts'
import { fibreChannelDecoder, ideDecoder, storageDecoder } from '../devices/storage/index.ts'
import { timeSyncDecoder } from '../devices/timesync.ts'
import { videoDecoder } from '../devices/video/index.ts'
import { vssDecoder } from '../devices/vss.ts'
import type { DeviceDecoder } from '../vmbus/device-decoder.ts'

/** The decoders of all devices whose protocol the package knows. */
export const deviceDecoders: readonly DeviceDecoder[] = [
  keyboardDecoder,
  mouseDecoder,
  networkDecoder,
  storageDecoder,
  ideDecoder,
  fibreChannelDecoder,
  videoDecoder,
  heartbeatDecoder,
  shutdownDecoder,
  timeSyncDecoder,
  kvpDecoder,
  vssDecoder,
  fileCopyDecoder,
]
