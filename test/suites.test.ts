import assert from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { type FaultRule, injectFaults, MemoryTransport, Pump } from '../src/channels/index.ts'
import { type Channel, type Completion, MessageVsc, type RingPacket, rawMessages, Vsp } from '../src/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { type TestApi, transportSuite, vscSuite, vspSuite } from '../src/testing/index.ts'
import { recordEnds, TranscriptRecorder } from '../src/trace/index.ts'
import { EchoVsc } from '../src/vsc/echo.ts'
import { FileCopyVsc } from '../src/vsc/file-copy.ts'
import { HeartbeatVsc } from '../src/vsc/heartbeat.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { KvpVsc } from '../src/vsc/kvp/index.ts'
import { MouseVsc } from '../src/vsc/mouse.ts'
import { NetworkVsc } from '../src/vsc/network/index.ts'
import { ShutdownVsc } from '../src/vsc/shutdown.ts'
import { TimeSyncVsc } from '../src/vsc/timesync.ts'
import { VssVsc } from '../src/vsc/vss.ts'
import { EchoVsp } from '../src/vsp/echo.ts'
import { FileCopyVsp } from '../src/vsp/file-copy.ts'
import { HeartbeatVsp } from '../src/vsp/heartbeat.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { KvpVsp } from '../src/vsp/kvp.ts'
import { MouseVsp } from '../src/vsp/mouse.ts'
import { LoopbackBackend, NetworkVsp } from '../src/vsp/network/index.ts'
import { ShutdownVsp } from '../src/vsp/shutdown.ts'
import { TimeSyncVsp } from '../src/vsp/timesync.ts'
import { VssVsp } from '../src/vsp/vss.ts'

// Some of the suites' tests make many buses.
const api: TestApi = { describe, it: (name, body) => it(name, { timeout: 30_000 }, body), expect }

/** The test functions of `node:test` have no `expect`. */
const withAssert: TestApi = {
  describe,
  it,
  expect: (actual) => ({
    toBe: (expected) => assert.strictEqual(actual, expected),
    toEqual: (expected) => assert.deepStrictEqual(actual, expected),
  }),
}

function memoryTransport(pump = new Pump()) {
  const ends = new MemoryTransport(new BufferMemory(new ArrayBuffer(0x1_0000)), pump)
  return { ends, pump, settle: () => void pump.settle() }
}

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

describe('the memory transport', () => transportSuite(api, () => memoryTransport()))

describe('the memory transport, scheduled, by node:assert', () => {
  transportSuite(withAssert, () => memoryTransport(new Pump({ scheduling: 'scheduled', seed: 3 })))
})

describe('a recorded transport', () => {
  transportSuite(api, () => {
    const transport = memoryTransport()
    return { ...transport, ends: recordEnds(transport.ends, new TranscriptRecorder(() => 0)) }
  })
})

describe('a faulty transport without faults', () => {
  transportSuite(api, () => {
    const { ends, pump, settle } = memoryTransport()
    return { settle, ends: injectFaults(ends, pump, { rules: [] }) }
  })
})

describe('EchoVsp', () => {
  const requests = [hex('01'), new Uint8Array(0), new Uint8Array(1000).fill(7)]
  vspSuite(api, { make: () => new EchoVsp(), requests })
})

describe('a VSP that answers from a timer', () => {
  class Later extends EchoVsp {
    protected override onPacket(packet: RingPacket, channel: Channel): void {
      const payload = packet.copyPayload()
      const request = channel.defer(packet)
      setTimeout(() => request.complete(payload), 0)
    }
  }

  it('passes', { timeout: 30_000 }, async () => {
    expect(await failuresOf((own) => vspSuite(own, { make: () => new Later(), requests: [hex('01')] }))).toEqual([])
  })
})

describe('EchoVsc', () => {
  vscSuite(api, { make: () => new EchoVsc(), host: () => new EchoVsp(), use: (driver) => driver.echo('hello') })
})

describe('KeyboardVsp', () => {
  vspSuite(api, {
    make: () => new KeyboardVsp(),
    driver: () => new KeyboardVsc(),
    garbage: [
      hex(''),
      hex('01000000'),
      hex('0500000000000000'),
      hex('0100000000000100'),
      hex('030000001e00000000000000'),
    ],
  })
})

describe('KeyboardVsc', () => {
  vscSuite(api, {
    make: () => new KeyboardVsc(),
    host: () => new KeyboardVsp(),
    garbage: [hex(''), hex('03000000'), hex('0200000001000000'), hex('0100000000000100'), hex('ffffffff00000000')],
  })
})

/** A pipe's data packet. */
const piped = (text: string) => hex(`01000000${(text.length / 2).toString(16).padStart(2, '0')}000000${text}`)
const clocks = { now: () => ({ hostTime: 1n, referenceTime: 2n }) }
/** No pipe packet, no header, counts without versions, an answer to nothing (for a guest: an answer at all). */
const badIcMessages = [
  hex('0100'),
  piped('0300000000000300'),
  piped('0300000000000300000004000000000000050000ffffffff'),
  piped('0300000001000300000000000000000009050000'),
]

describe('the heartbeat component', () => {
  const [make, host] = [() => new HeartbeatVsc(), () => new HeartbeatVsp()]
  vspSuite(api, { make: host, driver: make, garbage: badIcMessages })
  vscSuite(api, { make, host, garbage: badIcMessages })
})

describe('the shutdown component', () => {
  const [make, host] = [() => new ShutdownVsc(), () => new ShutdownVsp()]
  vspSuite(api, { make: host, driver: make, garbage: badIcMessages })
  vscSuite(api, { make, host, garbage: badIcMessages })
})

describe('the time component', () => {
  const [make, host] = [() => new TimeSyncVsc(), () => new TimeSyncVsp(clocks)]
  vspSuite(api, { make: host, driver: make, garbage: badIcMessages })
  vscSuite(api, { make, host, garbage: badIcMessages })
})

describe('the KVP component', () => {
  const [make, host] = [() => new KvpVsc(), () => new KvpVsp()]
  /** A pair to be set that ends behind its operation. */
  const short = piped('030000000200030000000400000000000103000001000000')
  vspSuite(api, { make: host, driver: make, garbage: [...badIcMessages, short] })
  vscSuite(api, { make, host, garbage: [...badIcMessages, short] })
})

describe('the backup component', () => {
  const [make, host] = [() => new VssVsc({ freeze: () => {} }), () => new VssVsp()]
  /** A request that ends behind its header. */
  const short = piped('030000000500030000000800000000000000010300000500000000000000')
  vspSuite(api, { make: host, driver: make, garbage: [...badIcMessages, short] })
  vscSuite(api, { make, host, garbage: [...badIcMessages, short] })
})

describe('the file copy component', () => {
  const [make, host] = [() => new FileCopyVsc(), () => new FileCopyVsp()]
  /** A message that ends in its header. */
  const short = piped('0300000007000100010008000000000000000103000000000000000000')
  vspSuite(api, { make: host, driver: make, garbage: [...badIcMessages, short] })
  vscSuite(api, { make, host, garbage: [...badIcMessages, short] })
})

describe('the mouse', () => {
  const [make, host] = [() => new MouseVsc(), () => new MouseVsp({ horizontalWheel: true })]
  const [request, response] = [piped('000000000400000000000200'), piped('01000000050000000000020001')]
  vspSuite(api, {
    make: host,
    driver: make,
    garbage: [
      hex('0100'),
      piped('00000000'),
      request,
      piped('030000000100000000'),
      response,
      piped('0500000000000000'),
    ],
  })
  vscSuite(api, {
    make,
    host,
    garbage: [hex('0100'), request, response, piped('0400000003000000010203'), piped('04000000ff00000000')],
  })
})

describe('the network adapter', () => {
  const make = () => new NetworkVsp({ backend: new LoopbackBackend() })
  const driver = () =>
    new NetworkVsc({ receiveBufferSize: 131_072, sendBufferSize: 65_536, ringSize: 32_768, queues: 2 })
  const init = (version: string) => hex(`01000000${version}${version}`.padEnd(80, '0'))
  vspSuite(api, {
    make,
    // A version that there is not: refused each time, and the guest may go on asking.
    requests: [init('00000700')],
    garbage: [hex(''), hex('6b000000'), init('').subarray(0, 4), hex('e703000000000000'), hex('8500000001000000')],
  })
  vscSuite(api, {
    make: driver,
    host: make,
    use: (nic) => {
      nic.send(new Uint8Array(60))
      return nic.keepAlive()
    },
    garbage: [hex(''), hex('01000000'), hex('6b00000000000000'), hex('8600000001000000'), hex('8000000001000000')],
  })
})

/** The tests that take long. */
const slow = /a hundred times|at any step/

/** Runs a suite by itself, without its slow tests unless they are asked for. Answers the tests that fail. */
async function failuresOf(suite: (api: TestApi) => void, which: 'quick' | 'all' = 'quick'): Promise<string[]> {
  const tests: { readonly name: string; readonly body: () => void | Promise<void> }[] = []
  const path: string[] = []
  suite({
    ...withAssert,
    describe: (name, body) => {
      path.push(name)
      body()
      path.pop()
    },
    it: (name, body) => tests.push({ name: [...path, name].join(': '), body }),
  })
  const failed: string[] = []
  for (const { name, body } of tests) {
    if (which === 'quick' && slow.test(name)) continue
    try {
      await body()
    } catch {
      failed.push(name)
    }
  }
  return failed
}

const { offer } = new EchoVsp()
const requests = [hex('01')]

describe('the suite of transports finds', { timeout: 30_000 }, () => {
  const withFault = (fault: FaultRule) =>
    failuresOf((own) =>
      transportSuite(own, () => {
        const { ends, pump, settle } = memoryTransport()
        return { settle, ends: injectFaults(ends, pump, { rules: [fault] }) }
      }),
    )

  it.each<['drop' | 'duplicate' | 'delay', 'message' | 'signal', string]>([
    ['drop', 'message', 'messages to the host: arrive in order, with connection, type and exact bytes'],
    ['duplicate', 'message', 'messages to the host: arrive in order, with connection, type and exact bytes'],
    [
      'delay',
      'message',
      'messages to the guest: find the slot busy until the guest has taken the one before; then the host is told',
    ],
    ['drop', 'signal', 'signals: of the guest reach the host with their connection and flag'],
    ['duplicate', 'signal', 'signals: of the guest reach the host with their connection and flag'],
  ])('one that does %s to a %s', async (fault, on, name) => {
    expect(await withFault({ fault, on })).toContain(name)
  })

  it('one that swaps messages', async () => {
    const name = 'messages to the host: arrive in order, with connection, type and exact bytes'
    expect(await withFault({ fault: 'reorder', on: 'message', nth: 1 })).toContain(name)
  })

  it('one that runs the guest while the host sends', async () => {
    const failures = await failuresOf((own) =>
      transportSuite(own, () => {
        const { ends, pump, settle } = memoryTransport()
        const { host, guest } = ends
        const setEventFlag: typeof host.setEventFlag = (vp, sint, flag) => {
          host.setEventFlag(vp, sint, flag)
          pump.settle()
        }
        return { settle, ends: { guest, host: { ...host, setEventFlag } } }
      }),
    )
    expect(failures).toEqual([
      'signals: of the host are flags: one that is set already raises nothing, one that was taken does again',
    ])
  })
})

describe('the suite of VSPs finds', { timeout: 30_000 }, () => {
  it('one that answers nothing', async () => {
    class Mute extends Vsp {
      readonly offer = offer
    }
    const failures = await failuresOf((own) => vspSuite(own, { make: () => new Mute(), requests }))
    expect(failures).toContain('requests: are completed exactly once, in whatever order things run')
  })

  it('one that answers twice', async () => {
    class Twice extends EchoVsp {
      protected override onPacket(packet: RingPacket, channel: Channel): void {
        const { transactionIdLow, transactionIdHigh } = packet
        super.onPacket(packet, channel)
        channel.sendCompletion(transactionIdLow, transactionIdHigh)
      }
    }
    const failures = await failuresOf((own) => vspSuite(own, { make: () => new Twice(), requests }))
    expect(failures).toContain('requests: are completed exactly once, in whatever order things run')
  })

  it('one that throws on what it does not expect', async () => {
    class Strict extends EchoVsp {
      protected override onPacket(packet: RingPacket, channel: Channel): void {
        if (packet.payloadLength !== 8) throw new RangeError('8 bytes expected')
        super.onPacket(packet, channel)
      }
    }
    const failures = await failuresOf((own) => vspSuite(own, { make: () => new Strict(), requests }))
    expect(failures).toEqual(['a hostile guest: sends noise: nothing is thrown; other channels go on'])
  })

  it('one that takes garbage for messages', async () => {
    const garbage = [hex('ff')]
    const failures = await failuresOf((own) => vspSuite(own, { make: () => new EchoVsp(), requests, garbage }))
    expect(failures).toEqual(['a hostile guest: sends garbage (number 0): a violation; other channels go on'])
  })

  it('one that remembers more than it may', async () => {
    class Counting extends EchoVsp {
      #packets = 0
      protected override onPacket(packet: RingPacket, channel: Channel): void {
        this.#packets += 1
        if (this.#packets < 50) super.onPacket(packet, channel)
      }
    }
    const failures = await failuresOf((own) => vspSuite(own, { make: () => new Counting(), requests }), 'all')
    expect(failures).toContain('open and close: a hundred times leave nothing behind')
  })
})

describe('the suite of VSCs finds', { timeout: 30_000 }, () => {
  const host = () => new EchoVsp()

  it('one that is never ready', async () => {
    class Never extends EchoVsc {
      protected override onOpen(): void {}
    }
    const failures = await failuresOf((own) => vscSuite(own, { make: () => new Never(), host }))
    expect(failures).toContain('binding: gives it its device, also one that is offered later')
  })

  it('one that throws on what it does not expect', async () => {
    class Strict extends EchoVsc {
      protected override onPacket(): void {
        throw new RangeError('no packets expected')
      }
    }
    const failures = await failuresOf((own) => vscSuite(own, { make: () => new Strict(), host }))
    expect(failures).toEqual(['a hostile host: sends noise: nothing is thrown; other channels go on'])
  })

  it('one that takes garbage for messages', async () => {
    class Credulous extends MessageVsc<Uint8Array> {
      readonly binds = { interfaceId: offer.interfaceId }
      protected readonly messages = rawMessages
      protected override onMessage(_message: Uint8Array, _request: Completion): void {}
    }
    const failures = await failuresOf((own) =>
      vscSuite(own, { make: () => new Credulous(), host, garbage: [hex('ff')] }),
    )
    expect(failures).toEqual(['a hostile host: sends garbage (number 0): a violation; other channels go on'])
  })
})
