import type { Later } from '../src/vsp/kvp.ts'
import { isIcRequestError } from '../src/vsp/kvp.ts'

/** Time that a test turns on. */
export function clock() {
  const timers = new Map<() => void, number>()
  const later: Later = (run, milliseconds) => {
    timers.set(run, milliseconds)
    return () => void timers.delete(run)
  }
  const ring = () => {
    const all = [...timers.keys()]
    timers.clear()
    for (const run of all) run()
  }
  return { later, ring, timers }
}

/** What a request failed with: code, status, text. */
export async function failure(request: Promise<unknown>): Promise<string> {
  try {
    await request
    return 'it did not fail'
  } catch (error) {
    if (!isIcRequestError(error)) return String(error)
    return `${error.code}${error.status === undefined ? '' : ` ${error.status.toString(16)}`}: ${error.message}`
  }
}
