import type { End } from '../conversation.ts'
import { Random } from '../random.ts'

/** Something on its way from one end to the other. */
export interface Passage {
  /** A signal is a hypercall or an event flag, or a bit set in an interrupt or monitor page. */
  readonly on: 'message' | 'signal'
  /** Which end sends it. */
  readonly from: End
  /** How many passed before it, both ways, from 0. One that the other end had no room for has not passed. */
  readonly step: number
  /** Of a message: header and body. Empty for a signal. */
  readonly bytes: Uint8Array
  /** From the guest: the connection. From the host: the SINT of a message, the event flag of a signal. Of a page: the bit. */
  readonly target: number
}

/** A read of guest memory by one end. */
export interface MemoryRead {
  /** Address of the first byte. */
  readonly gpa: number
  /** Bytes that were read. */
  readonly length: number
}

/** How often a rule strikes among what it matches: every time, unless limited. */
interface Limits {
  /** Only the n-th, from 0. */
  readonly nth?: number
  /** One in so many, drawn from the seed. */
  readonly oneIn?: number
}

/** Which passages a rule is about; what is left out does not matter. */
interface OfPassages extends Limits {
  readonly on?: 'message' | 'signal'
  /** Whose. */
  readonly from?: End
  readonly matches?: (passage: Passage) => boolean
}

/** A fault and when it strikes. Of several rules that match, the first one strikes. */
export type FaultRule =
  /** `delay`: until nothing else is left to run. `reorder`: until the next of the same kind from the same end has passed. */
  | (OfPassages & { readonly fault: 'drop' | 'delay' | 'duplicate' | 'reorder' })
  /** Messages only. `length`: bytes that are left; by default drawn. */
  | (OfPassages & { readonly fault: 'truncate'; readonly length?: number })
  /** `bit`: counted from the lowest of the first byte of a message, or of a signal's target; by default drawn. */
  | (OfPassages & { readonly fault: 'flip'; readonly bit?: number })
  /** The passage goes through; then `revoke` runs, such as `() => bus.host.revoke(device)`. */
  | (OfPassages & { readonly fault: 'rescind'; readonly revoke: () => void })
  /**
   * Right after the other end has read memory, a bit of what it read changes: a second read finds something else. `from`: who
   * changes it. `bit`: counted from the lowest of the first byte read; by default drawn.
   */
  | (Limits & {
      readonly fault: 'change'
      readonly from: End
      readonly matches?: (read: MemoryRead) => boolean
      readonly bit?: number
    })

/** A fault of messages and signals on their way. */
export type PassageRule = Exclude<FaultRule, { readonly fault: 'change' }>
/** A fault of memory that an end has read. */
export type ChangeRule = Extract<FaultRule, { readonly fault: 'change' }>

/** What was done, as data: the `fault` event of a transcript takes `fault` and `detail`. */
export interface InjectedFault {
  /** Which fault. */
  readonly fault: FaultRule['fault']
  /** What it struck, and how. */
  readonly detail: {
    readonly on: 'message' | 'signal' | 'memory'
    readonly from: End
    /** Number of the passage, or of the memory read. */
    readonly step: number
    /** See {@link Passage.target}. */
    readonly target?: number
    /** The message as it was sent, in hex. */
    readonly message?: string
    /** Bytes left by `truncate`. */
    readonly length?: number
    /** Changed by `flip` and `change`. */
    readonly bit?: number
    /** Address of the word that `change` changed. */
    readonly gpa?: number
    /** The other end had no room for it, time and again: what was delayed or duplicated is lost. */
    readonly lost?: boolean
  }
}

/** Which fault strikes when. The same rules and seed on the same conversation give the same faults. */
export class FaultPlan {
  /** Draws whatever a rule leaves open. */
  readonly random: Random
  readonly #rules: readonly FaultRule[]
  /** By rule: what it has matched. */
  #matched: number[]
  #before: number[]
  #steps = 0
  #reads = 0

  constructor(rules: readonly FaultRule[], seed: number) {
    this.#rules = rules
    this.random = new Random(seed)
    this.#matched = rules.map(() => 0)
    this.#before = this.#matched
  }

  /** Passages so far. */
  get steps(): number {
    return this.#steps
  }

  /** Memory reads so far. */
  get reads(): number {
    return this.#reads
  }

  /** The rule that strikes a passage. */
  passage(passage: Passage): PassageRule | undefined {
    this.#before = this.#matched.slice()
    this.#steps += 1
    let struck: PassageRule | undefined
    for (const [index, rule] of this.#rules.entries()) {
      if (rule.fault === 'change' || !isAbout(rule, passage)) continue
      if (this.#strikes(rule, index)) struck ??= rule
    }
    return struck
  }

  /** The passage did not come about: the same will be tried again. */
  undo(): void {
    this.#matched = this.#before
    this.#steps -= 1
  }

  /** The rule that strikes when an end has read memory; `from` is the other end. */
  read(read: MemoryRead, from: End): ChangeRule | undefined {
    this.#reads += 1
    let struck: ChangeRule | undefined
    for (const [index, rule] of this.#rules.entries()) {
      if (rule.fault !== 'change' || rule.from !== from || rule.matches?.(read) === false) continue
      if (this.#strikes(rule, index)) struck ??= rule
    }
    return struck
  }

  #strikes({ nth, oneIn }: Limits, index: number): boolean {
    const count = this.#matched[index] ?? 0
    this.#matched[index] = count + 1
    return (nth === undefined || nth === count) && (oneIn === undefined || this.random.below(oneIn) === 0)
  }
}

function isAbout({ fault, on, from, matches }: PassageRule, passage: Passage): boolean {
  if (fault === 'truncate' && passage.bytes.length === 0) return false
  if ((on ?? passage.on) !== passage.on || (from ?? passage.from) !== passage.from) return false
  return matches?.(passage) !== false
}
