/**
 * The test functions that a suite is given: those of vitest and jest as they are, those of `node:test` with an `expect` made of
 * `node:assert` (see docs/testing.md).
 */
export interface TestApi {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, body: () => void | Promise<void>) => unknown
  readonly expect: (actual: unknown) => Expectation
}

/** What a suite says of a value. */
export interface Expectation {
  /** The same value, as by `Object.is`. */
  toBe(expected: unknown): unknown
  /** The same by its contents. */
  toEqual(expected: unknown): unknown
}
