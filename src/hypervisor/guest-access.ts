import { AccessGpaResultCode as Code } from '../hypercall/enums/memory.ts'
import { HvStatus } from '../hypercall/status.ts'
import { type GuestMemory, PAGE_SIZE } from '../memory/index.ts'
import { deniedAccess } from './denied-access.ts'
import { pageOf } from './gpa-space.ts'
import { PageAccess } from './page-access.ts'
import { done, failed, type Result } from './result.ts'
import { accessedVp, type VpAccess } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Most bytes of one access. Source: TLFS 2.0A (HV_READ_WRITE_GPA_MAX_SIZE). */
export const maxGpaAccess = 16

/** HvCallReadGpa: up to 16 bytes of a page of a child's, as its VP would read them. `code`: HV_ACCESS_GPA_RESULT_CODE, 0 with the bytes. */
export function readGpa(
  caller: VirtualProcessor,
  call: VpAccess & { readonly gpa: number; readonly count: number },
): Result<{ readonly code: number; readonly bytes: Uint8Array }> {
  const code = judge(caller, call, call.count, PageAccess.read)
  if (code.value === undefined) return failed(code.status)
  const bytes = new Uint8Array(call.count)
  if (code.value.code === Code.Success) code.value.memory.read(call.gpa, bytes, 0, call.count)
  return done({ code: code.value.code, bytes })
}

/** HvCallWriteGpa: up to 16 bytes of a page of a child's, as its VP would write them. Answers HV_ACCESS_GPA_RESULT_CODE. */
export function writeGpa(
  caller: VirtualProcessor,
  call: VpAccess & { readonly gpa: number; readonly bytes: Uint8Array },
): Result<number> {
  const { gpa, bytes } = call
  const code = judge(caller, call, bytes.length, PageAccess.write)
  if (code.value === undefined) return failed(code.status)
  if (code.value.code === Code.Success) code.value.memory.write(gpa, bytes, 0, bytes.length)
  return done(code.value.code)
}

function judge(
  caller: VirtualProcessor,
  call: VpAccess & { readonly gpa: number },
  count: number,
  access: number,
): Result<{ readonly code: number; readonly memory: GuestMemory }> {
  const found = accessedVp(caller, call, 'child')
  if (found.value === undefined) return found
  const { vp, state } = found.value
  const { gpa } = call
  if (!(count >= 1 && count <= maxGpaAccess && gpa >= 0 && gpa < 2 ** 52)) return failed(HvStatus.InvalidParameter)
  if ((gpa % PAGE_SIZE) + count > PAGE_SIZE) return failed(HvStatus.InvalidParameter)
  const { space } = vp.partition
  const memory = vp.partition.memory(2 ** 52, state.vtl)
  const denied = deniedAccess(vp.partition, state.vtl, gpa, count, access)
  if (denied === undefined) return done({ code: Code.Success, memory })
  if (space.place(pageOf(gpa), state.vtl) === undefined) return done({ code: Code.Unmapped, memory })
  const isOverlay = denied.vtl === undefined && space.isOverlaid(pageOf(gpa), state.vtl)
  if (isOverlay) return done({ code: Code.IllegalOverlayAccess, memory })
  return done({ code: access === PageAccess.read ? Code.ReadIntercept : Code.WriteIntercept, memory })
}
