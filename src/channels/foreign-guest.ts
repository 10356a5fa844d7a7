import {
  GuestCalls,
  type GuestIdentity,
  guestPrivileges,
  type HypercallOutcome,
  type Hypervisor,
  informationOf,
  type Partition,
  postMessage,
  type RegisterArchitecture,
  readMsr,
  signalEvent,
  type VirtualProcessor,
  writeMsr,
} from '../hypervisor/index.ts'
import { type GuestMemory, MemoryFault } from '../memory/index.ts'
import { BasedMemory } from './based-memory.ts'
import { type RootAndChild, setUpRootAndChild } from './hypervisor-setup.ts'
import type { Pump } from './pump.ts'
import { RootEnd } from './root-end.ts'
import type { HostTransport } from './transport.ts'

/** Bytes of a crash text that are read; Linux sends a page. */
const crashTextLimit = 0x1_0000

/** What a guest told when it crashed. */
export interface GuestCrashReport {
  readonly vp: number
  /** P0 … P4 of the crash registers; Linux: error code, then registers, or with a text its address in P3 and length in P4. */
  readonly parameters: readonly bigint[]
  /** The text that came with it, if any: of Linux the end of its log. */
  readonly text: string | undefined
}

/** The way to a guest whose processors are elsewhere. It must not call the {@link ForeignGuest} before it has returned. */
export interface GuestLink {
  /** Raises an interrupt in the guest. The vector is the one that the guest wrote into a SINT: on ARM64 an INTID, such as 18. */
  interrupt(vp: number, vector: number): void
  /** The guest crashed and said so. */
  crashed?(report: GuestCrashReport): void
}

/** How a foreign guest is made. */
export interface ForeignGuestOptions {
  /** The guest's RAM, shared with it. */
  readonly memory: GuestMemory
  /** Guest physical address of the RAM's first byte, a multiple of 4096. Default 0. */
  readonly base?: number
  readonly architecture: RegisterArchitecture
  /** Default 1. */
  readonly vps?: number
  readonly link: GuestLink
  /** Machine time in units of 100 ns, never going back. Default: stands at 0. */
  readonly now?: () => bigint
  /** What the guest is told of the hypervisor. */
  readonly identity?: GuestIdentity
}

/**
 * A guest whose processors and memory are elsewhere: a kernel in an emulator, another program. It is a partition of the hypervisor model that
 * has no software here: its hypercalls come by {@link hypercall} as the registers of the VP that made them, what the model raises goes out by
 * its {@link GuestLink}, and SynIC pages are the guest's own pages, written through. {@link host} is the root's end of VMBus, for a
 * `Host` or any `HostEndpoint`. Nothing runs inside a call: what a message leads to happens when the pump runs.
 */
export class ForeignGuest {
  readonly host: HostTransport
  readonly hypervisor: Hypervisor
  /** The guest's partition. */
  readonly partition: Partition
  /** The guest's memory by guest physical address. */
  readonly memory: GuestMemory
  readonly #link: GuestLink
  readonly #machine: RootAndChild
  readonly #rootEnd: RootEnd
  readonly #calls: GuestCalls
  readonly #vps: readonly VirtualProcessor[]

  constructor(pump: Pump, options: ForeignGuestOptions) {
    const { memory, base = 0, architecture, vps = 1, link, now, identity = {} } = options
    this.#link = link
    this.memory = base === 0 ? memory : new BasedMemory(memory, base)
    this.#machine = setUpRootAndChild({
      ...{ memory, base, vps, architecture, now, pageMode: 'write-through' },
      privileges: identity.privileges ?? guestPrivileges,
      information: informationOf(identity, architecture),
    })
    this.hypervisor = this.#machine.hypervisor
    this.partition = this.#machine.childPartition
    this.#vps = this.partition.processors()
    this.#rootEnd = new RootEnd(this.#machine, pump, {
      memory: this.memory,
      interrupted: (vp) => this.#interrupted(vp),
    })
    this.host = this.#rootEnd.host
    this.#calls = new GuestCalls(this.hypervisor.machine, this.#rootEnd)
  }

  /**
   * A VP executes a hypercall instruction. `registers` is its register file: on ARM64 X0 … X17, 144 bytes,
   * X0 holding the function 0x46000001; on x64 RCX, RDX, R8, XMM0 … XMM5, RAX. Results are written into it before this returns, whatever
   * becomes of the call later. Throws `RangeError` for a VP that does not exist or too few bytes.
   */
  hypercall(vp: number, registers: Uint8Array): HypercallOutcome {
    const outcome = this.#calls.execute(this.#vp(vp), registers)
    this.#after()
    return outcome
  }

  /** HvCallPostMessage that came by other means than registers: at most 240 bytes. Answers its HV_STATUS. */
  post(vp: number, connectionId: number, messageType: number, payload: Uint8Array): number {
    const caller = this.#vp(vp)
    const status = this.#rootEnd.posts(connectionId, () =>
      postMessage(caller.partition, { connectionId, messageType, payloadSize: payload.length, payload }, caller.vtl),
    )
    this.#after()
    return status
  }

  /** HvCallSignalEvent that came by other means than registers, such as a ring of signals. Answers its HV_STATUS. */
  signal(vp: number, connectionId: number, flag = 0): number {
    const caller = this.#vp(vp)
    const status = this.#rootEnd.signals(connectionId, flag, () =>
      signalEvent(caller.partition, connectionId, flag, caller.vtl),
    )
    this.#after()
    return status
  }

  /** RDMSR of a VP on x64: the value, or `undefined` for #GP. */
  readMsr(vp: number, msr: number): bigint | undefined {
    return readMsr(this.#vp(vp), msr)
  }

  /** WRMSR of a VP on x64. Answers false for #GP. */
  writeMsr(vp: number, msr: number, value: bigint): boolean {
    const done = writeMsr(this.#vp(vp), msr, value)
    this.#after()
    return done
  }

  /** Time has passed: timers expire, and the page of triggers that the guest may have written is looked at. */
  tick(): void {
    this.hypervisor.tick()
    this.#rootEnd.wrote(undefined)
    this.#after()
  }

  #vp(index: number): VirtualProcessor {
    const vp = this.#vps[index]
    if (vp === undefined) throw new RangeError(`the guest has no VP ${index}`)
    return vp
  }

  #after(): void {
    this.#rootEnd.deliver()
    const crash = this.partition.crash.take()
    if (crash === undefined) return
    const { vp, parameters, hasText } = crash
    const [, , , address = 0n, length = 0n] = parameters
    this.#link.crashed?.({ vp, parameters, text: hasText ? this.#text(address, length) : undefined })
  }

  /** What the model requested of a VP is the guest's own controller's from here on. */
  #interrupted({ index, controller }: VirtualProcessor): void {
    for (let vector = controller.acknowledge(); vector !== undefined; vector = controller.acknowledge()) {
      controller.endOfInterrupt()
      this.#link.interrupt(index, vector)
    }
  }

  #text(address: bigint, length: bigint): string | undefined {
    const bytes = new Uint8Array(length < crashTextLimit ? Number(length) : crashTextLimit)
    try {
      this.memory.read(Number(address), bytes, 0, bytes.length)
    } catch (error) {
      if (error instanceof MemoryFault) return undefined
      throw error
    }
    return new TextDecoder().decode(bytes)
  }
}
