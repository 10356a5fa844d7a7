import { checkGpadlRanges, GpaRanges, RangeFault } from '../gpa-ranges.ts'
import type { ChannelId, GpadlId } from '../ids.ts'
import { GpadlBody, GpadlCreated, GpadlHeader, GpadlTeardown, GpadlTorndown, MessageStatus } from '../messages.ts'
import type { Channel, Gpadl } from './channel.ts'
import type { Core, MessageOf } from './core.ts'
import type { GpadlRange } from './effects.ts'
import type { ServerRule } from './rules.ts'

/** GpadlHeader: the first part of a GPADL, often all of it. */
export function receiveGpadlHeader(core: Core, message: MessageOf<'GpadlHeader'>, bytes: Uint8Array): void {
  const { channelId, gpadlId, rangeBufferLength, rangeCount } = message
  const channel = core.find(channelId)
  const fault = headerFault(core, channel, message)
  if (fault !== undefined || channel === undefined) {
    const field = channel === undefined || fault === 'gpadl-reserved' ? 'channelId' : 'gpadlId'
    core.refuse(fault ?? 'unknown-channel', field, GpadlHeader.offsetOf(field), { channelId })
    answerCreate(core, channelId, gpadlId, MessageStatus.Failure)
    return
  }
  const gpadl: Gpadl = {
    id: gpadlId,
    channel,
    state: 'assembling',
    rangeCount,
    list: new Uint8Array(rangeBufferLength),
    filled: 0,
    size: rangeBufferLength,
    ranges: [],
    unwanted: false,
    silent: false,
    held: false,
  }
  core.gpadls.add(gpadl)
  append(core, gpadl, bytes.subarray(GpadlHeader.size))
}

function headerFault(
  core: Core,
  channel: Channel | undefined,
  message: MessageOf<'GpadlHeader'>,
): ServerRule | undefined {
  if (channel === undefined) return 'unknown-channel'
  if (channel.reserved !== undefined) return 'gpadl-reserved'
  if (channel.gpadls.has(message.gpadlId)) return 'gpadl-exists'
  // A body names no channel, so two GPADLs of one id cannot be told apart while they are assembled.
  if (core.gpadls.assembling.has(message.gpadlId)) return 'gpadl-assembling'
  const { maxGpadls, maxGpadlBytes } = core.settings
  const full = core.gpadls.count >= maxGpadls || message.rangeBufferLength > maxGpadlBytes - core.gpadls.bytes
  return full ? 'gpadl-limit' : undefined
}

/** GpadlBody: more of a GPADL. */
export function receiveGpadlBody(core: Core, gpadlId: GpadlId, bytes: Uint8Array): void {
  const gpadl = core.gpadls.assembling.get(gpadlId)
  if (gpadl === undefined) {
    core.refuse('gpadl-not-assembling', 'gpadlId', GpadlBody.offsetOf('gpadlId'), { why: `GPADL ${gpadlId}` })
    return
  }
  append(core, gpadl, bytes.subarray(GpadlBody.size))
}

/** Takes whole words, as many as are missing: UEFI always sends full messages. */
function append(core: Core, gpadl: Gpadl, data: Uint8Array): void {
  const length = Math.min(data.length - (data.length % 8), gpadl.list.length - gpadl.filled)
  gpadl.list.set(data.subarray(0, length), gpadl.filled)
  gpadl.filled += length
  if (gpadl.filled === gpadl.list.length) complete(core, gpadl)
}

/** The ranges are checked when all of them are there. */
function complete(core: Core, gpadl: Gpadl): void {
  const { channel, id: gpadlId } = gpadl
  core.gpadls.assembling.delete(gpadlId)
  const { channelId, offer } = channel
  if (channelId === undefined) return
  const checked = checkGpadlRanges(gpadl.list, gpadl.rangeCount)
  if (checked instanceof RangeFault) {
    core.gpadls.remove(gpadl)
    const code = checked.code === 'LENGTH' || checked.code === 'RangeTooSmall' ? 'LENGTH' : 'RANGE'
    core.refuse('gpadl-ranges', 'data', GpadlHeader.size + checked.offset, { code, why: checked.message, channelId })
    answerCreate(core, channelId, gpadlId, MessageStatus.Failure)
    return
  }
  if (checked.extraBytes > 0) {
    const offset = GpadlHeader.size + gpadl.list.length - checked.extraBytes
    core.refuse('gpadl-extra', 'data', offset, { channelId })
  }
  gpadl.ranges = rangesOf(gpadl)
  gpadl.list = noBytes
  if (channel.isRevoked || offer === undefined) {
    // No device maps it any more; the guest only waits for its answer.
    gpadl.state = 'accepted'
    answerCreate(core, channelId, gpadlId, MessageStatus.Success)
    return
  }
  gpadl.state = 'offered'
  core.effect({ kind: 'gpadl', offer, gpadlId, ranges: gpadl.ranges })
}

const noBytes = /* @__PURE__ */ new Uint8Array(0)

function rangesOf({ list, rangeCount }: Gpadl): GpadlRange[] {
  const ranges = new GpaRanges().reset(list, 0, list.length, rangeCount)
  const result: GpadlRange[] = []
  while (ranges.next()) {
    const { byteCount, byteOffset } = ranges
    result.push({ byteCount, byteOffset, pfns: Array.from(ranges.pageNumbers()) })
  }
  return result
}

function answerCreate(core: Core, channelId: ChannelId, gpadlId: GpadlId, status: number): void {
  core.send(GpadlCreated.encode({ channelId, gpadlId, status }))
}

/** The device has taken the memory, or refused. */
export function completeGpadl(core: Core, channel: Channel, gpadlId: GpadlId, ok: boolean): boolean {
  const gpadl = channel.gpadls.get(gpadlId)
  if (gpadl?.state !== 'offered') return false
  if (ok) gpadl.state = 'accepted'
  else core.gpadls.remove(gpadl)
  if (!gpadl.silent && channel.channelId !== undefined) {
    answerCreate(core, channel.channelId, gpadlId, ok ? MessageStatus.Success : MessageStatus.Failure)
  }
  if (ok && gpadl.unwanted) tearDown(core, gpadl)
  core.progress(channel)
  return true
}

/** GpadlTeardown: the guest wants its pages back. */
export function receiveGpadlTeardown(core: Core, channelId: ChannelId, gpadlId: GpadlId): void {
  const channel = core.find(channelId)
  const gpadl = channel?.gpadls.get(gpadlId)
  if (channel === undefined) {
    core.refuse('unknown-channel', 'channelId', GpadlTeardown.offsetOf('channelId'), { channelId })
  } else if (gpadl === undefined) {
    core.refuse('teardown-unknown', 'gpadlId', GpadlTeardown.offsetOf('gpadlId'), { channelId })
  } else if (channel.reserved !== undefined) {
    core.refuse('gpadl-reserved', 'channelId', GpadlTeardown.offsetOf('channelId'), { channelId })
  } else if (gpadl.state !== 'accepted') {
    core.refuse('teardown-state', 'gpadlId', GpadlTeardown.offsetOf('gpadlId'), { channelId })
  } else if (channel.isRevoked) {
    core.gpadls.remove(gpadl)
    core.send(GpadlTorndown.encode({ gpadlId }))
  } else tearDown(core, gpadl)
}

/** Asks the device to let go, as soon as it does not use the GPADL as its ring. */
function tearDown(core: Core, gpadl: Gpadl): void {
  const { channel, id: gpadlId } = gpadl
  gpadl.state = 'tearing-down'
  gpadl.held = gpadl === channel.ring
  if (!gpadl.held && channel.offer !== undefined) core.effect({ kind: 'gpadl-teardown', offer: channel.offer, gpadlId })
}

/** The device has let go. */
export function completeGpadlTeardown(core: Core, channel: Channel, gpadlId: GpadlId): boolean {
  const gpadl = channel.gpadls.get(gpadlId)
  if (gpadl?.state !== 'tearing-down' || gpadl.held) return false
  core.gpadls.remove(gpadl)
  if (!gpadl.silent) core.send(GpadlTorndown.encode({ gpadlId }))
  core.progress(channel)
  return true
}

/** The guest has let go of the channel: its GPADLs go too, without answers. The ring of a reserved channel stays. */
export function dropGpadls(core: Core, channel: Channel): void {
  for (const gpadl of [...channel.gpadls.values()]) {
    if (channel.reserved !== undefined && gpadl === channel.ring) continue
    gpadl.silent = true
    if (gpadl.state === 'assembling') core.gpadls.remove(gpadl)
    else if (gpadl.state === 'offered') gpadl.unwanted = true
    else if (gpadl.state === 'accepted') tearDown(core, gpadl)
  }
}
