import { childPrivileges, hasPrivilege, type PartitionPrivilege } from '../hypercall/privileges.ts'
import type { DeviceDomain } from './device-domain.ts'
import { enterForInterrupt } from './enter-vtl.ts'
import { GpaMemory, GpaSpace } from './gpa-space.ts'
import { GuestCrash } from './guest-crash.ts'
import type { InterceptTable } from './intercept-table.ts'
import type { Machine } from './machine.ts'
import { MemoryPool } from './memory-pool.ts'
import type { OverlayPage } from './overlay-page.ts'
import { PartitionLevel } from './partition-level.ts'
import type { Connection, Port } from './port.ts'
import { ReferenceClock } from './reference-clock.ts'
import type { PageMode } from './register-page.ts'
import type { VirtualProcessor } from './virtual-processor.ts'
import { VtlProtections } from './vtl-protections.ts'

/** Life of a partition. Source: TLFS 2.0A 5.2.2; TLFS names the first two Created and Initialized. */
export type PartitionState = 'uninitialized' | 'active' | 'finalizing' | 'finalized' | 'deleted'

/** Every privilege there is or may come. */
const allPrivileges = 0xffff_ffff_ffff_ffffn

/** A partition: its place in the tree, and what it owns. Calls on it are the functions of this folder. */
export class Partition {
  /** HV_PARTITION_ID: never used twice. */
  readonly id: bigint
  /** In the order of creation. */
  readonly children = new Set<Partition>()
  /** Its guest physical addresses. */
  readonly space: GpaSpace
  /** Pages that its objects are made of. */
  readonly pool = new MemoryPool()
  /** By VP number. */
  readonly vps = new Map<number, VirtualProcessor>()
  /** Receiving ends, by port id. */
  readonly ports = new Map<number, Port>()
  /** Sending ends, by connection id. */
  readonly connections = new Map<number, Connection>()
  /** Device domains, by type and number. */
  readonly domains = new Map<string, DeviceDomain>()
  /** Devices that are attached: physical ones, by what the partition calls them. */
  readonly devices = new Map<bigint, bigint>()
  /** Set properties, by code; see `properties.ts`. */
  readonly properties = new Map<number, bigint>()
  /** Statistics pages that this partition has mapped, by object. */
  readonly statistics = new Map<string, { readonly page: OverlayPage; readonly guestPage: number }>()
  /** What its levels allow those below. */
  readonly protections = new VtlProtections()
  /** What its parent wants to see. */
  readonly intercepts: InterceptTable = new Map()
  /** Its crash registers. */
  readonly crash = new GuestCrash()
  /** Its reference time. */
  readonly clock: ReferenceClock
  /** What VTL 0 has of the partition; it always is there. */
  readonly vtl0: PartitionLevel
  /** Levels that are enabled. */
  readonly levels = new Map<number, PartitionLevel>()
  /** Where it is in its life. */
  state: PartitionState = 'uninitialized'
  /** HV_PARTITION_PRIVILEGE_MASK, 64 bits. */
  privileges: bigint
  #isSuspended = false

  constructor(
    readonly machine: Machine,
    readonly parent: Partition | undefined,
    identityPages = 0,
    readonly pageMode: PageMode = machine.pageMode,
  ) {
    this.id = machine.newPartitionId()
    this.privileges = parent === undefined ? allPrivileges : childPrivileges
    this.space = new GpaSpace(machine.memory, machine.pages, identityPages)
    this.clock = new ReferenceClock(machine.now, () => {
      for (const { referenceTsc } of this.levels.values()) referenceTsc.publish()
    })
    this.vtl0 = this.addLevel(0)
    machine.partitions.set(this.id, this)
    parent?.children.add(this)
  }

  /** Guest OS id of VTL 0. */
  get guestOsId(): bigint {
    return this.vtl0.guestOsId
  }

  set guestOsId(id: bigint) {
    this.vtl0.guestOsId = id
  }

  /** Bit n: VTL n is there. */
  get enabledVtls(): number {
    return [...this.levels.keys()].reduce((mask, vtl) => mask | (1 << vtl), 0)
  }

  /** Enables a level, or answers the one that is there. */
  addLevel(vtl: number): PartitionLevel {
    const existing = this.levels.get(vtl)
    if (existing !== undefined) return existing
    const { space, pageMode, clock, machine } = this
    const level = new PartitionLevel({ space, pageMode, clock, tsc: machine.tsc }, vtl)
    this.levels.set(vtl, level)
    return level
  }

  /** Ends a level above 0: its pages go, and what it allowed others. */
  removeLevel(vtl: number): void {
    this.levels.get(vtl)?.clear()
    this.levels.delete(vtl)
    this.protections.disable(vtl)
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

  /** Whether nobody created it. */
  get isRoot(): boolean {
    return this.parent === undefined
  }

  /** Whether it has a privilege. */
  has(privilege: PartitionPrivilege): boolean {
    return hasPrivilege(this.privileges, privilege)
  }

  /** VPs by number, lowest first. */
  processors(): VirtualProcessor[] {
    return [...this.vps.values()].sort((a, b) => a.index - b.index)
  }

  /**
   * The first `size` bytes of the GPA space as memory, as a level sees it; what the partition may not do there throws `MemoryFault`. Protections
   * of higher levels do not count: whoever plays a VP asks for them, see `vp-actions.ts`.
   */
  memory(size: number, vtl = 0): GpaMemory {
    return new GpaMemory(this.space, size, vtl)
  }
}
