import * as frames from './channels/frames/frames.ts'
import * as edid from './devices/edid/messages.ts'
import * as fileCopy from './devices/file-copy.ts'
import * as heartbeat from './devices/heartbeat.ts'
import * as hid from './devices/hid/descriptor.ts'
import * as ics from './devices/ics/index.ts'
import * as keyboard from './devices/keyboard/messages.ts'
import * as kvp from './devices/kvp/index.ts'
import * as mouse from './devices/mouse/index.ts'
import * as network from './devices/network/index.ts'
import * as scsi from './devices/scsi/index.ts'
import * as shutdown from './devices/shutdown.ts'
import * as storage from './devices/storage/index.ts'
import * as timesync from './devices/timesync.ts'
import * as videoDecoder from './devices/video/decoder.ts'
import * as video from './devices/video/messages.ts'
import * as vss from './devices/vss.ts'
import * as hypercall from './hypercall/index.ts'
import * as contactTarget from './vmbus/contact-target.ts'
import * as messages from './vmbus/messages.ts'
import * as monitorPage from './vmbus/monitor-page.ts'
import * as offer from './vmbus/offer.ts'
import * as packets from './vmbus/packets.ts'
import * as pipeHeader from './vmbus/pipe-header.ts'
import * as ringControl from './vmbus/ring-control.ts'
import { StructSchema, UnionSchema } from './wire/index.ts'

const modules: readonly object[] = [
  hypercall,
  contactTarget,
  messages,
  monitorPage,
  offer,
  packets,
  pipeHeader,
  ringControl,
  frames,
  edid,
  fileCopy,
  heartbeat,
  hid,
  ics,
  keyboard,
  kvp,
  mouse,
  network,
  scsi,
  shutdown,
  storage,
  timesync,
  video,
  videoDecoder,
  vss,
]

/**
 * Every structure and union that the package describes, those of the hypercalls by name and part: what the command, tests, fuzzing and the
 * reference go by.
 */
export const allSchemas: readonly (StructSchema | UnionSchema)[] = [
  ...hypercall.allCalls.flatMap(hypercall.schemasOfCall),
  ...modules.flatMap((module) => Object.values(module).filter(isSchema)),
]

/** Whether it can be decoded by itself: a union chosen by fields before it cannot. */
function isSchema(value: unknown): value is StructSchema | UnionSchema {
  return value instanceof StructSchema || (value instanceof UnionSchema && value.selector.by === 'tag')
}
