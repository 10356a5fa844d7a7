import { MemoryFault } from '../../memory/index.ts'
import { monitorGroupCount, monitorIdOf, pendingWordAt } from '../../vmbus/monitor.ts'
import type { ChannelInterrupt, MonitorPages, OpenRequest } from '../../vmbus/server/effects.ts'
import type { Channel } from '../channel/channel.ts'
import type { EndLog } from '../end-log.ts'
import { ConnectionIds, type HostTransport, HvStatus } from '../transports/transport.ts'

/** In an interrupt page: bits for the guest in its first half, for the host in its second. Source: Linux drivers/hv/connection.c. */
const HALF_PAGE = 2048

/** Which channel a signal of the guest's means, and how the guest is interrupted. */
export class HostSignals {
  readonly #transport: HostTransport
  readonly #log: EndLog
  readonly #byConnection = new Map<number, Channel>()
  readonly #byChannel = new Map<number, Channel>()
  readonly #byMonitor = new Map<number, Channel>()
  #monitorPage: number | undefined
  #interruptPage: number | undefined

  constructor(transport: HostTransport, log: EndLog) {
    this.#transport = transport
    this.#log = log
  }

  /** The pages of this connection. */
  pages(monitor: MonitorPages | undefined, interruptPage: bigint | undefined): void {
    const page = monitor === undefined || monitor.childToParent === 0n ? undefined : Number(monitor.childToParent)
    this.#monitorPage = page
    this.#interruptPage = interruptPage === undefined ? undefined : Number(interruptPage)
    this.#transport.watch(page)
  }

  add(channel: Channel, { channelId, connectionId, monitorId }: OpenRequest): void {
    this.#byChannel.set(channelId, channel)
    if (connectionId !== ConnectionIds.interruptPage) this.#byConnection.set(connectionId, channel)
    if (monitorId !== undefined) this.#byMonitor.set(monitorId, channel)
  }

  remove({ channelId, connectionId, monitorId }: OpenRequest): void {
    this.#byChannel.delete(channelId)
    this.#byConnection.delete(connectionId)
    if (monitorId !== undefined) this.#byMonitor.delete(monitorId)
  }

  /** HvCallSignalEvent. Answers its status. */
  received(connectionId: number): number {
    if (connectionId === ConnectionIds.interruptPage) {
      this.#log.signal('hypercall', 'received', connectionId)
      this.#scanInterruptPage()
      return HvStatus.Success
    }
    const channel = this.#byConnection.get(connectionId)
    if (channel === undefined) return HvStatus.InvalidConnectionId
    this.#log.signal('hypercall', 'received', connectionId, channel.channelId)
    channel.signalled()
    return HvStatus.Success
  }

  /** The guest set bits in the monitor page: each known id once, unknown ones are skipped (behaviour 124). */
  monitored(): void {
    const page = this.#monitorPage
    if (page === undefined) return
    for (let group = 0; group < monitorGroupCount; group++) {
      this.#takeBits(page + pendingWordAt(group), (bit) => {
        const monitorId = monitorIdOf({ group, bit })
        const channel = this.#byMonitor.get(monitorId)
        if (channel === undefined) return
        this.#log.signal('monitor-page', 'received', monitorId, channel.channelId)
        channel.signalled()
      })
    }
  }

  /** Interrupts the guest for a channel. A page that the guest has not got interrupts no one. */
  interrupt(interrupt: ChannelInterrupt, channelId: number): void {
    if (interrupt.kind === 'event') {
      this.#log.signal('event-flag', 'sent', interrupt.flag, channelId)
      this.#transport.setEventFlag(interrupt.vp, interrupt.sint, interrupt.flag)
    } else if (interrupt.kind === 'interrupt-page') {
      try {
        this.#transport.setBit(Number(interrupt.page), interrupt.bit)
      } catch (error) {
        if (error instanceof MemoryFault) return
        throw error
      }
      this.#log.signal('interrupt-page', 'sent', interrupt.bit, channelId)
      this.#transport.setEventFlag(0, interrupt.sint, 0)
    }
  }

  #scanInterruptPage(): void {
    const page = this.#interruptPage
    if (page === undefined) {
      for (const channel of this.#byChannel.values()) channel.signalled()
      return
    }
    for (let word = 0; word < HALF_PAGE / 4; word++) {
      this.#takeBits(page + HALF_PAGE + word * 4, (bit) => {
        const channel = this.#byChannel.get(word * 32 + bit)
        if (channel === undefined) return
        this.#log.signal('interrupt-page', 'received', word * 32 + bit, channel.channelId)
        channel.signalled()
      })
    }
  }

  #takeBits(gpa: number, each: (bit: number) => void): void {
    let bits = 0
    try {
      bits = this.#transport.take32(gpa)
    } catch (error) {
      // The guest named a page that it has not got: then there are no bits.
      if (!(error instanceof MemoryFault)) throw error
    }
    for (let rest = bits; rest !== 0; rest &= rest - 1) each(31 - Math.clz32(rest & -rest))
  }
}
