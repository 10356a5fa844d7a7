import { TranslateGvaResultCode as Code } from '../hypercall/enums/memory.ts'
import { PAGE_SIZE } from '../memory/index.ts'
import { deniedAccess } from './denied-access.ts'
import { PageAccess } from './page-access.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'

/** The access that a translation stands for. */
export interface GvaAccess {
  /** Loads. */
  readonly read: boolean
  /** Stores. */
  readonly write: boolean
  /** Fetches an instruction. */
  readonly execute: boolean
  /** As ring 3; ARM64: exception level 0. */
  readonly isUser: boolean
  /** Without the checks of privilege; x64 only. */
  readonly isExempt: boolean
  /** SMAP (ARM64: PAN) counts although RFLAGS.AC is set (PSTATE.PAN clear), or does not count although it is clear (set). */
  readonly smap?: 'enforced' | 'overridden'
  /** Sets the accessed and dirty bits, as the access would. */
  readonly setsBits: boolean
}

/** What page tables make of an address: a page, or why there is none (HV_TRANSLATE_GVA_RESULT_CODE). */
export type Walked = { readonly page: number } | { readonly code: number }

/** Above all pages that a table can name. */
export const allAddresses = 2 ** 52

/** Why a page table's entry cannot be read or written. `at`: its address, in bytes. */
export function tableFault(vp: VirtualProcessor, state: VtlState, at: number, access: number): number | undefined {
  const denied = deniedAccess(vp.partition, state.vtl, at, 8, access)
  if (denied === undefined) return undefined
  if (denied.vtl !== undefined) return Code.Intercept
  if (vp.partition.space.place(Math.floor(at / PAGE_SIZE), state.vtl) === undefined) return Code.GpaUnmapped
  return access === PageAccess.read ? Code.GpaNoReadAccess : Code.GpaNoWriteAccess
}
