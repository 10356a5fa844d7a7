/** Nothing is left to run, and what was awaited can no longer come. Says what each end waits for. */
export class StalledError extends Error {
  override readonly name = 'StalledError'
  constructor(
    /** What was awaited. */
    readonly what: string,
    /** What `explain()` said then. */
    readonly waits: readonly string[],
  ) {
    super([`${what} can no longer complete: the bus is quiet`, ...waits.map((line) => `  ${line}`)].join('\n'))
  }
}
