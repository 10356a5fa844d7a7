import { MessageType } from '../hypercall/enums/messages.ts'
import { sintCount } from '../hypercall/synic.ts'
import { X64SynicSintDeliverableMessage } from '../hypercall/x64-messages.ts'
import { isWireError } from '../wire/index.ts'
import { interceptHeader } from './intercept-header.ts'
import { sendToParent } from './send-to-parent.ts'
import type { TakenMessage } from './synic-guest.ts'
import type { VirtualProcessor, VtlState } from './virtual-processor.ts'

/** A slot is free: tells the parent, once, if it asked by HvRegisterDeliverabilityNotifications. Source: TLFS 11.10.3. */
export function slotDeliverable(vp: VirtualProcessor, state: VtlState, sint: number): void {
  const bit = 1n << BigInt(48 + sint)
  if ((state.notifications & bit) === 0n) return
  state.notifications &= ~bit
  const payload = X64SynicSintDeliverableMessage.encode({ header: interceptHeader(vp, 0), deliverableSints: 1 << sint })
  sendToParent(vp.partition, MessageType.SynicSintDeliverable, payload)
}

/** What a message HvMessageTypeSynicSintDeliverable tells: whose slots are free; `undefined` for any other message. */
export function sintDeliverable(message: TakenMessage): { readonly vp: number; readonly sints: number[] } | undefined {
  if (message.messageType !== MessageType.SynicSintDeliverable) return undefined
  try {
    const { header, deliverableSints } = X64SynicSintDeliverableMessage.decode(message.payload)
    const sints = Array.from({ length: sintCount }, (_, sint) => sint)
    return { vp: header.vpIndex, sints: sints.filter((sint) => (deliverableSints & (1 << sint)) !== 0) }
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
