import { type GuestMemory, PAGE_SIZE } from '../memory/index.ts'
import type { GpaSpace } from './gpa-space.ts'
import { OverlayPage } from './overlay-page.ts'
import { PageAccess } from './page-access.ts'

/**
 * How pages that a register places reach the guest: `overlay`, a page of the hypervisor's laid over the guest's; `write-through`, the
 * guest's own page is written, where its memory is foreign and cannot be overlaid.
 */
export type PageMode = 'overlay' | 'write-through'

/**
 * A page that a register of a level places in guest memory: bit 0 enables it, bits 63:12 are its page number. An overlay is there for that
 * level alone, so that no other can read or forge what the hypervisor tells it; it keeps its contents when it is moved or disabled.
 * Source: TLFS 11.8.1 (SIMP), 5.2.1 (overlay pages), 15.1 (overlay pages by VTL).
 */
export class RegisterPage {
  readonly #space: GpaSpace
  readonly #overlay: OverlayPage | undefined
  readonly #vtl: number
  readonly #access: number
  #value = 0n

  /**
   * @param vtl the level whose register it is.
   * @param access what the guest may do with an overlay.
   */
  constructor(space: GpaSpace, mode: PageMode, vtl: number, access: number = PageAccess.read | PageAccess.write) {
    this.#space = space
    this.#vtl = vtl
    this.#access = access
    this.#overlay = mode === 'overlay' ? new OverlayPage(access, vtl) : undefined
  }

  /** The register. */
  get value(): bigint {
    return this.#value
  }

  /** Writes the register: the page moves, comes or goes. */
  set value(value: bigint) {
    if (this.#overlay !== undefined && this.isEnabled) this.#space.removeOverlay(this.guestPage, this.#overlay)
    this.#value = value
    if (this.#overlay !== undefined && this.isEnabled) this.#space.addOverlay(this.guestPage, this.#overlay)
  }

  /** Bit 0. */
  get isEnabled(): boolean {
    return (this.#value & 1n) !== 0n
  }

  /** Guest page number. */
  get guestPage(): number {
    return Number(this.#value >> 12n)
  }

  /** Where the hypervisor finds the page's first byte; `undefined` while it is disabled, or where a foreign guest has no memory. */
  place(): { readonly memory: GuestMemory; readonly base: number } | undefined {
    if (!this.isEnabled) return undefined
    if (this.#overlay !== undefined) return { memory: this.#overlay.memory, base: 0 }
    const denied = this.#space.firstDenied(this.guestPage * PAGE_SIZE, PAGE_SIZE, this.#access, this.#vtl)
    return denied === undefined ? this.#space.place(this.guestPage, this.#vtl) : undefined
  }
}
