import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BufferMemory } from '../src/memory/index.ts'
import { autopsy, autopsyChannel, type FoundPacket } from '../src/vmbus/autopsy.ts'
import { initializeRing, RingReader, RingWriter } from '../src/vmbus/ring/index.ts'
import { seeded } from './seed.ts'

const page = 4096

/** A ring with one page of data, and how its memory looks. */
function ring() {
  const buffer = new ArrayBuffer(2 * page)
  const memory = new BufferMemory(buffer)
  initializeRing(memory, 0)
  const image = () => {
    const bytes = new Uint8Array(buffer)
    return { control: bytes.subarray(0, page), data: bytes.subarray(page) }
  }
  return { buffer, image, writer: new RingWriter(memory, 0, 2 * page), reader: new RingReader(memory, 0, 2 * page) }
}

/** Transaction ids, which the tests use as the packets' names. */
const ids = (found: readonly FoundPacket[]) => found.map(({ descriptor }) => Number(descriptor?.transactionId))

describe('the autopsy of a ring', () => {
  it('finds nothing in a fresh ring', () => {
    expect(autopsy(ring().image())).toEqual({ readIndex: 0, writeIndex: 0, pending: [], consumed: [], faults: [] })
  })

  it('lists pending packets forward and consumed ones backward, decoded', () => {
    const { writer, reader, image } = ring()
    writer.write(6, 1, 1, 0, Uint8Array.of(1, 2, 3))
    writer.write(11, 0, 2, 0, new Uint8Array(8))
    writer.write(6, 0, 3, 0, new Uint8Array(16))
    reader.next()
    reader.next()
    reader.commit()
    const { pending, consumed, readIndex, writeIndex, faults } = autopsy(image())
    expect({ readIndex, writeIndex, faults }).toEqual({ readIndex: 64, writeIndex: 104, faults: [] })
    expect(pending).toMatchObject([{ state: 'pending', offset: 64, length: 40, faults: [] }])
    expect(ids(consumed)).toEqual([2, 1])
    expect(consumed).toMatchObject([
      { state: 'consumed', offset: 32, length: 32, packet: { type: 'CompletionPacket' } },
      {
        state: 'consumed',
        offset: 0,
        length: 32,
        descriptor: { type: 6, dataOffset8: 2, length8: 3, flags: 1, transactionId: 1n },
        packet: { type: 'DataInBandPacket', payload: Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0) },
      },
    ])
  })

  it('recovers exactly the packets that are still intact, whatever was written, read, and wrapped', {
    timeout: 60_000,
  }, () => {
    const step = fc.record({ payload: fc.integer({ min: 0, max: 1500 }), reads: fc.integer({ min: 0, max: 4 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { writer, reader, image } = ring()
        const written: { id: number; start: number; end: number; payload: number }[] = []
        let end = 0
        let read = 0
        for (const { payload, reads } of steps) {
          const id = written.length + 1
          const bytes = new Uint8Array(payload).fill(id)
          if (writer.write(6, 0, id, 0, bytes).status === 'written') {
            const start = end
            end += 24 + Math.ceil(payload / 8) * 8
            written.push({ id, start, end, payload })
          }
          for (let count = 0; count < reads && reader.next() === 'packet'; count++) read++
          reader.commit()
        }
        // What was written a whole ring ago or earlier has been written over.
        const intact = written.filter(({ start }) => end - start <= page)
        const result = autopsy(image())
        const consumed = result.consumed.filter(({ state }) => state === 'consumed')
        expect(ids(result.pending)).toEqual(written.slice(read).map(({ id }) => id))
        expect(ids(consumed)).toEqual(
          intact
            .filter(({ id }) => id <= read)
            .map(({ id }) => id)
            .reverse(),
        )
        for (const { packet, offset, length, descriptor } of [...consumed, ...result.pending]) {
          const model = written[Number(descriptor?.transactionId) - 1]
          expect({ offset, length }).toEqual({
            offset: Number(model?.start) % page,
            length: Number(model?.end) - Number(model?.start),
          })
          const payload = packet !== undefined && 'payload' in packet ? packet.payload : undefined
          expect(payload?.subarray(0, model?.payload)).toEqual(
            new Uint8Array(Number(model?.payload)).fill(Number(model?.id)),
          )
        }
        expect(result.consumed.filter(({ state }) => state === 'torn').length).toBeLessThanOrEqual(1)
      }),
      seeded,
    )
  })

  it('shows the oldest packet as torn when only its beginning was written over', () => {
    const { writer, reader, image } = ring()
    writer.write(6, 0, 1, 0, new Uint8Array(8))
    for (const id of [2, 3, 4]) {
      writer.write(6, 0, id, 0, new Uint8Array(1500 - 24))
      while (reader.next() === 'packet');
      reader.commit()
    }
    const { consumed } = autopsy(image())
    expect(consumed.map(({ state, offset }) => ({ state, offset }))).toEqual([
      { state: 'consumed', offset: 3040 },
      { state: 'consumed', offset: 1536 },
      { state: 'torn', offset: 32 },
    ])
    expect(consumed[2]?.faults[0]).toMatchObject({ code: 'STATE', offset: 32 })
  })

  it('stops at a pending descriptor that contradicts itself, and still finds what was read', () => {
    const { writer, reader, image, buffer } = ring()
    writer.write(6, 0, 1, 0, new Uint8Array(8))
    reader.next()
    reader.commit()
    writer.write(6, 0, 2, 0, new Uint8Array(8))
    new DataView(buffer).setUint16(page + 32 + 4, 100, true)
    const { pending, consumed } = autopsy(image())
    expect(pending).toMatchObject([
      { state: 'torn', offset: 32, descriptor: { length8: 100 }, faults: [{ code: 'LENGTH', offset: 32 }] },
    ])
    expect(ids(consumed)).toEqual([1])
  })

  it('reports a bad index, and still lists what the good one leads to', () => {
    const { writer, reader, image, buffer } = ring()
    writer.write(6, 0, 1, 0, new Uint8Array(8))
    reader.next()
    reader.commit()
    new DataView(buffer).setUint32(0, 4097, true)
    const { faults, pending, consumed } = autopsy(image())
    expect(faults).toMatchObject([{ code: 'RANGE', path: 'writeIndex', offset: 0 }])
    expect({ pending, consumed: ids(consumed) }).toEqual({ pending: [], consumed: [1] })
  })

  it('takes both rings of a channel from pages in any order, and says which page is lost', () => {
    const buffer = new ArrayBuffer(5 * page)
    const memory = new BufferMemory(buffer)
    const upstream = new RingWriter(memory, 0, 3 * page)
    const downstream = new RingWriter(memory, 3 * page, 2 * page)
    upstream.write(6, 0, 1, 0, new Uint8Array(4064 - 24))
    upstream.write(6, 0, 2, 0, new Uint8Array(64))
    downstream.write(6, 0, 3, 0, new Uint8Array(8))
    const pages = [4, 1, 3, 0].map((number) => ({ number, bytes: new Uint8Array(buffer, number * page, page) }))
    const { guestToHost, hostToGuest } = autopsyChannel(pages, 3, 5)
    expect(guestToHost.pending).toMatchObject([
      { state: 'pending', descriptor: { transactionId: 1n } },
      { state: 'torn', offset: 4064, faults: [{ code: 'ACCESS', offset: 4064 }] },
    ])
    expect(ids(hostToGuest.pending)).toEqual([3])
    expect(autopsyChannel([], 3, 5).guestToHost.faults.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'SHORT writeIndex',
      'SHORT readIndex',
    ])
    expect(() => autopsyChannel(pages, 6, 5)).toThrow(RangeError)
  })

  it('ends on any bytes, and stays within them', { timeout: 60_000 }, () => {
    const words = fc.uint8Array({ maxLength: 5000, size: 'max' })
    const index = fc.integer({ min: 0, max: 700 }).map((value) => value * 8)
    fc.assert(
      fc.property(
        words,
        fc.option(fc.tuple(index, index)),
        fc.uint8Array({ maxLength: 80 }),
        (data, indices, control) => {
          const words = indices === null ? control : new Uint8Array(Uint32Array.from(indices).buffer)
          const result = autopsy({ control: words, data })
          const bytes = [...result.pending, ...result.consumed]
            .filter(({ state }) => state !== 'torn')
            .reduce((sum, { length }) => sum + length, 0)
          expect(bytes).toBeLessThanOrEqual(data.byteLength)
          for (const { offset, faults } of [...result.pending, ...result.consumed]) {
            expect(offset % 8 === 0 && offset < data.byteLength).toBe(true)
            for (const fault of faults) expect(fault.offset).toBeLessThan(data.byteLength)
          }
        },
      ),
      seeded,
    )
  })
})
