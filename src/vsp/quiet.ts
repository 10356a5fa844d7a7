import type { Later } from '../channels/index.ts'

/** What is looked at to tell whether a guest is quiet. */
export interface Activity {
  /** A number that changes with whatever the guest does, such as the packets that it has sent. */
  count(): number
  /** Whether something of the guest's is not finished. Default never. */
  isBusy?(): boolean
  /** Finishes that by force. Called once, when it has been waited for long enough. */
  abort?(): void
}

/** How often one looks, how many looks in a row must find nothing new, and after how many that is given up. */
const milliseconds = 100
const quietLooks = 5
const mostLooks = 150

/**
 * Calls `done` once a guest has been quiet for half a second, or after 15 s; after another 15 s where something had to be aborted
 * then, which the guest has to take in.
 */
export function whenQuiet(activity: Activity, later: Later, done: () => void): void {
  let before = activity.count()
  let quiet = 0
  let left = mostLooks
  let isAborted = false
  const look = (): void => {
    const now = activity.count()
    const isBusy = activity.isBusy?.() === true
    const isQuiet = now === before && !isBusy
    const isOver = left === 0
    if (isOver && isBusy && !isAborted) {
      isAborted = true
      activity.abort?.()
      left = mostLooks
    } else if (isOver || (isQuiet && quiet >= quietLooks)) {
      done()
      return
    }
    before = now
    quiet = isQuiet ? quiet + 1 : 0
    left -= 1
    later(look, milliseconds)
  }
  later(look, milliseconds)
}
