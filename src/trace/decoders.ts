import { heartbeatDecoder } from '../devices/heartbeat.ts'
import { icDecoder } from '../devices/ics/decoder.ts'
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
import { DeviceId } from '../vmbus/device-ids.ts'

/** The decoders of all devices whose protocol the package knows; of file copy the frame. */
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
  icDecoder(DeviceId.FileCopy, 'fcopy'),
]
