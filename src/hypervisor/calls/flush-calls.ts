import {
  HvCallFlushVirtualAddressList,
  HvCallFlushVirtualAddressListEx,
  HvCallFlushVirtualAddressSpace,
  HvCallFlushVirtualAddressSpaceEx,
} from '../../hypercall/calls/address-space.ts'
import { FlushFlags } from '../../hypercall/flags.ts'
import { HvStatus } from '../../hypercall/status.ts'
import type { ModelDispatcher } from './dispatcher.ts'

const known = Object.values(FlushFlags).reduce((mask, flag) => mask | flag, 0n)

/** What a flush covers. */
interface Flush {
  readonly addressSpace: bigint
  readonly flags: bigint
}

/** Flushes of virtual addresses. There is no TLB: nothing is flushed, but what is asked is judged. Source: TLFS 5.6, 2.0A 10.5.1. */
export function bindFlushCalls(to: ModelDispatcher, isArm64: boolean): void {
  // On ARM64 the address space is a translation table base, with an ASID above the address.
  const most = isArm64 ? 64n : 52n
  const space = known & ~FlushFlags.useExtendedRangeFormat
  to.on(HvCallFlushVirtualAddressSpace, ({ input }) => judge(input, space, most, input.processorMask))
  to.on(HvCallFlushVirtualAddressSpaceEx, ({ input }) => judge(input, space, most))
  if (isArm64) return
  const list = known & ~FlushFlags.nonGlobalMappingsOnly
  to.on(HvCallFlushVirtualAddressList, ({ input }) => judge(input, list, most, input.processorMask))
  to.on(HvCallFlushVirtualAddressListEx, ({ input }) => judge(input, list, most))
}

/**
 * @param allowed flags that the call takes.
 * @param bits bits of an address space: those above are reserved.
 * @param mask the VPs, where the call has a mask of them: one at least.
 */
function judge({ addressSpace, flags }: Flush, allowed: bigint, bits: bigint, mask?: bigint): number {
  if ((flags & ~allowed) !== 0n) return HvStatus.InvalidParameter
  if (mask === 0n && (flags & FlushFlags.allProcessors) === 0n) return HvStatus.InvalidParameter
  const isOne = (flags & FlushFlags.allVirtualAddressSpaces) === 0n
  return isOne && addressSpace >> bits !== 0n ? HvStatus.InvalidParameter : HvStatus.Success
}
