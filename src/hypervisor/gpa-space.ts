import { type GuestMemory, MemoryFault, PAGE_SIZE } from '../memory/index.ts'
import type { MachinePages } from './machine-pages.ts'
import type { OverlayPage } from './overlay-page.ts'
import { allows, PageAccess } from './page-access.ts'

/** A guest page's place: which memory, where in it, in bytes, and what the guest may do. */
export interface PagePlace {
  /** The memory that it lies in. */
  readonly memory: GuestMemory
  /** Its first byte there. */
  readonly base: number
  /** What the guest may do, as in `PageAccess`. */
  readonly access: number
}

/** Number of the page of an address. */
export function pageOf(gpa: number): number {
  return Math.floor(gpa / PAGE_SIZE)
}

/**
 * The guest physical addresses of a partition: which page of the machine lies behind each, with which access, and which overlays hide it.
 * The root's first `identityPages` pages are the machine's own. Sparse: what is not mapped costs nothing.
 */
export class GpaSpace {
  readonly #machine: GuestMemory
  readonly #pages: MachinePages
  readonly #identityPages: number
  /** By guest page: machine page × 16 + access. One number, so that a gigabyte of guest memory is no forest of objects. */
  readonly #mapped = new Map<number, number>()
  /** By guest page, the topmost last. */
  readonly #overlays = new Map<number, OverlayPage[]>()

  constructor(machine: GuestMemory, pages: MachinePages, identityPages = 0) {
    this.#machine = machine
    this.#pages = pages
    this.#identityPages = identityPages
  }

  /** Guest pages mapped, those of the root's identity not counted. */
  get mappedCount(): number {
    return this.#mapped.size
  }

  /** Maps a guest page to a page of the machine; what was mapped there is replaced. */
  map(guestPage: number, machinePage: number, access: number): void {
    this.unmap(guestPage)
    this.#mapped.set(guestPage, machinePage * 16 + (access & PageAccess.all))
    this.#pages.countMapping(machinePage, 1)
  }

  /** Ends a mapping, if there is one. */
  unmap(guestPage: number): void {
    const word = this.#mapped.get(guestPage)
    if (word === undefined) return
    this.#mapped.delete(guestPage)
    this.#pages.countMapping(Math.floor(word / 16), -1)
  }

  /** Ends everything: mappings and overlays. */
  clear(): void {
    for (const guestPage of [...this.#mapped.keys()]) this.unmap(guestPage)
    this.#overlays.clear()
  }

  /** The page of the machine that is mapped at a guest page, under any overlay and even while it is pooled. */
  machinePage(guestPage: number): number | undefined {
    const word = this.#word(guestPage)
    return word === undefined ? undefined : Math.floor(word / 16)
  }

  /** Access that the mapping of a guest page grants, overlays aside; 0 where nothing is mapped or the page is in a pool. */
  mappedAccess(guestPage: number): number {
    const word = this.#word(guestPage)
    return word === undefined || this.#pages.isPooled(Math.floor(word / 16)) ? 0 : word % 16
  }

  /** Lays a page of the hypervisor's over a guest page, for the level that the page is for, or for all. */
  addOverlay(guestPage: number, page: OverlayPage): void {
    const here = this.#overlays.get(guestPage)
    if (here === undefined) this.#overlays.set(guestPage, [page])
    else here.push(page)
  }

  /** Takes an overlay away: what was underneath is seen again. */
  removeOverlay(guestPage: number, page: OverlayPage): void {
    const left = this.#overlays.get(guestPage)?.filter((other) => other !== page) ?? []
    if (left.length === 0) this.#overlays.delete(guestPage)
    else this.#overlays.set(guestPage, left)
  }

  /** Whether an overlay hides a guest page from a level; without `vtl`, from any. */
  isOverlaid(guestPage: number, vtl?: number): boolean {
    return vtl === undefined ? this.#overlays.has(guestPage) : this.#overlay(guestPage, vtl) !== undefined
  }

  /** Where a guest page is for a level: its topmost overlay, else what is mapped; nothing where neither is. */
  place(guestPage: number, vtl = 0): PagePlace | undefined {
    const overlay = this.#overlay(guestPage, vtl)
    if (overlay !== undefined) return { memory: overlay.memory, base: 0, access: overlay.access }
    const word = this.#word(guestPage)
    if (word === undefined) return undefined
    const page = Math.floor(word / 16)
    if (this.#pages.isPooled(page)) return undefined
    return { memory: this.#machine, base: page * PAGE_SIZE, access: word % 16 }
  }

  /** The first address of a range at which an access of a level is not allowed; `undefined` when all of it is. */
  firstDenied(gpa: number, length: number, access: number, vtl = 0): number | undefined {
    if (!Number.isSafeInteger(gpa) || gpa < 0 || gpa > Number.MAX_SAFE_INTEGER - length) return gpa
    for (let at = gpa; at < gpa + length; at = (pageOf(at) + 1) * PAGE_SIZE) {
      const place = this.place(pageOf(at), vtl)
      if (place === undefined || !allows(place.access, access)) return at
    }
    return undefined
  }

  #overlay(guestPage: number, vtl: number): OverlayPage | undefined {
    return this.#overlays.get(guestPage)?.findLast((page) => page.vtl === undefined || page.vtl === vtl)
  }

  #word(guestPage: number): number | undefined {
    const word = this.#mapped.get(guestPage)
    if (word !== undefined) return word
    return guestPage >= 0 && guestPage < this.#identityPages ? guestPage * 16 + PageAccess.all : undefined
  }
}

/** The first `size` bytes of a GPA space as memory of a level. Accesses that the space does not allow throw {@link MemoryFault}. */
export class GpaMemory implements GuestMemory {
  readonly #space: GpaSpace

  constructor(
    space: GpaSpace,
    readonly size: number,
    readonly vtl = 0,
  ) {
    this.#space = space
  }

  load32(gpa: number): number {
    const place = this.#wordPlace(gpa, PageAccess.read)
    return place.memory.load32(place.base + (gpa % PAGE_SIZE))
  }

  store32(gpa: number, value: number): void {
    const place = this.#wordPlace(gpa, PageAccess.write)
    place.memory.store32(place.base + (gpa % PAGE_SIZE), value)
  }

  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.#check(gpa, length, PageAccess.read)
    for (let done = 0; done < length; ) {
      const { memory, base } = this.#place(gpa + done)
      const within = (gpa + done) % PAGE_SIZE
      const count = Math.min(PAGE_SIZE - within, length - done)
      memory.read(base + within, target, offset + done, count)
      done += count
    }
  }

  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.#check(gpa, length, PageAccess.write)
    for (let done = 0; done < length; ) {
      const { memory, base } = this.#place(gpa + done)
      const within = (gpa + done) % PAGE_SIZE
      const count = Math.min(PAGE_SIZE - within, length - done)
      memory.write(base + within, source, offset + done, count)
      done += count
    }
  }

  direct(gpa: number, length: number): Uint8Array | undefined {
    this.#check(gpa, length, PageAccess.read | PageAccess.write)
    if (length === 0) return new Uint8Array(0)
    const first = this.#place(gpa)
    const start = first.base + (gpa % PAGE_SIZE)
    for (let page = pageOf(gpa) + 1; page * PAGE_SIZE < gpa + length; page++) {
      const { memory, base } = this.#place(page * PAGE_SIZE)
      if (memory !== first.memory || base - start !== page * PAGE_SIZE - gpa) return undefined
    }
    return first.memory.direct(start, length)
  }

  #wordPlace(gpa: number, access: number): PagePlace {
    if (gpa % 4 !== 0) throw new MemoryFault(gpa, 4, 'a word access must be aligned to 4 bytes')
    const place = gpa >= 0 && gpa < this.size ? this.#space.place(pageOf(gpa), this.vtl) : undefined
    if (place === undefined || !allows(place.access, access))
      throw new MemoryFault(gpa, 4, 'not mapped for this access')
    return place
  }

  #check(gpa: number, length: number, access: number): void {
    if (!Number.isSafeInteger(length) || length < 0) throw new MemoryFault(gpa, length, 'not a length')
    if (!(gpa >= 0 && length <= this.size && gpa <= this.size - length)) {
      throw new MemoryFault(gpa, length, `outside the ${this.size} bytes of guest memory`)
    }
    if (this.#space.firstDenied(gpa, length, access, this.vtl) !== undefined) {
      throw new MemoryFault(gpa, length, 'not mapped for this access')
    }
  }

  /** The place of a page that has been checked. */
  #place(gpa: number): PagePlace {
    const place = this.#space.place(pageOf(gpa), this.vtl)
    if (place === undefined) throw new MemoryFault(gpa, 1, 'not mapped')
    return place
  }
}
