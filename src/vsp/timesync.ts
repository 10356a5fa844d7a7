/**
 * The time synchronisation integration component in the root partition.
 *
 * @module
 */
import { type IcHeader, IcMessageType } from '../devices/ics/messages.ts'
import {
  TimeSyncData,
  TimeSyncFlags,
  TimeSyncMessage,
  TimeSyncReferenceData,
  timeSyncVersions,
} from '../devices/timesync.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import { IcVsp, type IcVspOptions } from './ics.ts'

/** One instant on two clocks, read together. */
export interface TimeReading {
  /** The host's time in units of 100 ns since 1601 UTC: `hostTimeOf(Date.now())`. */
  readonly hostTime: bigint
  /** The guest's reference time (HV_X64_MSR_TIME_REF_COUNT) at that instant, 100 ns. */
  readonly referenceTime: bigint
}

/** How a time component is made. */
export interface TimeSyncVspOptions extends IcVspOptions {
  /** The clocks. Read for each message, when it is sent. */
  readonly now: () => TimeReading
}

/** What a time component tells of itself. */
export interface TimeSyncVspEvents {
  /** The guest answered, with an HRESULT: 0 when it took the time. */
  answered: (status: number) => void
}

/** Milliseconds between samples. Source: OpenVMM hyperv_ic timesync. */
export const timeSamplePeriod = 5000

/**
 * Tells the guest the time: once the versions are agreed on, with the flag that it set its clock, and then as often as
 * {@link sample} is called, each {@link timeSamplePeriod} on a real host (behaviour 219).
 */
export class TimeSyncVsp extends IcVsp<TimeSyncMessage, TimeSyncVspEvents> {
  readonly #now: () => TimeReading

  constructor({ now, ...options }: TimeSyncVspOptions) {
    super(
      { interfaceId: DeviceId.TimeSync, instanceId: InstanceId.TimeSync },
      TimeSyncMessage,
      timeSyncVersions,
      options,
    )
    this.#now = now
  }

  /** Sends the time as one more measurement. False when the guest has not answered the one before, or cannot be asked. */
  sample(): boolean {
    return this.#send(TimeSyncFlags.sample)
  }

  /** Sends the time for the guest to set its clock, as after a pause of the host. False as for {@link sample}. */
  sync(): boolean {
    return this.#send(TimeSyncFlags.sync)
  }

  protected override onNegotiated(): void {
    this.#send(TimeSyncFlags.sync)
  }

  protected override onAnswer(_message: TimeSyncMessage, { status }: IcHeader): void {
    this.emit('answered', status)
  }

  #send(flags: number): boolean {
    const { agreed } = this
    if (agreed === undefined || this.unanswered > 0) return false
    const { hostTime, referenceTime } = this.#now()
    return this.ask(IcMessageType.TimeSync, bodyOf(agreed.message, hostTime, referenceTime, flags))
  }
}

/** With the padding that OpenVMM's structures have behind Linux's packed ones. */
function bodyOf(version: number, parentTime: bigint, referenceTime: bigint, flags: number): Uint8Array {
  return version >= 0x4_0000
    ? TimeSyncReferenceData.encode({
        parentTime,
        referenceTime,
        flags,
        leapIndicator: 0,
        stratum: 0,
        extra: new Uint8Array(2),
      })
    : TimeSyncData.encode({ parentTime, childTime: 0n, roundTripTime: 0n, flags, extra: new Uint8Array(3) })
}
