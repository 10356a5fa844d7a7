import { pipeMessage } from '../channels/channel/messages.ts'
import type { EventOf } from '../trace/events.ts'
import { Packet } from '../vmbus/packets.ts'
import { type Structure, toHex } from '../wire/index.ts'
import type { Draw } from './draw.ts'
import { type GenerateOptions, generate } from './generate.ts'
import { flip, mutate } from './mutate.ts'
import type { Step } from './target.ts'

const directions = { 'guest-to-host': 'g2h', 'host-to-guest': 'h2g' } as const

/** Which ring. */
export type Ring = keyof typeof directions

/** A ring packet of any type, valid or with its descriptor, header or payload spoiled. */
export function packetStep(ring: Ring, draw: Draw): Step {
  const bytes = generate(Packet, draw)
  const mutations = draw.oneIn(2) ? [] : Array.from({ length: draw.between(1, 2) }, () => mutate(Packet, bytes, draw))
  return { event: packet(ring, bytes), mutations }
}

/** What travels on a channel. */
export interface Traffic {
  /** The messages that the receiver understands, where a schema says so; without one, payloads are drawn. */
  readonly messages?: Structure<object> | undefined
  /** Messages have pipe headers. */
  readonly pipe?: boolean
  /** The message that begins a conversation, where chance would not find it: a choice of versions. In most runs it goes first. */
  readonly opening?: Uint8Array
  /** What messages should lean to, by field name: ids that exist. */
  readonly prefer?: GenerateOptions['prefer']
}

/** The message that begins a conversation, as it is. */
export function openingStep(ring: Ring, opening: Uint8Array, { pipe }: Traffic): Step {
  return { event: packet(ring, packetBytes(6, 0, 0n, pipe === true ? pipeMessage(opening) : opening)) }
}

/** A well-formed packet with a message, valid or spoiled: in-band, or a completion (type 11). `id` is its transaction id. */
export function messageStep(
  ring: Ring,
  draw: Draw,
  id: bigint,
  { messages, pipe, prefer }: Traffic,
  type: 6 | 11 = 6,
): Step {
  const payload =
    messages === undefined || draw.oneIn(8)
      ? draw.bytes(draw.pick([0, 1, 4, 7, 8, 12, 16, 24, 32, 64, 200, draw.below(1000)]))
      : generate(messages, draw, {
          context: { from: ring === 'guest-to-host' ? 'guest' : 'host' },
          ...(prefer && { prefer }),
        })
  const flags = type === 11 || draw.oneIn(3) ? 0 : 1
  const framed = pipe === true && !draw.oneIn(8)
  const wrap = (bytes: Uint8Array) => packetBytes(type, flags, id, framed ? pipeMessage(bytes) : bytes)
  const event = packet(ring, payload)
  if (payload.byteLength === 0 || draw.oneIn(3)) return { event, wrap }
  return { event, wrap, mutations: [messages === undefined ? flip(payload, draw) : mutate(messages, payload, draw)] }
}

/** Descriptor and payload, padded to 8. */
export function packetBytes(type: number, flags: number, id: bigint, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + Math.ceil(payload.byteLength / 8) * 8)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, type, true)
  view.setUint16(2, 2, true)
  view.setUint16(4, bytes.byteLength / 8, true)
  view.setUint16(6, flags, true)
  view.setBigUint64(8, id, true)
  bytes.set(payload, 16)
  return bytes
}

function packet(ring: Ring, bytes: Uint8Array): EventOf<'packet'> {
  return { kind: 'packet', t: 0, dir: directions[ring], hex: toHex(bytes) }
}

/** Control words or raw bytes that no good peer writes. `size` is that of the data. */
export function controlStep(ring: Ring, size: number, draw: Draw): Step {
  const index = () =>
    draw.pick([0, 8, size - 8, size, size + 8, 4, 0xffff_ffff, 8 * draw.below(size / 8), draw.below(2 * size)])
  const word = draw.pick([
    () => ({ write_index: index() }),
    () => ({ read_index: index() }),
    () => ({ interrupt_mask: draw.below(3) }),
    () => ({ pending_send_size: draw.pick([0, 1, size, 0xffff_ffff, draw.below(size)]) }),
    () => ({ offset: 8 * draw.below(size / 8), hex: toHex(draw.bytes(draw.pick([2, 8, 16, 32]))) }),
  ])()
  return { event: { kind: 'ring', t: 0, ring, ...word } }
}
