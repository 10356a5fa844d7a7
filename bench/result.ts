/** One measured ratio: the time, or the count, of ours divided by that of the baseline in the same run. */
export interface Result {
  /** What is compared with what. */
  readonly name: string
  readonly ratio: number
  /** The highest ratio that is acceptable; without it the row only informs. */
  readonly limit?: number
}

/** What an exported `bench…` function is. */
export type Suite = () => Result[] | Promise<Result[]>
