import {
  type CallObserver,
  callPostMessage,
  callSignalEvent,
  type HypercallCaller,
  type Hypervisor,
  type Partition,
  sintDeliverable,
  type TakenMessage,
  type Wire,
} from '../hypervisor/index.ts'
import { type GuestMemory, PAGE_SIZE } from '../memory/index.ts'
import { type PlayedVp, type RootAndChild, setUpRootAndChild, vectorOf } from './hypervisor-setup.ts'
import { type Pump, Task } from './pump.ts'
import {
  type GuestHandlers,
  type GuestTransport,
  type HostHandlers,
  type HostTransport,
  HvStatus,
  type PostOutcome,
} from './transport.ts'

const sints = 16
const maxId = 0xff_ffff
const maxPayload = 240

/** Ports of the root: messages come to one SINT, events to the others, a few flags for each connection. */
const messageSint = 2
const firstEventSint = 3
const flagsPerPort = 4
const portsPerSint = 2048 / flagsPerPort
const maxEventPorts = (sints - firstEventSint) * portsPerSint

/** A connection of the guest's that the root has wired, and where its signals arrive. */
interface GuestWire extends Wire {
  /** Number of the event port, or of none. */
  readonly slot: number | undefined
}

/** How the transport is made. */
export interface HypervisorTransportOptions {
  /** Virtual processors of the guest. Default 1. */
  readonly vps?: number
  /** Hears of every hypercall that is made, of the set-up too. */
  readonly onCall?: CallObserver
  /** Hears of what else the root is told at SINT0: intercepts, IOMMU faults. */
  readonly onRootMessage?: (message: TakenMessage) => void
}

/**
 * Both ends of a bus as two partitions of a hypervisor model: every message is an HvCallPostMessage through a port into a SynIC slot, every
 * signal an HvCallSignalEvent into event flags. The root wires the ports when they are first used. The bytes of each call are encoded into
 * registers and pages, dispatched, and decoded, as a processor's would be.
 */
export class HypervisorTransport {
  readonly host: HostTransport
  readonly guest: GuestTransport
  readonly hypervisor: Hypervisor
  /** The guest's partition. */
  readonly child: Partition
  readonly #pump: Pump
  readonly #machine: RootAndChild
  readonly #memory: GuestMemory
  readonly #guestMemory: GuestMemory
  /** The guest's connections, by id. */
  readonly #wired = new Map<number, GuestWire>()
  readonly #freeEventSlots: number[] = []
  #nextEventSlot = 0
  #nextPort = 1
  /** Ports of the guest that the root has connected to: connection ids by VP, SINT and kind. */
  readonly #toGuest = new Map<string, number>()
  readonly #guestTasks: readonly Task[]
  readonly #rootTask = new Task('root: SINT0', () => this.#takeNotices())
  readonly #watchTask = new Task('watched page', () => this.#hostHandlers?.watched())
  #watched: number | undefined
  readonly #onRootMessage: ((message: TakenMessage) => void) | undefined
  #hostHandlers: HostHandlers | undefined
  #guestHandlers: GuestHandlers | undefined

  constructor(memory: GuestMemory, pump: Pump, options: HypervisorTransportOptions = {}) {
    this.#pump = pump
    this.#onRootMessage = options.onRootMessage
    this.#machine = setUpRootAndChild(memory, options.vps ?? 1, options.onCall)
    this.hypervisor = this.#machine.hypervisor
    this.child = this.#machine.childPartition
    this.#memory = this.hypervisor.root.memory(this.#machine.guestBytes)
    this.#guestMemory = this.child.memory(this.#machine.guestBytes)
    this.#guestTasks = this.#machine.children.map(
      (played) => new Task(`VP ${played.vp.index}: interrupts`, () => this.#interrupted(played)),
    )
    this.guest = {
      memory: this.#guestMemory,
      take32: (gpa) => take32(this.#guestMemory, gpa),
      setBit: (gpa, bit) => {
        const word = setBit(this.#guestMemory, gpa, bit)
        if (this.#watched !== undefined && word - (word % PAGE_SIZE) === this.#watched) pump.schedule(this.#watchTask)
      },
      post: (connectionId, messageType, payload) => this.#guestPosts(connectionId, messageType, payload),
      signal: (connectionId, flag) => this.#guestSignals(connectionId, flag),
      attach: (handlers) => {
        this.#guestHandlers = handlers
        for (const task of this.#guestTasks) pump.schedule(task)
      },
    }
    this.host = {
      memory: this.#memory,
      take32: (gpa) => take32(this.#memory, gpa),
      setBit: (gpa, bit) => void setBit(this.#memory, gpa, bit),
      post: (vp, sint, messageType, payload) => this.#hostPosts(vp, sint, messageType, payload),
      setEventFlag: (vp, sint, flag) => this.#hostSignals(vp, sint, flag),
      watch: (page) => {
        this.#watched = page
      },
      attach: (handlers) => {
        this.#hostHandlers = handlers
      },
    }
  }

  /** The root's VP, to make further hypercalls with. What they raise is delivered when the pump runs. */
  get root(): HypercallCaller {
    return this.#machine.root.caller
  }

  /** Lets interrupts that came from outside the bus, such as an IOMMU fault, reach their VPs when the pump runs. */
  deliver(): void {
    this.#afterRootCall()
  }

  /** HvCallPostMessage of the guest; the root takes the message out of its slot at once, and its end says what becomes of it. */
  #guestPosts(connectionId: number, messageType: number, payload: Uint8Array): number {
    const [first] = this.#machine.children
    if (!(messageType >= 0 && messageType <= 0xffff_ffff)) return HvStatus.InvalidParameter
    if (first === undefined || !this.#isWired(connectionId, 'message')) return HvStatus.InvalidConnectionId
    const status = callPostMessage(first.caller, connectionId, messageType, payload)
    if (status !== HvStatus.Success) return status
    const message = this.#machine.root.synic.takeMessage(messageSint)
    if (message === undefined) return HvStatus.Success
    const answer =
      this.#hostHandlers?.post(connectionId, message.messageType, message.payload) ?? HvStatus.InvalidConnectionId
    return this.#answered(connectionId, answer)
  }

  /** HvCallSignalEvent of the guest. */
  #guestSignals(connectionId: number, flag: number): number {
    const [first] = this.#machine.children
    if (!(flag >= 0 && flag <= 0xffff)) return HvStatus.InvalidParameter
    if (first === undefined || !this.#isWired(connectionId, 'event')) return HvStatus.InvalidConnectionId
    const status = callSignalEvent(first.caller, connectionId, flag)
    if (status !== HvStatus.Success) return status
    const wire = this.#wired.get(connectionId)
    if (wire?.flags === undefined) return HvStatus.Success
    this.#machine.root.synic.takeFlag(wire.sint, wire.flags.base + flag)
    const answer = this.#hostHandlers?.signal(connectionId, flag) ?? HvStatus.InvalidConnectionId
    return this.#answered(connectionId, answer)
  }

  /** A connection that the host's end does not know is taken away again, so that ids that a guest makes up cost nothing. */
  #answered(connectionId: number, status: number): number {
    if (status === HvStatus.InvalidConnectionId) this.#unwire(connectionId)
    return status
  }

  /** Wires a connection of the guest to a port of the root, if it is not. */
  #isWired(connectionId: number, kind: 'message' | 'event'): boolean {
    const { root, childPartition, rootCalls } = this.#machine
    const existing = this.#wired.get(connectionId)
    if (existing !== undefined && (existing.flags === undefined) === (kind === 'message')) return true
    if (this.#hostHandlers === undefined || !isId(connectionId)) return false
    this.#unwire(connectionId)
    const ends = { receiver: root.vp.partition.id, sender: childPartition.id, connectionId, vp: root.vp.index }
    const slot = kind === 'event' ? this.#takeEventSlot() : undefined
    if (kind === 'event' && slot === undefined) return false
    const place =
      slot === undefined
        ? { sint: messageSint }
        : {
            sint: firstEventSint + Math.floor(slot / portsPerSint),
            flags: { base: (slot % portsPerSint) * flagsPerPort, count: flagsPerPort },
          }
    const wire = { ...ends, ...place, portId: this.#newPort(), slot }
    if (rootCalls.wire(wire) !== HvStatus.Success) {
      if (slot !== undefined) this.#freeEventSlots.push(slot)
      return false
    }
    this.#wired.set(connectionId, wire)
    return true
  }

  #unwire(connectionId: number): void {
    const wire = this.#wired.get(connectionId)
    if (wire === undefined) return
    this.#wired.delete(connectionId)
    this.#machine.rootCalls.unwire(wire)
    if (wire.slot !== undefined) this.#freeEventSlots.push(wire.slot)
  }

  #takeEventSlot(): number | undefined {
    return this.#freeEventSlots.pop() ?? (this.#nextEventSlot < maxEventPorts ? this.#nextEventSlot++ : undefined)
  }

  /** Port ids go round; one that is taken by now is passed over by trying again. */
  #newPort(): number {
    const { root } = this.#machine
    while (root.vp.partition.ports.has(this.#nextPort)) this.#nextPort = (this.#nextPort + 1) & maxId
    return this.#nextPort
  }

  /** HvCallPostMessage of the root, to a port of the guest that is made when it is first needed. */
  #hostPosts(vp: number, sint: number, messageType: number, payload: Uint8Array): PostOutcome {
    if (payload.length > maxPayload) return 'refused'
    const connectionId = this.#connectionToGuest(vp, sint, 'message')
    if (connectionId === undefined) return 'refused'
    const { root, rootCalls, childPartition } = this.#machine
    const status = callPostMessage(root.caller, connectionId, messageType, payload)
    this.#afterRootCall()
    if (status === HvStatus.Success) return 'delivered'
    if (status !== HvStatus.InsufficientBuffers) return 'refused'
    rootCalls.notifyDeliverable(childPartition.id, vp, sint)
    this.#afterRootCall()
    return 'busy'
  }

  /** HvCallSignalEvent of the root. */
  #hostSignals(vp: number, sint: number, flag: number): void {
    if (!(flag >= 0 && flag < 2048)) return
    const connectionId = this.#connectionToGuest(vp, sint, 'event')
    if (connectionId === undefined) return
    callSignalEvent(this.#machine.root.caller, connectionId, flag)
    this.#afterRootCall()
  }

  /** The root's connection to a port of the guest. */
  #connectionToGuest(vp: number, sint: number, kind: 'message' | 'event'): number | undefined {
    const key = `${kind} ${vp}.${sint}`
    const known = this.#toGuest.get(key)
    if (known !== undefined) return known
    if (!(vp >= 0 && vp < this.#machine.children.length && sint >= 1 && sint < sints)) return undefined
    const { root, rootCalls, childPartition, takeRootPage } = this.#machine
    const connectionId = this.#toGuest.size + 1
    const ends = { receiver: childPartition.id, sender: root.vp.partition.id, connectionId, portId: connectionId }
    if (kind === 'message') {
      // A message port takes a page of the guest's pool, which has none to spare.
      const page = takeRootPage()
      if (page === undefined) return undefined
      rootCalls.deposit(childPartition.id, [page])
    }
    const flags = kind === 'event' ? { flags: { base: 0, count: 2048 } } : {}
    if (rootCalls.wire({ ...ends, vp, sint, ...flags }) !== HvStatus.Success) return undefined
    this.#toGuest.set(key, connectionId)
    return connectionId
  }

  /** Lets the VPs that were interrupted have their turn. */
  #afterRootCall(): void {
    for (const vp of this.hypervisor.takeInterrupted()) {
      const task = vp.partition === this.child ? this.#guestTasks[vp.index] : this.#rootTask
      if (task !== undefined) this.#pump.schedule(task)
    }
  }

  /** A VP of the guest takes its interrupts: of each SINT the message, then the flags. */
  #interrupted(played: PlayedVp): void {
    const handlers = this.#guestHandlers
    if (handlers === undefined) return
    const { vp, synic } = played
    for (let vector = vp.controller.acknowledge(); vector !== undefined; vector = vp.controller.acknowledge()) {
      const sint = vector - vectorOf(0)
      const message = synic.takeMessage(sint)
      vp.controller.endOfInterrupt()
      if (message !== undefined) handlers.message(vp.index, sint, message.messageType, message.payload)
      synic.takeFlags(sint, (flag) => handlers.event(vp.index, sint, flag))
    }
    this.#afterRootCall()
  }

  /** The root hears from the hypervisor: slots of the guest are free. */
  #takeNotices(): void {
    const { root } = this.#machine
    while (root.vp.controller.acknowledge() !== undefined) root.vp.controller.endOfInterrupt()
    for (let notice = root.synic.takeMessage(0); notice !== undefined; notice = root.synic.takeMessage(0)) {
      const free = sintDeliverable(notice)
      if (free === undefined) {
        this.#onRootMessage?.(notice)
        continue
      }
      for (const sint of free.sints) this.#hostHandlers?.slotFree(free.vp, sint)
    }
    this.#afterRootCall()
  }
}

function isId(connectionId: number): boolean {
  return Number.isInteger(connectionId) && connectionId >= 0 && connectionId <= maxId
}

function setBit(memory: GuestMemory, gpa: number, bit: number): number {
  const word = gpa + (bit >>> 5) * 4
  memory.store32(word, (memory.load32(word) | (1 << (bit & 31))) >>> 0)
  return word
}

function take32(memory: GuestMemory, gpa: number): number {
  const word = memory.load32(gpa)
  if (word !== 0) memory.store32(gpa, 0)
  return word
}
