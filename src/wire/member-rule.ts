import type { Sender, WireContext } from './context.ts'

/** When a member of a tagged union can occur. What the context leaves open does not exclude. */
export interface MemberRule {
  /** First version that has it. */
  readonly since?: number
  /** First version that no longer has it. */
  readonly before?: number
  /** Any of these feature bits must be negotiated. */
  readonly features?: number
  /** None of these feature bits may be negotiated. */
  readonly unless?: number
  /** Who may send it. */
  readonly from?: Sender
}

/** Whether a member can occur in a context. */
export function mayOccur(rule: MemberRule, context: WireContext): boolean {
  const { version, features, from } = context
  if (from !== undefined && rule.from !== undefined && rule.from !== from) return false
  if (version !== undefined && rule.since !== undefined && version < rule.since) return false
  if (version !== undefined && rule.before !== undefined && version >= rule.before) return false
  if (features !== undefined && rule.features !== undefined && (features & rule.features) === 0) return false
  if (features !== undefined && rule.unless !== undefined && (features & rule.unless) !== 0) return false
  return true
}
