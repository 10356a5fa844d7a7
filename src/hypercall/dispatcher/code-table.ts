const nothing: readonly undefined[] = /* @__PURE__ */ Array.from({ length: 256 }, () => undefined)

/** Something for each of some call codes, found by two array accesses: a `Map` would take as long as the rest of a brief call. */
export class CodeTable<T> {
  /** By the high byte of the code, then by the low one. */
  readonly #pages: (readonly (T | undefined)[])[] = Array.from({ length: 256 }, () => nothing)

  /** What stands at a code, 16 bits. */
  get(code: number): T | undefined {
    return this.#pages[code >>> 8]?.[code & 0xff]
  }

  set(code: number, value: T): void {
    const page = [...(this.#pages[code >>> 8] ?? nothing)]
    page[code & 0xff] = value
    this.#pages[code >>> 8] = page
  }
}
