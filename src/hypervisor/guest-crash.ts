import { CrashCtlRegContents } from '../hypercall/vp-registers.ts'

/** What a guest says when it crashes: five words, and perhaps a text. */
export interface CrashReport {
  /** The VP that reported it. */
  readonly vp: number
  /** P0 … P4. */
  readonly parameters: readonly bigint[]
  /** A text comes with it: P3 is its address, P4 its length. */
  readonly hasText: boolean
}

/** HvRegisterGuestCrashCtl as a guest reads it: it may notify, and with a message. Source: TLFS 5.0C, MSR 0x40000105. */
export const crashControlSupported = 0xc000_0000_0000_0000n

/** The crash registers of a partition: P0 … P4, and the report that a write to the control register makes of them. */
export class GuestCrash {
  /** HvRegisterGuestCrashP0 … P4. */
  readonly parameters = [0n, 0n, 0n, 0n, 0n]
  #report: CrashReport | undefined

  /** A VP writes HvRegisterGuestCrashCtl. Without `crashNotify` nothing is reported. */
  notify(vp: number, control: bigint): void {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, control, true)
    const { crashNotify, crashMessage } = CrashCtlRegContents.decode(bytes).contents
    if (crashNotify) this.#report = { vp, parameters: [...this.parameters], hasText: crashMessage }
  }

  /** The last report that nobody has taken yet. */
  take(): CrashReport | undefined {
    const report = this.#report
    this.#report = undefined
    return report
  }
}
