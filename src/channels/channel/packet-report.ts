import type { ChannelSetup } from './channel-setup.ts'

/** Tells whoever listens of a packet; header and payload are the listener's to keep. */
export function reportPacket(
  { log, channelId, interfaceId, instanceId }: ChannelSetup,
  direction: 'sent' | 'received',
  type: number,
  flags: number,
  transactionId: bigint,
  header: Uint8Array,
  payload: Uint8Array,
): void {
  log.events.emit('packet', {
    ...log.witness(),
    direction,
    channelId,
    interfaceId,
    instanceId,
    type,
    flags,
    transactionId,
    header,
    payload,
  })
}
