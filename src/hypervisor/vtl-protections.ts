import { allows, PageAccess } from './page-access.ts'

/** What one level allows those below it: for pages that it named, and for all others. */
interface LevelMask {
  readonly fallback: number
  readonly pages: Map<number, number>
}

/**
 * What the levels of a partition allow those below them to do with guest physical pages. An access of a lower level needs the consent of
 * each level above that has protection enabled. Source: TLFS 15.9.
 */
export class VtlProtections {
  readonly #levels = new Map<number, LevelMask>()

  /** Whether no level protects anything. */
  get isEmpty(): boolean {
    return this.#levels.size === 0
  }

  /** Whether a level protects. */
  isEnabled(vtl: number): boolean {
    return this.#levels.has(vtl)
  }

  /** A level begins to protect; `fallback`: what it allows for pages that it does not name, for good. As in {@link PageAccess}. */
  enable(vtl: number, fallback: number): void {
    if (!this.#levels.has(vtl)) this.#levels.set(vtl, { fallback, pages: new Map() })
  }

  /** What a level that protects allows for a page. */
  protect(vtl: number, page: number, access: number): void {
    this.#levels.get(vtl)?.pages.set(page, access)
  }

  /** A page is mapped anew: what was said of the one before counts no longer. */
  forget(page: number): void {
    for (const { pages } of this.#levels.values()) pages.delete(page)
  }

  /** A level is gone. */
  disable(vtl: number): void {
    this.#levels.delete(vtl)
  }

  /** No level protects any more. */
  clear(): void {
    this.#levels.clear()
  }

  /** The lowest level above `vtl` that does not allow an access to a page: it gets the intercept. Source: TLFS 15.14.2 (nested intercepts). */
  denying(vtl: number, page: number, access: number): number | undefined {
    let denying: number | undefined
    for (const [level, { fallback, pages }] of this.#levels) {
      if (level <= vtl || (denying !== undefined && denying < level)) continue
      if (!allows(pages.get(page) ?? fallback, access)) denying = level
    }
    return denying
  }

  /** What `vtl` may do with a page. */
  allowed(vtl: number, page: number): number {
    let access: number = PageAccess.all
    for (const [level, { fallback, pages }] of this.#levels) {
      if (level > vtl) access &= pages.get(page) ?? fallback
    }
    return access
  }
}
