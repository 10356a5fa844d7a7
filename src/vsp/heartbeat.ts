/**
 * The heartbeat integration component in the root partition.
 *
 * @module
 */
import { HeartbeatData, HeartbeatMessage, heartbeatVersions } from '../devices/heartbeat.ts'
import { type IcHeader, IcMessageType } from '../devices/ics/messages.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import { IcVsp, type IcVspOptions } from './ics.ts'

/** A beat that the guest answered. */
export interface Heartbeat {
  /** The number in the answer: the host's, and one more. */
  readonly sequence: bigint
  /** How the guest's applications are (see ApplicationState); a Linux guest leaves it at 0, unknown. */
  readonly applicationState: number
  /** HRESULT of the answer; 0 is well. */
  readonly status: number
}

/** What a heartbeat tells of itself. */
export interface HeartbeatVspEvents {
  /** The guest lives. */
  beat: (beat: Heartbeat) => void
  /** The guest had not answered when the next beat was due. @param missed beats in a row without answer. */
  missed: (missed: number) => void
}

/** Asks the guest whether it lives, as often as {@link beat} is called: Hyper-V does so every two seconds. */
export class HeartbeatVsp extends IcVsp<HeartbeatMessage, HeartbeatVspEvents> {
  #sequence = 0n
  #missed = 0
  #isAsked = false

  constructor(options: IcVspOptions = {}) {
    super(
      { interfaceId: DeviceId.Heartbeat, instanceId: InstanceId.Heartbeat },
      HeartbeatMessage,
      heartbeatVersions,
      options,
    )
  }

  /** Beats in a row that the guest has not answered. */
  get missed(): number {
    return this.#missed
  }

  /**
   * Asks once. A beat before that has no answer yet counts as missed. False when nothing was sent: the guest has not agreed on the
   * versions, or reads nothing.
   */
  beat(): boolean {
    if (this.agreed === undefined) return false
    if (this.#isAsked) {
      this.#missed += 1
      this.emit('missed', this.#missed)
    }
    this.#isAsked = true
    const sequence = BigInt.asUintN(64, this.#sequence + 1n)
    if (!this.ask(IcMessageType.Heartbeat, HeartbeatData.encode({ sequence, applicationState: 0 }))) return false
    this.#sequence = sequence
    return true
  }

  protected override onAnswer(message: HeartbeatMessage, { status }: IcHeader): void {
    if (message.type !== 'IcHeartbeat' && message.type !== 'IcShortHeartbeat') return
    this.#isAsked = false
    this.#missed = 0
    const { sequence, applicationState } =
      message.type === 'IcHeartbeat' ? message.heartbeat : { sequence: message.sequence, applicationState: 0 }
    this.#sequence = sequence
    this.emit('beat', { sequence, applicationState, status })
  }

  protected override onClose(): void {
    super.onClose()
    this.#sequence = 0n
    this.#missed = 0
    this.#isAsked = false
  }
}
