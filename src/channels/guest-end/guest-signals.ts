import { MemoryFault, PAGE_SIZE } from '../../memory/index.ts'
import type { OfferChannel } from '../../vmbus/messages.ts'
import { monitorIdOf, pendingWordAt } from '../../vmbus/monitor.ts'
import type { MonitorPages } from '../../vmbus/server/effects.ts'
import { type SignalMechanism, signalMechanism } from '../../vmbus/signal.ts'
import type { EndLog } from '../end-log.ts'
import type { GuestTransport } from '../transports/transport.ts'
import type { PageAllocator } from './page-allocator.ts'

const HALF_PAGE = 2048

/** The guest's pages for signals, and how it signals each channel. Source: Linux drivers/hv/connection.c (vmbus_set_event). */
export class GuestSignals {
  /** GPA of the shared interrupt page. */
  readonly interruptPage: number
  /** The guest's own monitor pages. */
  readonly ownMonitorPages: MonitorPages
  /** The monitor pages that count on this connection. */
  monitorPages: MonitorPages | undefined
  readonly #transport: GuestTransport
  readonly #log: EndLog

  /** Throws `RangeError` when memory has no three pages left. */
  constructor(transport: GuestTransport, pages: PageAllocator, log: EndLog) {
    this.#transport = transport
    this.#log = log
    const run = pages.allocate(3)
    if (run === undefined) throw new RangeError('guest memory is too small for a bus')
    this.interruptPage = run.first * PAGE_SIZE
    this.ownMonitorPages = {
      parentToChild: BigInt(run.first + 1) * 4096n,
      childToParent: BigInt(run.first + 2) * 4096n,
    }
  }

  /** How to signal this channel: as its offer says (the client's, so that at 0.13 all channels share one connection). */
  mechanism({ channelId, connectionId, interrupt, monitor, monitorId }: OfferChannel): SignalMechanism {
    return signalMechanism({
      channelId,
      connectionId,
      dedicatedInterrupt: interrupt.isDedicated,
      ...(monitor.allocated && this.monitorPages !== undefined ? { monitorId } : {}),
    })
  }

  /** Signals a channel. */
  send({ interruptPageBit, monitor, connectionId }: SignalMechanism, channelId: number): void {
    if (interruptPageBit !== undefined) {
      if (connectionId !== undefined) this.#log.signal('interrupt-page', 'sent', interruptPageBit, channelId)
      this.#transport.setBit(this.interruptPage + HALF_PAGE, interruptPageBit)
    }
    if (monitor !== undefined && this.monitorPages !== undefined) {
      const page = Number(this.monitorPages.childToParent)
      this.#log.signal('monitor-page', 'sent', monitorIdOf(monitor), channelId)
      try {
        this.#transport.setBit(page + pendingWordAt(monitor.group), monitor.bit)
      } catch (error) {
        // The host chose a page that is none: then it hears nothing.
        if (!(error instanceof MemoryFault)) throw error
      }
    }
    if (connectionId !== undefined) {
      this.#log.signal('hypercall', 'sent', connectionId, channelId)
      this.#transport.signal(connectionId, 0)
    }
  }

  /** The channels whose bits the host set in the interrupt page, below 2.4; the bits are cleared. */
  takeInterruptPage(each: (channelId: number) => void): void {
    for (let word = 0; word < HALF_PAGE / 4; word++) {
      let bits = this.#transport.take32(this.interruptPage + word * 4)
      for (; bits !== 0; bits &= bits - 1) each(word * 32 + 31 - Math.clz32(bits & -bits))
    }
  }
}
