import { Conversation, EndLog, type HostDevice, HostEndpoint, MemoryTransport, Pump } from '../../channels/index.ts'
import { BufferMemory } from '../../memory/index.ts'
import type { TranscriptEvent } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import { type DeviceOptions, deviceSteps, maxSteps, memorySize, trafficOf } from '../device-steps.ts'
import { HostileGuest } from '../hostile-guest.ts'
import { expect, type FuzzTarget } from '../target.ts'
import { WatchedVsp } from '../watched-device.ts'

/**
 * A VSP under a hostile guest: messages of its schema, valid and spoiled, packets of any kind, bad control words, closing and
 * opening, being revoked in between. It must throw nothing, come to rest, read all that it is sent, complete every request once
 * (unless what was sent was a violation, or the device stopped the channel), and send nothing but good packets.
 *
 * Its inputs: `packet` and `ring` are what the guest writes, `signalevent` has the host look; `fault` `read`, `open`, `close`,
 * `revoke` and `exercise` do that.
 *
 * @param create makes a fresh device for each run.
 */
export function vspTarget<D extends HostDevice>(
  name: string,
  create: () => D,
  options: DeviceOptions<D> = {},
): FuzzTarget {
  const traffic = trafficOf(create(), options)
  return {
    name,
    generate: (draw) => deviceSteps('guest-to-host', draw, traffic, options.exercise !== undefined),
    run: (events) => new VspWorld(create(), options).run(events),
  }
}

class VspWorld<D extends HostDevice> {
  readonly #pump = new Pump()
  readonly #watched: WatchedVsp
  readonly #host: HostEndpoint
  readonly #guest: HostileGuest
  readonly #log: EndLog

  constructor(
    readonly vsp: D,
    readonly options: DeviceOptions<D>,
  ) {
    const memory = new BufferMemory(new ArrayBuffer(memorySize))
    const transport = options.transport?.(memory, this.#pump) ?? new MemoryTransport(memory, this.#pump)
    this.#log = new EndLog('host', 'host', new Conversation())
    this.#host = new HostEndpoint(transport.host, this.#pump, this.#log)
    this.#watched = new WatchedVsp(vsp)
    this.#host.offer(this.#watched)
    this.#guest = new HostileGuest(transport.guest, this.#pump)
  }

  run(events: readonly TranscriptEvent[]): void {
    try {
      this.#settle()
      for (const event of events) this.#handle(event)
      this.#check()
      this.#host.revoke(this.#watched)
      this.#settle()
      this.#host.close()
      this.#settle()
    } finally {
      // What is still to be done must not run after the run.
      this.#pump.stop()
    }
  }

  #handle(event: TranscriptEvent): void {
    const { channel } = this.#guest
    switch (event.kind) {
      case 'packet':
        channel?.write(fromHex(event.hex))
        break
      case 'ring':
        if (channel === undefined) break
        channel.tampered = true
        ;(event.ring === 'guest-to-host' ? channel.send : channel.receive).apply(event)
        break
      case 'signalevent':
        this.#guest.signal()
        this.#settle()
        break
      case 'fault':
        this.#meddle(event.fault, Number(event.detail?.number ?? 0))
        this.#settle()
        break
    }
  }

  #meddle(fault: string, number: number): void {
    if (fault === 'read') this.#read()
    else if (fault === 'open') this.#guest.open()
    else if (fault === 'close') this.#guest.close()
    else if (fault === 'revoke') this.#host.revoke(this.#watched)
    else if (fault === 'exercise') this.options.exercise?.(this.vsp, number)
  }

  #read(): number {
    const { packets = 0, signal = false } = this.#guest.channel?.read() ?? {}
    if (signal) this.#guest.signal()
    return packets
  }

  /** The guest gives the device all the room and all the turns that it can need. */
  #check(): void {
    const { channel } = this.#guest
    if (channel === undefined) return
    for (let rounds = 0, packets = 1; packets > 0; rounds++) {
      expect(rounds < maxSteps, 'endless', 'the device always has one more packet to send')
      this.#guest.signal()
      this.#settle()
      packets = this.#read()
      this.#settle()
    }
    const open = this.#watched.channel
    if (channel.tampered || open === undefined || !open.isOpen || open.requestsHeld > 0) return
    expect(channel.isRead, 'not-read', 'packets lie in the ring, and the device does not read them')
    if (this.options.completes === false) return
    const lost = channel.waiting - this.#log.violations.total
    expect(lost <= 0, 'lost-completion', 'a request is never completed, and no violation says why')
  }

  #settle(): void {
    this.#pump.settle(maxSteps)
  }
}
