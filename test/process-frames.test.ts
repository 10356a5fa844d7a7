import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ByeFrame,
  EndOfMessageFrame,
  EventFrame,
  ExplainFrame,
  encodeFrame,
  Frame,
  FrameSplitter,
  HelloFrame,
  HypercallFrame,
  MessageFrame,
  MsrFrame,
  PostFrame,
  SignalFrame,
  StatusFrame,
  TickFrame,
} from '../src/channels/index.ts'
import {
  arm64SmcccConvention,
  CommonRegister,
  HvCallGetVpRegisters,
  HvCallPostMessage,
  HvCallSetVpRegisters,
  HypercallRegisters,
  placeCall,
} from '../src/hypercall/index.ts'
import { createHost } from '../src/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { InitiateContact } from '../src/vmbus/messages.ts'
import { toHex } from '../src/wire/index.ts'
import { loneGuest, loneHost } from './process-rig.ts'
import { seeded } from './seed.ts'

const plain = { version: 1, architecture: 0, capabilities: 0, vps: 1, memoryBase: 0n, memorySize: 0x1_0000n }
const guestHello = (more: Partial<typeof plain> = {}) => encodeFrame(HelloFrame, { ...plain, role: 1, ...more })
const hostHello = (more: Partial<typeof plain> = {}) => encodeFrame(HelloFrame, { ...plain, role: 0, ...more })

/** A host whose guest has said hello. */
function greetedHost(more: Partial<typeof plain> = {}) {
  const rig = loneHost()
  rig.host.receive(guestHello(more))
  return rig
}

/** What ended a connection, as `rule field`. */
const rulesOf = (ends: readonly { violation?: { rule: string; field: string } }[]) =>
  ends.map(({ violation }) => (violation === undefined ? 'none' : `${violation.rule} ${violation.field}`.trim()))

describe('frames on the wire', () => {
  it('are little-endian, length first: hello, post, status', () => {
    expect(toHex(guestHello({ memoryBase: 0x4000_0000n }))).toBe(
      '28000000010000005 64d42460100010000000000010000000000004000000000000001000000000 0'.replaceAll(' ', ''),
    )
    const post = encodeFrame(
      PostFrame,
      { vp: 0, connectionId: 4, messageType: 1, size: 3, payload: Uint8Array.of(1, 2, 3) },
      7,
    )
    expect(toHex(post)).toBe('1b000000030007000000000004000000010000000300000001 0203'.replace(' ', ''))
    expect(toHex(encodeFrame(StatusFrame, { status: 0x13 }, 7))).toBe('0c0000000500070013000000')
  })

  it('come out of a stream as they went in, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 200 })),
        (bodies, cuts) => {
          const frames = bodies.map((text) => encodeFrame(ByeFrame, { reason: 0, text }))
          const stream = Uint8Array.from(frames.flatMap((frame) => [...frame]))
          const splitter = new FrameSplitter()
          const seen: string[] = []
          let at = 0
          for (const cut of [...cuts, stream.length]) {
            const chunk = stream.subarray(at, at + cut)
            at += chunk.length
            expect(splitter.push(chunk, (frame) => seen.push(toHex(frame)) > 0)).toBeUndefined()
          }
          expect(seen).toEqual(frames.map(toHex))
          expect(splitter.pending).toBe(0)
        },
      ),
      seeded,
    )
  })

  it('of a length that cannot be end the stream', () => {
    for (const length of ['00000000', '07000000', '01100000', 'ffffffff']) {
      const violation = new FrameSplitter().push(fromHex(`${length}01000000`), () => true)
      expect(violation).toMatchObject({ rule: 'frame-length', code: 'LENGTH', field: 'header.length' })
    }
  })
})

describe('a host and its guest’s hello', () => {
  it('is answered: version and memory are the host’s, the rest is agreed to', () => {
    const { sent } = greetedHost({
      version: 9,
      vps: 2,
      memoryBase: 0x4000_0000n,
      memorySize: 0n,
      capabilities: 0xff,
      architecture: 2,
    })
    expect(sent).toMatchObject([
      { type: 'HelloFrame', version: 1, role: 0, capabilities: 3, vps: 2, memoryBase: 0x4000_0000n },
    ])
    expect(sent[0]).toMatchObject({ memorySize: 0x1_0000n })
  })

  it('comes first, once, from a guest, and must make sense', () => {
    const cases: [string, Uint8Array[]][] = [
      ['frame-hello', [encodeFrame(SignalFrame, { vp: 0, connectionId: 2, flag: 0 })]],
      ['frame-hello', [guestHello(), guestHello()]],
      ['frame-role', [hostHello()]],
      ['frame-vps vps', [guestHello({ vps: 0 })]],
      ['frame-vps vps', [guestHello({ vps: 65 })]],
      ['frame-memory memoryBase', [guestHello({ memoryBase: 1n })]],
      ['frame-memory memoryBase', [guestHello({ memoryBase: 0xffff_ffff_ffff_f000n })]],
      ['frame-memory memorySize', [guestHello({ memorySize: 0x1_1000n })]],
      ['frame-architecture architecture', [guestHello({ capabilities: 1 })]],
      ['bad-frame magic', [fromHex(`28000000010000${'0'.repeat(66)}`)]],
      ['bad-frame role', [fromHex('0e00000001000000564d42460100')]],
    ]
    for (const [rule, frames] of cases) {
      const { host, ends } = loneHost()
      for (const frame of frames) host.receive(frame)
      expect(rulesOf(ends)).toEqual([rule])
    }
  })

  it('of no version in common ends it with the reason', () => {
    const { sent, ends } = greetedHost({ version: 0 })
    expect(sent).toMatchObject([{ type: 'ByeFrame', reason: 2 }])
    expect(ends).toMatchObject([{ how: 'closed', reason: 2 }])
  })
})

describe('what a guest must not do', () => {
  it('is a violation with a name, told in a goodbye, after which nothing counts', () => {
    const cases: [string, Uint8Array][] = [
      ['frame-type', fromHex('0800000063000000')],
      ['frame-type', encodeFrame(StatusFrame, { status: 0 })],
      ['frame-vp vp', encodeFrame(SignalFrame, { vp: 1, connectionId: 2, flag: 0 })],
      ['frame-end-of-message sint', encodeFrame(EndOfMessageFrame, { vp: 0, sint: 2 })],
      ['frame-end-of-message sint', encodeFrame(EndOfMessageFrame, { vp: 0, sint: 0xffff_ffff })],
      ['frame-capability', encodeFrame(HypercallFrame, { vp: 0, registers: new Uint8Array(144) })],
      ['frame-capability', encodeFrame(MsrFrame, { vp: 0, number: 0x4000_0000, isWrite: 0, value: 0n })],
      ['bad-frame connectionId', fromHex('0c0000000400000000000000')],
      ['bad-frame payload', fromHex('180000000300000000000000040000000100000001000000')],
    ]
    for (const [rule, frame] of cases) {
      const { host, sent, ends } = greetedHost()
      host.receive(frame)
      host.receive(encodeFrame(ExplainFrame, {}))
      expect([rulesOf(ends), ends[0]?.how]).toEqual([[rule], 'violation'])
      expect(sent.map(({ type }) => type)).toEqual(['HelloFrame', 'ByeFrame'])
      expect(sent[1]).toMatchObject({ reason: 1 })
    }
  })

  it('includes registers of another size', () => {
    const { host, ends } = greetedHost({ capabilities: 1, architecture: 2 })
    host.receive(encodeFrame(HypercallFrame, { vp: 0, registers: new Uint8Array(143) }))
    expect(rulesOf(ends)).toEqual(['frame-registers registers'])
  })

  it('does not include statuses: what the host does not know, and what does not fit, it is told', () => {
    const { host, sent, ends } = greetedHost()
    const payload = new Uint8Array(241)
    host.receive(
      encodeFrame(PostFrame, { vp: 0, connectionId: 99, messageType: 1, size: 0, payload: new Uint8Array(0) }, 1),
    )
    host.receive(encodeFrame(SignalFrame, { vp: 0, connectionId: 0xffff_ffff, flag: 0 }, 2))
    host.receive(encodeFrame(SignalFrame, { vp: 0, connectionId: 99, flag: 0 }))
    host.receive(encodeFrame(PostFrame, { vp: 0, connectionId: 1, messageType: 1, size: 241, payload }, 3))
    expect(sent.slice(1).map((frame) => [frame.type, frame.header.tag])).toEqual([
      ['StatusFrame', 1],
      ['StatusFrame', 2],
      ['StatusFrame', 3],
    ])
    expect(ends).toEqual([])
  })
})

describe('a guest and what a host must not do', () => {
  const message = encodeFrame(MessageFrame, { vp: 0, sint: 2, messageType: 1, size: 0, payload: new Uint8Array(0) })

  it('is a violation with a name', () => {
    const cases: [string, Uint8Array[]][] = [
      ['frame-role', [guestHello()]],
      ['frame-memory memorySize', [hostHello({ memorySize: 1n << 63n })]],
      ['frame-tag header.tag', [hostHello(), encodeFrame(StatusFrame, { status: 0 }, 5)]],
      ['frame-slot-taken sint', [hostHello(), message, message]],
      ['frame-slot vp', [hostHello(), encodeFrame(EventFrame, { vp: 0, sint: 2, flag: 2048 })]],
      ['frame-slot vp', [hostHello(), encodeFrame(EventFrame, { vp: 1, sint: 2, flag: 0 })]],
      ['frame-type', [hostHello(), encodeFrame(SignalFrame, { vp: 0, connectionId: 1, flag: 0 })]],
    ]
    for (const [rule, frames] of cases) {
      const { guest, ends } = loneGuest()
      for (const frame of frames) guest.receive(frame)
      expect(rulesOf(ends)).toEqual([rule])
    }
  })

  it('frees a slot when it has taken the message, not before', () => {
    const { guest, sent, pump, guests } = loneGuest()
    guest.receive(hostHello())
    guest.receive(message)
    expect(sent.length).toBe(1)
    guests[0]?.attach({ message: () => {}, event: () => {} })
    pump.settle()
    expect(sent.at(-1)).toMatchObject({ type: 'EndOfMessageFrame', vp: 0, sint: 2 })
    guest.receive(message)
    pump.settle()
    expect(sent.map(({ type }) => type)).toEqual(['HelloFrame', 'EndOfMessageFrame', 'EndOfMessageFrame'])
  })
})

describe('a guest that makes hypercalls by frames', () => {
  it('connects: its SynIC pages are in the shared memory, and it is told which interrupt to raise', () => {
    const { host, sent, pump, hosts, memory } = greetedHost({
      capabilities: 1,
      architecture: 2,
      memoryBase: 0x4000_0000n,
    })
    const [transport] = hosts
    if (transport === undefined) throw new Error('no transport')
    createHost({ transport, pump, version: '5.3' })
    const input = {
      partitionId: (1n << 64n) - 1n,
      vpIndex: 0xffff_fffe,
      inputVtl: { targetVtl: 0, useTargetVtl: false },
    }
    const call = (registers: HypercallRegisters): void =>
      host.receive(encodeFrame(HypercallFrame, { vp: 0, registers: registers.bytes }, 1))
    for (const [registerName, low] of [
      [CommonRegister.HvRegisterGuestOsId, 1n],
      [CommonRegister.HvRegisterSipp, 0x4000_1001n],
      [CommonRegister.HvRegisterSifp, 0x4000_2001n],
      [CommonRegister.HvRegisterSint2, 18n],
      [CommonRegister.HvRegisterScontrol, 1n],
    ] as const) {
      const registers = new HypercallRegisters(arm64SmcccConvention)
      placeCall(registers, HvCallSetVpRegisters, {
        input,
        elements: [{ registerName, registerValue: { low, high: 0n } }],
      })
      call(registers)
      expect(sent.at(-1)).toMatchObject({ type: 'HypercallResultFrame', outcome: 0 })
    }
    const contact = InitiateContact.encode({
      ...{ version: 0x5_0003, targetVp: 0, parentToChildMonitorPage: 0n, childToParentMonitorPage: 0n },
      target: { type: 'TargetInfo', sint: 2, vtl: 0, featureFlags: 0 },
    })
    const payload = new Uint8Array(240)
    payload.set(contact)
    const post = { connectionId: { id: 4 }, messageType: 1, payloadSize: contact.length, payload }
    const registers = new HypercallRegisters(arm64SmcccConvention)
    placeCall(
      registers,
      HvCallPostMessage,
      { input: post },
      {
        memory: transport.memory,
        inputGpa: 0x4000_3000,
        outputGpa: 0,
      },
    )
    call(registers)
    expect(sent.at(-1)?.type).toBe('HypercallResultFrame')
    pump.settle()
    expect(sent.at(-1)).toMatchObject({ type: 'InterruptFrame', vp: 0, vector: 18 })
    const slot = new Uint8Array(32)
    memory.read(0x1000 + 512, slot, 0, 32)
    expect([slot[0], slot[4], slot[16], slot[24]]).toEqual([1, 16, 15, 1])
  })

  const time = () => {
    const registers = new HypercallRegisters(arm64SmcccConvention)
    const input = {
      partitionId: (1n << 64n) - 1n,
      vpIndex: 0xffff_fffe,
      inputVtl: { targetVtl: 0, useTargetVtl: false },
    }
    placeCall(registers, HvCallGetVpRegisters, {
      input,
      elements: [{ registerName: CommonRegister.HvRegisterTimeRefCount }],
    })
    return encodeFrame(HypercallFrame, { vp: 0, registers: registers.bytes }, 3)
  }

  it('gets its registers back, and moves its clock by ticks', () => {
    const { host, sent } = greetedHost({ capabilities: 3, architecture: 2 })
    host.receive(encodeFrame(TickFrame, { by: 700n }))
    host.receive(encodeFrame(TickFrame, { by: 77n }))
    host.receive(time())
    const answer = sent.at(-1)
    expect(answer).toMatchObject({ type: 'HypercallResultFrame', outcome: 0 })
    expect(answer?.header.tag).toBe(3)
    const registers =
      answer?.type === 'HypercallResultFrame'
        ? new HypercallRegisters(arm64SmcccConvention, answer.registers)
        : undefined
    expect([registers?.get('X0'), registers?.get('X6')]).toEqual([1n << 32n, 777n])
  })

  it('cannot move its clock so far that anything breaks', () => {
    const { host, sent, ends } = greetedHost({ capabilities: 3, architecture: 2 })
    for (let i = 0; i < 3; i++) host.receive(encodeFrame(TickFrame, { by: (1n << 64n) - 1n }))
    host.receive(time())
    expect(sent.at(-1)).toMatchObject({ type: 'HypercallResultFrame', outcome: 0 })
    expect(ends).toEqual([])
  })

  it('has MSRs on x64, and is told of its exceptions', () => {
    const { host, sent } = greetedHost({ capabilities: 1, architecture: 1 })
    host.receive(encodeFrame(HypercallFrame, { vp: 0, registers: new Uint8Array(128) }, 1))
    host.receive(encodeFrame(MsrFrame, { vp: 0, number: 0x4000_0000, isWrite: 1, value: 0x8100n << 48n }, 2))
    host.receive(encodeFrame(MsrFrame, { vp: 0, number: 0x4000_0000, isWrite: 0, value: 0n }, 3))
    host.receive(encodeFrame(MsrFrame, { vp: 0, number: 0x1234, isWrite: 0, value: 0n }, 4))
    // Without a guest OS id there is no hypercall.
    expect(sent.slice(1)).toMatchObject([
      { type: 'HypercallResultFrame', outcome: 2 },
      { type: 'MsrResultFrame', ok: 1 },
      { type: 'MsrResultFrame', ok: 1, value: 0x8100n << 48n },
      { type: 'MsrResultFrame', ok: 0 },
    ])
  })
})

describe('either end', () => {
  it('says what it waits for when it is asked', () => {
    const { host, sent } = loneHost({ explain: () => ['guest: InitiateContact', 'another'] })
    host.receive(guestHello())
    host.receive(encodeFrame(ExplainFrame, {}, 9))
    const text = new TextEncoder().encode('guest: InitiateContact\nanother')
    expect(sent.at(-1)).toMatchObject({ type: 'ExplanationFrame', text })
    expect(sent.at(-1)?.header.tag).toBe(9)
  })

  it('cuts what would not fit a frame', () => {
    const { host, sent } = loneHost({ explain: () => ['x'.repeat(9000)] })
    host.receive(guestHello())
    host.receive(encodeFrame(ExplainFrame, {}))
    expect(sent.at(-1)).toMatchObject({ header: { length: 4096 } })
  })

  it('knows what the other owes: its hello, the rest of a frame, the end of a message', () => {
    const { host, pump, hosts } = loneHost()
    expect(host.awaits).toBe('its hello')
    host.receive(guestHello())
    expect(host.awaits).toBeUndefined()
    host.receive(fromHex('0800'))
    expect(host.awaits).toBe('the rest of a frame')
    host.receive(fromHex('000010000000'))
    hosts[0]?.attach({ post: () => 0, signal: () => 0, slotFree: () => {}, watched: () => {} })
    expect(hosts[0]?.post(0, 2, 1, new Uint8Array(4))).toBe('delivered')
    pump.settle()
    expect(host.awaits).toBe('its end of message')
    host.receive(encodeFrame(EndOfMessageFrame, { vp: 0, sint: 2 }))
    expect(host.awaits).toBeUndefined()
  })
})

describe('garbage', () => {
  /** Frames that a guest could send, bytes changed here and there. */
  const chunk = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc
      .record({
        type: fc.integer({ min: 0, max: 20 }),
        tag: fc.integer({ min: 0, max: 3 }),
        body: fc.uint8Array({ maxLength: 64 }),
      })
      .map(({ type, tag, body }) => {
        const bytes = new Uint8Array(8 + body.length)
        const view = new DataView(bytes.buffer)
        view.setUint32(0, bytes.length, true)
        view.setUint16(4, type, true)
        view.setUint16(6, tag, true)
        bytes.set(body, 8)
        return bytes
      }),
    fc
      .integer({ min: 0, max: 5 })
      .chain((word) =>
        fc.constant(
          encodeFrame(
            PostFrame,
            { vp: 0, connectionId: word, messageType: 1, size: 4, payload: Uint8Array.of(word, 0, 0, 0) },
            1,
          ),
        ),
      ),
  )
  const stream = fc.array(chunk, { maxLength: 12 })

  it('neither throws nor is answered after the end, at a host', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.integer({ min: 0, max: 2 }), stream, (greets, architecture, chunks) => {
        const { host, sent, ends, pump, hosts } = loneHost()
        if (greets) host.receive(guestHello({ architecture, capabilities: architecture === 0 ? 0 : 1 }))
        const [transport] = hosts
        if (transport !== undefined) createHost({ transport, pump })
        for (const bytes of chunks) {
          const [end] = ends
          const before = sent.length
          host.receive(bytes)
          pump.settle()
          if (end !== undefined) expect(sent.length).toBe(before)
        }
        host.disconnected()
        expect(ends.length).toBe(1)
        for (const frame of sent) expect(Frame.encode(frame).length).toBe(frame.header.length)
      }),
      seeded,
    )
  })

  it('neither throws nor is answered after the end, at a guest', () => {
    fc.assert(
      fc.property(fc.boolean(), stream, (greets, chunks) => {
        const { guest, ends, pump } = loneGuest()
        if (greets) guest.receive(hostHello())
        for (const bytes of chunks) {
          guest.receive(bytes)
          pump.settle()
        }
        guest.disconnected()
        expect(ends.length).toBe(1)
      }),
      seeded,
    )
  })
})
