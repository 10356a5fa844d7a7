import { type GuestMemory, MemoryFault, PAGE_SIZE } from '../memory/index.ts'
import { pageOf } from './gpa-space.ts'
import { PageAccess } from './page-access.ts'
import type { Partition } from './partition.ts'

/**
 * A child's memory as a device that its parent plays may touch it: for the guest, so with the rights of VTL 0. What a higher level of the child
 * protects throws {@link MemoryFault}; else code of VTL 0 could have a device read or write for it what it may not itself.
 * A direct view that was asked for before a page was protected stays. Source: TLFS 15.15 (DMA and devices), OpenVMM underhill_core (devices are
 * given the memory of VTL 0).
 */
export class DeviceMemory implements GuestMemory {
  readonly #memory: GuestMemory
  readonly #child: Partition

  /** @param memory the same addresses as the parent has them. */
  constructor(memory: GuestMemory, child: Partition) {
    this.#memory = memory
    this.#child = child
  }

  get size(): number {
    return this.#memory.size
  }

  load32(gpa: number): number {
    this.#check(gpa, 4, PageAccess.read)
    return this.#memory.load32(gpa)
  }

  store32(gpa: number, value: number): void {
    this.#check(gpa, 4, PageAccess.write)
    this.#memory.store32(gpa, value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.#check(gpa, length, PageAccess.read)
    this.#memory.read(gpa, target, offset, length)
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.#check(gpa, length, PageAccess.write)
    this.#memory.write(gpa, source, offset, length)
  }

  direct(gpa: number, length: number): Uint8Array | undefined {
    this.#check(gpa, length, PageAccess.read | PageAccess.write)
    return this.#memory.direct(gpa, length)
  }

  #check(gpa: number, length: number, access: number): void {
    const { protections } = this.#child
    // What is no range in memory the memory itself refuses.
    if (protections.isEmpty || !(gpa >= 0 && length <= this.size && gpa <= this.size - length)) return
    for (let at = gpa; at < gpa + length; at = (pageOf(at) + 1) * PAGE_SIZE) {
      if (protections.denying(0, pageOf(at), access) !== undefined) {
        throw new MemoryFault(at, length, 'protected by a higher VTL')
      }
    }
  }
}
