import {
  anything,
  byKind,
  hexText,
  integer,
  list,
  number,
  object,
  oneOf,
  optional,
  record,
  type ShapeOf,
  text,
} from './shape.ts'

const u32 = () => integer(0, 0xffff_ffff)
const hex = () => hexText().describe('bytes as hex digits')
const word64 = () => text('^0x[0-9a-fA-F]{1,16}$', 'a 64-bit value such as "0x1f"')
const guid = () => text('^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$', 'a GUID in lower case')
const shortText = () => text('^[ -~]{0,80}$', 'at most 80 printable characters')

const time = { t: number(0).describe('seconds since the recording began') }
const from = { ...time, dir: oneOf('g2h', 'h2g').describe('guest to host, or host to guest') }
const toHost = { ...time, dir: oneOf('g2h') }
const ofChannel = {
  relid: optional(integer(0, 0xffff_ffff).describe('the channel; version 1 has only its name')),
  channel: optional(shortText().describe("the channel's name, for people")),
}
const hypercall = { cpu: optional(u32()), ctl: optional(word64().describe('hypercall input value')) }
const ring = oneOf('guest-to-host', 'host-to-guest')

const offer = object({
  relid: optional(u32()),
  interface: guid().describe('class of the device'),
  instance: guid(),
  subchannel: optional(integer(0, 0xffff)),
  flags: optional(integer(0, 0xffff)),
  mmio: optional(integer(0, 0xffff).describe('MMIO space in MiB')),
  user_defined: optional(hex().describe('120 bytes')),
})

/** What the events of a transcript look like. */
export const eventShape = byKind({
  postmessage: object({
    ...toHost,
    hex: hex(),
    msg: optional(shortText().describe("the message's name, for people")),
    connection_id: u32(),
    message_type: optional(u32()),
    size: optional(integer(0, 0xffff).describe('payload size in the hypercall')),
    status: optional(integer(0, 0xffff).describe('HV status of the hypercall')),
    ...hypercall,
  }).describe('HvCallPostMessage: a control message to the host, without the 16 bytes of hypercall header'),
  msg: object({
    ...time,
    dir: oneOf('h2g'),
    hex: hex(),
    msg: optional(shortText()),
    vp: optional(u32()),
    sint: optional(integer(0, 15)),
  }).describe('control message to the guest, without the slot header'),
  signalevent: object({
    ...from,
    connection_id: optional(u32().describe('what the guest signals')),
    flag: optional(integer(0, 0xffff).describe('flag number; of a signal to the guest the event flag')),
    vp: optional(u32()),
    sint: optional(integer(0, 15)),
    ...hypercall,
  }).describe('HvCallSignalEvent to the host, event flag to the guest'),
  packet: object({
    ...from,
    ...ofChannel,
    hex: hex(),
    data: optional(hex().describe('what the packet refers to outside the ring, from its start, as far as it was kept')),
    rndis: optional(hex().describe('version 1: the same')),
  }).describe('ring packet: descriptor, header and payload, without the trailer'),
  ringheader: object({
    ...from,
    ...ofChannel,
    hex: hex(),
    ring,
    at: oneOf('open', 'close'),
    pages: optional(integer(0, 0xffff).describe('pages of the GPADL that both rings share')),
  }).describe('beginning of a control page'),
  rndis: object({
    ...from,
    ...ofChannel,
    hex: hex(),
    chtype: optional(u32()),
    msgtype: optional(word64()),
  }).describe('version 1: RNDIS message that the packet before it points to'),
  setvpreg: object({ ...toHost, reg: shortText(), value: word64(), ...hypercall }).describe('HvCallSetVpRegisters'),
  getvpreg: object({ ...toHost, reg: shortText(), lo: word64(), hi: word64(), ...hypercall }).describe(
    'HvCallGetVpRegisters',
  ),
  mem: object({ ...time, gpa: word64(), hex: hex() }).describe('contents of guest memory'),
  ring: object({
    ...time,
    ...ofChannel,
    ring,
    offset: optional(u32().describe('where in the data area `hex` stands')),
    hex: optional(hex()),
    write_index: optional(u32()),
    read_index: optional(u32()),
    interrupt_mask: optional(u32()),
    pending_send_size: optional(u32()),
  }).describe('raw bytes put into a ring, and control words stored'),
  tick: object({ ...time, by: integer(0, Number.MAX_SAFE_INTEGER).describe('units of 100 ns') }).describe(
    'the clock was moved on',
  ),
  fault: object({
    ...time,
    fault: shortText().describe('such as drop, delay, duplicate, truncate, flip'),
    event: optional(integer(0, Number.MAX_SAFE_INTEGER).describe('number of the event that it hit')),
    detail: optional(record(anything())),
  }).describe('a fault was injected'),
  config: object({
    ...time,
    package: optional(shortText().describe('version of the package that recorded')),
    version: optional(
      text('^[0-9]{1,5}\\.[0-9]{1,5}$', 'a version such as 6.0').describe('newest version of the host'),
    ),
    features: optional(u32().describe('feature flags of the host')),
    seeds: optional(record(number(Number.MIN_SAFE_INTEGER)).describe('seeds by purpose')),
    offers: optional(list(offer)),
  }).describe('how the recorded system was set up'),
})

/** One thing that happened, in the order in which it did. */
export type TranscriptEvent = ShapeOf<typeof eventShape>
/** Kinds of events. */
export type EventKind = TranscriptEvent['kind']
/** An event of one kind. */
export type EventOf<K extends EventKind> = TranscriptEvent & { readonly kind: K }
