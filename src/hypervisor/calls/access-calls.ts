import type { Arm64TranslateGvaControlFlags } from '../../hypercall/arm64.ts'
import {
  HvCallReadGpa,
  HvCallTranslateVirtualAddress,
  HvCallTranslateVirtualAddressEx,
  HvCallWriteGpa,
} from '../../hypercall/calls/guest-access.ts'
import { HvCallGetVpSetFromMda } from '../../hypercall/calls/vp.ts'
import { onArm64 } from '../../hypercall/conventions/convention.ts'
import { CacheType, TranslateGvaResultCode as Code } from '../../hypercall/enums/memory.ts'
import { X64PendingEventType } from '../../hypercall/enums/messages.ts'
import { InputVtl } from '../../hypercall/input-vtl.ts'
import type { TranslateGvaControlFlags } from '../../hypercall/memory.ts'
import { X64PendingEvent, X64PendingExceptionEvent } from '../../hypercall/pending-events.ts'
import { HvStatus } from '../../hypercall/status.ts'
import { vpSetOf } from '../../hypercall/vp-set.ts'
import type { Infer } from '../../wire/index.ts'
import { maxGpaAccess, readGpa, writeGpa } from '../guest-access.ts'
import { vpsFromMda } from '../processors.ts'
import { type TranslateGva, type Translation, translateVirtualAddress } from '../translate.ts'
import { type ModelDispatcher, toNumber } from './dispatcher.ts'
import { givenVtl } from './input-vtl.ts'
import { outputOf } from './output.ts'

const pageFault = 14

/** Memory of a partition, by physical and virtual address. */
export function bindAccessCalls(to: ModelDispatcher, isArm64: boolean): void {
  to.on(HvCallReadGpa, ({ caller, input }) => {
    const { partitionId: partition, vpIndex: vp, byteCount: count, baseGpa, controlFlags } = input
    const call = { partition, vp, ...givenVtl(controlFlags.inputVtl), gpa: toNumber(baseGpa), count }
    return outputOf(readGpa(caller, call), ({ code, bytes }) => {
      const data = new Uint8Array(maxGpaAccess)
      data.set(bytes)
      return { accessResult: { resultCode: code }, data }
    })
  })
  to.on(HvCallWriteGpa, ({ caller, input }) => {
    const { partitionId: partition, vpIndex: vp, byteCount, baseGpa, controlFlags, data } = input
    if (byteCount > maxGpaAccess) return HvStatus.InvalidParameter
    const bytes = data.subarray(0, byteCount)
    const call = { partition, vp, ...givenVtl(controlFlags.inputVtl), gpa: toNumber(baseGpa), bytes }
    return outputOf(writeGpa(caller, call), (resultCode) => ({ accessResult: { resultCode } }))
  })
  if (isArm64) {
    to.on(onArm64(HvCallTranslateVirtualAddress), ({ caller, input }) =>
      outputOf(translateVirtualAddress(caller, arm64RequestOf(input)), answerOf),
    )
    to.on(onArm64(HvCallTranslateVirtualAddressEx), ({ caller, input }) =>
      outputOf(translateVirtualAddress(caller, arm64RequestOf(input)), answerOf),
    )
    return
  }
  to.on(HvCallTranslateVirtualAddress, ({ caller, input }) =>
    outputOf(translateVirtualAddress(caller, requestOf(input)), answerOf),
  )
  to.on(HvCallTranslateVirtualAddressEx, ({ caller, input }) => {
    const request = requestOf(input)
    return outputOf(translateVirtualAddress(caller, request), (translation) => ({
      translationResult: { ...resultOf(translation), eventInfo: eventOf(request, translation) },
      gpaPage: BigInt(translation.gpaPage),
    }))
  })
  to.on(HvCallGetVpSetFromMda, ({ caller, input }) => {
    const { targetPartition, destinationAddress, logicalDestinationMode } = input
    const vps = vpsFromMda(caller.partition, targetPartition, destinationAddress, logicalDestinationMode !== 0)
    return outputOf(vps, (indexes) => ({ targetVpSet: vpSetOf(indexes) }))
  })
}

/** A translation as a call asks for it. */
interface Asked<F> {
  readonly partitionId: bigint
  readonly vpIndex: number
  readonly controlFlags: F
  readonly gvaPage: bigint
}

function requestOf(input: Asked<Infer<typeof TranslateGvaControlFlags>['contents']>): TranslateGva {
  const { privilegeExempt, enforceSmap, overrideSmap } = input.controlFlags
  return commonRequest(input, privilegeExempt, enforceSmap, overrideSmap)
}

function arm64RequestOf(input: Asked<Infer<typeof Arm64TranslateGvaControlFlags>['contents']>): TranslateGva {
  return commonRequest(input, false, input.controlFlags.panSet, input.controlFlags.panClear)
}

type CommonFlags = Pick<
  Infer<typeof Arm64TranslateGvaControlFlags>['contents'],
  | 'validateRead'
  | 'validateWrite'
  | 'validateExecute'
  | 'setPageTableBits'
  | 'supervisorAccess'
  | 'userAccess'
  | 'inputVtlValue'
>

function commonRequest(
  { partitionId: partition, vpIndex: vp, controlFlags: flags, gvaPage }: Asked<CommonFlags>,
  isExempt: boolean,
  enforces: boolean,
  overrides: boolean,
): TranslateGva {
  const { contents: inputVtl } = InputVtl.decode(Uint8Array.of(flags.inputVtlValue))
  const { userAccess, supervisorAccess } = flags
  const as = userAccess ? (supervisorAccess ? ('both' as const) : ('user' as const)) : ('supervisor' as const)
  const smap = overrides ? ('overridden' as const) : ('enforced' as const)
  return {
    partition,
    vp,
    ...givenVtl(inputVtl),
    gvaPage,
    ...((userAccess || supervisorAccess) && { as }),
    access: {
      read: flags.validateRead,
      write: flags.validateWrite,
      execute: flags.validateExecute,
      isExempt,
      ...((overrides || enforces) && { smap }),
      setsBits: flags.setPageTableBits,
    },
  }
}

function answerOf(translation: Translation) {
  return { translationResult: resultOf(translation), gpaPage: BigInt(translation.gpaPage) }
}

function resultOf({ code, isOverlay }: Translation) {
  return { resultCode: code, flags: { cacheType: CacheType.WriteBack, overlayPage: isOverlay } }
}

/** The exception that the access would raise: a page fault where the tables forbid it, else none. */
function eventOf({ access, gvaPage }: TranslateGva, { code, isUser }: Translation): Infer<typeof X64PendingEvent> {
  const bytes = new Uint8Array(X64PendingEvent.size)
  const isFault =
    code === Code.PageNotPresent || code === Code.PrivilegeViolation || code === Code.InvalidPageTableFlags
  if (isFault) {
    const errorCode =
      (code === Code.PageNotPresent ? 0 : 1) |
      (access.write ? 2 : 0) |
      (isUser ? 4 : 0) |
      (code === Code.InvalidPageTableFlags ? 8 : 0) |
      (access.execute ? 0x10 : 0)
    const event = {
      eventPending: true,
      eventType: X64PendingEventType.Exception,
      deliverErrorCode: true,
      vector: pageFault,
    }
    bytes.set(X64PendingExceptionEvent.encode({ event, errorCode, exceptionParameter: gvaPage << 12n }))
  }
  return X64PendingEvent.decode(bytes)
}
