import { Random } from './random.ts'

/** One thing that has work from time to time: an end's control messages, one channel's ring, one message slot. */
export class Task {
  /** Whether it waits in a pump. */
  queued = false
  /**
   * @param name for people.
   * @param run does what there is to do now; what it starts elsewhere is only queued.
   */
  constructor(
    readonly name: string,
    readonly run: () => void,
  ) {}
}

/**
 * In which order waiting tasks run: `in-order` as they came, `scheduled` in an order drawn from the seed. Within one task
 * order is always kept, so a scheduled run differs only as real processors may.
 */
export type Scheduling = 'in-order' | 'scheduled'

/** How a pump runs. */
export interface PumpOptions {
  /** In which order what is due runs. */
  readonly scheduling?: Scheduling
  /** For `scheduled`. Default 0. */
  readonly seed?: number
}

/**
 * Runs whatever both ends have to do, one task at a time and never one inside another: who sends returns before the peer runs.
 *
 * {@link settle} runs until nothing is left. What nobody settles runs in a microtask, so code that awaits need not care.
 */
export class Pump {
  readonly #queue: Task[] = []
  /** Tasks that wait for a moment when nothing else does. */
  readonly #idle: Task[] = []
  /** First task in `#queue` that still waits. */
  #head = 0
  readonly #random: Random | undefined
  #running = false
  #waking = false
  #hasMicrotask = false
  #stopped = false
  readonly #quietHandlers: (() => void)[] = []
  readonly #errorHandlers: ((error: unknown) => boolean)[] = []
  #steps = 0

  constructor(options: PumpOptions = {}) {
    this.#random = options.scheduling === 'scheduled' ? new Random(options.seed ?? 0) : undefined
  }

  /** Tasks run so far. */
  get steps(): number {
    return this.#steps
  }

  /** Tasks that wait. */
  get waiting(): number {
    return this.#queue.length - this.#head + this.#idle.length
  }

  /** Puts a task in line, once. */
  schedule(task: Task): void {
    if (this.#stopped) return
    if (!task.queued) {
      task.queued = true
      this.#queue.push(task)
    }
    this.wake()
  }

  /** Puts a task in line for when nothing else waits: a sleep, as far as there is time here. */
  scheduleLater(task: Task): void {
    if (this.#stopped || task.queued) return
    task.queued = true
    this.#idle.push(task)
    this.wake()
  }

  /** Makes sure that there is a {@link settle}, in a microtask at the latest. */
  wake(): void {
    if (this.#waking || this.#running || this.#stopped) return
    this.#waking = true
    // One at a time: code that settles again and again and never lets go would pile them up.
    if (this.#hasMicrotask) return
    this.#hasMicrotask = true
    queueMicrotask(() => {
      this.#hasMicrotask = false
      if (this.#waking) this.#settleLater()
    })
  }

  /** Calls `handler` each time that nothing is left to run: whoever waits then waits in vain. */
  onQuiet(handler: () => void): void {
    this.#quietHandlers.push(handler)
  }

  /** Calls `handler` with what a task threw in a microtask; answering true means that somebody was told. */
  onError(handler: (error: unknown) => boolean): void {
    this.#errorHandlers.push(handler)
  }

  /** Runs one task. Answers false when none waits. */
  step(): boolean {
    if (this.#running) throw new Error('the pump is running: a task cannot run another')
    const task = this.#take()
    if (task === undefined) return false
    task.queued = false
    this.#steps += 1
    this.#running = true
    try {
      task.run()
    } finally {
      this.#running = false
    }
    return true
  }

  /**
   * Runs until nothing is left, and answers how many tasks ran. What a task throws (a bug in a device, a violation under the
   * policy `throw`) is thrown here; the rest stays in line. Within a task it does nothing.
   *
   * @param maxSteps stops two ends that never come to rest. Throws `RangeError` then.
   */
  settle(maxSteps = 10_000_000): number {
    if (this.#running) return 0
    this.#waking = false
    let steps = 0
    let isQuiet = false
    try {
      do {
        while (this.step()) {
          if (++steps > maxSteps) throw new RangeError(`still not quiet after ${maxSteps} steps`)
        }
        for (const handler of this.#quietHandlers) handler()
      } while (this.waiting > 0)
      isQuiet = true
    } finally {
      this.#waking = false
      if (!isQuiet) this.wake()
    }
    return steps
  }

  /** Drops what waits and takes nothing more. */
  stop(): void {
    this.#stopped = true
    for (let task = this.#take(); task !== undefined; task = this.#take()) task.queued = false
  }

  #settleLater(): void {
    try {
      this.settle()
    } catch (error) {
      let told = false
      for (const handler of this.#errorHandlers) told = handler(error) || told
      if (!told) throw error
    }
  }

  #take(): Task | undefined {
    const queue = this.#queue
    const count = queue.length - this.#head
    if (count === 0) return this.#idle.shift()
    if (this.#random !== undefined) {
      // The drawn task goes, the last takes its place: any order is as good as another.
      const at = this.#head + this.#random.below(count)
      const task = queue[at]
      const last = queue.pop()
      if (last !== undefined && at < queue.length) queue[at] = last
      return task
    }
    const task = queue[this.#head]
    this.#head += 1
    if (this.#head === queue.length) {
      queue.length = 0
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > queue.length) {
      queue.splice(0, this.#head)
      this.#head = 0
    }
    return task
  }
}
