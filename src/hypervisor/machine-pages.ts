/** What becomes of each page of the machine: whether it lies in a memory pool, and how often children have it mapped. */
export class MachinePages {
  readonly #pooled = new Set<number>()
  readonly #mappings = new Map<number, number>()

  /** Whether a page is in a pool: no partition reaches it. */
  isPooled(page: number): boolean {
    return this.#pooled.has(page)
  }

  /** Pages in pools. */
  get pooledCount(): number {
    return this.#pooled.size
  }

  /** Puts a page into a pool, or takes it out. */
  setPooled(page: number, pooled: boolean): void {
    if (pooled) this.#pooled.add(page)
    else this.#pooled.delete(page)
  }

  /** Mappings of a page in all GPA spaces but the root's. */
  mappingsOf(page: number): number {
    return this.#mappings.get(page) ?? 0
  }

  /** Counts a mapping that was made (1) or ended (-1). */
  countMapping(page: number, change: 1 | -1): void {
    const count = this.mappingsOf(page) + change
    if (count === 0) this.#mappings.delete(page)
    else this.#mappings.set(page, count)
  }
}
