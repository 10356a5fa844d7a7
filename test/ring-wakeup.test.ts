import { describe, expect, it } from 'vitest'
import { BufferMemory, type GuestMemory } from '../src/memory/index.ts'
import { initializeRing, RING_CONTROL, RingReader, RingWriter } from '../src/vmbus/ring/index.ts'

const TOTAL = 8192

/** Thrown to stop an end before its next access to a shared word. */
class Pause extends Error {}

/**
 * Runs code up to any access of a control word, by running it anew from its start each time: what it loaded before is
 * played back, what it stored before is not stored again. So two ends can be interleaved word by word in one thread.
 */
class Stepper implements GuestMemory {
  readonly size = TOTAL
  result: unknown
  done = false
  readonly #loaded: number[] = []
  #at = 0
  #may = 0

  constructor(
    readonly memory: GuestMemory,
    readonly run: (memory: GuestMemory) => unknown,
  ) {}

  /** One more access. */
  step(): void {
    this.#at = 0
    this.#may = this.#loaded.length + 1
    try {
      this.result = this.run(this)
      this.done = true
    } catch (error) {
      if (!(error instanceof Pause)) throw error
    }
  }

  #word(access: () => number): number {
    const at = this.#at++
    if (at >= this.#may) throw new Pause()
    if (at === this.#loaded.length) this.#loaded.push(access())
    return this.#loaded[at] ?? 0
  }

  load32(gpa: number): number {
    return this.#word(() => this.memory.load32(gpa))
  }
  store32(gpa: number, value: number): void {
    this.#word(() => {
      this.memory.store32(gpa, value)
      return 0
    })
  }
  // Contents are not shared words: the same bytes again do no harm.
  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.memory.read(gpa, target, offset, length)
  }
  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.memory.write(gpa, source, offset, length)
  }
  direct(): undefined {
    return undefined
  }
}

/** Plays all interleavings of the two ends; answers how many there were. */
function interleave(
  prepare: (memory: GuestMemory) => void,
  ends: ((memory: GuestMemory) => unknown)[],
  check: (results: unknown[], schedule: string) => void,
): number {
  let runs = 0
  const go = (schedule: number[]): void => {
    const memory = new BufferMemory(new ArrayBuffer(TOTAL))
    prepare(memory)
    const steppers = ends.map((run) => new Stepper(memory, run))
    for (const who of schedule) steppers[who]?.step()
    const open = steppers.map((stepper, who) => (stepper.done ? -1 : who)).filter((who) => who >= 0)
    for (const who of open) go([...schedule, who])
    if (open.length > 0) return
    runs++
    check(
      steppers.map((stepper) => stepper.result),
      schedule.join(''),
    )
  }
  go([])
  return runs
}

const write = (memory: GuestMemory): unknown => new RingWriter(memory, 0, TOTAL).write(6, 0, 1, 0, new Uint8Array(8))

describe('no wake-up is lost', () => {
  it('[B151][RB-40][TR-17] when a reader unmasks while a packet is written, in all interleavings', () => {
    let [seen, signalled] = [0, 0]
    const runs = interleave(
      (memory) => {
        initializeRing(memory, 0)
        memory.store32(RING_CONTROL.interruptMask, 1)
      },
      [write, (memory) => new RingReader(memory, 0, TOTAL).unmask()],
      ([written, available], schedule) => {
        const signal = JSON.stringify(written) === '{"status":"written","signal":true}'
        if (available === 32) seen++
        if (signal) signalled++
        expect(available === 32 || signal, `schedule ${schedule}`).toBe(true)
      },
    )
    expect(runs).toBeGreaterThan(200)
    // Both ways to notice do occur.
    expect(seen).toBeGreaterThan(0)
    expect(signalled).toBeGreaterThan(0)
  })

  it('[B151] when a reader finds the ring empty and unmasked while a packet is written', () => {
    interleave(
      (memory) => initializeRing(memory, 0),
      [write, (memory) => new RingReader(memory, 0, TOTAL).next()],
      ([written, status], schedule) => {
        const signal = JSON.stringify(written) === '{"status":"written","signal":true}'
        expect(status === 'packet' || signal, `schedule ${schedule}`).toBe(true)
      },
    )
  })

  it('[B148][B151] when a writer asks for room while the reader makes it', () => {
    const prepare = (memory: GuestMemory): void => {
      initializeRing(memory, 0)
      write(memory)
      new RingWriter(memory, 0, TOTAL).write(6, 0, 2, 0, new Uint8Array(4000))
    }
    interleave(
      prepare,
      [
        (memory) => new RingWriter(memory, 0, TOTAL).setPendingSendSize(64),
        (memory) => {
          const reader = new RingReader(memory, 0, TOTAL)
          reader.next()
          reader.next()
          return reader.commit()
        },
      ],
      ([roomNow, signal], schedule) => expect(roomNow === true || signal === true, `schedule ${schedule}`).toBe(true),
    )
  })
})
