import {
  HvCallCheckSparseGpaPageVtlAccess,
  HvCallDisablePartitionVtl,
  HvCallDisableVpVtl,
  HvCallEnablePartitionVtl,
  HvCallEnableVpVtl,
  HvCallModifyVtlProtectionMask,
  HvCallModifyVtlProtectionMaskRange,
  HvCallVtlCall,
  HvCallVtlReturn,
} from '../../hypercall/calls/vtl.ts'
import { onArm64 } from '../../hypercall/conventions/convention.ts'
import { CheckGpaPageVtlAccessResultCode } from '../../hypercall/enums/memory.ts'
import { HvStatus } from '../../hypercall/status.ts'
import { disablePartitionVtl, disableVpVtl, enablePartitionVtl, enableVpVtl, vtlCall, vtlReturn } from '../vtl.ts'
import { checkVtlAccess, modifyVtlProtectionMask } from '../vtl-protection.ts'
import { type ModelDispatcher, toNumber } from './dispatcher.ts'
import { initialArm64Registers, initialRegisters } from './initial-registers.ts'
import { givenVtl } from './input-vtl.ts'
import { outputOf } from './output.ts'

/** Virtual trust levels. */
export function bindVtlCalls(to: ModelDispatcher, isArm64: boolean): void {
  to.on(HvCallEnablePartitionVtl, ({ caller, input }) =>
    enablePartitionVtl(caller, input.targetPartitionId, input.targetVtl, input.flags),
  )
  to.on(HvCallDisablePartitionVtl, ({ caller, input }) =>
    disablePartitionVtl(caller, input.partitionId, input.targetVtl, input.flags.scrubOnly),
  )
  if (isArm64) {
    to.on(onArm64(HvCallEnableVpVtl), ({ caller, input }) => {
      const registers = initialArm64Registers(input.vpVtlContext)
      return enableVpVtl(caller, input.partitionId, input.vpIndex, input.targetVtl, registers)
    })
  } else {
    to.on(HvCallEnableVpVtl, ({ caller, input }) => {
      const registers = initialRegisters(input.vpVtlContext)
      return enableVpVtl(caller, input.partitionId, input.vpIndex, input.targetVtl, registers)
    })
  }
  to.on(HvCallDisableVpVtl, ({ caller, input }) =>
    disableVpVtl(caller, input.partitionId, input.vpIndex, input.targetVtl, input.flags.scrubOnly),
  )
  to.on(HvCallModifyVtlProtectionMask, ({ caller, input, element }) =>
    modifyVtlProtectionMask(caller, {
      partition: input.targetPartitionId,
      ...givenVtl(input.targetVtl),
      guestPage: toNumber(element.gpaPageNumber),
      flags: input.mapFlags,
    }),
  )
  // Element by element a page, whose two masks are those of VTL 1 and 2.
  to.on(HvCallModifyVtlProtectionMaskRange, ({ caller, input, element, index }) => {
    const { targetPartitionId: partition, targetGpaBase, targetVtlSet } = input
    if (targetVtlSet === 0 || (targetVtlSet & ~0b110) !== 0) return HvStatus.InvalidParameter
    const guestPage = toNumber(targetGpaBase) + index
    for (const [below, flags] of element.vtlPermissionSet.entries()) {
      const vtl = below + 1
      if ((targetVtlSet & (1 << vtl)) === 0) continue
      const status = modifyVtlProtectionMask(caller, { partition, vtl, guestPage, flags })
      if (status !== HvStatus.Success) return status
    }
    return HvStatus.Success
  })
  to.on(HvCallCheckSparseGpaPageVtlAccess, ({ caller, input, element }) => {
    const page = {
      partition: input.targetPartitionId,
      ...givenVtl(input.targetVtl),
      guestPage: toNumber(element.gpaPageNumber),
      access: input.desiredAccess,
    }
    return outputOf(checkVtlAccess(caller, page), ({ denied, interceptingVtl }) => {
      const { Success, MemoryIntercept } = CheckGpaPageVtlAccessResultCode
      const resultCode = denied === 0 ? Success : MemoryIntercept
      return { result: { resultCode, deniedAccess: denied, interceptingVtl } }
    })
  })
  to.onVtlSwitch(HvCallVtlCall, ({ caller }) => vtlCall(caller))
  to.onVtlSwitch(HvCallVtlReturn, ({ caller, isFast }) => vtlReturn(caller, isFast ? 1n : 0n))
}
