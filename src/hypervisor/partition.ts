import { childPrivileges, hasPrivilege, type PartitionPrivilege } from '../hypercall/privileges.ts'
import type { DeviceDomain } from './device-domain.ts'
import { enterForInterrupt } from './enter-vtl.ts'
import { GpaMemory, GpaSpace } from './gpa-space.ts'
import { GuestCrash } from './guest-crash.ts'
import type { InterceptTable } from './intercept-table.ts'
import type { Machine } from './machine.ts'
import { MemoryPool } from './memory-pool.ts'
import type { OverlayPage } from './overlay-page.ts'
import { PageAccess } from './page-access.ts'
import type { Connection, Port } from './port.ts'
import { ReferenceClock } from './reference-clock.ts'
import { ReferenceTsc } from './reference-tsc.ts'
import { type PageMode, RegisterPage } from './register-page.ts'
import type { VirtualProcessor } from './virtual-processor.ts'
import { VtlProtections } from './vtl-protections.ts'

/** Life of a partition. Source: TLFS 2.0A 5.2.2; TLFS names the first two Created and Initialized. */
export type PartitionState = 'uninitialized' | 'active' | 'finalizing' | 'finalized' | 'deleted'

/** Every privilege there is or may come. */
const allPrivileges = 0xffff_ffff_ffff_ffffn

/** A partition: its place in the tree, and what it owns. Calls on it are the functions of this folder. */
export class Partition {
  readonly id: bigint
  readonly children = new Set<Partition>()
  readonly space: GpaSpace
  readonly pool = new MemoryPool()
  readonly vps = new Map<number, VirtualProcessor>()
  readonly ports = new Map<number, Port>()
  readonly connections = new Map<number, Connection>()
  readonly domains = new Map<string, DeviceDomain>()
  /** Devices that are attached: physical ones, by what the partition calls them. */
  readonly devices = new Map<bigint, bigint>()
  /** Set properties, by code; see `properties.ts`. */
  readonly properties = new Map<number, bigint>()
  /** Statistics pages that this partition has mapped, by object. */
  readonly statistics = new Map<string, { readonly page: OverlayPage; readonly guestPage: number }>()
  /** What its levels allow those below. */
  readonly protections = new VtlProtections()
  readonly intercepts: InterceptTable = new Map()
  readonly crash = new GuestCrash()
  readonly clock: ReferenceClock
  /** HvRegisterHypercall; x64 only. */
  readonly hypercallPage: RegisterPage
  /** HvRegisterReferenceTsc. */
  readonly tscPage: RegisterPage
  /** What the page says. */
  readonly referenceTsc: ReferenceTsc
  state: PartitionState = 'uninitialized'
  privileges: bigint
  guestOsId = 0n
  #isSuspended = false
  /** Bit n: VTL n is there. VTL 0 always is. */
  enabledVtls = 1

  constructor(
    readonly machine: Machine,
    readonly parent: Partition | undefined,
    identityPages = 0,
    readonly pageMode: PageMode = machine.pageMode,
  ) {
    this.id = machine.newPartitionId()
    this.privileges = parent === undefined ? allPrivileges : childPrivileges
    this.space = new GpaSpace(machine.memory, machine.pages, identityPages)
    this.clock = new ReferenceClock(machine.now, () => this.referenceTsc.publish())
    this.hypercallPage = new RegisterPage(this.space, 'overlay', PageAccess.read | PageAccess.execute)
    this.tscPage = new RegisterPage(this.space, pageMode, PageAccess.read)
    this.referenceTsc = new ReferenceTsc(this.clock, this.tscPage, machine.tsc)
    machine.partitions.set(this.id, this)
    parent?.children.add(this)
  }

  /** By the property Suspend: no VP runs. */
  get isSuspended(): boolean {
    return this.#isSuspended
  }

  set isSuspended(suspended: boolean) {
    this.#isSuspended = suspended
    for (const vp of this.vps.values()) enterForInterrupt(vp)
  }

  /** Partitions above this one: 0 for the root. */
  get depth(): number {
    return this.parent === undefined ? 0 : this.parent.depth + 1
  }

  get isRoot(): boolean {
    return this.parent === undefined
  }

  has(privilege: PartitionPrivilege): boolean {
    return hasPrivilege(this.privileges, privilege)
  }

  /** VPs by number, lowest first. */
  processors(): VirtualProcessor[] {
    return [...this.vps.values()].sort((a, b) => a.index - b.index)
  }

  /** The first `size` bytes of the GPA space as memory; what the partition may not do there throws `MemoryFault`. */
  memory(size: number): GpaMemory {
    return new GpaMemory(this.space, size)
  }
}
