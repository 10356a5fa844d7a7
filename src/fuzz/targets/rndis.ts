import { Conversation, EndLog, GuestEndpoint, HostEndpoint, MemoryTransport, Pump } from '../../channels/index.ts'
import {
  NvspMessage,
  noSendBufferSection,
  RndisChannelType,
  RndisMessage,
  RndisPacketHeader,
} from '../../devices/network/index.ts'
import { BufferMemory } from '../../memory/index.ts'
import type { TranscriptEvent } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import { NetworkVsc } from '../../vsc/network/index.ts'
import { LoopbackBackend } from '../../vsp/network/backends/loopback.ts'
import { NetworkVsp } from '../../vsp/network/network-vsp.ts'
import { toHex } from '../../wire/index.ts'
import { maxSteps } from '../device-steps.ts'
import type { Draw } from '../draw.ts'
import { generate } from '../generate.ts'
import { mutate } from '../mutate.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'

const memorySize = 1 << 20
const mostPages = 8

/**
 * A NIC behind its negotiation: RNDIS messages, valid and spoiled, one or several in a message, in pages of the guest's, while the back
 * end gives every frame back. The host must throw nothing, come to rest, complete every message once unless it stopped the channel, and
 * then serve a driver that behaves.
 *
 * Its inputs: `packet` is an RNDIS message; `fault` `send` sends a good frame, `renegotiate` has the driver begin anew.
 */
export function rndisTarget(): FuzzTarget {
  return { name: 'network-rndis', generate: steps, run: (events) => new RndisWorld().run(events) }
}

function steps(draw: Draw): Step[] {
  const all: Step[] = []
  for (let count = draw.between(1, 20); count > 0; count--) {
    if (draw.oneIn(6)) {
      all.push({ event: { kind: 'fault', t: 0, fault: draw.oneIn(4) ? 'renegotiate' : 'send' } })
      continue
    }
    const bytes = draw.oneIn(2) ? packet(draw) : generate(RndisMessage, draw, { context: { from: 'guest' } })
    const event = { kind: 'packet', t: 0, dir: 'g2h', hex: toHex(bytes) } as const
    const isSpoiled = bytes.length > 0 && !draw.oneIn(3)
    all.push(isSpoiled ? { event, mutations: [mutate(RndisMessage, bytes, draw)] } : { event })
  }
  return all
}

/** One or several good packets, with information of all kinds. */
function packet(draw: Draw): Uint8Array {
  const parts: number[] = []
  for (let count = draw.between(1, 3); count > 0; count--) {
    const frame = draw.bytes(draw.pick([34, 60, 300, 1514]))
    if (draw.oneIn(2)) frame.set([8, 0, 0x45, 0, 0, frame.length - 14, 0, 0, 0, 0, 64, draw.pick([6, 17, 1])], 12)
    const header = new RndisPacketHeader().begin()
    for (let pieces = draw.below(4); pieces > 0; pieces--) header.add(draw.pick([0, 2, 6, 8, 11]), draw.below(2 ** 32))
    header.end(frame.length)
    parts.push(...header.bytes.subarray(0, header.length), ...frame)
  }
  return Uint8Array.from(parts)
}

class RndisWorld {
  readonly #pump = new Pump()
  readonly #host: HostEndpoint
  readonly #guest: GuestEndpoint
  readonly #vsp = new NetworkVsp({ backend: new LoopbackBackend(), queues: 2 })
  readonly #nic = new NetworkVsc({ ringSize: 16_384, receiveBufferSize: 65_536, sendBufferSize: 32_768, queues: 2 })
  #issued = 0
  #answered = 0

  constructor() {
    const transport = new MemoryTransport(new BufferMemory(new ArrayBuffer(memorySize)), this.#pump)
    const conversation = new Conversation()
    this.#host = new HostEndpoint(transport.host, this.#pump, new EndLog('host', 'host', conversation))
    this.#guest = new GuestEndpoint(transport.guest, this.#pump, new EndLog('guest', 'guest', conversation))
    this.#host.offer(this.#vsp)
    this.#guest.connect()
  }

  run(events: readonly TranscriptEvent[]): void {
    try {
      this.#bind()
      for (const event of events) {
        if (event.kind === 'packet') this.#send(fromHex(event.hex))
        else if (event.kind === 'fault' && event.fault === 'send') this.#nic.send(new Uint8Array(60))
        else if (event.kind === 'fault' && event.fault === 'renegotiate') this.#bind()
        this.#pump.settle(maxSteps)
        expect(this.#answered === this.#issued, 'lost-completion', `${this.#issued - this.#answered} are not told of`)
        if (this.#vsp.channel === undefined) this.#bind()
      }
      this.#bind()
      const { receivedFrames } = this.#nic.statistics
      expect(this.#nic.send(new Uint8Array(60).fill(1)), 'not-sent', 'a good driver cannot send')
      this.#pump.settle(maxSteps)
      expect(this.#nic.statistics.receivedFrames === receivedFrames + 1, 'not-served', 'its frame does not come back')
    } finally {
      this.#pump.stop()
    }
  }

  /** A driver that behaves begins anew. */
  #bind(): void {
    this.#nic.close()
    this.#pump.settle(maxSteps)
    let why: string | undefined = 'not told'
    this.#guest.bind(this.#nic, (error) => {
      why = error?.message
    })
    this.#pump.settle(maxSteps)
    expect(why === undefined, 'not-attached', `a good driver is not served: ${why}`)
  }

  #send(message: Uint8Array): void {
    const { channel } = this.#nic
    const bytes = message.subarray(0, mostPages * 4096)
    const run = this.#guest.pages.allocate(Math.max(1, Math.ceil(bytes.length / 4096)))
    if (channel === undefined || run === undefined || bytes.length === 0) {
      if (run !== undefined) this.#guest.pages.free(run)
      return
    }
    this.#guest.transport.memory.write(run.first * 4096, bytes, 0, bytes.length)
    const pfns = Array.from({ length: run.count }, (_, index) => run.first + index)
    const payload = NvspMessage.encode({
      type: 'NvspSendRndisPacket',
      channelType: RndisChannelType.Data,
      sendBufferSectionIndex: noSendBufferSection,
      sendBufferSectionSize: 0,
    })
    const done = () => {
      this.#answered++
      this.#guest.pages.free(run)
    }
    this.#issued++
    const isTaken = channel.request(payload, done, [{ byteCount: bytes.length, byteOffset: 0, pfns }])
    if (!isTaken) done()
    this.#pump.settle(maxSteps)
    // The host has stopped the channel: the driver lets go of it, and is told.
    if (this.#vsp.channel === undefined) this.#nic.close()
  }
}
