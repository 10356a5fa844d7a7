import {
  GuestCalls,
  type GuestIdentity,
  guestPrivileges,
  type HypercallOutcome,
  informationOf,
  type RegisterArchitecture,
  readMsr,
  type VirtualProcessor,
  writeMsr,
} from '../../hypervisor/index.ts'
import { MemoryFault } from '../../memory/index.ts'
import type { Pump } from '../pump.ts'
import { BasedMemory } from './based-memory.ts'
import { GuestPartition, type GuestPartitionOptions } from './guest-partition.ts'
import { setUpRootAndChild } from './hypervisor-setup.ts'

/** Bytes of a crash text that are read; Linux sends a page. */
const crashTextLimit = 0x1_0000

/** What a guest told when it crashed. */
export interface GuestCrashReport {
  /** Index of the VP that reported it. */
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
export interface ForeignGuestOptions extends GuestPartitionOptions {
  /** Of the guest's VPs. */
  readonly architecture: RegisterArchitecture
  /** The way to the guest's VPs. */
  readonly link: GuestLink
  /** What the guest is told of the hypervisor. */
  readonly identity?: GuestIdentity
}

/**
 * A guest whose processors and memory are elsewhere: a kernel in an emulator, another program. It is a partition of the hypervisor model that
 * has no software here: its hypercalls come by {@link hypercall} as the registers of the VP that made them, what the model raises goes out by
 * its {@link GuestLink}, and SynIC pages are the guest's own pages, written through. `host` is the root's end of VMBus, for a `Host` or any
 * `HostEndpoint`. Nothing runs inside a call: what a message leads to happens when the pump runs.
 */
export class ForeignGuest extends GuestPartition {
  readonly #link: GuestLink
  readonly #calls: GuestCalls

  constructor(pump: Pump, options: ForeignGuestOptions) {
    const { memory, base = 0, architecture, vps = 1, link, now, identity = {}, keepsBits } = options
    const machine = setUpRootAndChild({
      ...{ memory, base, vps, architecture, now, pageMode: 'write-through' },
      privileges: identity.privileges ?? guestPrivileges,
      information: informationOf(identity, architecture),
    })
    super(pump, machine, new BasedMemory(memory, base), keepsBits)
    this.#link = link
    this.#calls = new GuestCalls(this.hypervisor.machine, this.rootEnd)
  }

  /**
   * A VP executes a hypercall instruction. `registers` is its register file: on ARM64 X0 … X17, 144 bytes, X0 holding the function
   * 0x46000001; on x64 RCX, RDX, R8, XMM0 … XMM5, RAX, 128 bytes. Results are written into it before this returns, whatever becomes of the
   * call later. Throws `RangeError` for a VP that does not exist or too few bytes.
   */
  hypercall(vp: number, registers: Uint8Array): HypercallOutcome {
    const outcome = this.#calls.execute(this.vp(vp), registers)
    this.after()
    return outcome
  }

  /** RDMSR of a VP on x64: the value, or `undefined` for #GP. */
  readMsr(vp: number, msr: number): bigint | undefined {
    return readMsr(this.vp(vp), msr)
  }

  /** WRMSR of a VP on x64. Answers false for #GP. */
  writeMsr(vp: number, msr: number, value: bigint): boolean {
    const done = writeMsr(this.vp(vp), msr, value)
    this.after()
    return done
  }

  /** What the model requested of a VP is the guest's own controller's from here on. */
  protected override interrupted({ index, controller }: VirtualProcessor): void {
    for (let vector = controller.acknowledge(); vector !== undefined; vector = controller.acknowledge()) {
      controller.endOfInterrupt()
      this.#link.interrupt(index, vector)
    }
  }

  protected override after(): void {
    super.after()
    const crash = this.partition.crash.take()
    if (crash === undefined) return
    const { vp, parameters, hasText } = crash
    const [, , , address = 0n, length = 0n] = parameters
    this.#link.crashed?.({ vp, parameters, text: hasText ? this.#text(address, length) : undefined })
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
