import {
  constant,
  countedBytes,
  flags,
  type Infer,
  openEnum,
  pinned,
  reserved,
  rest,
  type StructSchema,
  struct,
  type UnionValue,
  u8,
  u16,
  u32,
  u64,
  union,
} from '../../wire/index.ts'

/**
 * Frames of the process transport: what a host and a guest in two processes say to each other over a stream socket, beside the memory that
 * they share. All words are little-endian. Ours; described in docs/process-transport.md.
 */
export const FrameType = {
  Hello: 1,
  Bye: 2,
  Post: 3,
  Signal: 4,
  Status: 5,
  Message: 6,
  EndOfMessage: 7,
  Event: 8,
  Hypercall: 9,
  HypercallResult: 10,
  Msr: 11,
  MsrResult: 12,
  Interrupt: 13,
  Tick: 14,
  Trigger: 15,
  Explain: 16,
  Explanation: 17,
} as const
/** {@link FrameType} on the wire. */
export const FrameTypeField = /* @__PURE__ */ openEnum('FrameType', u16, FrameType)

/** Version of the frame protocol. */
export const frameVersion = 1

/** Largest frame in bytes. */
export const maxFrameSize = 4096

/** What every frame begins with, 8 bytes. */
export const FrameHeader = /* @__PURE__ */ struct(
  'FrameHeader',
  {
    /** Bytes of the frame, this header included: 8 … 4096. */
    length: u32,
    /** Which frame this is. */
    frameType: FrameTypeField,
    /** Chosen by who asks and repeated in the answer; a signal with tag 0 gets none. Elsewhere 0. */
    tag: u16,
  },
  { size: 8 },
)

const header = (frameType: number) => pinned(FrameHeader, { frameType })

/** Who sends a {@link HelloFrame}. */
export const FrameRole = { host: 0, guest: 1 } as const
/** Whose register files {@link HypercallFrame} carries. */
export const FrameArchitecture = { none: 0, x64: 1, arm64: 2 } as const

/** What a guest can do, and the host agrees to. */
export const FrameCapabilities = {
  /** It makes hypercalls by registers, has SynIC pages in its memory, and takes interrupts: no Message and Event frames. */
  registers: 0x1,
  /** Its Tick frames alone move the partition's clock; otherwise it runs by the host's. */
  drivesClock: 0x2,
} as const

/** The first frame of both ends, 40 bytes: the one that connected begins. */
export const HelloFrame = /* @__PURE__ */ struct(
  'HelloFrame',
  {
    header: header(1),
    /** The bytes `VMBF`. */
    magic: constant(u32, 0x4642_4d56),
    /** Of the first: newest version that it speaks; of the answer: the one that both speak from here on. */
    version: u16,
    /** Which end sends it. */
    role: openEnum('FrameRole', u8, FrameRole),
    /** Whose registers hypercall frames carry; `none` without them. */
    architecture: openEnum('FrameArchitecture', u8, FrameArchitecture),
    /** Of the first: what its end can do; of the answer: what of it is used. */
    capabilities: flags('FrameCapabilities', u32, FrameCapabilities),
    /** Virtual processors of the guest, 1 … 64. */
    vps: u32,
    /** Guest physical address of the first byte of the shared file, a multiple of 4096. */
    memoryBase: u64,
    /** Bytes of the file that are guest memory. Of the answer: bytes that there are. */
    memorySize: u64,
  },
  { size: 40 },
)
export interface HelloFrame extends Infer<typeof HelloFrame> {}

/** Why an end says {@link ByeFrame}. */
export const ByeReason = {
  Done: 0,
  /** The peer broke the protocol. */
  Violation: 1,
  /** No version in common. */
  Version: 2,
  /** The peer did not do in time what it had to. */
  Stalled: 3,
  /** Another connection is open. */
  Busy: 4,
  /** A fault of this end's own. */
  Fault: 5,
} as const

/** The last frame: what follows is not read. */
export const ByeFrame = /* @__PURE__ */ struct('ByeFrame', {
  header: header(2),
  /** Why the connection ends. */
  reason: openEnum('ByeReason', u32, ByeReason),
  /** UTF-8, for people. */
  text: rest(),
})

/** Guest to host: HvCallPostMessage without registers. Answered by {@link StatusFrame}. */
export const PostFrame = /* @__PURE__ */ struct('PostFrame', {
  header: header(3),
  /** Index of the guest's VP. */
  vp: u32,
  /** Connection that is posted to or signalled. */
  connectionId: u32,
  /** SynIC message type: 1 for VMBus. */
  messageType: u32,
  /** 0 … 240. */
  size: u32,
  /** The message, as long as `size` says. */
  payload: countedBytes('size'),
})

/** Guest to host, 20 bytes: HvCallSignalEvent without registers. Answered by {@link StatusFrame} unless its tag is 0. */
export const SignalFrame = /* @__PURE__ */ struct(
  'SignalFrame',
  {
    header: header(4),
    /** Index of the guest's VP. */
    vp: u32,
    /** Connection that is posted to or signalled. */
    connectionId: u32,
    /** Event flag on that connection; 0 for VMBus. */
    flag: u32,
  },
  { size: 20 },
)

/** Host to guest, 12 bytes: the HV_STATUS of the post or signal with this tag. */
export const StatusFrame = /* @__PURE__ */ struct(
  'StatusFrame',
  {
    header: header(5),
    /** HV_STATUS: 0 for success. */
    status: u32,
  },
  { size: 12 },
)

/** Host to guest: a message in the slot of a SINT. The slot is taken until {@link EndOfMessageFrame}. */
export const MessageFrame = /* @__PURE__ */ struct('MessageFrame', {
  header: header(6),
  /** Index of the guest's VP. */
  vp: u32,
  /** SINT of that VP, 1 … 15. */
  sint: u32,
  /** SynIC message type: 1 for VMBus. */
  messageType: u32,
  /** 0 … 240. */
  size: u32,
  /** The message, as long as `size` says. */
  payload: countedBytes('size'),
})

/** Guest to host, 16 bytes: the slot is free. */
export const EndOfMessageFrame = /* @__PURE__ */ struct(
  'EndOfMessageFrame',
  {
    header: header(7),
    /** Index of the guest's VP. */
    vp: u32,
    /** SINT of that VP, 1 … 15. */
    sint: u32,
  },
  { size: 16 },
)

/** Host to guest, 20 bytes: an event flag was set. It is clear again. */
export const EventFrame = /* @__PURE__ */ struct(
  'EventFrame',
  {
    header: header(8),
    /** Index of the guest's VP. */
    vp: u32,
    /** SINT of that VP, 1 … 15. */
    sint: u32,
    /** The flag, 0 … 2047. */
    flag: u32,
  },
  { size: 20 },
)

/** Guest to host: a VP executes a hypercall instruction. ARM64: 144 bytes, X0 … X17; x64: 128 bytes, RCX, RDX, R8, XMM0 … XMM5, RAX. */
export const HypercallFrame = /* @__PURE__ */ struct('HypercallFrame', {
  header: header(9),
  /** Index of the guest's VP. */
  vp: u32,
  reserved: reserved(u32),
  /** As the VP has them at the instruction. */
  registers: rest(),
})

/** What became of a hypercall. */
export const HypercallOutcomeCode = {
  /** The result is in the registers; the instruction pointer moves on. */
  done: 0,
  /** It is to be executed again, with these registers. */
  again: 1,
  /** The VP gets an undefined instruction exception. */
  undefinedInstruction: 2,
  /** The registers ask for no hypercall: some other function of the SMCCC. */
  notAHypercall: 3,
  /** The VP does not run. */
  stopped: 4,
} as const

/** Host to guest: the answer, with the same registers. */
export const HypercallResultFrame = /* @__PURE__ */ struct('HypercallResultFrame', {
  header: header(10),
  /** What becomes of the instruction. */
  outcome: openEnum('HypercallOutcomeCode', u32, HypercallOutcomeCode),
  reserved: reserved(u32),
  /** As the VP is to have them. */
  registers: rest(),
})

/** Guest to host, 32 bytes: RDMSR or WRMSR of a synthetic MSR, on x64. */
export const MsrFrame = /* @__PURE__ */ struct(
  'MsrFrame',
  {
    header: header(11),
    /** Index of the guest's VP. */
    vp: u32,
    /** Number of the MSR. */
    number: u32,
    /** 1: WRMSR of `value`; 0: RDMSR. */
    isWrite: u32,
    reserved: reserved(u32),
    /** What is written; nothing in a read. */
    value: u64,
  },
  { size: 32 },
)

/** Host to guest, 24 bytes. */
export const MsrResultFrame = /* @__PURE__ */ struct(
  'MsrResultFrame',
  {
    header: header(12),
    /** 0: the VP gets #GP. */
    ok: u32,
    reserved: reserved(u32),
    /** What was read; nothing after a write. */
    value: u64,
  },
  { size: 24 },
)

/** Host to guest, 16 bytes: raise an interrupt. On ARM64 the vector is an INTID. */
export const InterruptFrame = /* @__PURE__ */ struct(
  'InterruptFrame',
  {
    header: header(13),
    /** Index of the guest's VP. */
    vp: u32,
    /** Interrupt vector, or INTID. */
    vector: u32,
  },
  { size: 16 },
)

/** Guest to host, 16 bytes: time has passed, in units of 100 ns. */
export const TickFrame = /* @__PURE__ */ struct(
  'TickFrame',
  {
    header: header(14),
    /** How much, in units of 100 ns. */
    by: u64,
  },
  { size: 16 },
)

/** Guest to host, 16 bytes: a bit was set in the page of triggers (monitor page) at this address. */
export const TriggerFrame = /* @__PURE__ */ struct(
  'TriggerFrame',
  {
    header: header(15),
    /** Guest physical address of the word, in bytes. */
    gpa: u64,
  },
  { size: 16 },
)

/** Either way, 8 bytes: what do you wait for? */
export const ExplainFrame = /* @__PURE__ */ struct('ExplainFrame', { header: header(16) }, { size: 8 })

/** The answer: UTF-8, a line each; cut where the frame is full. */
export const ExplanationFrame = /* @__PURE__ */ struct('ExplanationFrame', {
  header: header(17),
  /** UTF-8, for people. */
  text: rest(),
})

/** A frame of a type that this version does not have. */
export const UnknownFrame = /* @__PURE__ */ struct('UnknownFrame', {
  header: FrameHeader,
  /** All behind the header. */
  body: rest(),
})

/** Every frame, by its type. */
export const Frame = /* @__PURE__ */ union('Frame', { offset: 4, tag: u16, otherwise: UnknownFrame }, [
  { schema: HelloFrame },
  { schema: ByeFrame },
  { schema: PostFrame, from: 'guest' },
  { schema: SignalFrame, from: 'guest' },
  { schema: StatusFrame, from: 'host' },
  { schema: MessageFrame, from: 'host' },
  { schema: EndOfMessageFrame, from: 'guest' },
  { schema: EventFrame, from: 'host' },
  { schema: HypercallFrame, from: 'guest' },
  { schema: HypercallResultFrame, from: 'host' },
  { schema: MsrFrame, from: 'guest' },
  { schema: MsrResultFrame, from: 'host' },
  { schema: InterruptFrame, from: 'host' },
  { schema: TickFrame, from: 'guest' },
  { schema: TriggerFrame, from: 'guest' },
  { schema: ExplainFrame },
  { schema: ExplanationFrame },
])
/** A decoded frame; `type` is the structure's name. */
export type Frame = UnionValue<(typeof Frame)['members'][number]['schema']>

/** The bytes of a frame; its length is filled in. Throws `WireError` when the value does not fit the structure. */
export function encodeFrame<S extends StructSchema>(schema: S, value: Omit<Infer<S>, 'header'>, tag = 0): Uint8Array {
  // Sound: only the header was left out, and its two fields are given here.
  const bytes = schema.encode({ ...value, header: { length: 0, tag } } as Infer<S>)
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length, true)
  return bytes
}
