import { MessageType } from '../../hypercall/enums/messages.ts'
import { MessageHeader, messagePayloadSize, SynicMessage } from '../../hypercall/synic.ts'
import { u32At } from '../u32.ts'
import type { Violation } from '../violation.ts'

const slotSize = 256
const payloadAt = /* @__PURE__ */ SynicMessage.offsetOf('payload')
const typeAt = /* @__PURE__ */ MessageHeader.offsetOf('messageType')
const sizeAt = /* @__PURE__ */ MessageHeader.offsetOf('payloadSize')
/** Every control message has at least its header. */
const minPayloadSize = 8

/** What lies in a message slot: nothing, a control message, or something that is none. */
export type SlotContent =
  | { readonly kind: 'empty' }
  | { readonly kind: 'message'; readonly payload: Uint8Array }
  | { readonly kind: 'refused'; readonly violation: Violation }

/**
 * Reads the control message in a message slot of 256 bytes (SynIC message page). The host can change the slot at any time:
 * every byte is read exactly once, then type and size are checked on the copy. Bytes behind `payloadSize` mean nothing.
 * Unless it is `empty`, the slot is to be freed, also when the message was refused.
 *
 * Throws a `RangeError` unless `slot` has 256 bytes. Source: Linux drivers/hv/vmbus_drv.c (vmbus_on_msg_dpc).
 */
export function readMessageSlot(slot: Uint8Array): SlotContent {
  if (slot.length !== slotSize) throw new RangeError(`a message slot has ${slotSize} bytes, not ${slot.length}`)
  const copy = new Uint8Array(slotSize)
  // Byte by byte: a copy by the engine may read a shared buffer in pieces of its own choice, more than once.
  for (let index = 0; index < slotSize; index++) copy[index] = slot[index] ?? 0
  const type = u32At(copy, typeAt)
  const size = copy[sizeAt] ?? 0
  if (type === MessageType.None) return { kind: 'empty' }
  if (type !== MessageType.Vmbus) {
    return refused('slot-message-type', 'TYPE', 'messageType', typeAt, `message type ${type} is not VMBus's`)
  }
  if (size > messagePayloadSize) {
    return refused('slot-payload-size', 'LENGTH', 'payloadSize', sizeAt, `${size} bytes, at most ${messagePayloadSize}`)
  }
  if (size < minPayloadSize) {
    return refused('slot-payload-size', 'SHORT', 'payloadSize', sizeAt, `${size} bytes, at least ${minPayloadSize}`)
  }
  return { kind: 'message', payload: copy.slice(payloadAt, payloadAt + size) }
}

function refused(rule: string, code: Violation['code'], name: string, offset: number, why: string): SlotContent {
  return { kind: 'refused', violation: { rule, code, field: `header.${name}`, offset, why } }
}
