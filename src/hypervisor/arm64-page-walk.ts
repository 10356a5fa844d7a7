import { TranslateGvaResultCode as Code } from '../hypercall/enums/memory.ts'
import { Arm64CoreRegister } from '../hypercall/registers/arm64-core.ts'
import { Arm64SystemRegister as R } from '../hypercall/registers/arm64-system.ts'
import { GpaMemory } from './gpa-space.ts'
import { levelRegister } from './level-register.ts'
import { PageAccess } from './page-access.ts'
import { allAddresses, type GvaAccess, tableFault, type Walked } from './page-walk.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'

/** Descriptor bits. Source: Arm ARM D8.3 (VMSAv8-64 translation table format). */
const bitOf = {
  valid: 1n,
  /** Not a block: a table, or at level 3 a page. */
  table: 2n,
  /** AP[1]: exception level 0 may. */
  user: 1n << 6n,
  /** AP[2]. */
  readOnly: 1n << 7n,
  accessed: 1n << 10n,
  /** DBM: hardware may clear AP[2]. */
  dirtyManaged: 1n << 51n,
  privilegedNoExecute: 1n << 53n,
  userNoExecute: 1n << 54n,
  /** What a table takes away from all below it, unless TCR_EL1.HPDn is set. */
  tablePrivilegedNoExecute: 1n << 59n,
  tableUserNoExecute: 1n << 60n,
  tableNoUser: 1n << 61n,
  tableReadOnly: 1n << 62n,
}
const sctlr = { mmu: 1n, writableNoExecute: 1n << 19n }
/** Hardware sets the access flag (HA), and the dirty state (HD). */
const tcr = { hardwareAccess: 1n << 39n, hardwareDirty: 1n << 40n }
const pstatePan = 1n << 22n
/** PSTATE of a VP whose PSTATE nobody has set: EL1h, interrupts masked. */
const initialPstate = 0x3c5n

/** Bits of a physical address, by TCR_EL1.IPS. */
const physicalBits = [32, 36, 40, 42, 44, 48, 52] as const
/** Bits of an address within the granule, by TCR_EL1.TG0 and TG1, which are not numbered alike. */
const granules = { low: [12, 16, 14, undefined], high: [undefined, 14, 12, 16] } as const
/** Address bits that a half may translate, without FEAT_TTST and FEAT_LVA. */
const translatable = { least: 25, most: 48 } as const
const lastLevel = 3

/** Whether stage 1 translation is on in a level of a VP: SCTLR_EL1.M. */
export function isArm64MmuOn(vp: VirtualProcessor, state: VtlState): boolean {
  return (levelRegister(vp, state, R.HvArm64RegisterSctlrEl1) & sctlr.mmu) !== 0n
}

/** PSTATE of a level of a VP. */
export function arm64Pstate(state: VtlState): bigint {
  return state.registers.get(Arm64CoreRegister.HvArm64RegisterPstate)?.low ?? initialPstate
}

/** The tables of one half of the address space, as TCR_EL1 sets them up. */
interface Tables {
  /** Address of the first table. */
  readonly root: bigint
  /** Bits of an address within a page. */
  readonly granule: number
  /** Bits of an address that are translated. */
  readonly bits: number
  /** Tables restrict what is below them. */
  readonly areHierarchical: boolean
}

/** What the tables on the way have left. */
interface Permissions {
  user: boolean
  write: boolean
  userExecute: boolean
  privilegedExecute: boolean
}

/**
 * Walks the stage 1 tables of a VP: VMSAv8-64 with granules of 4, 16 or 64 KiB, without the larger addresses of FEAT_LPA. `gva` has 64 bits.
 * Translation and access flag faults are PageNotPresent, permission faults PrivilegeViolation, address size faults InvalidPageTableFlags.
 * Source: Arm ARM D8.2 to D8.5; codes as in OpenVMM virt_support_aarch64emu/translate.rs, which does not look at the access flag.
 */
export function walkArm64PageTables(vp: VirtualProcessor, state: VtlState, gva: bigint, access: GvaAccess): Walked {
  const control = levelRegister(vp, state, R.HvArm64RegisterTcrEl1)
  const tables = tablesOf(vp, state, gva, control, access)
  if (tables === undefined) return { code: Code.PageNotPresent }
  const { granule, bits } = tables
  const memory = new GpaMemory(vp.partition.space, allAddresses, state.vtl)
  const physicalEnd = 1n << BigInt(physicalBits[Number((control >> 32n) & 7n)] ?? translatable.most)
  const stride = granule - 3
  const levels = Math.ceil((bits - granule) / stride)
  const addressMask = (1n << 48n) - (1n << BigInt(granule))
  const left: Permissions = { user: true, write: true, userExecute: true, privilegedExecute: true }
  let table = tables.root
  for (let level = lastLevel + 1 - levels; ; level++) {
    if (table >= physicalEnd) return { code: Code.InvalidPageTableFlags }
    const shift = granule + stride * (lastLevel - level)
    const width = level === lastLevel + 1 - levels ? bits - shift : stride
    const index = (gva >> BigInt(shift)) & ((1n << BigInt(width)) - 1n)
    const at = Number(table + 8n * index)
    const unreadable = tableFault(vp, state, at, PageAccess.read)
    if (unreadable !== undefined) return { code: unreadable }
    const descriptor = BigInt(memory.load32(at)) | (BigInt(memory.load32(at + 4)) << 32n)
    const isTable = (descriptor & bitOf.table) !== 0n
    const canBeBlock = level === 2 || (level === 1 && granule === 12)
    if ((descriptor & bitOf.valid) === 0n || (!isTable && !canBeBlock)) return { code: Code.PageNotPresent }
    const address = descriptor & addressMask
    if (isTable && level < lastLevel) {
      if (tables.areHierarchical) restrict(left, descriptor)
      table = address
      continue
    }
    if (address >= physicalEnd) return { code: Code.InvalidPageTableFlags }
    if ((descriptor & bitOf.accessed) === 0n && (control & tcr.hardwareAccess) === 0n)
      return { code: Code.PageNotPresent }
    const cleansWrites = (control & tcr.hardwareDirty) !== 0n && (descriptor & bitOf.dirtyManaged) !== 0n
    left.user &&= (descriptor & bitOf.user) !== 0n
    left.write &&= (descriptor & bitOf.readOnly) === 0n || cleansWrites
    left.userExecute &&= (descriptor & bitOf.userNoExecute) === 0n
    left.privilegedExecute &&= (descriptor & bitOf.privilegedNoExecute) === 0n
    if (!access.isExempt && !isAllowed(vp, state, access, left)) return { code: Code.PrivilegeViolation }
    const fault = access.setsBits ? setBits(vp, state, at, descriptor, access.write && cleansWrites) : undefined
    if (fault !== undefined) return { code: fault }
    const within = (1n << BigInt(shift)) - 1n
    return { page: Number(((address & ~within) | (gva & within)) >> 12n) }
  }
}

/** The tables that translate an address; `undefined` where none do: a translation fault at level 0. */
function tablesOf(
  vp: VirtualProcessor,
  state: VtlState,
  gva: bigint,
  control: bigint,
  access: GvaAccess,
): Tables | undefined {
  const isHigh = ((gva >> 55n) & 1n) === 1n
  const field = (low: bigint, high: bigint, width: bigint) =>
    Number((control >> (isHigh ? high : low)) & ((1n << width) - 1n))
  const bits = 64 - field(0n, 16n, 6n)
  const granule = (isHigh ? granules.high : granules.low)[field(14n, 30n, 2n)]
  const isDisabled = field(7n, 23n, 1n) === 1
  if (granule === undefined || isDisabled || bits < translatable.least || bits > translatable.most) return undefined
  // The top byte may be a tag: of data always, of instructions unless TBIDn is set.
  const isFetch = access.execute && !access.read && !access.write
  const ignoresTop = field(37n, 38n, 1n) === 1 && !(isFetch && field(51n, 52n, 1n) === 1)
  const top = BigInt.asUintN(ignoresTop ? 56 : 64, gva) >> BigInt(bits)
  if (top !== (isHigh ? (1n << BigInt((ignoresTop ? 56 : 64) - bits)) - 1n : 0n)) return undefined
  const base = levelRegister(vp, state, isHigh ? R.HvArm64RegisterTtbr1El1 : R.HvArm64RegisterTtbr0El1)
  const stride = granule - 3
  const firstBits = bits - granule - stride * (Math.ceil((bits - granule) / stride) - 1)
  const size = 1n << BigInt(firstBits + 3)
  return {
    // Bits 63:48 are the ASID; below its size a table's address has none.
    root: BigInt.asUintN(48, base) & ~(size - 1n),
    granule,
    bits,
    areHierarchical: field(41n, 42n, 1n) === 0,
  }
}

function restrict(left: Permissions, descriptor: bigint): void {
  left.user &&= (descriptor & bitOf.tableNoUser) === 0n
  left.write &&= (descriptor & bitOf.tableReadOnly) === 0n
  left.userExecute &&= (descriptor & bitOf.tableUserNoExecute) === 0n
  left.privilegedExecute &&= (descriptor & bitOf.tablePrivilegedNoExecute) === 0n
}

function isAllowed(vp: VirtualProcessor, state: VtlState, access: GvaAccess, page: Permissions): boolean {
  const isData = access.read || access.write
  const control = levelRegister(vp, state, R.HvArm64RegisterSctlrEl1)
  const isWritableExecutable = (control & sctlr.writableNoExecute) === 0n
  if (access.write && !page.write) return false
  if (access.isUser) {
    // What cannot be read may be executed all the same.
    if (isData && !page.user) return false
    return !access.execute || (page.userExecute && (isWritableExecutable || !(page.user && page.write)))
  }
  // What exception level 0 can write, level 1 never executes.
  const isExecutable = page.privilegedExecute && !(page.write && (page.user || !isWritableExecutable))
  if (access.execute && !isExecutable) return false
  if (!isData || !page.user || access.smap === 'overridden') return true
  return access.smap !== 'enforced' && (arm64Pstate(state) & pstatePan) === 0n
}

/** Sets the access flag, and with `isWrite` clears AP[2] of a page whose dirty state hardware manages. */
function setBits(
  vp: VirtualProcessor,
  state: VtlState,
  at: number,
  descriptor: bigint,
  isWrite: boolean,
): number | undefined {
  const changed = (descriptor | bitOf.accessed) & ~(isWrite ? bitOf.readOnly : 0n)
  if (changed === descriptor) return undefined
  const fault = tableFault(vp, state, at, PageAccess.write)
  if (fault !== undefined) return fault
  new GpaMemory(vp.partition.space, allAddresses, state.vtl).store32(at, Number(changed & 0xffff_ffffn))
  return undefined
}
