import { type OpenedRings, OpenedRingsFinder } from '../channels/channel/opened-rings.ts'
import type { Binding, Channel, End, GuestDriver, HostDevice } from '../channels/index.ts'
import { type Bus, type BusOptions, createBus, guid, type RingPacket, Vsc, Vsp } from '../index.ts'
import type { OfferParams } from '../vmbus/server/effects.ts'
import type { TestApi } from './test-api.ts'

/** A VSP as the suites need it; every subclass of `Vsp` is one. */
export type TestedVsp = HostDevice & Pick<Vsp, 'channels'>
/** A VSC as the suites need it; every subclass of `Vsc` is one. */
export type TestedVsc = GuestDriver & Pick<Vsc, 'channel' | 'channels' | 'device' | 'close'>

/** A bus on which whatever either end refuses is thrown: for tests of devices and drivers that behave. */
export function testBus(options: BusOptions = {}): Bus {
  return createBus({ violations: 'throw', ...options })
}

const witnessInterface = guid('b9d0a4a6-2c0f-4f0e-9a3b-6d1f0c5e7a21')

/** A device that answers each packet with its own bytes. */
class WitnessVsp extends Vsp {
  readonly offer = { interfaceId: witnessInterface, instanceId: witnessInterface }
  protected override onPacket(packet: RingPacket, channel: Channel): void {
    channel.complete(packet, packet.copyPayload())
  }
}

/** A driver that is ready when its channel is open, and listens to nothing. */
export class BareVsc extends Vsc {
  constructor(readonly binds: Binding) {
    super()
  }
}

/** A device that never says anything. */
export class BareVsp extends Vsp {
  constructor(readonly offer: OfferParams) {
    super()
  }
}

class WitnessVsc extends BareVsc {
  async answers(): Promise<boolean> {
    const [first] = await this.request(Uint8Array.of(42))
    return first === 42
  }
}

/** A bus with a device under test and another one, which nothing that happens to the first may touch. */
export class DeviceRig {
  readonly bus: Bus
  /** What either end refused, in order: `host bad-packet 1`, with the relid where there is one. */
  readonly violations: string[] = []
  readonly #witness = new WitnessVsc({ interfaceId: witnessInterface })
  readonly #rings: OpenedRingsFinder

  /** @param options of the bus; violations are collected unless they say otherwise. */
  constructor(options: BusOptions = {}) {
    this.bus = createBus({ memorySize: 16 << 20, ...options })
    this.#rings = new OpenedRingsFinder(this.bus.memory)
    this.bus.events.on('message', ({ at, direction, bytes }) => {
      if (at === 'host') this.#rings.message(direction === 'received' ? 'guest' : 'host', bytes)
    })
    this.bus.events.on('violation', ({ at, violation: { rule, channelId } }) => {
      this.violations.push(`${at} ${rule}${channelId === undefined ? '' : ` ${channelId}`}`)
    })
    this.bus.host.offer(new WitnessVsp())
  }

  /** Runs until both ends rest, with turns for promises in between, and for timers while the device has deferred an answer. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 8 || (this.#isOwed && turn < 2000); turn++) {
      this.#run(() => this.bus.settle())
      await (turn < 8 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, 1)))
    }
    this.#run(() => this.bus.settle())
  }

  get #isOwed(): boolean {
    return this.bus.guest.offers.some(({ channelId }) => this.bus.host.owes(channelId))
  }

  /** Runs `count` steps. Answers false when the bus came to rest before. */
  steps(count: number): boolean {
    for (let step = 0; step < count; step++) if (!this.#run(() => this.bus.step())) return false
    return true
  }

  /** What throws ends the test: nothing else is to run, and to throw where no one catches it. */
  #run<T>(what: () => T): T {
    try {
      return what()
    } catch (error) {
      this.bus.close()
      throw error
    }
  }

  /** Whether the other device still does its work. */
  async othersGoOn(): Promise<boolean> {
    if (this.#witness.device === undefined) await this.bus.guest.attach(this.#witness)
    return this.#witness.answers()
  }

  /** The rings of an open channel. */
  rings(channelId: number): OpenedRings | undefined {
    return this.#rings.get(channelId)
  }

  /** Violations of one end on a channel. */
  violationsOf(at: End, channelId: number): string[] {
    return this.violations.filter((line) => line.startsWith(`${at} `) && line.endsWith(` ${channelId}`))
  }

  /** All violations but those of messages that crossed a rescind on their way. */
  get mistakes(): string[] {
    return this.violations.filter((line) => !line.startsWith('host channel-revoked'))
  }
}

/** Steps of a first attach after which tests of every step stop at the latest. */
export const maxSteps = 200

/** Requests sent on a channel, and how often each was answered. */
export class Answers {
  /** By request: how often its handler was called. */
  readonly counts: number[] = []
  /** How many of those calls brought a completion. */
  completed = 0

  /** Sends a request. Answers false when the channel takes no more. */
  request(channel: Channel | undefined, payload: Uint8Array): boolean {
    const index = this.counts.length
    const sent = channel?.request(payload, (completion) => {
      this.counts[index] = (this.counts[index] ?? 0) + 1
      if (completion !== undefined) this.completed += 1
    })
    if (sent !== true) return false
    this.counts[index] ??= 0
    return true
  }

  /** Whether every request was answered exactly once. */
  get eachOnce(): boolean {
    return this.counts.every((count) => count === 1)
  }
}

/** What became of a promise: `kept`, or the name of the error that broke it. */
export async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'kept',
    (error: unknown) => (error instanceof Error ? error.name : 'broken'),
  )
}

/** The tests of a suite: each makes the rigs that it needs, and they end with it. */
export function rigTests({ it }: TestApi, bus: BusOptions = {}) {
  const rigs: DeviceRig[] = []
  return {
    makeRig(options: BusOptions): DeviceRig {
      const rig = new DeviceRig({ ...bus, ...options })
      rigs.push(rig)
      return rig
    },
    test: (name: string, body: () => Promise<void>): unknown =>
      it(name, async () => {
        try {
          await body()
        } finally {
          for (const { bus } of rigs.splice(0)) bus.close()
        }
      }),
  }
}
