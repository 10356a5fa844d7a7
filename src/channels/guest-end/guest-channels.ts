import type { OfferChannel } from '../../vmbus/messages.ts'
import type { GuestChannel } from './guest-channel.ts'
import type { GuestDriver } from './guest-driver.ts'

/** A driver that has no device yet. */
export interface WaitingDriver {
  readonly driver: GuestDriver
  /** Called once: it is ready, or why it never will be. */
  readonly settled: (error: Error | undefined) => void
}

/** What is offered, in the order of the offers, and the drivers that wait for an offer. */
export class GuestChannels {
  readonly #byId = new Map<number, GuestChannel>()
  readonly #waiting: WaitingDriver[] = []

  get all(): Iterable<GuestChannel> {
    return this.#byId.values()
  }

  get waiting(): readonly WaitingDriver[] {
    return this.#waiting
  }

  get(channelId: number): GuestChannel | undefined {
    return this.#byId.get(channelId)
  }

  add(channel: GuestChannel): void {
    this.#byId.set(channel.channelId, channel)
  }

  remove(channel: GuestChannel): void {
    this.#byId.delete(channel.channelId)
  }

  clear(): void {
    this.#byId.clear()
  }

  wait(waiting: WaitingDriver): void {
    this.#waiting.push(waiting)
  }

  /** Takes a driver off the list; without one, all. */
  takeWaiting(driver?: GuestDriver): WaitingDriver[] {
    if (driver === undefined) return this.#waiting.splice(0)
    const at = this.#waiting.findIndex((waiting) => waiting.driver === driver)
    return at < 0 ? [] : this.#waiting.splice(at, 1)
  }

  /** Takes the first driver that waits for this free device off the list. */
  takeWaitingFor(channel: GuestChannel): WaitingDriver | undefined {
    if (!channel.isFree) return undefined
    const at = this.#waiting.findIndex(
      ({ driver }) => fits(driver, channel) && (driver.binds.index === undefined || this.find(driver) === channel),
    )
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0]
  }

  /** The device that a driver can have now. */
  find(driver: GuestDriver): GuestChannel | undefined {
    const { index } = driver.binds
    let passed = 0
    for (const channel of this.#byId.values()) {
      if (!fits(driver, channel)) continue
      if (index === undefined ? channel.isFree : passed === index) return channel.isFree ? channel : undefined
      passed += 1
    }
    return undefined
  }

  /** The primary channel of a sub-channel's device, if a driver has it. */
  primaryOf({ offer }: OfferChannel): GuestChannel | undefined {
    for (const channel of this.#byId.values()) {
      const { interfaceId, instanceId } = channel.offer.offer
      if (channel.isPrimary && interfaceId === offer.interfaceId && instanceId === offer.instanceId) return channel
    }
    return undefined
  }
}

/** Whether the driver binds to that device, were it free. */
function fits({ binds }: GuestDriver, { isPrimary, state, offer: { offer } }: GuestChannel): boolean {
  if (!isPrimary || state === 'gone') return false
  if (binds.interfaceId !== undefined && binds.interfaceId !== offer.interfaceId) return false
  return binds.instanceId === undefined || binds.instanceId === offer.instanceId
}
