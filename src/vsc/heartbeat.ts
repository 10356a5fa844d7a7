/**
 * The heartbeat integration component's driver.
 *
 * @module
 */
import { HeartbeatMessage, heartbeatVersions } from '../devices/heartbeat.ts'
import { IcStatus } from '../devices/ics/messages.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import { type IcAnswer, IcVsc, type IcVscOptions } from './ics.ts'

/** What a heartbeat's driver tells. */
export interface HeartbeatVscEvents {
  /** The host asked, with this number, and was answered with the next. */
  beat: (sequence: bigint) => void
}

/** Answers the host that this partition lives. Source: Linux drivers/hv/hv_util.c (heartbeat_onchannelcallback). */
export class HeartbeatVsc extends IcVsc<HeartbeatMessage, HeartbeatVscEvents> {
  /** What answers say of this partition's applications (see ApplicationState); `undefined`, as Linux, what the host wrote. */
  applicationState: number | undefined

  constructor(options: IcVscOptions = {}) {
    super(DeviceId.Heartbeat, HeartbeatMessage, heartbeatVersions, options)
  }

  protected answer(message: HeartbeatMessage, reply: Uint8Array): IcAnswer | undefined {
    if (message.type !== 'IcHeartbeat' && message.type !== 'IcShortHeartbeat') return undefined
    const sequence = message.type === 'IcHeartbeat' ? message.heartbeat.sequence : message.sequence
    const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength)
    view.setBigUint64(0, BigInt.asUintN(64, sequence + 1n), true)
    if (this.applicationState !== undefined && reply.byteLength >= 12) view.setUint32(8, this.applicationState, true)
    return { status: IcStatus.Ok, afterwards: () => this.emit('beat', sequence) }
  }
}
