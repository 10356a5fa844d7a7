import { MessageType } from '../hypercall/enums/messages.ts'
import { X64SynicSintDeliverableMessage } from '../hypercall/x64-messages.ts'
import { interceptHeader } from './intercept-header.ts'
import { sendToParent } from './send-to-parent.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'

/** A slot is free: tells the parent, once, if it asked by HvRegisterDeliverabilityNotifications. Source: TLFS 11.10.3. */
export function slotDeliverable(vp: VirtualProcessor, state: VtlState, sint: number): void {
  const bit = 1n << BigInt(48 + sint)
  if ((state.notifications & bit) === 0n) return
  state.notifications &= ~bit
  const payload = X64SynicSintDeliverableMessage.encode({ header: interceptHeader(vp, 0), deliverableSints: 1 << sint })
  sendToParent(vp.partition, MessageType.SynicSintDeliverable, payload)
}
