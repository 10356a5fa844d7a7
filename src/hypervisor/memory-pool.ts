import type { Partition } from './partition.ts'

/** A page in a pool: the machine's number for it, and who gave it from where. */
export interface PooledPage {
  /** The machine's number for it. */
  readonly machinePage: number
  /** Who gave it. */
  readonly depositor: Partition
  /** The depositor's own number for it. */
  readonly guestPage: number
}

/** Pages that a partition's objects are made of. Source: TLFS 2.0A 6.2. */
export class MemoryPool {
  readonly #available: PooledPage[] = []
  readonly #used = new Map<object, PooledPage[]>()
  #inUse = 0

  /** Pages that no object uses. */
  get available(): number {
    return this.#available.length
  }

  /** Pages that objects use. */
  get inUse(): number {
    return this.#inUse
  }

  /** All pages, free ones first. */
  pages(): PooledPage[] {
    return [...this.#available, ...[...this.#used.values()].flat()]
  }

  /** Puts a page in, which nobody uses. */
  add(page: PooledPage): void {
    this.#available.push(page)
  }

  /** Takes a page out of the pool that nobody uses, the one that came last. */
  remove(): PooledPage | undefined {
    return this.#available.pop()
  }

  /** Makes an object out of `count` pages. Answers false, and takes none, when there are too few. */
  take(object: object, count: number): boolean {
    if (count > this.#available.length) return false
    if (count === 0) return true
    this.#used.set(object, this.#available.splice(this.#available.length - count, count))
    this.#inUse += count
    return true
  }

  /** An object is gone: its pages are free again. */
  free(object: object): void {
    const pages = this.#used.get(object)
    if (pages === undefined) return
    this.#used.delete(object)
    this.#inUse -= pages.length
    this.#available.push(...pages)
  }
}
