import { WireError, type WireErrorCode } from '../wire/index.ts'
import type { ChannelId, GpadlId } from './ids.ts'
import { GpadlBody, GpadlHeader, maxMessageSize } from './messages.ts'
import type { GpadlRange } from './server/effects.ts'

/** Words that fit a header: 27, so for one range its description and 26 page numbers, which is how Linux splits too. */
export const gpadlHeaderWords: number = /* @__PURE__ */ wordsIn(20)
/** Words that fit a body: 28. */
export const gpadlBodyWords: number = /* @__PURE__ */ wordsIn(16)
/** Most words of a GPADL: `rangeBufferLength` is a u16 of bytes. One range may so have 8190 pages. */
export const maxGpadlWords = 8191

const pageSize = 4096
const lengthOffset = 16

/**
 * The control messages that make a GPADL: one GpadlHeader and as many GpadlBody as it needs, each filled before the next begins.
 * Every body says message number 0, as Linux does (drivers/hv/channel.c create_gpadl_header).
 *
 * Throws a `WireError`: `LIMIT` for more than {@link maxGpadlWords}, `LENGTH` for a range whose pages do not match its bytes,
 * `RANGE` for a number that does not fit its field.
 */
export function gpadlMessages(channelId: ChannelId, gpadlId: GpadlId, ranges: readonly GpadlRange[]): Uint8Array[] {
  const words = rangeWords(ranges)
  const messages = [
    GpadlHeader.encode({
      channelId,
      gpadlId,
      rangeBufferLength: words.length * 8,
      rangeCount: ranges.length,
      data: words.slice(0, gpadlHeaderWords),
    }),
  ]
  for (let at = gpadlHeaderWords; at < words.length; at += gpadlBodyWords) {
    messages.push(GpadlBody.encode({ messageNumber: 0, gpadlId, data: words.slice(at, at + gpadlBodyWords) }))
  }
  return messages
}

function rangeWords(ranges: readonly GpadlRange[]): bigint[] {
  if (ranges.length === 0) throw bad('LENGTH', 'rangeCount', 'a GPADL without ranges')
  const total = ranges.reduce((sum, { pfns }) => sum + 1 + pfns.length, 0)
  if (total > maxGpadlWords) {
    throw bad('LIMIT', 'rangeBufferLength', `${total} words of ranges, at most ${maxGpadlWords}`)
  }
  const words: bigint[] = []
  for (const [index, { byteCount, byteOffset, pfns }] of ranges.entries()) {
    const range = `ranges[${index}]`
    if (!isIn(byteCount, 1, 0xffff_ffff)) throw bad('RANGE', `${range}.byteCount`, `${byteCount} bytes`)
    if (!isIn(byteOffset, 0, pageSize - 1)) throw bad('RANGE', `${range}.byteOffset`, `${byteOffset}, in a page`)
    const pages = Math.ceil((byteOffset + byteCount) / pageSize)
    if (pages !== pfns.length) {
      throw bad('LENGTH', `${range}.pfns`, `${pfns.length} pages for ${byteCount} bytes at ${byteOffset}, not ${pages}`)
    }
    words.push(BigInt(byteCount) | (BigInt(byteOffset) << 32n))
    for (const pfn of pfns) {
      if (!isIn(pfn, 0, Number.MAX_SAFE_INTEGER)) throw bad('RANGE', `${range}.pfns`, `page number ${pfn}`)
      words.push(BigInt(pfn))
    }
  }
  return words
}

function wordsIn(headerSize: number): number {
  return Math.floor((maxMessageSize - headerSize) / 8)
}

function isIn(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

function bad(code: WireErrorCode, path: string, why: string): WireError {
  return new WireError({ code, path, offset: lengthOffset, why }, 'GpadlHeader')
}
