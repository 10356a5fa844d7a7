import * as keyboard from './devices/keyboard/messages.ts'
import * as storage from './devices/storage/messages.ts'
import * as inputValue from './hypercall/input-value.ts'
import * as synic from './hypercall/synic.ts'
import * as contactTarget from './vmbus/contact-target.ts'
import * as messages from './vmbus/messages.ts'
import * as monitorPage from './vmbus/monitor-page.ts'
import * as offer from './vmbus/offer.ts'
import * as packets from './vmbus/packets.ts'
import * as pipeHeader from './vmbus/pipe-header.ts'
import * as ringControl from './vmbus/ring-control.ts'
import { StructSchema, UnionSchema } from './wire/index.ts'

const modules = [
  inputValue,
  synic,
  contactTarget,
  messages,
  monitorPage,
  offer,
  packets,
  pipeHeader,
  ringControl,
  keyboard,
  storage,
]

/** Every structure and union that the package describes: what the command, tests, fuzzing and the reference go by. */
export const allSchemas: readonly (StructSchema | UnionSchema)[] = modules.flatMap((module) =>
  Object.values(module).filter((value) => value instanceof StructSchema || value instanceof UnionSchema),
)
