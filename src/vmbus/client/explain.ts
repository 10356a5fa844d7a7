import type { ClientChannel } from './channel.ts'

/** What a channel waits for, a line each. */
export function explainChannel(channel: ClientChannel): string[] {
  const { channelId, state } = channel
  const lines: string[] = []
  if (channel.parked && !channel.rescinded) lines.push(`channel ${channelId}: the offer of its primary channel`)
  if (state === 'opening') lines.push(`channel ${channelId}: OpenResult`)
  if (state === 'closing-reserved') lines.push(`channel ${channelId}: CloseReservedChannelResponse`)
  for (const { gpadlId, state: gpadlState } of channel.gpadls.values()) {
    if (gpadlState === 'creating') lines.push(`channel ${channelId}: GpadlCreated for ${gpadlId}`)
    if (gpadlState === 'tearing-down') lines.push(`channel ${channelId}: GpadlTorndown for ${gpadlId}`)
  }
  if (channel.modifying) lines.push(`channel ${channelId}: ModifyChannelResponse`)
  if (channel.rescinded && !channel.letGo) lines.push(`channel ${channelId}: release, since it was rescinded`)
  if (!channel.rescinded && channel.letGo)
    lines.push(`channel ${channelId}: RescindChannelOffer, since it was let go of`)
  return lines
}
