import { DnsMessage } from '../../../devices/network/index.ts'
import { tryDecode } from '../../../wire/index.ts'
import { ipv4Bytes } from './ipv4.ts'

const recordType = { a: 1, aaaa: 28 } as const
const responseCode = { none: 0, formatError: 1, nameError: 3, notImplemented: 4 } as const
const timeToLive = 60

/** The name and the type of a question, and where it ends; `undefined` when it is cut off or compressed. */
function questionIn(
  bytes: Uint8Array,
): { readonly name: string; readonly type: number; readonly end: number } | undefined {
  const labels: string[] = []
  let at = 0
  for (;;) {
    const length = bytes[at]
    if (length === undefined || length > 63 || length > bytes.length - at - 1) return undefined
    at += 1
    if (length === 0) break
    labels.push(String.fromCharCode(...bytes.subarray(at, at + length)))
    at += length
  }
  if (bytes.length - at < 4) return undefined
  const type = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  return { name: labels.join('.').toLowerCase(), type, end: at + 4 }
}

/**
 * Answers a DNS query with one question (RFC 1035). Nothing for what is no query.
 *
 * @param resolve answers the address of a name, or nothing when there is no such name.
 */
export function dnsAnswer(query: Uint8Array, resolve: (name: string) => number | undefined): Uint8Array | undefined {
  const { value, ok } = tryDecode(DnsMessage, query)
  if (!ok || value.flags.isResponse) return undefined
  const question = questionIn(value.records)
  const isPlain = value.flags.operation === 0 && value.questionCount === 1
  const answer = (code: number, records: Uint8Array, questionCount: number, answerCount: number) =>
    DnsMessage.encode({
      id: value.id,
      flags: {
        responseCode: code,
        recursionAvailable: true,
        recursionDesired: value.flags.recursionDesired,
        truncated: false,
        authoritative: true,
        operation: value.flags.operation,
        isResponse: true,
      },
      questionCount,
      answerCount,
      authorityCount: 0,
      additionalCount: 0,
      records,
    })
  if (!isPlain || question === undefined) {
    return answer(isPlain ? responseCode.formatError : responseCode.notImplemented, new Uint8Array(0), 0, 0)
  }
  const asked = value.records.subarray(0, question.end)
  const address = resolve(question.name)
  if (address === undefined) return answer(responseCode.nameError, asked, 1, 0)
  if (question.type !== recordType.a) return answer(responseCode.none, asked, 1, 0)
  // The name is where the question has it: 12 bytes from the start.
  const record = [0xc0, 12, 0, recordType.a, 0, 1, ...ipv4Bytes(timeToLive), 0, 4, ...ipv4Bytes(address)]
  return answer(responseCode.none, Uint8Array.of(...asked, ...record), 1, 1)
}
