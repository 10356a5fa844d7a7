import { describe, expect, it } from 'vitest'
import type { Channel } from '../src/channels/index.ts'
import { offerVersions } from '../src/devices/ics/index.ts'
import { KvpMessage } from '../src/devices/kvp/index.ts'
import {
  clientTarget,
  decodeTarget,
  eventOf,
  type FuzzTarget,
  fuzzTarget,
  replayReproducer,
  reproducerOf,
  serverTarget,
  vscTarget,
  vspTarget,
  whyOf,
} from '../src/fuzz/index.ts'
import { parseTranscript, writeTranscript } from '../src/trace/transcript.ts'
import { type ClientEvent, VmbusClient } from '../src/vmbus/client/index.ts'
import type { RingPacket } from '../src/vmbus/ring/index.ts'
import { type OfferId, VmbusServer } from '../src/vmbus/server/index.ts'
import { EchoVsc } from '../src/vsc/echo.ts'
import { KvpVsc, MemoryKvpStore } from '../src/vsc/kvp/index.ts'
import { EchoVsp } from '../src/vsp/echo.ts'
import { KvpVsp } from '../src/vsp/kvp.ts'
import { counted, struct, u8, u16 } from '../src/wire/index.ts'

// Bugs planted on purpose. Each has to be found, in a number of runs known to do, and to shrink to what matters.

/** Fuzzes, and checks what every failure has to do: come again by its seed and run alone, and from its transcript's text. */
function find(target: FuzzTarget, runs: number) {
  const { failure } = fuzzTarget(target, { seed: 1, runs })
  if (failure === undefined) throw new Error(`${target.name}: nothing found in ${runs} runs`)
  const again = fuzzTarget(target, { seed: 1, from: failure.run, runs: 1 }).failure
  expect(again?.steps.map(eventOf)).toEqual(failure.steps.map(eventOf))
  const outcome = replayReproducer(target, parseTranscript(writeTranscript(reproducerOf(failure))))
  expect(whyOf(outcome?.error)).toBe(failure.why)
  return failure
}

describe('behind a negotiation, which goes first', { timeout: 120_000 }, () => {
  it('a driver that chokes on what it is asked for', () => {
    class Chokes extends MemoryKvpStore {
      override at(): never {
        throw new TypeError('there is no such pair')
      }
    }
    const options = {
      messages: KvpMessage,
      offer: { pipe: 'message' },
      opening: offerVersions([0x3_0000], [0x5_0000]),
      prefer: { flags: [3] },
    } as const
    const failure = find(
      vscTarget('chokes', () => new KvpVsc({ store: new Chokes() }), options),
      300,
    )
    expect(failure.why).toBe('TypeError: there is no such pair')
    expect(failure.steps.map(({ event }) => event.kind)).toEqual(['packet', 'packet'])
  })

  it('a device that chokes on an answer', () => {
    class Chokes extends KvpVsp {
      protected override onAnswer(): never {
        throw new TypeError('nobody asked')
      }
    }
    // Counts 1/1 and the two versions.
    const header = offerVersions([], [0x5_0000]).subarray(0, 20)
    const opening = Uint8Array.of(...header, 1, 0, 1, 0, 0, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0)
    opening.set([16, 0], 10)
    opening[17] = 5
    const failure = find(
      vspTarget('chokes', () => new Chokes({ later: () => () => {} }), {
        messages: KvpMessage,
        completes: false,
        exercise: (kvp) => void kvp.set(0, 'key', 1).catch(() => {}),
        opening,
        prefer: { flags: [5], transactionId: [1, 2] },
      }),
      500,
    )
    expect(failure.why).toBe('TypeError: nobody asked')
    expect(failure.steps.map(({ event }) => event.kind)).toEqual(['packet', 'fault', 'packet'])
  })
})

describe('a VSP', { timeout: 60_000 }, () => {
  it('that throws on a length', () => {
    class Throws extends EchoVsp {
      protected override onPacket(packet: RingPacket, channel: Channel): void {
        if (packet.payloadLength === 200) throw new RangeError('a packet of 200 bytes')
        super.onPacket(packet, channel)
      }
    }
    const failure = find(
      vspTarget('throws', () => new Throws()),
      100,
    )
    expect(failure.why).toBe('RangeError: a packet of 200 bytes')
    expect(failure.steps.map(({ event }) => event.kind)).toEqual(['packet'])
  })

  it('that loses the completions of empty requests', () => {
    class Loses extends EchoVsp {
      protected override onPacket(packet: RingPacket, channel: Channel): void {
        if (packet.payloadLength > 0) super.onPacket(packet, channel)
      }
    }
    const failure = find(
      vspTarget('loses', () => new Loses()),
      100,
    )
    expect(failure.why).toBe('OracleError: lost-completion: a request is never completed, and no violation says why')
    expect(failure.steps).toHaveLength(1)
  })

  it('that completes a request twice', () => {
    class Twice extends EchoVsp {
      protected override onPacket(packet: RingPacket, channel: Channel): void {
        channel.complete(packet)
        if (packet.completionRequested) channel.sendCompletion(packet.transactionIdLow, packet.transactionIdHigh)
      }
    }
    const failure = find(
      vspTarget('twice', () => new Twice()),
      100,
    )
    expect(failure.why).toMatch(/^OracleError: completed-twice: /)
    expect(failure.steps).toHaveLength(1)
  })

  it('that never comes to rest', () => {
    class Restless extends EchoVsp {
      protected override onPacket(_packet: RingPacket, channel: Channel): void {
        channel.pause()
        channel.resume()
      }
      override batch(channel: Channel): void {
        if (channel.next() !== undefined) channel.signalled()
        channel.signalled()
      }
    }
    const failure = find(
      vspTarget('restless', () => new Restless()),
      100,
    )
    expect(failure.why).toMatch(/^RangeError: still not quiet after/)
  })

  it('that breaks only after the channel was closed and opened again', () => {
    class Breaks extends EchoVsp {
      #opened = 0
      protected override onOpen(): void {
        if (++this.#opened === 2) throw new Error('opened for the second time')
      }
    }
    const failure = find(
      vspTarget('breaks', () => new Breaks()),
      500,
    )
    expect(failure.why).toBe('Error: opened for the second time')
    expect(failure.steps.map(({ event }) => event.kind === 'fault' && event.fault)).toEqual(['close', 'open'])
  })
})

describe('a VSC', { timeout: 60_000 }, () => {
  it('that takes a completion for longer than it is', () => {
    class Trusting extends EchoVsc {
      protected override onPacket(packet: RingPacket): void {
        new DataView(packet.copyPayload().buffer).getUint32(8, true)
      }
    }
    const failure = find(
      vscTarget('trusting', () => new Trusting()),
      100,
    )
    expect(failure.why).toMatch(/^RangeError: /)
    expect(failure.steps).toHaveLength(1)
  })
})

describe('a decoder', { timeout: 60_000 }, () => {
  it('whose count comes from a table that is too short', () => {
    const pages = [0, 1, 2, 4]
    const Wrong = struct('Wrong', {
      kind: u8,
      pages: counted(u16, {
        get: ({ kind }) => {
          const count = pages[Number(kind)]
          if (count === undefined) throw new TypeError('no such kind')
          return count
        },
        set: (fields, count) => ({ ...fields, kind: Math.max(0, pages.indexOf(count)) }),
        text: 'by kind',
      }),
    })
    const failure = find(decodeTarget([Wrong]), 200)
    expect(failure.why).toBe('TypeError: no such kind')
    expect(failure.steps).toHaveLength(2)
  })

  it('whose count is not the same when asked twice', () => {
    let asked = 0
    const Wavering = struct('Wavering', {
      count: u8,
      data: counted(u8, {
        get: ({ count }) => (++asked % 7 === 0 ? 0 : Number(count)),
        set: (fields, count) => ({ ...fields, count }),
        text: 'count',
      }),
    })
    const { failure } = fuzzTarget(decodeTarget([Wavering]), { seed: 1, runs: 100 })
    expect(failure?.why).toMatch(/OracleError: (codecs-differ|outside-read|lenient-differs|re-encoding)|WireError/)
  })
})

describe('a server', { timeout: 60_000 }, () => {
  it('that keeps offers that were taken back', () => {
    class Leaks extends VmbusServer {
      override revoke(_offer: OfferId): boolean {
        return true
      }
    }
    const failure = find(
      serverTarget(() => new Leaks()),
      200,
    )
    expect(failure.why).toBe('OracleError: not-served: a new guest is offered 3 channels of 2')
    expect(failure.steps.map(({ event }) => event.kind === 'fault' && event.fault)).toEqual(['revoke'])
  })

  it('that sends a reply twice', () => {
    class Repeats extends VmbusServer {
      #repeated = false
      override messageSent(): void {
        const isTorndown = this.peekMessage()?.bytes[0] === 12
        if (isTorndown && !this.#repeated) this.#repeated = true
        else super.messageSent()
      }
    }
    const failure = find(
      serverTarget(() => new Repeats()),
      500,
    )
    expect(failure.why).toBe('OracleError: answered-twice: more GpadlTorndown than requests for it')
  })

  it('that throws on an id', () => {
    class Throws extends VmbusServer {
      override receive(...args: Parameters<VmbusServer['receive']>): boolean {
        if (args[0][0] === 7 && args[0][8] === 0xff) throw new TypeError('no such channel')
        return super.receive(...args)
      }
    }
    const failure = find(
      serverTarget(() => new Throws()),
      2000,
    )
    expect(failure.steps).toHaveLength(1)
  })
})

describe('a client', { timeout: 60_000 }, () => {
  it('that forgets to say that an open failed', () => {
    class Forgets extends VmbusClient {
      override takeEvents(): ClientEvent[] {
        return super.takeEvents().filter(({ kind }) => kind !== 'open-failed')
      }
    }
    const failure = find(
      clientTarget(() => new Forgets()),
      500,
    )
    expect(failure.why).toMatch(/^OracleError: unanswered: /)
  })
})

describe('the shrinker', () => {
  it('undoes mutations and drops inputs that do not matter', () => {
    const target: FuzzTarget = {
      name: 'length',
      generate: (draw) =>
        Array.from({ length: 20 }, (_, index) => ({
          event: { kind: 'mem', t: 0, gpa: '0x0', hex: 'aabbccdd' },
          mutations: [
            { path: '', offset: 0, what: 'changed', remove: 1, insert: Uint8Array.of(draw.below(256)) },
            ...(index === 13 ? [{ path: 'x', offset: 4, what: 'longer', remove: 0, insert: Uint8Array.of(1) }] : []),
          ],
        })),
      run: (events) => {
        for (const event of events)
          if (event.kind === 'mem' && event.hex.length > 8) throw new Error('too long: 5 bytes')
      },
    }
    const { failure } = fuzzTarget(target, { seed: 1, runs: 1 })
    expect(failure?.steps).toEqual([
      {
        event: { kind: 'mem', t: 0, gpa: '0x0', hex: 'aabbccdd' },
        mutations: [{ path: 'x', offset: 4, what: 'longer', remove: 0, insert: Uint8Array.of(1) }],
      },
    ])
    expect(failure?.drawn).toBe(20)
  })
})

describe('the shrinker of messages in packets', () => {
  it('leaves them in their packets', () => {
    const target: FuzzTarget = {
      name: 'wrapped',
      generate: () => [
        {
          event: { kind: 'mem', t: 0, gpa: '0x0', hex: 'aa' },
          mutations: [{ path: '', offset: 0, what: 'changed', remove: 1, insert: Uint8Array.of(0xbb) }],
          wrap: (bytes) => Uint8Array.of(0x99, ...bytes),
        },
      ],
      run: (events) => {
        for (const event of events) if (event.kind === 'mem' && event.hex.startsWith('99')) throw new Error('wrapped')
      },
    }
    const { failure } = fuzzTarget(target, { seed: 1, runs: 1 })
    expect(failure?.steps.map(eventOf)).toEqual([{ kind: 'mem', t: 0, gpa: '0x0', hex: '99aa' }])
  })
})

describe('a run', () => {
  it('stops when it is told to, and says how far it came', () => {
    let runs = 0
    const report = fuzzTarget(decodeTarget(), { seed: 1, runs: Number.POSITIVE_INFINITY, stop: () => runs++ === 5 })
    expect(report).toEqual({ target: 'decode', seed: 1, runs: 5, failure: undefined })
  })
})
