import type { Later } from '../channels/index.ts'

/** What is looked at to tell whether a guest is quiet. */
export interface Activity {
  /** A number that changes with whatever the guest does, such as the packets that it has sent. */
  count(): number
  /** Whether something of the guest's is not finished. Default never. */
  isBusy?(): boolean
  /** Finishes that by force. Called once, when it has been waited for long enough. */
  abort?(): void
  /**
   * Has the guest do something that it does only after all that it had to do before. Then silence alone does not count, as a slow guest
   * may just be slow: it is asked until it has answered twice with the same count, or not at all.
   */
  ask?(): void
}

/** How often one looks, how many looks in a row must find nothing new, and after how many that is given up. */
const milliseconds = 100
const quietLooks = 5
const mostLooks = 150
/** Looks that a guest has for its answer, and how often it is asked at most. */
const answerLooks = 50
const mostAsked = 5

/**
 * Calls `done` once a guest has been quiet for half a second, or after 15 s; each time that it is asked something, or that something had
 * to be aborted, which it has to take in, it has 15 s again.
 */
export function whenQuiet(activity: Activity, later: Later, done: () => void): void {
  let before = activity.count()
  let quiet = 0
  let left = mostLooks
  let isAborted = false
  let asked = 0
  /** The count when it was asked, and how much more it was in the end the time before. */
  let mark = before
  let answer = 0
  const look = (): void => {
    const now = activity.count()
    const isBusy = activity.isBusy?.() === true
    quiet = now === before && !isBusy ? quiet + 1 : 0
    before = now
    if (left === 0) {
      if (!isBusy || isAborted) {
        done()
        return
      }
      isAborted = true
      activity.abort?.()
      left = mostLooks
    } else if (quiet > quietLooks && (asked === 0 || now !== mark || quiet > answerLooks)) {
      const isSame = asked > 0 && now - mark === answer
      if (activity.ask === undefined || asked === mostAsked || isSame) {
        done()
        return
      }
      answer = asked === 0 ? 0 : now - mark
      mark = now
      asked += 1
      quiet = 0
      left = mostLooks
      activity.ask()
    }
    left -= 1
    later(look, milliseconds)
  }
  later(look, milliseconds)
}
