import type { WireErrorCode } from '../wire/index.ts'

/** Something a peer did that the protocol does not allow: what was refused, and why. */
export interface Violation {
  /** Stable name of the rule that was broken, such as `open-not-closed`. */
  readonly rule: string
  /** Kind of fault, as decoders name it. */
  readonly code: WireErrorCode
  /** Field that gave it away; empty when no single one did. */
  readonly field: string
  /** Byte offset of that field in the message or packet. */
  readonly offset: number
  /** The reason, for people. */
  readonly why: string
  /** Relid of the channel concerned, where there is one. */
  readonly channelId?: number
}

/** What happens to a violation: collected (default), thrown, or handed to a callback as well. */
export type ViolationPolicy = 'collect' | 'throw' | ((violation: Violation) => void)

/** Thrown for each violation under the policy `throw`. */
export class ViolationError extends Error {
  override readonly name = 'ViolationError'
  constructor(readonly violation: Violation) {
    super(`${violation.rule}: ${violation.why}`)
  }
}

/** How many violations of one rule are kept whole. */
const keptPerRule = 8
/** How many different rules are counted apart; a peer cannot make the log grow. */
const maxRules = 256

/** Counts violations exactly and keeps the first few of each rule, so that a flood costs neither memory nor log lines. */
export class ViolationLog {
  readonly #counts = new Map<string, number>()
  readonly #kept: Violation[] = []
  #total = 0

  constructor(readonly policy: ViolationPolicy = 'collect') {}

  /** Records a violation. Throws {@link ViolationError} under the policy `throw`. */
  report(violation: Violation): void {
    this.#total++
    const count = this.#counts.get(violation.rule) ?? 0
    if (count > 0 || this.#counts.size < maxRules) {
      this.#counts.set(violation.rule, count + 1)
      if (count < keptPerRule) this.#kept.push(violation)
    }
    if (this.policy === 'throw') throw new ViolationError(violation)
    if (typeof this.policy === 'function') this.policy(violation)
  }

  /** All violations there were. */
  get total(): number {
    return this.#total
  }

  /** Exact number by rule. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  /** The first few of each rule, in order. */
  get kept(): readonly Violation[] {
    return this.#kept
  }

  /** The kept violations, and forgets them and the counts: for tests and tools that look after each step. */
  take(): Violation[] {
    this.#counts.clear()
    this.#total = 0
    return this.#kept.splice(0)
  }
}
