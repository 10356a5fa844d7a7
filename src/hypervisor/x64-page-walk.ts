import { TranslateGvaResultCode as Code } from '../hypercall/enums/memory.ts'
import { X64Register as R } from '../hypercall/registers/x64.ts'
import { GpaMemory } from './gpa-space.ts'
import { levelRegister } from './level-register.ts'
import { PageAccess } from './page-access.ts'
import { allAddresses, type GvaAccess, tableFault, type Walked } from './page-walk.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'

const entryBit = {
  present: 1n,
  writable: 2n,
  user: 4n,
  accessed: 0x20n,
  dirty: 0x40n,
  large: 0x80n,
  noExecute: 1n << 63n,
}
const addressMask = 0x000f_ffff_ffff_f000n
const cr4Bit = { la57: 1n << 12n, smep: 1n << 20n, smap: 1n << 21n }
const cr0WriteProtect = 1n << 16n
const eferNoExecute = 1n << 11n
const rflagsAc = 1n << 18n

/** Levels of page tables of a VP in long mode: 4, or 5 with CR4.LA57. Source: Intel SDM volume 3, 4.5. */
export function pagingLevels(vp: VirtualProcessor, state: VtlState): 4 | 5 {
  return (levelRegister(vp, state, R.HvX64RegisterCr4) & cr4Bit.la57) === 0n ? 4 : 5
}

/** Walks the page tables of a VP in long mode. `gva` is canonical. Source: Intel SDM volume 3, 4.5, 4.6. */
export function walkPageTables(vp: VirtualProcessor, state: VtlState, gva: bigint, access: GvaAccess): Walked {
  const register = (name: number) => levelRegister(vp, state, name)
  const memory = new GpaMemory(vp.partition.space, allAddresses, state.vtl)
  const hasNoExecute = (register(R.HvX64RegisterEfer) & eferNoExecute) !== 0n
  const entries: number[] = []
  let table = register(R.HvX64RegisterCr3) & addressMask
  let [writable, user, executable] = [true, true, true]
  for (let level = pagingLevels(vp, state); ; level--) {
    const shift = BigInt(12 + 9 * (level - 1))
    const at = Number(table | (((gva >> shift) & 0x1ffn) << 3n))
    const unreadable = tableFault(vp, state, at, PageAccess.read)
    if (unreadable !== undefined) return { code: unreadable }
    entries.push(at)
    const entry = BigInt(memory.load32(at)) | (BigInt(memory.load32(at + 4)) << 32n)
    if ((entry & entryBit.present) === 0n) return { code: Code.PageNotPresent }
    const isLarge = level > 1 && (entry & entryBit.large) !== 0n
    if (!hasNoExecute && (entry & entryBit.noExecute) !== 0n) return { code: Code.InvalidPageTableFlags }
    if (isLarge && level > 3) return { code: Code.InvalidPageTableFlags }
    writable &&= (entry & entryBit.writable) !== 0n
    user &&= (entry & entryBit.user) !== 0n
    executable &&= (entry & entryBit.noExecute) === 0n
    table = entry & addressMask
    if (level > 1 && !isLarge) continue
    const within = (1n << shift) - 1n
    // Of a large page bit 12 is a memory type, the other bits below its size must be zero.
    if ((table & within & ~0x1000n) !== 0n) return { code: Code.InvalidPageTableFlags }
    if (!access.isExempt && !isAllowed(access, { writable, user, executable }, register)) {
      return { code: Code.PrivilegeViolation }
    }
    const fault = access.setsBits ? setBits(vp, state, entries, access.write) : undefined
    if (fault !== undefined) return { code: fault }
    return { page: Number(((table & ~within) | (gva & within)) >> 12n) }
  }
}

function isAllowed(
  access: GvaAccess,
  page: { readonly writable: boolean; readonly user: boolean; readonly executable: boolean },
  register: (name: number) => bigint,
): boolean {
  const cr4 = register(R.HvX64RegisterCr4)
  const writeProtects = access.isUser || (register(R.HvX64RegisterCr0) & cr0WriteProtect) !== 0n
  if (access.isUser && !page.user) return false
  if (access.write && writeProtects && !page.writable) return false
  if (access.execute && !page.executable) return false
  if (access.isUser || !page.user) return true
  if (access.execute && (cr4 & cr4Bit.smep) !== 0n) return false
  const isData = access.read || access.write
  if (!isData || (cr4 & cr4Bit.smap) === 0n || access.smap === 'overridden') return true
  return access.smap !== 'enforced' && (register(R.HvX64RegisterRflags) & rflagsAc) !== 0n
}

/** Sets accessed in all entries, and dirty in the last for a write; none, where one of them may not be written. */
function setBits(
  vp: VirtualProcessor,
  state: VtlState,
  entries: readonly number[],
  dirty: boolean,
): number | undefined {
  for (const at of entries) {
    const fault = tableFault(vp, state, at, PageAccess.write)
    if (fault !== undefined) return fault
  }
  const memory = new GpaMemory(vp.partition.space, allAddresses, state.vtl)
  for (const at of entries) {
    const isLeaf = at === entries.at(-1)
    const bits = Number(entryBit.accessed) | (isLeaf && dirty ? Number(entryBit.dirty) : 0)
    memory.store32(at, (memory.load32(at) | bits) >>> 0)
  }
  return undefined
}
