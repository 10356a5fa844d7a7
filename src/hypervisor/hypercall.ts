import { HvCallGetVpRegisters, HvCallSetVpRegisters } from '../hypercall/calls/vp.ts'
import { HvCallVtlCall, HvCallVtlReturn } from '../hypercall/calls/vtl.ts'
import type { HypercallMemory } from '../hypercall/conventions/memory.ts'
import type { HypercallRegisters } from '../hypercall/conventions/registers.ts'
import type { Outcome } from '../hypercall/dispatcher/index.ts'
import { InterceptType } from '../hypercall/enums/messages.ts'
import { MemoryFault } from '../memory/index.ts'
import type { ModelDispatcher } from './calls/index.ts'
import { OurStatus } from './choices.ts'
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
const noOsId = { rule: 'guest-os-id', why: 'no hypercalls before the guest OS id is set' } as const
const noPage: HypercallOutcome = { kind: 'undefined-instruction', ...noOsId }
const tooEarly: HypercallOutcome = { kind: 'refused', status: OurStatus.noGuestOsId, ...noOsId }
/** What an ARM64 guest may call all the same: some of its registers, and the switches of level, which are no calls there. */
const early: ReadonlySet<number> = /* @__PURE__ */ new Set([
  HvCallGetVpRegisters.code,
  HvCallSetVpRegisters.code,
  HvCallVtlCall.code,
  HvCallVtlReturn.code,
])

/** Above all pages of any GPA space: a VP may name every address. */
const allAddresses = 2 ** 52

/** A VP's memory as its hypercalls see it. */
export function hypercallMemory(vp: VirtualProcessor): HypercallMemory {
  const { partition } = vp
  const memories: GpaMemory[] = []
  const memory = () => {
    const known = memories[vp.vtl]
    if (known !== undefined) return known
    const made = new GpaMemory(partition.space, allAddresses, vp.vtl)
    memories[vp.vtl] = made
    return made
  }
  const check = (gpa: number, length: number, access: number) => {
    const denied = deniedAccess(partition, vp.vtl, gpa, length, access)
    if (denied !== undefined) throw new MemoryFault(denied.gpa, length, 'not for this VP')
  }
  return {
    read: (gpa, target, offset, length) => {
      check(gpa, length, PageAccess.read)
      memory().read(gpa, target, offset, length)
    },
    write: (gpa, source, offset, length) => {
      check(gpa, length, PageAccess.write)
      memory().write(gpa, source, offset, length)
    },
    canWrite: (gpa, length) => deniedAccess(partition, vp.vtl, gpa, length, PageAccess.write) === undefined,
  }
}

/** What becomes of a call in a level whose guest has not said what it is; `undefined` where that does not matter. Source: TLFS 3.13. */
function beforeOsId(vp: VirtualProcessor, registers: HypercallRegisters): HypercallOutcome | undefined {
  if (vp.current.shared.guestOsId !== 0n) return undefined
  // There is no hypercall page.
  if (vp.partition.machine.architecture === 'x64') return noPage
  const { functionId, view } = registers
  const isCall = functionId === undefined || view.getUint32(0, true) === functionId
  if (!isCall || early.has(Number(registers.control & 0xffffn))) return undefined
  registers.result = BigInt(OurStatus.noGuestOsId)
  return tooEarly
}

/**
 * Executes a hypercall instruction of a VP, once: `continued` calls are to be executed again. A block in memory that the VP cannot reach is
 * an intercept for its parent. Before the guest OS id of its level is set, an x64 guest has no call, an ARM64 guest few.
 */
export function vpHypercall(
  dispatcher: ModelDispatcher,
  vp: VirtualProcessor,
  registers: HypercallRegisters,
  memory: HypercallMemory = hypercallMemory(vp),
): HypercallOutcome {
  if (!vp.isRunning) return stopped
  const unidentified = beforeOsId(vp, registers)
  if (unidentified !== undefined) return unidentified
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
