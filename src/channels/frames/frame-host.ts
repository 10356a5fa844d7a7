import type { GuestIdentity, HypercallOutcome } from '../../hypervisor/index.ts'
import { PAGE_SIZE } from '../../memory/index.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { ForeignGuest, type GuestCrashReport } from '../transports/foreign-guest.ts'
import { MessageGuest } from '../transports/message-guest.ts'
import type { HostTransport } from '../transports/transport.ts'
import { FrameConnection, type FrameConnectionOptions, frameViolation, type GuestTraits } from './frame-connection.ts'
import {
  EventFrame,
  type Frame,
  FrameArchitecture,
  FrameCapabilities,
  type HelloFrame,
  HypercallOutcomeCode,
  HypercallResultFrame,
  InterruptFrame,
  MessageFrame,
  MsrResultFrame,
  StatusFrame,
} from './frames.ts'

/** Virtual processors that a guest may have. */
const maxVps = 64
/** Addresses of guests are below this: 52 bits. */
const addressLimit = 2n ** 52n
/** Latest time of a clock that ticks move, in units of 100 ns: 14,000 years. */
const timeLimit = 2n ** 62n

const knownCapabilities = FrameCapabilities.registers | FrameCapabilities.drivesClock

/** Bytes of the register files that {@link HypercallFrame} carries. */
const registerBytes = { x64: 128, arm64: 144 } as const

/** What the host's end is made with. */
export interface FrameHostOptions extends FrameConnectionOptions {
  /** The guest said hello: its transport is there for a `Host`. */
  readonly connected: (transport: HostTransport, hello: HelloFrame) => void
  /** The guest reported its crash. */
  readonly crashed?: (report: GuestCrashReport) => void
  /** Machine time in units of 100 ns, never going back. Default: stands at 0. */
  readonly now?: () => bigint
  /** What a guest that makes hypercalls is told. */
  readonly identity?: GuestIdentity
  /** See `GuestPartitionOptions`. */
  readonly keepsBits?: boolean
}

/** The host's end of the process transport: a foreign guest is a partition of the hypervisor model behind it. */
export class FrameHost extends FrameConnection {
  readonly #options: FrameHostOptions
  #foreign: ForeignGuest | undefined
  #speaking: MessageGuest | undefined
  #vps = 1
  #registerBytes = 0
  #drivesClock = false
  #time = 0n

  constructor(options: FrameHostOptions) {
    super('host', options)
    this.#options = options
  }

  /** Time has passed: for guests whose clock is the host's. */
  tick(): void {
    this.#guest?.tick()
  }

  /** The guest's reference time in units of 100 ns, as a time component tells it beside the host's; 0 before its hello. */
  get referenceTime(): bigint {
    return this.#guest?.partition.clock.time ?? 0n
  }

  get #guest(): ForeignGuest | MessageGuest | undefined {
    return this.#foreign ?? this.#speaking
  }

  protected override get owed(): string | undefined {
    const taken = this.#speaking?.slotsTaken ?? 0
    return taken === 0 ? undefined : 'its end of message'
  }

  protected override hello(answered: HelloFrame | undefined): GuestTraits {
    const memorySize = BigInt(this.#options.memory.size)
    if (answered === undefined) return { architecture: 0, capabilities: 0, vps: 1, memoryBase: 0n, memorySize }
    const { architecture, vps, memoryBase } = answered
    return { architecture, capabilities: answered.capabilities & knownCapabilities, vps, memoryBase, memorySize }
  }

  protected override greeted(hello: HelloFrame): Violation | undefined {
    const { memory, pump, keepsBits = false, identity, crashed, connected } = this.#options
    const { vps, memoryBase, memorySize, architecture } = hello
    if (vps < 1 || vps > maxVps) return frameViolation('frame-vps', 'RANGE', `${vps} VPs, not 1 to ${maxVps}`, 'vps')
    if (memoryBase % BigInt(PAGE_SIZE) !== 0n || memoryBase >= addressLimit - BigInt(memory.size)) {
      return frameViolation(
        'frame-memory',
        'RANGE',
        `memory cannot begin at 0x${memoryBase.toString(16)}`,
        'memoryBase',
      )
    }
    if (memorySize > BigInt(memory.size)) {
      return frameViolation('frame-memory', 'RANGE', `${memorySize} bytes of memory, of ${memory.size}`, 'memorySize')
    }
    this.#vps = vps
    this.#drivesClock = (hello.capabilities & FrameCapabilities.drivesClock) !== 0
    const base = Number(memoryBase)
    const now = () => (this.#drivesClock ? this.#time : (this.#options.now?.() ?? 0n))
    if ((hello.capabilities & FrameCapabilities.registers) === 0) {
      const link = {
        message: (vp: number, sint: number, messageType: number, payload: Uint8Array) =>
          this.send(MessageFrame, { vp, sint, messageType, size: payload.length, payload }),
        event: (vp: number, sint: number, flag: number) => this.send(EventFrame, { vp, sint, flag }),
      }
      this.#speaking = new MessageGuest(pump, { memory, base, vps, now, keepsBits, link })
      connected(this.#speaking.host, hello)
      return undefined
    }
    const name = architectureOf(architecture)
    if (name === undefined) {
      return frameViolation('frame-architecture', 'RANGE', `registers of architecture ${architecture}`, 'architecture')
    }
    this.#registerBytes = registerBytes[name]
    this.#foreign = new ForeignGuest(pump, {
      ...{ memory, base, vps, now, keepsBits, architecture: name },
      ...(identity === undefined ? {} : { identity }),
      link: {
        interrupt: (vp, vector) => this.send(InterruptFrame, { vp, vector }),
        crashed: (report) => crashed?.(report),
      },
    })
    connected(this.#foreign.host, hello)
    return undefined
  }

  protected override handle(frame: Frame): Violation | undefined {
    const guest = this.#guest
    if (guest === undefined) return undefined
    if ('vp' in frame && frame.vp >= this.#vps) {
      return frameViolation('frame-vp', 'RANGE', `VP ${frame.vp} of ${this.#vps}`, 'vp')
    }
    switch (frame.type) {
      case 'PostFrame': {
        const status = guest.post(frame.vp, frame.connectionId, frame.messageType, frame.payload)
        this.send(StatusFrame, { status }, frame.header.tag)
        return undefined
      }
      case 'SignalFrame': {
        const status = guest.signal(frame.vp, frame.connectionId, frame.flag)
        if (frame.header.tag !== 0) this.send(StatusFrame, { status }, frame.header.tag)
        return undefined
      }
      case 'EndOfMessageFrame':
        if (this.#speaking?.endOfMessage(frame.vp, frame.sint) === true) return undefined
        return frameViolation('frame-end-of-message', 'STATE', `no message in slot ${frame.vp}.${frame.sint}`, 'sint')
      case 'HypercallFrame':
        return this.#hypercall(frame.vp, frame.registers, frame.header.tag)
      case 'MsrFrame':
        return this.#msr(frame.vp, frame.number, frame.isWrite !== 0, frame.value, frame.header.tag)
      case 'TickFrame':
        this.#time = this.#time + frame.by > timeLimit ? timeLimit : this.#time + frame.by
        guest.tick()
        return undefined
      case 'TriggerFrame':
        guest.triggered(Number(frame.gpa))
        return undefined
      default:
        return frameViolation('frame-type', 'TYPE', `no frame that a guest sends: ${frame.type}`)
    }
  }

  protected override finished(): void {
    this.#foreign = undefined
    this.#speaking = undefined
  }

  #hypercall(vp: number, registers: Uint8Array, tag: number): Violation | undefined {
    if (this.#foreign === undefined) return noRegisters
    if (registers.length !== this.#registerBytes) {
      const why = `a register file of ${registers.length} bytes, not ${this.#registerBytes}`
      return frameViolation('frame-registers', 'LENGTH', why, 'registers')
    }
    const file = registers.slice()
    const outcome = this.#foreign.hypercall(vp, file)
    this.send(HypercallResultFrame, { outcome: codeOf(outcome), registers: file }, tag)
    return undefined
  }

  #msr(vp: number, number: number, isWrite: boolean, value: bigint, tag: number): Violation | undefined {
    if (this.#foreign === undefined) return noRegisters
    const read = isWrite ? undefined : this.#foreign.readMsr(vp, number)
    const isDone = isWrite ? this.#foreign.writeMsr(vp, number, value) : read !== undefined
    this.send(MsrResultFrame, { ok: Number(isDone), value: read ?? 0n }, tag)
    return undefined
  }
}

const noRegisters = frameViolation('frame-capability', 'STATE', 'the guest did not say that it has registers')

function architectureOf(code: number): 'x64' | 'arm64' | undefined {
  if (code === FrameArchitecture.arm64) return 'arm64'
  return code === FrameArchitecture.x64 ? 'x64' : undefined
}

function codeOf(outcome: HypercallOutcome): number {
  switch (outcome.kind) {
    case 'completed':
    case 'refused':
    case 'switched':
      return HypercallOutcomeCode.done
    case 'continued':
      return HypercallOutcomeCode.again
    case 'undefined-instruction':
      return HypercallOutcomeCode.undefinedInstruction
    case 'not-a-hypercall':
      return HypercallOutcomeCode.notAHypercall
    case 'stopped':
    case 'intercepted':
    case 'handed over':
      return HypercallOutcomeCode.stopped
    case 'fault':
      throw new Error(`${outcome.call}: ${outcome.why}`)
  }
}
