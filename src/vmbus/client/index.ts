/**
 * The guest's end of VMBus: a state machine without I/O.
 *
 * @module
 */
export type { OpenParams, OpenReservedParams } from './channels.ts'
export type { ClientEvent, OutgoingPost, RequestFailure } from './events.ts'
export { ClientStateError } from './link.ts'
export { readMessageSlot, type SlotContent } from './message-slot.ts'
export type { VmbusClientOptions } from './options.ts'
export { postRetryDelay } from './post-queue.ts'
export { VmbusClient } from './vmbus-client.ts'
