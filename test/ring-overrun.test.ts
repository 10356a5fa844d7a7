import { describe, expect, it } from 'vitest'
import { initializeRing, RING_CONTROL, RingReader, RingWriter } from '../src/vmbus/ring/index.ts'
import { ringMemories } from './ring-memories.ts'

describe.each(ringMemories)('a reader that has read around the end and not committed, on %s', (_kind, make) => {
  it('refuses a write index beyond the read index that its peer has seen', () => {
    const memory = make(8192)
    initializeRing(memory, 0)
    memory.store32(RING_CONTROL.writeIndex, 4000)
    memory.store32(RING_CONTROL.readIndex, 4000)
    const writer = new RingWriter(memory, 0, 8192)
    const reader = new RingReader(memory, 0, 8192)
    for (let i = 0; i < 2; i++) expect(writer.write(6, 0, i, 0, new Uint8Array(64)).status).toBe('written')
    expect([reader.next(), reader.next(), reader.next()]).toEqual(['packet', 'packet', 'empty'])
    memory.store32(RING_CONTROL.writeIndex, 4048)
    expect(reader.next()).toBe('fault')
    expect(reader.fault).toMatchObject({ code: 'InvalidRingPointer', offset: RING_CONTROL.writeIndex })
  })
})
