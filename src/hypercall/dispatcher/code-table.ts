/** Codes below this are found by one array access: a `Map` takes as long as the rest of a brief call. All but the extended calls are. */
const near = 0x200

/** Something for each of some call codes. */
export class CodeTable<T> {
  readonly #near: (T | undefined)[] = Array.from({ length: near }, () => undefined)
  readonly #far = new Map<number, T>()

  /** What stands at a code, 16 bits. */
  get(code: number): T | undefined {
    return code < near ? this.#near[code] : this.#far.get(code)
  }

  /** Puts something at a code, 16 bits. */
  set(code: number, value: T): void {
    if (code < near) this.#near[code] = value
    else this.#far.set(code, value)
  }
}
