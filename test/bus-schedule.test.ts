import { describe, expect, it } from 'vitest'
import { Pump, Random, Task } from '../src/channels/index.ts'
import { type Bus, createBus, StalledError } from '../src/index.ts'
import { ViolationError } from '../src/vmbus/violation.ts'
import { toHex } from '../src/wire/index.ts'
import { bytes, rig, TestVsc, TestVsp, testInterface } from './bus-rig.ts'

/** Everything that happens on a bus, as text. */
function storyOf(bus: Bus): string[] {
  const lines: string[] = []
  bus.events.on('message', ({ at, direction, bytes: message }) => lines.push(`${at} ${direction} ${toHex(message)}`))
  bus.events.on('signal', ({ at, direction, by, number }) => lines.push(`${at} ${direction} ${by} ${number}`))
  bus.events.on('packet', ({ at, direction, payload }) => lines.push(`${at} ${direction} packet ${toHex(payload)}`))
  bus.events.on('channel', ({ at, what, channelId }) => lines.push(`${at} ${what} ${channelId}`))
  return lines
}

/** Three devices, used at the same time. */
async function run(seed: number | undefined): Promise<string[]> {
  const bus = createBus({ memorySize: 1 << 20, ...(seed === undefined ? {} : { seed, scheduling: 'scheduled' }) })
  const story = storyOf(bus)
  const vsps = [1, 2, 3].map((number) => new TestVsp(number))
  for (const vsp of vsps) bus.host.offer(vsp)
  const vscs = await Promise.all([1, 2, 3].map((number) => bus.guest.attach(new TestVsc(number))))
  await Promise.all(vscs.flatMap((vsc, index) => [1, 2, 3].map((value) => vsc.ask(bytes(index, value)))))
  vsps[1]?.close()
  for (const vsc of vscs) vsc.close()
  bus.settle()
  return story
}

describe('scheduling', () => {
  it('the same seed gives the same run, to the byte; other seeds give others', async () => {
    const runs = await Promise.all([run(1), run(1), run(2), run(2), run(3)])
    expect(runs[1]).toEqual(runs[0])
    expect(runs[3]).toEqual(runs[2])
    expect(runs[2]).not.toEqual(runs[0])
    expect(runs[4]).not.toEqual(runs[2])
  })

  it('in order, every run is the same', async () => {
    expect(await run(undefined)).toEqual(await run(undefined))
  })

  it('the generator is the same everywhere', () => {
    const random = new Random(1)
    expect(Array.from({ length: 8 }, () => random.below(100))).toEqual([73, 32, 67, 24, 75, 73, 80, 10])
    const other = new Random(0)
    expect(new Set(Array.from({ length: 1000 }, () => other.below(10))).size).toBe(10)
  })

  it('who sends returns before the peer runs', async () => {
    const { bus, vsp, guest } = await rig()
    guest.send(bytes(1))
    expect(vsp.log).toEqual(['open 1.0'])
    bus.settle()
    expect(vsp.log).toEqual(['open 1.0', 'packet 8'])
  })

  it('work that nobody settles is done in a microtask', async () => {
    const { vsp, guest } = await rig()
    guest.send(bytes(1))
    await Promise.resolve()
    expect(vsp.log).toEqual(['open 1.0', 'packet 8'])
  })

  it('step by step', async () => {
    const { bus, vsp, guest } = await rig()
    guest.send(bytes(1))
    let steps = 0
    while (bus.step()) steps += 1
    expect(steps).toBe(1)
    expect(vsp.log).toEqual(['open 1.0', 'packet 8'])
  })
})

describe('time', () => {
  class Sleeper extends TestVsp {
    sleep(milliseconds: number, run: () => void): void {
      this.later(run, milliseconds)
    }
  }

  it('passes for a device when the bus is at rest: what is due first comes first, and what is due together as it was asked for', async () => {
    const { bus, guest } = await rig()
    const vsp = new Sleeper(2)
    bus.host.offer(vsp)
    bus.settle()
    const log: string[] = []
    vsp.sleep(500, () => log.push('late'))
    vsp.sleep(100, () => {
      log.push('early')
      vsp.sleep(400, () => log.push('last'))
    })
    vsp.sleep(100, () => log.push('as early'))
    guest.send(bytes(1))
    expect(log).toEqual([])
    expect(bus.step()).toBe(true)
    expect(log).toEqual([])
    bus.settle()
    expect(log).toEqual(['early', 'as early', 'late', 'last'])
  })

  it('stands still while something outside the bus is awaited, and nobody is called stalled for it', async () => {
    const { bus, vsp: answering, vsc } = await rig()
    const vsp = new Sleeper(2)
    bus.host.offer(vsp)
    let answer = (): void => undefined
    answering.answer = (packet, channel) => {
      const later = channel.defer(packet)
      answer = () => void later.complete(bytes(4))
    }
    const log: string[] = []
    const asking = vsc.ask(bytes(1))
    vsp.sleep(100, () => log.push('due'))
    bus.settle()
    expect(log).toEqual([])
    answer()
    bus.settle()
    expect(log).toEqual(['due'])
    expect(toHex(await asking)).toBe('0400000000000000')
  })

  it('may pass before an answer: who waits for that is not stalled', async () => {
    const bus = createBus()
    const vsp = new Sleeper()
    vsp.answer = (packet, channel) => {
      const completion = channel.completionOf(packet)
      vsp.sleep(1000, () => void completion.complete(bytes(4)))
    }
    bus.host.offer(vsp)
    const vsc = await bus.guest.attach(new TestVsc())
    expect(toHex(await vsc.ask(bytes(1)))).toBe('0400000000000000')
  })

  it('does not pass for a device that is not offered: it need not wait for anybody', () => {
    const log: string[] = []
    new Sleeper(1).sleep(100, () => log.push('at once'))
    expect(log).toEqual(['at once'])
  })
})

describe('pump', () => {
  it('a task cannot run others, and is queued once', () => {
    const pump = new Pump()
    const log: string[] = []
    const inner = new Task('inner', () => log.push('inner'))
    const outer = new Task('outer', () => {
      pump.schedule(inner)
      pump.schedule(inner)
      expect(pump.settle()).toBe(0)
      expect(() => pump.step()).toThrow('the pump is running')
      log.push('outer')
    })
    pump.schedule(outer)
    expect(pump.settle()).toBe(2)
    expect(log).toEqual(['outer', 'inner'])
  })

  it('what sleeps runs when nothing else waits', () => {
    const pump = new Pump()
    const log: string[] = []
    pump.scheduleLater(new Task('later', () => log.push('later')))
    pump.schedule(new Task('first', () => log.push('first')))
    expect(pump.waiting).toBe(2)
    pump.settle()
    expect(log).toEqual(['first', 'later'])
  })

  it('two ends that never come to rest are stopped', () => {
    const pump = new Pump()
    const task: Task = new Task('again', () => pump.schedule(task))
    pump.schedule(task)
    expect(() => pump.settle(1000)).toThrow('still not quiet after 1000 steps')
    pump.stop()
    expect(pump.step()).toBe(false)
  })

  it('a task that throws does not stop the others', () => {
    const pump = new Pump()
    const log: string[] = []
    pump.schedule(
      new Task('bad', () => {
        throw new Error('bug')
      }),
    )
    pump.schedule(new Task('good', () => log.push('good')))
    expect(() => pump.settle()).toThrow('bug')
    pump.settle()
    expect(log).toEqual(['good'])
  })

  it('thousands of tasks, in order', () => {
    const pump = new Pump()
    let next = 0
    for (let number = 0; number < 5000; number++) {
      pump.schedule(
        new Task(String(number), () => {
          expect(next).toBe(number)
          next += 1
        }),
      )
    }
    expect(pump.settle()).toBe(5000)
  })
})

describe('StalledError', () => {
  async function failure(promise: Promise<unknown>): Promise<StalledError> {
    const error: unknown = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!(error instanceof StalledError)) throw new Error(`no StalledError: ${error}`)
    return error
  }

  it('an attach that nothing matches fails at once and says what each end waits for', async () => {
    const bus = createBus()
    bus.host.offer(new TestVsp(1))
    const error = await failure(bus.guest.attach(new TestVsc(2)))
    expect(error.message).toBe(
      [
        `attach of TestVsc to ${testInterface} can no longer complete: the bus is quiet`,
        `  promised: attach of TestVsc to ${testInterface}`,
        '  host: guest connected at 6.0',
        '  guest: an offer for TestVsc',
      ].join('\n'),
    )
    // It is not given a device later.
    bus.host.offer(new TestVsp(2))
    bus.settle()
    expect(bus.host.server.violations.total).toBe(0)
    expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
  })

  it('an open that the device neither answers nor defers', async () => {
    const bus = createBus()
    const vsp = new TestVsp()
    vsp.openWith = () => {}
    bus.host.offer(vsp)
    const error = await failure(bus.guest.attach(new TestVsc()))
    expect(error.waits).toEqual([
      `promised: attach of TestVsc to ${testInterface}`,
      'host: guest connected at 6.0',
      'host: channel 1: openComplete',
      'guest: channel 1: OpenResult',
    ])
  })

  it('a request that the device neither completes nor defers', async () => {
    const { vsp, vsc } = await rig()
    vsp.answer = () => {}
    const error = await failure(vsc.ask(bytes(1, 2, 3)))
    expect(error.what).toBe('request of 3 bytes on channel 1')
    expect(error.waits).toEqual([
      'promised: request of 3 bytes on channel 1',
      'host: guest connected at 6.0',
      'guest: channel 1: 1 completions',
    ])
  })

  it('a message that is lost on its way', async () => {
    const bus = createBus({
      wrap: ({ host, guest }) => ({
        guest,
        host: {
          ...host,
          // GpadlCreated never arrives.
          post: (vp, sint, type, payload) => (payload[0] === 10 ? 'delivered' : host.post(vp, sint, type, payload)),
        },
      }),
    })
    bus.host.offer(new TestVsp())
    const error = await failure(bus.guest.attach(new TestVsc()))
    expect(error.waits).toContain('guest: channel 1: GpadlCreated for 925200')
  })

  it('not as long as something outside the bus has promised an answer', async () => {
    const { bus, vsp, vsc } = await rig()
    let answer = () => {}
    vsp.answer = (packet, channel) => {
      const later = channel.defer(packet)
      answer = () => void later.complete(bytes(4))
    }
    const asked = vsc.ask(bytes(1))
    bus.settle()
    await new Promise((resolve) => setImmediate(resolve))
    answer()
    expect((await asked)[0]).toBe(4)
  })
})

describe('the violation policy', () => {
  it('`throw` throws out of settle, and the bus goes on', async () => {
    const { bus, host, vsc } = await rig({ violations: 'throw' })
    host.sendCompletion(0, 0)
    expect(() => bus.settle()).toThrow(ViolationError)
    expect((await vsc.ask(bytes(1)))[0]).toBe(1)
  })

  it('what is thrown while code awaits goes to whoever waits', async () => {
    const { vsp, vsc } = await rig({ violations: 'throw' })
    vsp.answer = (_packet, channel) => void channel.sendCompletion(77, 0)
    await expect(vsc.ask(bytes(1))).rejects.toThrow(ViolationError)
  })

  it('a callback is told, and events carry the time that the bus was given', async () => {
    const rules: string[] = []
    let clock = 5
    const { bus, host } = await rig({ violations: ({ rule }) => rules.push(rule), now: () => clock++ })
    const times: (number | undefined)[] = []
    bus.events.on('violation', ({ time }) => times.push(time))
    clock = 100
    host.sendCompletion(0, 0)
    bus.settle()
    expect(rules).toEqual(['completion-id-zero'])
    expect(times).toHaveLength(1)
    expect(times[0]).toBeGreaterThanOrEqual(100)
  })
})
