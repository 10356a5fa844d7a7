import type { HypercallMemory } from '../hypercall/conventions/memory.ts'
import type { HypercallRegisters } from '../hypercall/conventions/registers.ts'
import type { Outcome } from '../hypercall/dispatcher/index.ts'
import { InterceptType } from '../hypercall/enums/messages.ts'
import { MemoryFault } from '../memory/index.ts'
import type { ModelDispatcher } from './calls/index.ts'
import { deniedAccess } from './denied-access.ts'
import { GpaMemory } from './gpa-space.ts'
import { AccessKind, hypercallIntercept, isIntercepted, memoryIntercept } from './intercepts.ts'
import { PageAccess } from './page-access.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/**
 * What became of a hypercall instruction. `stopped`: the VP does not run. `handed over`: the parent intercepts hypercalls and has this one, with
 * its registers.
 */
export type HypercallOutcome = Outcome | { readonly kind: 'stopped' | 'handed over' }

const stopped: HypercallOutcome = { kind: 'stopped' }
const handed: HypercallOutcome = { kind: 'handed over' }
const noOsId: HypercallOutcome = {
  kind: 'undefined-instruction',
  rule: 'guest-os-id',
  why: 'no hypercalls before the guest OS id is set',
}

/** Above all pages of any GPA space: a VP may name every address. */
const allAddresses = 2 ** 52

/** A VP's memory as its hypercalls see it. */
export function hypercallMemory(vp: VirtualProcessor): HypercallMemory {
  const { partition } = vp
  const memory = new GpaMemory(partition.space, allAddresses)
  const check = (gpa: number, length: number, access: number) => {
    const denied = deniedAccess(partition, vp.vtl, gpa, length, access)
    if (denied !== undefined) throw new MemoryFault(denied.gpa, length, 'not for this VP')
  }
  return {
    read: (gpa, target, offset, length) => {
      check(gpa, length, PageAccess.read)
      memory.read(gpa, target, offset, length)
    },
    write: (gpa, source, offset, length) => {
      check(gpa, length, PageAccess.write)
      memory.write(gpa, source, offset, length)
    },
    canWrite: (gpa, length) => deniedAccess(partition, vp.vtl, gpa, length, PageAccess.write) === undefined,
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
  if (isIntercepted(vp.partition, InterceptType.Hypercall, 0, AccessKind.execute)) {
    hypercallIntercept(vp, registers)
    return handed
  }
  const outcome = dispatcher.dispatch(registers, memory, vp)
  if (outcome.kind === 'intercepted') {
    const { gpa, length, access } = outcome
    const [asked, kind] = access === 'read' ? [PageAccess.read, AccessKind.read] : [PageAccess.write, AccessKind.write]
    memoryIntercept(vp, deniedAccess(vp.partition, vp.vtl, gpa, length, asked) ?? { gpa }, kind)
  }
  return outcome
}
