import { Arm64SynicSintDeliverableMessage } from '../hypercall/arm64-messages.ts'
import { MessageType } from '../hypercall/enums/messages.ts'
import { sintCount } from '../hypercall/synic.ts'
import { X64SynicSintDeliverableMessage } from '../hypercall/x64-messages.ts'
import { isWireError } from '../wire/index.ts'
import { arm64Header, x64Header } from './intercept-header.ts'
import { sendToParent } from './send-to-parent.ts'
import type { TakenMessage } from './synic-guest.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'

/** A slot is free: tells the parent, once, if it asked by HvRegisterDeliverabilityNotifications. Source: TLFS 11.10.3. */
export function slotDeliverable(vp: VirtualProcessor, state: VtlState, sint: number): void {
  const bit = 1n << BigInt(48 + sint)
  if ((state.notifications & bit) === 0n) return
  state.notifications &= ~bit
  const deliverableSints = 1 << sint
  const payload =
    vp.partition.machine.architecture === 'arm64'
      ? Arm64SynicSintDeliverableMessage.encode({ header: arm64Header(vp, 0), deliverableSints })
      : X64SynicSintDeliverableMessage.encode({ header: x64Header(vp, 0), deliverableSints })
  sendToParent(vp.partition, MessageType.SynicSintDeliverable, payload)
}

/**
 * What a message HvMessageTypeSynicSintDeliverable tells: whose slots are free; `undefined` for any other message. Its length says whether
 * it is of x64 or ARM64.
 */
export function sintDeliverable(message: TakenMessage): { readonly vp: number; readonly sints: number[] } | undefined {
  if (message.messageType !== MessageType.SynicSintDeliverable) return undefined
  try {
    const isX64 = message.payload.length >= X64SynicSintDeliverableMessage.size
    const schema = isX64 ? X64SynicSintDeliverableMessage : Arm64SynicSintDeliverableMessage
    const { header, deliverableSints } = schema.decode(message.payload)
    const sints = Array.from({ length: sintCount }, (_, sint) => sint)
    return { vp: header.vpIndex, sints: sints.filter((sint) => (deliverableSints & (1 << sint)) !== 0) }
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
