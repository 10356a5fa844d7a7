import { Conversation, EndLog, type GuestDriver, GuestEndpoint, MemoryTransport, Pump } from '../../channels/index.ts'
import { BufferMemory } from '../../memory/index.ts'
import type { TranscriptEvent } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import type { OfferParams } from '../../vmbus/server/effects.ts'
import { guid } from '../../wire/index.ts'
import { type DeviceOptions, deviceSteps, maxSteps, memorySize, trafficOf } from '../device-steps.ts'
import { HostileHost } from '../hostile-host.ts'
import { expect, type FuzzTarget } from '../target.ts'
import { WatchedVsc } from '../watched-device.ts'

/** How a VSC is fuzzed. */
export interface VscOptions<D> extends DeviceOptions<D> {
  /** What the host offers, beside the ids that the driver binds to: `{ pipe: 'message' }`. */
  readonly offer?: Partial<OfferParams>
}

/**
 * A VSC under a hostile host: messages of its schema, valid and spoiled, packets of any kind, completions of what was and was not
 * asked, bad control words, and the device rescinded in between. It must throw nothing, come to rest, read all that it is sent,
 * answer requests as {@link vspTarget} says, send nothing but good packets, and keep no one waiting when the device is gone.
 *
 * @param create makes a fresh driver for each run.
 */
export function vscTarget<D extends GuestDriver>(
  name: string,
  create: () => D,
  options: VscOptions<D> = {},
): FuzzTarget {
  const traffic = trafficOf(create(), { ...options, pipe: options.pipe ?? options.offer?.pipe === 'message' })
  return {
    name,
    generate: (draw) => deviceSteps('host-to-guest', draw, traffic, options.exercise !== undefined),
    run: (events) => new VscWorld(create(), options).run(events),
  }
}

const anyInterface = guid('22222222-3333-4444-8555-666666666666')
const anyInstance = guid('22222222-3333-4444-8555-777777777777')

class VscWorld<D extends GuestDriver> {
  readonly #pump = new Pump()
  readonly #watched: WatchedVsc
  readonly #guest: GuestEndpoint
  readonly #host: HostileHost
  readonly #log: EndLog
  #settled = 0

  constructor(
    readonly vsc: D,
    readonly options: VscOptions<D>,
  ) {
    const { interfaceId = anyInterface, instanceId = anyInstance } = vsc.binds
    const transport = new MemoryTransport(new BufferMemory(new ArrayBuffer(memorySize)), this.#pump)
    this.#log = new EndLog('guest', 'guest', new Conversation())
    this.#host = new HostileHost(transport.host, this.#pump, { ...options.offer, interfaceId, instanceId })
    this.#guest = new GuestEndpoint(transport.guest, this.#pump, this.#log)
    this.#watched = new WatchedVsc(vsc)
    this.#pump.onQuiet(() =>
      this.#guest.pendings.stalled(
        () => [],
        () => false,
      ),
    )
    this.#guest.connect()
    this.#guest.bind(this.#watched, () => {
      this.#settled++
    })
  }

  run(events: readonly TranscriptEvent[]): void {
    try {
      this.#settle()
      for (const event of events) this.#handle(event)
      this.#check()
      this.#host.revoke()
      this.#settle()
      this.#guest.close()
      expect(this.#settled === 1, 'attach-unanswered', `attaching the driver was answered ${this.#settled} times`)
      const [promised] = this.#guest.pendings.explain()
      expect(promised === undefined, 'promise-kept-waiting', `${promised}`)
      this.#settle()
    } finally {
      // What is still to be done must not run after the run.
      this.#pump.stop()
    }
  }

  #handle(event: TranscriptEvent): void {
    const { channel } = this.#host
    switch (event.kind) {
      case 'packet':
        channel?.write(fromHex(event.hex))
        break
      case 'ring':
        if (channel === undefined) break
        channel.tampered = true
        ;(event.ring === 'host-to-guest' ? channel.send : channel.receive).apply(event)
        break
      case 'signalevent':
        this.#host.signal()
        this.#settle()
        break
      case 'fault':
        if (event.fault === 'read') this.#read()
        else if (event.fault === 'revoke') this.#host.revoke()
        else if (event.fault === 'exercise') this.#exercise(Number(event.detail?.number ?? 0))
        this.#settle()
        break
    }
  }

  #exercise(number: number): void {
    if (this.#watched.channel?.isOpen === true) this.options.exercise?.(this.vsc, number)
  }

  #read(): number {
    const { packets = 0, signal = false } = this.#host.channel?.read() ?? {}
    if (signal) this.#host.signal()
    return packets
  }

  #check(): void {
    const { channel } = this.#host
    if (channel === undefined) return
    for (let rounds = 0, packets = 1; packets > 0; rounds++) {
      expect(rounds < maxSteps, 'endless', 'the driver always has one more packet to send')
      this.#host.signal()
      this.#settle()
      packets = this.#read()
      this.#settle()
    }
    const open = this.#watched.channel
    if (channel.tampered || open === undefined || !open.isOpen || open.requestsHeld > 0) return
    expect(channel.isRead, 'not-read', 'packets lie in the ring, and the driver does not read them')
    // Few hosts ask a driver for completions, and few drivers give them.
    if (this.options.completes !== true) return
    const lost = channel.waiting - this.#log.violations.total
    expect(lost <= 0, 'lost-completion', 'a request is never completed, and no violation says why')
  }

  #settle(): void {
    this.#pump.settle(maxSteps)
  }
}
