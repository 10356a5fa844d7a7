/**
 * The time synchronisation integration component's driver.
 *
 * @module
 */
import { IcStatus } from '../devices/ics/messages.ts'
import { TimeSyncFlags, TimeSyncMessage, timeSyncVersions } from '../devices/timesync.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import { type IcAnswer, IcVsc, type IcVscOptions } from './ics.ts'

/** The time as the host says. */
export interface HostTime {
  /** Units of 100 ns since 1601 UTC; `unixMillisecondsOf` makes it what `Date` takes. */
  readonly hostTime: bigint
  /** This partition's reference time at that instant, 100 ns; `undefined` before version 4.0. */
  readonly referenceTime: bigint | undefined
  /** Whether the clock is to be set, now. */
  readonly isSync: boolean
  /** Whether it is one more measurement. */
  readonly isSample: boolean
}

/** What a time component's driver tells. */
export interface TimeSyncVscEvents {
  /** The host said what time it is. */
  time: (time: HostTime) => void
}

/** Takes the host's time. Source: Linux drivers/hv/hv_util.c (timesync_onchannelcallback). */
export class TimeSyncVsc extends IcVsc<TimeSyncMessage, TimeSyncVscEvents> {
  constructor(options: IcVscOptions = {}) {
    super(DeviceId.TimeSync, TimeSyncMessage, timeSyncVersions, options)
  }

  protected answer(message: TimeSyncMessage): IcAnswer | undefined {
    if (message.type !== 'IcTimeSync') return undefined
    const { time } = message
    const told = {
      hostTime: time.parentTime,
      referenceTime: time.type === 'TimeSyncReferenceData' ? time.referenceTime : undefined,
      isSync: (time.flags & TimeSyncFlags.sync) !== 0,
      isSample: (time.flags & TimeSyncFlags.sample) !== 0,
    }
    return { status: IcStatus.Ok, afterwards: () => this.emit('time', told) }
  }
}
