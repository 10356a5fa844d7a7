/** How a guest tells the host that a channel's ring needs it. */
export interface SignalMechanism {
  /** Bit to set in the guest-to-host half of the interrupt page: the relid. Absent: none. */
  readonly interruptPageBit?: number
  /** Bit to set in `trigger_group[group].pending` of the guest-to-host monitor page; then there is no hypercall. */
  readonly monitor?: { readonly group: number; readonly bit: number }
  /** Connection id to signal by HvCallSignalEvent. Absent: no hypercall. */
  readonly connectionId?: number
}

/** What the offer and the driver say about signals. */
export interface SignalledChannel {
  /** relid of the offer. */
  readonly channelId: number
  readonly connectionId: number
  /** From the offer, if monitor_allocated; 0 … 127. */
  readonly monitorId?: number
  /** is_dedicated_interrupt of the offer: the host looks at no interrupt page. */
  readonly dedicatedInterrupt: boolean
  /** The driver asked not to wait for the monitor page's latency. */
  readonly lowLatency?: boolean
}

/** The guest's way to signal this channel: Linux drivers/hv/connection.c `vmbus_set_event` and channel.c `vmbus_setevent`. */
export function signalMechanism(channel: SignalledChannel): SignalMechanism {
  const { channelId, connectionId, monitorId } = channel
  if (monitorId !== undefined && channel.lowLatency !== true) {
    return { interruptPageBit: channelId, monitor: { group: monitorId >> 5, bit: monitorId & 31 } }
  }
  return channel.dedicatedInterrupt ? { connectionId } : { interruptPageBit: channelId, connectionId }
}
