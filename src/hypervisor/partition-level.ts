import type { GpaSpace } from './gpa-space.ts'
import { PageAccess } from './page-access.ts'
import type { ReferenceClock } from './reference-clock.ts'
import { ReferenceTsc } from './reference-tsc.ts'
import { type PageMode, RegisterPage } from './register-page.ts'
import type { TimeStampCounter } from './tsc.ts'

/** Where the pages of a level go, and what its reference TSC page tells. */
export interface LevelHome {
  /** Where its pages are laid over the guest's. */
  readonly space: GpaSpace
  /** How they reach the guest. */
  readonly pageMode: PageMode
  /** The partition's reference time. */
  readonly clock: ReferenceClock
  /** The machine's time stamp counter, if it has one. */
  readonly tsc: TimeStampCounter | undefined
}

/**
 * What a partition has once for each virtual trust level, shared by its VPs: guest OS id, hypercall page, reference TSC page. No level sees
 * those of another. Source: TLFS 15.12 (private state), OpenVMM hv1_emulator/hv.rs.
 */
export class PartitionLevel {
  /** HvRegisterGuestOsId; 0 until the guest says what it is. */
  guestOsId = 0n
  /** HvRegisterVsmPartitionConfig; of levels above 0. */
  vsmConfig = 0n
  /** HvRegisterHypercall; x64 only. */
  readonly hypercallPage: RegisterPage
  /** HvRegisterReferenceTsc. */
  readonly tscPage: RegisterPage
  /** What that page says. */
  readonly referenceTsc: ReferenceTsc

  constructor({ space, pageMode, clock, tsc }: LevelHome, vtl: number) {
    this.hypercallPage = new RegisterPage(space, 'overlay', vtl, PageAccess.read | PageAccess.execute)
    this.tscPage = new RegisterPage(space, pageMode, vtl, PageAccess.read)
    this.referenceTsc = new ReferenceTsc(clock, this.tscPage, tsc)
  }

  /** Takes its pages away. */
  clear(): void {
    this.hypercallPage.value = 0n
    this.tscPage.value = 0n
  }
}
