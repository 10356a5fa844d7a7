import {
  encodeFrame,
  Frame,
  type FrameConnection,
  type FrameEnd,
  FrameGuest,
  FrameHost,
  FrameRole,
  Guest,
  HelloFrame,
  Host,
  PostFrame,
  Pump,
} from '../../channels/index.ts'
import { BufferMemory } from '../../memory/index.ts'
import type { TranscriptEvent } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import { KeyboardVsc } from '../../vsc/keyboard.ts'
import { KeyboardVsp } from '../../vsp/keyboard.ts'
import { type Sender, toHex } from '../../wire/index.ts'
import { contact } from '../control-steps.ts'
import type { Draw } from '../draw.ts'
import { generate } from '../generate.ts'
import { mutate } from '../mutate.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'

const memorySize = 0x2_0000

/** Few values, so that what frames name is there. */
const prefer = {
  vp: [0, 0, 0, 1],
  sint: [2, 2, 3],
  connectionId: [1, 1, 2, 4, 0x2001],
  messageType: [1],
  role: [0, 1],
  version: [1],
  vps: [1, 2],
  memoryBase: [0n, 0x4000_0000n],
  memorySize: [0n, BigInt(memorySize)],
  tag: [0, 1, 2],
} as const

/**
 * Both ends of the process transport against a peer that sends anything. They must throw nothing, end at most once, send nothing after that,
 * come to rest, and send only whole frames of the right length.
 *
 * Its inputs: `fault` `end` says which end is fuzzed; each `mem` is the next bytes from the peer.
 */
export function framesTarget(): FuzzTarget {
  return {
    name: 'frames',
    generate(draw) {
      const end = draw.pick(['host', 'guest'] as const)
      const peer = end === 'host' ? 'guest' : 'host'
      const steps: Step[] = [{ event: { kind: 'fault', t: 0, fault: 'end', detail: { end } } }]
      if (!draw.oneIn(8)) steps.push({ event: memory(helloOf(peer, draw)) })
      for (let count = draw.between(1, 20); count > 0; count--) steps.push(stepFor(peer, draw))
      return steps
    },
    run,
  }
}

function stepFor(peer: Sender, draw: Draw): Step {
  if (draw.oneIn(12)) return { event: memory(draw.bytes(draw.below(64))) }
  if (peer === 'guest' && draw.oneIn(4)) return { event: memory(contactFrame()) }
  const context = draw.oneIn(8) ? {} : { from: peer }
  const bytes = generate(Frame, draw, { context, prefer })
  const mutations = draw.oneIn(4) ? [mutate(Frame, bytes, draw, context)] : []
  const step = { event: memory(bytes), mutations }
  return draw.oneIn(16) ? step : { ...step, wrap: withLength }
}

function run(events: readonly TranscriptEvent[]): void {
  const pump = new Pump()
  const memory = new BufferMemory(new ArrayBuffer(memorySize))
  const ends: FrameEnd[] = []
  const send = (bytes: Uint8Array): void => {
    const { header } = Frame.decode(bytes)
    expect(header.length === bytes.length, 'frame-length', `a frame of ${bytes.length} bytes says ${header.length}`)
    expect(ends.length === 0, 'after-the-end', `frame ${header.frameType} after the end`)
  }
  const options = { memory, pump, send, ended: (end: FrameEnd) => void ends.push(end) }
  let connection: FrameConnection | undefined
  for (const event of events) {
    if (event.kind === 'fault' && event.fault === 'end') {
      connection = event.detail?.end === 'guest' ? guestEnd(options) : hostEnd(options)
    } else if (event.kind === 'mem') connection?.receive(fromHex(event.hex))
    pump.settle(100_000)
  }
  connection?.disconnected()
  expect(connection === undefined || ends.length === 1, 'one-end', `it ended ${ends.length} times`)
}

type Options = ConstructorParameters<typeof FrameConnection>[1]

function hostEnd(options: Options): FrameConnection {
  return new FrameHost({
    ...options,
    connected: (transport) => new Host({ transport, pump: options.pump }).offer(new KeyboardVsp()),
  })
}

function guestEnd(options: Options): FrameConnection {
  return new FrameGuest({
    ...options,
    connected: (transport) => new Guest({ transport, pump: options.pump }).endpoint.bind(new KeyboardVsc(), () => {}),
  })
}

function helloOf(peer: Sender, draw: Draw): Uint8Array {
  const registers = draw.oneIn(3)
  return encodeFrame(HelloFrame, {
    version: 1,
    role: FrameRole[peer],
    architecture: registers ? draw.pick([1, 2]) : 0,
    capabilities: registers ? draw.pick([1, 3]) : 0,
    vps: draw.between(1, 2),
    memoryBase: draw.pick(prefer.memoryBase),
    memorySize: 0n,
  })
}

function contactFrame(): Uint8Array {
  const payload = contact(0x5_0003)
  return encodeFrame(PostFrame, { vp: 0, connectionId: 4, messageType: 1, size: payload.length, payload }, 1)
}

function memory(bytes: Uint8Array): TranscriptEvent {
  return { kind: 'mem', t: 0, gpa: '0x0', hex: toHex(bytes) }
}

/** A frame that says how long it is: else most streams would end with the first. */
function withLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 8) return bytes
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint32(0, copy.length, true)
  return copy
}
