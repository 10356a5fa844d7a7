import { type GuestMemory, MemoryFault } from '../../memory/index.ts'
import { toHex } from '../../wire/index.ts'
import type { End } from '../conversation.ts'
import { type Pump, Task } from '../pump.ts'
import { type GuestTransport, type HostTransport, HvStatus, type TransportEnds } from '../transports/transport.ts'
import { ChangingMemory, flipBit } from './changing-memory.ts'
import { FaultPlan, type FaultRule, type InjectedFault, type Passage, type PassageRule } from './fault-plan.ts'

/** Which faults to inject. */
export interface FaultOptions {
  /** What goes wrong, and when. */
  readonly rules: readonly FaultRule[]
  /** What `oneIn`, lengths and bits are drawn from. Default 0. */
  readonly seed?: number
  /** Told of each fault when it strikes. */
  readonly onFault?: (fault: InjectedFault) => void
}

/** Times that what was delayed or duplicated is tried; after that it is lost. */
const maxAttempts = 64

/** One passage of one kind: how to send it, what the sender is told when it is taken, and what means that there is no room. */
interface Way<T> {
  readonly send: (bytes: Uint8Array, target: number) => T
  readonly taken: T
  readonly isFull: (outcome: T) => boolean
}

interface Late {
  /** Answers false when there is no room. */
  readonly send: () => boolean
  readonly passage: Passage
  readonly fault: FaultRule['fault']
  attempts: number
}

/** Puts faults between the two ends of a bus and their transport: `createBus({ wrap: (ends, pump) => injectFaults(ends, pump, options) })`. */
export function injectFaults(ends: TransportEnds, pump: Pump, options: FaultOptions): TransportEnds {
  return new Faults(pump, options).between(ends)
}

class Faults {
  readonly #plan: FaultPlan
  readonly #pump: Pump
  readonly #options: FaultOptions
  #late: Late[] = []
  /** What waits for the next of its kind. */
  #reordered: Late[] = []
  readonly #task = new Task('delayed by a fault', () => this.#sendLate())

  constructor(pump: Pump, options: FaultOptions) {
    this.#plan = new FaultPlan(options.rules, options.seed ?? 0)
    this.#pump = pump
    this.#options = options
  }

  between({ host, guest }: TransportEnds): TransportEnds {
    return { host: this.#host(host), guest: this.#guest(guest) }
  }

  #guest(guest: GuestTransport): GuestTransport {
    return {
      memory: this.#memory(guest.memory, 'host'),
      post: (connectionId, messageType, payload) =>
        this.#pass('message', 'guest', payload, connectionId, {
          send: (bytes, target) => guest.post(target, messageType, bytes),
          taken: HvStatus.Success,
          isFull: (status) => status === HvStatus.InsufficientBuffers || status === HvStatus.InsufficientMemory,
        }),
      signal: (connectionId, flag) =>
        this.#pass('signal', 'guest', nothing, connectionId, {
          send: (_bytes, target) => guest.signal(target, flag),
          taken: HvStatus.Success,
          isFull: () => false,
        }),
      setBit: (gpa, bit) => this.#setBit('guest', bit, (target) => guest.setBit(gpa, target)),
      take32: (gpa) => guest.take32(gpa),
      attach: (handlers) => guest.attach(handlers),
    }
  }

  #host(host: HostTransport): HostTransport {
    return {
      memory: this.#memory(host.memory, 'guest'),
      post: (vp, sint, messageType, payload) =>
        this.#pass('message', 'host', payload, sint, {
          send: (bytes) => host.post(vp, sint, messageType, bytes),
          taken: 'delivered',
          isFull: (outcome) => outcome === 'busy',
        }),
      setEventFlag: (vp, sint, flag) => {
        this.#pass('signal', 'host', nothing, flag, {
          send: (_bytes, target) => host.setEventFlag(vp, sint, target),
          taken: undefined,
          isFull: () => false,
        })
      },
      setBit: (gpa, bit) => this.#setBit('host', bit, (target) => host.setBit(gpa, target)),
      take32: (gpa) => host.take32(gpa),
      watch: (page) => host.watch(page),
      attach: (handlers) => host.attach(handlers),
    }
  }

  #setBit(from: End, bit: number, set: (bit: number) => void): void {
    this.#pass('signal', from, nothing, bit, {
      send: (_bytes, target) => set(target),
      taken: undefined,
      isFull: () => false,
    })
  }

  #pass<T>(on: Passage['on'], from: End, bytes: Uint8Array, target: number, way: Way<T>): T {
    const passage: Passage = { on, from, step: this.#plan.steps, bytes: bytes.slice(), target }
    const rule = this.#plan.passage(passage)
    if (rule === undefined || rule.fault === 'rescind') {
      const outcome = way.send(bytes, target)
      if (way.isFull(outcome)) {
        this.#plan.undo()
        return outcome
      }
      this.#followed(passage)
      if (rule !== undefined) {
        this.#report(rule.fault, passage)
        this.#pump.schedule(new Task('rescind', rule.revoke))
      }
      return outcome
    }
    this.#strike(rule, passage, way)
    return way.taken
  }

  #strike<T>(rule: Exclude<PassageRule, { fault: 'rescind' }>, passage: Passage, way: Way<T>): void {
    const { random } = this.#plan
    const { bytes, target } = passage
    const send = () => !way.isFull(way.send(bytes, target))
    const late = { passage, fault: rule.fault, send, attempts: 0 }
    switch (rule.fault) {
      case 'drop':
        this.#report(rule.fault, passage)
        return
      case 'delay':
        this.#report(rule.fault, passage)
        this.#sendLater(late)
        return
      case 'reorder':
        this.#report(rule.fault, passage)
        this.#reordered.push(late)
        // If no other of its kind comes, it is only late.
        this.#pump.scheduleLater(this.#task)
        return
      case 'duplicate':
        this.#report(rule.fault, passage)
        if (!send()) this.#sendLater(late)
        if (!send()) this.#sendLater({ ...late })
        break
      case 'truncate': {
        const length = Math.min(rule.length ?? random.below(bytes.length), bytes.length)
        this.#report(rule.fault, passage, { length })
        this.#send({ ...late, send: () => !way.isFull(way.send(bytes.slice(0, length), target)) })
        break
      }
      case 'flip': {
        const bits = passage.on === 'message' ? bytes.length * 8 : 8
        const bit = rule.bit ?? random.below(bits)
        this.#report(rule.fault, passage, { bit })
        const [flipped, other] = passage.on === 'message' ? [withBit(bytes, bit), target] : [bytes, target ^ (1 << bit)]
        this.#send({ ...late, send: () => !way.isFull(way.send(flipped, other >>> 0)) })
        break
      }
    }
    this.#followed(passage)
  }

  #send(late: Late): void {
    if (!attempt(late)) this.#sendLater(late)
  }

  #sendLater(late: Late): void {
    this.#late.push(late)
    this.#pump.scheduleLater(this.#task)
  }

  /** Something has passed: what waited for that follows. */
  #followed({ on, from }: Passage): void {
    const due = this.#reordered.filter(({ passage }) => passage.on === on && passage.from === from)
    if (due.length === 0) return
    this.#reordered = this.#reordered.filter((late) => !due.includes(late))
    for (const late of due) this.#send(late)
  }

  #sendLate(): void {
    const due = [...this.#late, ...this.#reordered]
    this.#late = []
    this.#reordered = []
    for (const late of due) {
      if (attempt(late)) continue
      late.attempts += 1
      if (late.attempts < maxAttempts) this.#sendLater(late)
      else this.#report(late.fault, late.passage, { lost: true })
    }
  }

  #memory(memory: GuestMemory, from: End): GuestMemory {
    const rules = this.#options.rules.some((rule) => rule.fault === 'change' && rule.from === from)
    if (!rules) return memory
    return new ChangingMemory(memory, (gpa, length) => {
      const step = this.#plan.reads
      const rule = this.#plan.read({ gpa, length }, from)
      if (rule === undefined) return
      const bit = Math.min(rule.bit ?? this.#plan.random.below(length * 8), length * 8 - 1)
      const word = flipBit(memory, gpa, bit)
      this.#options.onFault?.({ fault: 'change', detail: { on: 'memory', from, step, gpa: word, bit } })
    })
  }

  #report(fault: FaultRule['fault'], passage: Passage, more: Partial<InjectedFault['detail']> = {}): void {
    const { on, from, step, target, bytes } = passage
    const message = on === 'message' ? { message: toHex(bytes) } : {}
    this.#options.onFault?.({ fault, detail: { on, from, step, target, ...message, ...more } })
  }
}

const nothing = new Uint8Array(0)

/** Answers false when there is no room. A bit in memory that is not there is lost: its sender is not there to be told. */
function attempt(late: Late): boolean {
  try {
    return late.send()
  } catch (error) {
    if (error instanceof MemoryFault) return true
    throw error
  }
}

/** A copy with one bit flipped; one beyond the end flips none. */
function withBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice()
  const at = bit >>> 3
  if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7))
  return copy
}
