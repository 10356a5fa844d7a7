import { MessageType } from '../hypercall/enums/messages.ts'
import { TimerMessagePayload } from '../hypercall/messages.ts'
import type { InterruptController } from './interrupt-controller.ts'
import type { ReferenceClock } from './reference-clock.ts'
import type { Synic } from './synic.ts'

const enable = 0x1n
const periodic = 0x2n
const autoEnable = 0x8n
const direct = 0x1000n

/** Bits 63:20 and 15:13 of the config register, which must be zero. Source: TLFS 12.4.4. */
export const timerReserved = 0xffff_ffff_fff0_e000n

/** Synthetic timers of a VP. */
export const timerCount = 4

/**
 * A synthetic timer: sends a message to a SINT, or interrupts directly, when the reference time has come. Never early.
 * Source: TLFS 12.4, OpenVMM hv1_emulator/synic.rs.
 */
export class SyntheticTimer {
  readonly #index: number
  readonly #clock: ReferenceClock
  readonly #synic: Synic
  readonly #controller: InterruptController
  #config = 0n
  #count = 0n
  /** Reference time of the next expiry. */
  #deadline: bigint | undefined
  /** Expiration time of the timer's one message, while that waits for its slot. */
  #undelivered: bigint | undefined

  constructor(index: number, clock: ReferenceClock, synic: Synic, controller: InterruptController) {
    this.#index = index
    this.#clock = clock
    this.#synic = synic
    this.#controller = controller
  }

  /** Config register: 0 enable, 1 periodic, 2 lazy, 3 auto-enable, 11:4 vector, 12 direct, 19:16 SINT. */
  get config(): bigint {
    return this.#config
  }

  set config(value: bigint) {
    // Without a SINT and without direct mode there is nowhere to expire to.
    const isNowhere = (value & direct) === 0n && sintOf(value) === 0
    this.#config = isNowhere ? value & ~enable : value
    this.#arm()
  }

  /** Count register: one-shot, the reference time of expiry; periodic, the period. 100 ns. */
  get count(): bigint {
    return this.#count
  }

  set count(value: bigint) {
    this.#count = value
    if (value === 0n) this.#config &= ~enable
    else if ((this.#config & autoEnable) !== 0n) this.config = this.#config | enable
    this.#arm()
  }

  /** Reference time of the next expiry, while the timer runs. */
  get deadline(): bigint | undefined {
    return this.#deadline
  }

  /** Expiration time of a message that waits for its slot. */
  get undelivered(): bigint | undefined {
    return this.#undelivered
  }

  /** Expires if it is time. */
  check(): void {
    const now = this.#clock.time
    const deadline = this.#deadline
    if (deadline === undefined || now < deadline) return
    if ((this.#config & periodic) === 0n) {
      this.#deadline = undefined
      this.#config &= ~enable
    } else {
      // Periods that were missed are skipped.
      this.#deadline = now + this.#count - ((now - deadline) % this.#count)
    }
    this.#expire(deadline)
  }

  /** As after a reset of the VP. A message that waits is dropped with its SynIC's. */
  reset(): void {
    this.#config = 0n
    this.#count = 0n
    this.#deadline = undefined
    this.#undelivered = undefined
  }

  #arm(): void {
    if ((this.#config & enable) === 0n || this.#count === 0n) {
      this.#deadline = undefined
      return
    }
    this.#deadline = (this.#config & periodic) === 0n ? this.#count : this.#clock.time + this.#count
    this.check()
  }

  #expire(expirationTime: bigint): void {
    if ((this.#config & direct) !== 0n) {
      this.#controller.request(Number((this.#config >> 4n) & 0xffn))
      return
    }
    if (this.#undelivered !== undefined) return
    this.#undelivered = expirationTime
    this.#synic.hold(sintOf(this.#config), {
      messageType: MessageType.TimerExpired,
      sender: 0n,
      payload: () =>
        TimerMessagePayload.encode({ timerIndex: this.#index, expirationTime, deliveryTime: this.#clock.time }),
      release: () => {
        this.#undelivered = undefined
      },
    })
  }
}

function sintOf(config: bigint): number {
  return Number((config >> 16n) & 0xfn)
}
