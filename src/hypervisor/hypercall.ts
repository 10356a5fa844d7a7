import type { HypercallMemory } from '../hypercall/conventions/memory.ts'
import type { HypercallRegisters } from '../hypercall/conventions/registers.ts'
import type { Outcome } from '../hypercall/dispatcher/index.ts'
import type { ModelDispatcher } from './calls/index.ts'
import { GpaMemory } from './gpa-space.ts'
import { AccessKind, memoryIntercept } from './intercepts.ts'
import { PageAccess } from './page-access.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** What became of a hypercall instruction. `stopped`: the VP does not run. */
export type HypercallOutcome = Outcome | { readonly kind: 'stopped' }

const stopped: HypercallOutcome = { kind: 'stopped' }
const noOsId: HypercallOutcome = {
  kind: 'undefined-instruction',
  rule: 'guest-os-id',
  why: 'no hypercalls before the guest OS id is set',
}

/** Above all pages of any GPA space: a VP may name every address. */
const allAddresses = 2 ** 52

/** A VP's memory as its hypercalls see it. */
export function hypercallMemory(vp: VirtualProcessor): HypercallMemory {
  const { space } = vp.partition
  const memory = new GpaMemory(space, allAddresses)
  return {
    read: (gpa, target, offset, length) => memory.read(gpa, target, offset, length),
    write: (gpa, source, offset, length) => memory.write(gpa, source, offset, length),
    canWrite: (gpa, length) => space.firstDenied(gpa, length, PageAccess.write) === undefined,
  }
}

/**
 * Executes a hypercall instruction of a VP, once: `continued` calls are to be executed again. A block in memory that the VP cannot reach is
 * an intercept for its parent. On x64 there is no hypercall page, so no call, before the guest OS id is set (TLFS 3.13).
 */
export function vpHypercall(
  dispatcher: ModelDispatcher,
  vp: VirtualProcessor,
  registers: HypercallRegisters,
  memory: HypercallMemory = hypercallMemory(vp),
): HypercallOutcome {
  if (!vp.isRunning) return stopped
  const { guestOsId, machine } = vp.partition
  if (guestOsId === 0n && machine.architecture === 'x64') return noOsId
  const outcome = dispatcher.dispatch(registers, memory, vp)
  if (outcome.kind === 'intercepted') {
    memoryIntercept(vp, outcome.gpa, outcome.access === 'read' ? AccessKind.read : AccessKind.write)
  }
  return outcome
}
