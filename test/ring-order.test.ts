import { describe, expect, it } from 'vitest'
import { BufferMemory, type GuestMemory } from '../src/memory/index.ts'
import { initializeRing, RING_CONTROL, RingReader, RingWriter } from '../src/vmbus/ring/index.ts'
import { bytes, rig } from './bus-rig.ts'

const ringBytes = 8192
const dataStart = 4096

/** Guest memory that writes down what is done to it, in order: control words by name, the data area as one place. */
class LoggedMemory implements GuestMemory {
  readonly log: string[] = []
  readonly #inner = new BufferMemory(new ArrayBuffer(ringBytes))
  readonly size = ringBytes

  load32(gpa: number): number {
    this.log.push(`load ${place(gpa)}`)
    return this.#inner.load32(gpa)
  }
  store32(gpa: number, value: number): void {
    this.log.push(`store ${place(gpa)}`)
    this.#inner.store32(gpa, value)
  }
  read(gpa: number, target: Uint8Array, offset: number, length: number): void {
    this.log.push(`load ${place(gpa)}`)
    this.#inner.read(gpa, target, offset, length)
  }
  write(gpa: number, source: Uint8Array, offset: number, length: number): void {
    this.log.push(`store ${place(gpa)}`)
    this.#inner.write(gpa, source, offset, length)
  }
  direct(): undefined {
    return undefined
  }
}

function place(gpa: number): string {
  if (gpa >= dataStart) return 'data'
  return Object.entries(RING_CONTROL).find(([, offset]) => offset === gpa)?.[0] ?? `0x${gpa.toString(16)}`
}

describe('the order in which a ring is touched', () => {
  it('[B151][RB-43] a writer stores data, then its index, then looks at the mask; a reader loads the index before any data', () => {
    const memory = new LoggedMemory()
    initializeRing(memory, 0)
    const writer = new RingWriter(memory, 0, ringBytes)
    const reader = new RingReader(memory, 0, ringBytes)
    memory.log.length = 0
    expect(writer.write(6, 0, 1, 0, bytes(1, 2, 3)).status).toBe('written')
    const written = [...memory.log]
    const published = written.indexOf('store writeIndex')
    expect(written.lastIndexOf('store data')).toBeLessThan(published)
    expect(written.lastIndexOf('store writeIndex')).toBe(published)
    expect(written.indexOf('load interruptMask')).toBeGreaterThan(published)

    memory.log.length = 0
    expect(reader.next()).toBe('packet')
    expect(memory.log.indexOf('load writeIndex')).toBeLessThan(memory.log.indexOf('load data'))
    expect(memory.log).not.toContain('store readIndex')
    reader.commit()
    expect(memory.log.lastIndexOf('load data')).toBeLessThan(memory.log.indexOf('store readIndex'))
  })

  it('[B141] bit 0 of the flags alone says whether a completion is wanted, and only then does the id come back', async () => {
    const { bus, vsp, vsc, guest } = await rig()
    const seen: [boolean, boolean][] = []
    vsp.answer = (packet, channel) => void seen.push([packet.completionRequested, channel.complete(packet, bytes(9))])
    guest.send(bytes(1))
    const answer = vsc.ask(bytes(2))
    bus.settle()
    expect(seen).toEqual([
      [false, false],
      [true, true],
    ])
    expect((await answer)[0]).toBe(9)
    expect(bus.guest.client.violations.total).toBe(0)
  })
})
