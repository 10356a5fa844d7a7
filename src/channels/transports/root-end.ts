import {
  callPostMessage,
  callSignalEvent,
  sintDeliverable,
  type TakenMessage,
  type VirtualProcessor,
  type Wire,
} from '../../hypervisor/index.ts'
import { type GuestMemory, PAGE_SIZE } from '../../memory/index.ts'
import { type Pump, Task } from '../pump.ts'
import type { RootAndChild } from './hypervisor-setup.ts'
import { type HostHandlers, type HostTransport, HvStatus, type PostOutcome } from './transport.ts'

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

/** What the root's end needs besides the machine. */
export interface RootEndOptions {
  /** The guest's memory, by guest physical address. */
  readonly memory: GuestMemory
  /** A VP of the guest has interrupts to take. */
  readonly interrupted: (vp: VirtualProcessor) => void
  /** Hears of what else the root is told at SINT0: intercepts, IOMMU faults. */
  readonly onRootMessage?: ((message: TakenMessage) => void) | undefined
}

/**
 * The root's end of VMBus on a hypervisor model: a {@link HostTransport} whose posts and signals are hypercalls of the root. It wires a port
 * when a connection of the guest's is first used, and takes it away when the host's end does not know the connection, so that ids that a
 * guest makes up cost nothing.
 */
export class RootEnd {
  /** The host's end of the transport. */
  readonly host: HostTransport
  readonly #pump: Pump
  readonly #machine: RootAndChild
  readonly #options: RootEndOptions
  /** The guest's connections, by id. */
  readonly #wired = new Map<number, GuestWire>()
  readonly #freeEventSlots: number[] = []
  #nextEventSlot = 0
  #nextPort = 1
  /** Ports of the guest that the root has connected to: connection ids by VP, SINT and kind. */
  readonly #toGuest = new Map<string, number>()
  readonly #rootTask = new Task('root: SINT0', () => this.#takeNotices())
  readonly #watchTask = new Task('watched page', () => this.#handlers?.watched())
  #watched: number | undefined
  #handlers: HostHandlers | undefined

  constructor(machine: RootAndChild, pump: Pump, options: RootEndOptions) {
    const { memory } = options
    this.#machine = machine
    this.#pump = pump
    this.#options = options
    this.host = {
      memory,
      take32: (gpa) => take32(memory, gpa),
      setBit: (gpa, bit) => void setBit(memory, gpa, bit),
      post: (vp, sint, messageType, payload) => this.#post(vp, sint, messageType, payload),
      setEventFlag: (vp, sint, flag) => this.#setEventFlag(vp, sint, flag),
      watch: (page) => {
        this.#watched = page
      },
      attach: (handlers) => {
        this.#handlers = handlers
      },
    }
  }

  /**
   * The guest posts to a connection by `call`, which makes the HvCallPostMessage and answers its HV_STATUS. The root takes the message out of
   * its slot at once, and its end says what becomes of it.
   */
  posts(connectionId: number, call: () => number): number {
    const isNew = !this.#wired.has(connectionId)
    if (!this.#isWired(connectionId, 'message')) return HvStatus.InvalidConnectionId
    const status = call()
    if (status !== HvStatus.Success) return this.#failed(connectionId, isNew, status)
    const message = this.#machine.root.synic.takeMessage(messageSint)
    if (message === undefined) return HvStatus.Success
    const answer =
      this.#handlers?.post(connectionId, message.messageType, message.payload) ?? HvStatus.InvalidConnectionId
    return this.#answered(connectionId, answer)
  }

  /** The guest signals a connection by `call`, which makes the HvCallSignalEvent and answers its HV_STATUS. */
  signals(connectionId: number, flag: number, call: () => number): number {
    const isNew = !this.#wired.has(connectionId)
    if (!this.#isWired(connectionId, 'event')) return HvStatus.InvalidConnectionId
    const status = call()
    if (status !== HvStatus.Success) return this.#failed(connectionId, isNew, status)
    const wire = this.#wired.get(connectionId)
    if (wire?.flags === undefined) return HvStatus.Success
    this.#machine.root.synic.takeFlag(wire.sint, wire.flags.base + flag)
    const answer = this.#handlers?.signal(connectionId, flag) ?? HvStatus.InvalidConnectionId
    return this.#answered(connectionId, answer)
  }

  /** The guest wrote the page of this address, or (`undefined`) may have written any. */
  wrote(gpa: number | undefined): void {
    if (this.#watched === undefined) return
    if (gpa === undefined || gpa - (gpa % PAGE_SIZE) === this.#watched) this.#pump.schedule(this.#watchTask)
  }

  /** Lets the VPs that were interrupted have their turn. */
  deliver(): void {
    if (this.#interrupt()) this.#pump.schedule(this.#rootTask)
  }

  /** The guest has taken a message: the root hears that the slot is free before the guest acts upon the message. */
  messageTaken(): void {
    if (this.#interrupt()) this.#takeNotices()
  }

  /** Tells the guest's VPs of their interrupts, and answers whether the root has some. */
  #interrupt(): boolean {
    let root = false
    for (const vp of this.#machine.hypervisor.takeInterrupted()) {
      if (vp.partition === this.#machine.childPartition) this.#options.interrupted(vp)
      else root = true
    }
    return root
  }

  #failed(connectionId: number, isNew: boolean, status: number): number {
    if (isNew) this.#unwire(connectionId)
    return status
  }

  #answered(connectionId: number, status: number): number {
    if (status === HvStatus.InvalidConnectionId) this.#unwire(connectionId)
    return status
  }

  /** Wires a connection of the guest to a port of the root, if it is not. */
  #isWired(connectionId: number, kind: 'message' | 'event'): boolean {
    const { root, childPartition, rootCalls } = this.#machine
    const existing = this.#wired.get(connectionId)
    if (existing !== undefined && (existing.flags === undefined) === (kind === 'message')) return true
    if (this.#handlers === undefined || !isId(connectionId)) return false
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
  #post(vp: number, sint: number, messageType: number, payload: Uint8Array): PostOutcome {
    if (payload.length > maxPayload) return 'refused'
    const connectionId = this.#connectionToGuest(vp, sint, 'message')
    if (connectionId === undefined) return 'refused'
    const { root, rootCalls, childPartition } = this.#machine
    const status = callPostMessage(root.caller, connectionId, messageType, payload)
    this.deliver()
    if (status === HvStatus.Success) return 'delivered'
    if (status !== HvStatus.InsufficientBuffers) return 'refused'
    rootCalls.notifyDeliverable(childPartition.id, vp, sint)
    this.deliver()
    return 'busy'
  }

  /** HvCallSignalEvent of the root. */
  #setEventFlag(vp: number, sint: number, flag: number): void {
    if (!(flag >= 0 && flag < 2048)) return
    const connectionId = this.#connectionToGuest(vp, sint, 'event')
    if (connectionId === undefined) return
    callSignalEvent(this.#machine.root.caller, connectionId, flag)
    this.deliver()
  }

  /** The root's connection to a port of the guest. */
  #connectionToGuest(vp: number, sint: number, kind: 'message' | 'event'): number | undefined {
    const key = `${kind} ${vp}.${sint}`
    const known = this.#toGuest.get(key)
    if (known !== undefined) return known
    const { root, rootCalls, childPartition, takeRootPage } = this.#machine
    if (!(childPartition.vps.has(vp) && sint >= 1 && sint < sints)) return undefined
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

  /** The root hears from the hypervisor: slots of the guest are free. */
  #takeNotices(): void {
    const { root } = this.#machine
    while (root.vp.controller.acknowledge() !== undefined) root.vp.controller.endOfInterrupt()
    for (let notice = root.synic.takeMessage(0); notice !== undefined; notice = root.synic.takeMessage(0)) {
      const free = sintDeliverable(notice)
      if (free === undefined) {
        this.#options.onRootMessage?.(notice)
        continue
      }
      for (const sint of free.sints) this.#handlers?.slotFree(free.vp, sint)
    }
    this.deliver()
  }
}

/** Sets a bit of the bitmap at `gpa`, and answers the address of its word. */
export function setBit(memory: GuestMemory, gpa: number, bit: number): number {
  const word = gpa + (bit >>> 5) * 4
  memory.store32(word, (memory.load32(word) | (1 << (bit & 31))) >>> 0)
  return word
}

/** Answers a word and makes it 0. */
export function take32(memory: GuestMemory, gpa: number): number {
  const word = memory.load32(gpa)
  if (word !== 0) memory.store32(gpa, 0)
  return word
}

function isId(connectionId: number): boolean {
  return Number.isInteger(connectionId) && connectionId >= 0 && connectionId <= maxId
}
