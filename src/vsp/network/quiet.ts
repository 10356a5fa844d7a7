/** How often one looks, how many looks in a row must find nothing new, and after how many that is given up. */
const milliseconds = 100
const quietLooks = 5
const mostLooks = 150

/**
 * Calls `done` once a count has stayed the same for half a second, or after 15 s.
 *
 * @param count answers nothing when there is nothing to wait for any more.
 */
export function whenQuiet(
  count: () => number | undefined,
  later: (run: () => void, milliseconds: number) => void,
  done: () => void,
): void {
  const look = (before: number | undefined, quiet: number, left: number) => {
    later(() => {
      const now = count()
      const isSame = now === before
      if (now === undefined || left === 0 || (isSame && quiet >= quietLooks)) done()
      else look(now, isSame ? quiet + 1 : 0, left - 1)
    }, milliseconds)
  }
  look(count(), 0, mostLooks)
}
