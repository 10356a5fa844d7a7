import { HypercallInputValue, SynicMessage } from '../hypercall/index.ts'
import { allSchemas } from '../schemas.ts'
import { ChannelMessage } from '../vmbus/messages.ts'
import { Packet } from '../vmbus/packets.ts'
import { tryDecode, type WireContext } from '../wire/index.ts'
import type { NamedSchema } from './kinds.ts'

/** Something that some bytes could be. */
export interface Candidate {
  /** As in `vmbus decode KIND`. */
  readonly kind: string
  /** The structure, or the union's variant. */
  readonly name: string
  /** Why one may think so. */
  readonly reasons: readonly string[]
  /** More is likelier; only for the order. */
  readonly score: number
  readonly schema: NamedSchema
  readonly value: object
}

/** How many guesses are worth showing. */
const most = 8

/** What some bytes could be, best first. */
export function candidatesFor(bytes: Uint8Array, context: WireContext): Candidate[] {
  const found: Candidate[] = []
  const consider = (kind: string, schema: NamedSchema, judge: (value: object) => [score: number, reason: string][]) => {
    const { ok, value, faults } = tryDecode(schema, bytes, context)
    if (!ok || value === undefined) return
    const points = judge(value)
    if (faults.length > 0) points.push([-2, 'reserved bits are set'])
    const extra = 'extra' in value && value.extra instanceof Uint8Array ? value.extra.byteLength : 0
    points.push(extra === 0 ? [2, `${bytes.byteLength} bytes fit exactly`] : [-1, `${extra} bytes left over`])
    const name = 'type' in value && schema.kind === 'union' ? String(value.type) : schema.name
    const score = points.reduce((sum, [points]) => sum + points, 0)
    found.push({ kind, name, reasons: points.map(([, reason]) => reason), score, schema, value })
  }
  consider('message', ChannelMessage, (value) =>
    'type' in value && value.type === 'UnknownMessage' ? [[-9, 'type unknown']] : [[4, 'a known message type']],
  )
  consider('packet', Packet, (value) => {
    const { dataOffset8, length8 }: { dataOffset8?: unknown; length8?: unknown } = Object(
      'descriptor' in value ? value.descriptor : {},
    )
    const points: [number, string][] = []
    points.push('type' in value && value.type === 'OtherPacket' ? [-4, 'type not in use'] : [3, 'a packet type in use'])
    const length = Number(length8) * 8
    points.push(
      length === bytes.byteLength || length + 8 === bytes.byteLength
        ? [4, 'its length field agrees']
        : [-4, `its length field says ${length}`],
    )
    points.push(
      Number(dataOffset8) >= 2 && Number(dataOffset8) <= Number(length8)
        ? [1, 'its payload is inside']
        : [-9, 'its payload is outside'],
    )
    return points
  })
  if (bytes.byteLength >= SynicMessage.size) {
    consider('synic', SynicMessage, (value) => {
      const { messageType, payloadSize }: { messageType?: unknown; payloadSize?: unknown } = Object(
        'header' in value ? value.header : {},
      )
      return [
        messageType === 1 ? [4, 'a VMBus message'] : [0, `message type ${messageType}`],
        Number(payloadSize) <= 240 ? [1, 'its payload size is possible'] : [-9, 'its payload size is not possible'],
      ]
    })
  }
  if (bytes.byteLength === HypercallInputValue.size) {
    consider('hypercall', HypercallInputValue, () => [[1, 'the size of an input value']])
  }
  for (const schema of allSchemas) {
    if (schema.kind !== 'struct' || schema.size !== bytes.byteLength || schema.size < 8) continue
    // Members of the unions above have been considered as such.
    if (ChannelMessage.member(schema.name) !== undefined || Packet.member(schema.name) !== undefined) continue
    if (schema === SynicMessage || schema === HypercallInputValue) continue
    consider(schema.name, schema, () => [[-1, 'nothing but its size speaks for it']])
  }
  return found
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, most)
}
