import { TranslateGvaResultCode as Code } from '../hypercall/enums/memory.ts'
import { X64Register } from '../hypercall/registers/x64.ts'
import { HvStatus } from '../hypercall/status.ts'
import { PAGE_SIZE } from '../memory/index.ts'
import { arm64Pstate, isArm64MmuOn, walkArm64PageTables } from './arm64-page-walk.ts'
import { OurStatus } from './choices.ts'
import { deniedAccess } from './denied-access.ts'
import { levelRegister } from './level-register.ts'
import { PageAccess } from './page-access.ts'
import type { GvaAccess } from './page-walk.ts'
import { done, failed, type Result } from './result.ts'
import { accessedVp, type VpAccess } from './target.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'
import { pagingLevels, walkPageTables } from './x64-page-walk.ts'

const cr0Paging = 1n << 31n
const eferLongMode = 1n << 10n

/** What HvCallTranslateVirtualAddress translates: a page of a VP's address space, for an access. */
export interface TranslateGva extends VpAccess {
  /** Number of a page of 4 KiB. */
  readonly gvaPage: bigint
  /** Ring 3 (ARM64: exception level 0) or not, or where both may; default as the VP runs. */
  readonly as?: 'user' | 'supervisor' | 'both'
  /** What the address is translated for. */
  readonly access: Omit<GvaAccess, 'isUser'>
}

/** What became of it. `code`: HV_TRANSLATE_GVA_RESULT_CODE, 0 with a page. */
export interface Translation {
  /** HV_TRANSLATE_GVA_RESULT_CODE. */
  readonly code: number
  /** Guest page number; 0 without success. */
  readonly gpaPage: number
  /** A page of the hypervisor's own lies there. */
  readonly isOverlay: boolean
  /** The access was judged as one of ring 3. */
  readonly isUser: boolean
}

/**
 * HvCallTranslateVirtualAddress. Without paging an address is its own translation; else the page tables of long mode (x64) or of VMSAv8-64
 * (ARM64) are walked. Other paging of x64 is none of this model's: HV_STATUS_INVALID_VP_STATE. Source: TLFS 2.0A 10.5.3.
 */
export function translateVirtualAddress(caller: VirtualProcessor, call: TranslateGva): Result<Translation> {
  const found = accessedVp(caller, call)
  if (found.value === undefined) return found
  const { vp, state } = found.value
  const { as, gvaPage } = call
  const gva = gvaPage << 12n
  if (gva >> 64n !== 0n) return failed(HvStatus.InvalidParameter)
  if (as === 'both') {
    // Nothing is set where the second would not be allowed.
    const first = translate(vp, state, gva, { ...call.access, isUser: false, setsBits: false })
    if (first.value?.code !== Code.Success) return first
  }
  const isUser = as === undefined ? runsAsUser(vp, state) : as !== 'supervisor'
  return translate(vp, state, gva, { ...call.access, isUser })
}

function translate(vp: VirtualProcessor, state: VtlState, gva: bigint, access: GvaAccess): Result<Translation> {
  const mode = pagingOf(vp, state)
  if (mode === 'other') return failed(OurStatus.pagingMode)
  if (mode === 'none') {
    if (gva >> 52n !== 0n) return failed(HvStatus.InvalidParameter)
    return done(judge(vp, state, Number(gva >> 12n), access))
  }
  const isArm64 = mode === 'VMSAv8-64'
  if (!isArm64 && !isCanonical(gva, 9 * pagingLevels(vp, state) + 12)) return failed(HvStatus.InvalidParameter)
  const walk = isArm64 ? walkArm64PageTables : walkPageTables
  const walked = walk(vp, state, gva, access)
  if ('code' in walked) return done({ code: walked.code, gpaPage: 0, isOverlay: false, isUser: access.isUser })
  return done(judge(vp, state, walked.page, access))
}

/** Whether all bits of an address from its highest translated one on are the same. */
function isCanonical(gva: bigint, bits: number): boolean {
  return BigInt.asUintN(64, BigInt.asIntN(bits, gva)) === gva
}

/** Whether the page that was found can be accessed so. */
function judge(vp: VirtualProcessor, state: VtlState, gpaPage: number, access: GvaAccess): Translation {
  const { partition } = vp
  const isOverlay = partition.space.isOverlaid(gpaPage, state.vtl)
  const answer = (code: number) => ({
    code,
    gpaPage: code === Code.Success ? gpaPage : 0,
    isOverlay,
    isUser: access.isUser,
  })
  if (partition.space.place(gpaPage, state.vtl) === undefined) return answer(Code.GpaUnmapped)
  const asked = [
    [access.read, PageAccess.read, Code.GpaNoReadAccess],
    [access.write, PageAccess.write, isOverlay ? Code.GpaIllegalOverlayAccess : Code.GpaNoWriteAccess],
    [access.execute, PageAccess.execute, Code.Intercept],
  ] as const
  for (const [isAsked, kind, code] of asked) {
    const denied = isAsked ? deniedAccess(partition, state.vtl, gpaPage * PAGE_SIZE, 1, kind) : undefined
    if (denied !== undefined) return answer(denied.vtl === undefined ? code : Code.Intercept)
  }
  return answer(Code.Success)
}

function pagingOf(vp: VirtualProcessor, state: VtlState): 'none' | 'long mode' | 'VMSAv8-64' | 'other' {
  if (vp.partition.machine.architecture === 'arm64') return isArm64MmuOn(vp, state) ? 'VMSAv8-64' : 'none'
  if ((levelRegister(vp, state, X64Register.HvX64RegisterCr0) & cr0Paging) === 0n) return 'none'
  const isLong = (levelRegister(vp, state, X64Register.HvX64RegisterEfer) & eferLongMode) !== 0n
  return isLong ? 'long mode' : 'other'
}

/** Whether a VP runs in ring 3: DPL of SS, bits 54:53 of the register's high word. ARM64: exception level 0, bits 3:2 of PSTATE. */
function runsAsUser(vp: VirtualProcessor, state: VtlState): boolean {
  if (vp.partition.machine.architecture === 'arm64') return ((arm64Pstate(state) >> 2n) & 3n) === 0n
  const ss = state.registers.get(X64Register.HvX64RegisterSs)?.high ?? 0n
  return ((ss >> 53n) & 3n) === 3n
}
