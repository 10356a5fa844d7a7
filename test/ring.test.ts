import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BufferMemory, CallbackMemory, type GuestMemory } from '../src/memory/index.ts'
import {
  checkRingMemory,
  initializeRing,
  RING_CONTROL,
  RingFault,
  RingReader,
  type RingReaderOptions,
  RingWriter,
} from '../src/vmbus/ring/index.ts'
import { ringMemories } from './ring-memories.ts'
import { seeded } from './seed.ts'

const TOTAL = 8192
const SIZE = TOTAL - 4096

function ends(make: (bytes: number) => GuestMemory, options: RingReaderOptions = {}, start = 0) {
  const memory = make(TOTAL)
  initializeRing(memory, 0)
  memory.store32(RING_CONTROL.writeIndex, start)
  memory.store32(RING_CONTROL.readIndex, start)
  return { memory, writer: new RingWriter(memory, 0, TOTAL), reader: new RingReader(memory, 0, TOTAL, options) }
}

const counted = (length: number, seed = 1): Uint8Array => Uint8Array.from({ length }, (_, i) => (seed + i * 3) & 0xff)

/** Puts words at `position` in the data and moves the write index behind `available` bytes: what a hostile peer does. */
function plant(memory: GuestMemory, words: readonly number[], available: number, position = 0): void {
  words.forEach((word, i) => {
    memory.store32(4096 + ((position + i * 4) % SIZE), word)
  })
  memory.store32(RING_CONTROL.writeIndex, (position + available) % SIZE)
}

/** First two words of a descriptor. */
const descriptor = (type: number, offset8: number, length8: number, flags = 0): number[] => [
  type | (offset8 << 16),
  length8 | (flags << 16),
]

describe.each(ringMemories)('a ring on %s', (_name, make) => {
  it('[B140][RB-35] carries packets from every start offset, bytes around the end as in the middle', () => {
    for (let start = 0; start < SIZE; start += 8) {
      const { memory, writer, reader } = ends(make, { checkTrailer: true }, start)
      const payload = counted(61, start)
      const header = Uint8Array.from([0, 0, 0, 0, 1, 0, 0, 0, 200, 0, 0, 0, 16, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0])
      expect(writer.write(9, 1, 0xffff_fffe, start, payload, header)).toEqual({ status: 'written', signal: true })
      expect(reader.next()).toBe('packet')
      const { packet } = reader
      expect([packet.type, packet.flags, packet.ringOffset, packet.rangeCount]).toEqual([9, 1, start, 1])
      expect(packet.transactionId).toBe((BigInt(start) << 32n) | 0xffff_fffen)
      expect(packet.copyHeader()).toEqual(header)
      expect(packet.copyPayload()).toEqual(Uint8Array.from([...payload, 0, 0, 0]))
      expect(reader.next()).toBe('empty')
      expect(reader.commit()).toBe(false)
      expect(memory.load32(RING_CONTROL.readIndex)).toBe((start + 16 + 24 + 64 + 8) % SIZE)
    }
  })

  it('[B135][B136][RB-44] pads with zeros, also over what lay there, and exposes the padded length', () => {
    const { memory, writer, reader } = ends(make)
    memory.write(4096, new Uint8Array(SIZE).fill(0xaa), 0, SIZE)
    writer.write(6, 0, 7, 0, counted(9))
    const bytes = new Uint8Array(40)
    memory.read(4096, bytes, 0, 40)
    expect([...bytes]).toEqual([
      6,
      0,
      2,
      0,
      4,
      0,
      0,
      0,
      7,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      ...counted(9),
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      ...[0, 0, 0, 0, 0, 0, 0, 0],
    ])
    expect([reader.next(), reader.packet.payloadLength]).toEqual(['packet', 16])
  })

  it('[B137][B138][B139][RB-38] is full before it is quite full, and takes a packet of size - 8 at most', () => {
    const { memory, writer, reader } = ends(make)
    expect(writer.write(6, 0, 1, 0, counted(4000)).status).toBe('written')
    expect(writer.write(6, 0, 2, 0, counted(4000))).toEqual({ status: 'full' })
    expect(memory.load32(RING_CONTROL.writeIndex)).toBe(4024)
    expect([reader.next(), reader.commit()]).toEqual(['packet', false])
    expect(writer.write(6, 0, 2, 0, counted(4000)).status).toBe('written')
    expect([reader.next(), reader.commit(), writer.freeBytes()]).toEqual(['packet', false, SIZE])
    expect(writer.write(6, 0, 3, 0, counted(SIZE - 8 - 24)).status).toBe('written')
    expect([reader.next(), reader.packet.payloadLength, reader.availableBytes()]).toEqual(['packet', SIZE - 32, 0])
  })

  it('[RB-37] refuses what never fits, the ring unchanged and usable', () => {
    const { memory, writer } = ends(make)
    const before = new Uint8Array(TOTAL)
    memory.read(0, before, 0, TOTAL)
    for (const length of [SIZE - 31, SIZE, 600_000]) {
      expect(writer.write(6, 0, 1, 0, new Uint8Array(length).fill(1))).toMatchObject({
        status: 'error',
        error: { code: 'InvalidMessageLength' },
      })
    }
    const after = new Uint8Array(TOTAL)
    memory.read(0, after, 0, TOTAL)
    expect(after).toEqual(before)
    expect(writer.fault).toBeUndefined()
    expect(writer.write(6, 0, 1, 0, counted(8)).status).toBe('written')
  })

  it('[B146][B147] signals when the ring was empty and unmasked, once for several packets', () => {
    const { writer, reader } = ends(make)
    reader.mask()
    expect(writer.write(6, 0, 1, 0, counted(8))).toEqual({ status: 'written', signal: false })
    expect(reader.unmask()).toBe(32)
    expect(writer.write(6, 0, 2, 0, counted(8))).toEqual({ status: 'written', signal: false })
    while (reader.next() === 'packet');
    reader.commit()
    for (let id = 0; id < 3; id++) expect(writer.stage(6, 0, id, 0, counted(8))).toBeUndefined()
    expect(reader.next()).toBe('empty')
    expect([writer.commit(), writer.commit()]).toEqual([true, false])
    expect([reader.next(), reader.next(), reader.next(), reader.next()]).toEqual([
      'packet',
      'packet',
      'packet',
      'empty',
    ])
  })

  it('writes a packet from parts, and refuses too many or too few bytes', () => {
    const { writer, reader } = ends(make, {}, SIZE - 24)
    expect(writer.begin(6, 0, 1, 0, 0, 20)).toBeUndefined()
    writer.append(counted(8))
    expect(() => writer.end()).toThrow(RangeError)
    expect(() => writer.append(counted(13))).toThrow(RangeError)
    writer.append(counted(20), 5, 12)
    expect([writer.end(), writer.commit()]).toEqual([undefined, true])
    expect(reader.next()).toBe('packet')
    expect([...reader.packet.copyPayload()]).toEqual([...counted(8), ...counted(20).subarray(5, 17), 0, 0, 0, 0])
    expect(() => writer.write(6, 0, 1, 0, counted(8), counted(4))).toThrow(RangeError)
  })

  it('[B148][B149][B150][RB-31][OK-08] signals the writer when the room it waits for is there', () => {
    const make16k = (pending: number, feature = 1): boolean[] => {
      const memory = make(4096 + 16384)
      initializeRing(memory, 0)
      const writer = new RingWriter(memory, 0, 4096 + 16384)
      const reader = new RingReader(memory, 0, 4096 + 16384)
      for (let id = 0; id < 4; id++) writer.write(6, 0, id, 0, counted(4000))
      writer.setPendingSendSize(pending)
      memory.store32(RING_CONTROL.featureBits, feature)
      return [0, 1, 2, 3].map(() => reader.next() === 'packet' && reader.commit())
    }
    expect(make16k(8048)).toEqual([false, true, false, false])
    expect(make16k(8048, 0)).toEqual([false, false, false, false])
    expect(make16k(0)).toEqual([false, false, false, false])
    expect(make16k(7)).toEqual([false, false, false, false])
    expect(make16k(16383)).toEqual([false, false, false, true])
    expect(make16k(16384)).toEqual([false, false, false, false])
    expect(make16k(0xffff_ffff)).toEqual([false, false, false, false])
    for (const { pending, expected } of [4312, 4313, 4319, 4311, 4304].map((pending) => ({
      pending,
      expected: pending < 4312 ? 0 : 1,
    }))) {
      expect(make16k(pending).indexOf(true), `pending ${pending}`).toBe(expected)
    }
  })

  it('setPendingSendSize says when the room is there already, and initialize announces the feature', () => {
    const { memory, writer } = ends(make)
    memory.store32(RING_CONTROL.featureBits, 0)
    writer.initialize()
    expect([memory.load32(RING_CONTROL.featureBits), memory.load32(RING_CONTROL.pendingSendSize)]).toEqual([1, 0])
    expect(writer.setPendingSendSize(100)).toBe(true)
    writer.write(6, 0, 1, 0, counted(4000))
    expect(writer.setPendingSendSize(72)).toBe(false)
    expect(memory.load32(RING_CONTROL.pendingSendSize)).toBe(72)
  })

  const faulty: [title: string, words: number[], available: number, code: string, options?: RingReaderOptions][] = [
    ['[B153][RB-04] 8 bytes available', [], 8, 'InvalidDataAvailable'],
    ['[B154][RB-05] data offset behind the end', descriptor(6, 3, 2), 64, 'InvalidDescriptorLengths'],
    ['[B154] data offset within the descriptor', descriptor(6, 1, 3), 64, 'InvalidDescriptorLengths'],
    ['length 0', descriptor(6, 0, 0), 64, 'InvalidDescriptorLengths'],
    ['[B154][RB-07] longer than available', descriptor(6, 2, 9), 64, 'InvalidDescriptorLengths'],
    ['[B158][RB-08] no room for the trailer', descriptor(6, 2, 8), 64, 'InvalidDescriptorLengths'],
    ...[0, 1, 5, 8, 10, 12, 0xffff].map((type): [string, number[], number, string] => [
      `[B155][RB-10] type ${type}`,
      descriptor(type, 2, 3),
      64,
      'InvalidDescriptorType',
    ]),
    ['[B155][RB-11] flags 2', descriptor(6, 2, 3, 2), 64, 'InvalidDescriptorFlags'],
    ['[B155][RB-11] flags 0xffff', descriptor(6, 2, 3, 0xffff), 64, 'InvalidDescriptorFlags'],
    ['[B155][RB-13] type 7 without header', descriptor(7, 2, 4), 64, 'InvalidDescriptorLengths'],
    ['[B155] type 9 without header', descriptor(9, 2, 4), 64, 'InvalidDescriptorLengths'],
    ['[B145][RB-14] type 9 without ranges', descriptor(9, 3, 4, 1), 64, 'InvalidDescriptorGpaDirectRangeCount'],
    [
      '[B158] trailer not zero, when asked',
      [...descriptor(6, 2, 2), 0, 0, 1, 0],
      24,
      'InvalidTrailer',
      { checkTrailer: true },
    ],
    [
      '[B158] trailer of another place, when asked',
      [...descriptor(6, 2, 2), 0, 0, 0, 8],
      24,
      'InvalidTrailer',
      { checkTrailer: true },
    ],
  ]
  it.each(faulty)('faults on %s', (_title, words, available, code, options) => {
    const { memory, reader } = ends(make, options)
    plant(memory, words, available)
    expect(reader.next()).toBe('fault')
    expect(reader.fault).toBeInstanceOf(RingFault)
    expect(reader.fault?.code).toBe(code)
    expect([reader.next(), reader.commit(), reader.availableBytes(), reader.unmask()]).toEqual(['fault', false, 0, 0])
    expect(memory.load32(RING_CONTROL.readIndex)).toBe(0)
  })

  it.each([SIZE, SIZE + 8, 4, 12, 0xffff_fff8, 0xffff_ffff])(
    '[B153][B159][RB-01][RB-02] faults on index %i, until reset',
    (index) => {
      const { memory, writer, reader } = ends(make)
      memory.store32(RING_CONTROL.writeIndex, index)
      expect([reader.next(), reader.fault?.code, reader.fault?.offset]).toEqual(['fault', 'InvalidRingPointer', 0])
      memory.store32(RING_CONTROL.writeIndex, 0)
      expect(reader.next()).toBe('fault')
      reader.reset()
      expect(reader.next()).toBe('empty')

      memory.store32(RING_CONTROL.readIndex, index)
      expect(writer.write(6, 0, 1, 0, counted(8))).toMatchObject({
        status: 'error',
        error: { code: 'InvalidRingPointer', offset: 4 },
      })
      expect([memory.load32(RING_CONTROL.writeIndex), memory.load32(4096)]).toEqual([0, 0])
      expect([writer.write(6, 0, 1, 0, counted(8)).status, writer.freeBytes()]).toEqual(['error', 0])
      expect(new RingReader(memory, 0, TOTAL).fault?.code).toBe('InvalidRingPointer')
      memory.store32(RING_CONTROL.readIndex, 0)
      writer.reset()
      expect(writer.write(6, 0, 1, 0, counted(8)).status).toBe('written')
    },
  )

  it('[RB-11] tolerates unknown flags and types when told to, as a guest', () => {
    const { memory, reader } = ends(make, { unknownFlags: 'tolerate', unknownTypes: 'tolerate' })
    plant(memory, descriptor(5, 2, 3, 0xfffe), 32)
    expect([reader.next(), reader.packet.type, reader.packet.flags, reader.packet.completionRequested]).toEqual([
      'packet',
      5,
      0xfffe,
      false,
    ])
    plant(memory, descriptor(7, 2, 3), 32, 32)
    expect([reader.next(), reader.packet.type, reader.packet.rangeCount]).toEqual(['packet', 7, 0])
  })

  it('[B145] takes transfer pages without ranges, and their set id', () => {
    const { memory, reader } = ends(make)
    plant(memory, [...descriptor(7, 3, 3, 1), 0, 0, 0x1234cafe, 0], 32)
    expect([reader.next(), reader.packet.rangeCount, reader.packet.transferPageSetId]).toEqual(['packet', 0, 0xcafe])
  })

  it('[RB-29] faults when the write index goes backwards, never reads stale packets', () => {
    const { memory, writer, reader } = ends(make)
    writer.write(6, 0, 1, 0, counted(8))
    writer.write(6, 0, 2, 0, counted(8))
    expect([reader.next(), reader.next()]).toEqual(['packet', 'packet'])
    memory.store32(RING_CONTROL.writeIndex, 32)
    expect([reader.next(), reader.fault?.code]).toEqual(['fault', 'InvalidRingPointer'])
  })

  it('[RB-34] notices a peer that zeroes both indices, and replays nothing', () => {
    const { memory, writer, reader } = ends(make)
    writer.write(6, 0, 1, 0, counted(8))
    writer.write(6, 0, 2, 0, counted(8))
    expect([reader.next(), reader.commit()]).toEqual(['packet', false])
    expect([reader.next(), reader.commit()]).toEqual(['packet', false])
    memory.store32(RING_CONTROL.writeIndex, 0)
    memory.store32(RING_CONTROL.readIndex, 0)
    expect([reader.next(), reader.fault?.code, reader.fault?.offset]).toEqual(['fault', 'InvalidRingPointer', 4])
  })

  it('faults a writer whose reader claims more than was written', () => {
    const { memory, writer } = ends(make)
    writer.write(6, 0, 1, 0, counted(8))
    memory.store32(RING_CONTROL.readIndex, 40)
    expect(writer.write(6, 0, 1, 0, counted(8))).toMatchObject({ error: { code: 'InvalidRingPointer' } })
  })

  it('[B152][RB-32] sees a mask that it did not set, and goes on by polling', () => {
    const { memory, writer, reader } = ends(make)
    expect(reader.verifyMask()).toBeUndefined()
    memory.store32(RING_CONTROL.interruptMask, 1)
    expect(reader.verifyMask()?.code).toBe('InterruptsExternallyMasked')
    expect(writer.write(6, 0, 1, 0, counted(8))).toEqual({ status: 'written', signal: false })
    expect([reader.fault, reader.next()]).toEqual([undefined, 'packet'])
    reader.mask()
    expect(reader.verifyMask()).toBeUndefined()
  })

  it('[RB-41] stops at the batch limit and goes on after commit', () => {
    const { writer, reader } = ends(make, { batchLimit: 2 })
    for (let id = 0; id < 3; id++) writer.write(6, 0, id, 0, counted(8))
    expect([reader.next(), reader.next(), reader.next(), reader.commit()]).toEqual(['packet', 'packet', 'limit', false])
    expect([reader.next(), reader.next()]).toEqual(['packet', 'empty'])
  })

  it('[B157][RB-28] keeps the descriptor as it was first read', () => {
    const { memory, writer, reader } = ends(make)
    writer.write(7, 1, 5, 6, counted(24), Uint8Array.from([1, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]))
    expect(reader.next()).toBe('packet')
    for (let at = 4096; at < 4096 + 24; at += 4) memory.store32(at, 0xffff_ffff)
    const { packet } = reader
    expect([packet.type, packet.flags, packet.transactionIdLow, packet.transactionIdHigh]).toEqual([7, 1, 5, 6])
    expect([packet.headerLength, packet.payloadLength, packet.rangeCount, packet.transferPageSetId]).toEqual([
      16, 24, 1, 1,
    ])
    expect(reader.next()).toBe('empty')
  })

  it('answers any bytes and any indices with packets or a fault, within the ring, and ends', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 256, maxLength: 256 }),
        fc.nat(SIZE + 16),
        fc.boolean(),
        (bytes, write, tolerate) => {
          const how = tolerate ? 'tolerate' : 'fault'
          const { memory, reader } = ends(make, { unknownFlags: how, unknownTypes: how }, 3968)
          memory.write(4096 + 3968, bytes, 0, 128)
          memory.write(4096, bytes, 128, 128)
          memory.store32(RING_CONTROL.writeIndex, write)
          let steps = 0
          while (reader.next() === 'packet') {
            expect(++steps).toBeLessThan(SIZE / 24)
            const { packet } = reader
            expect(packet.payloadOffset + packet.payloadLength).toBeLessThanOrEqual(packet.bytes.length)
          }
          reader.commit()
        },
      ),
      seeded,
    )
  })

  it('behaves as a queue', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ write: fc.integer({ min: 0, max: 1500 }), header: fc.nat(2) }) },
      { weight: 1, arbitrary: fc.constant('commit' as const) },
      { weight: 3, arbitrary: fc.constant('read' as const) },
      { weight: 1, arbitrary: fc.constant('release' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(SIZE / 8 - 1), (steps, start) => {
        const { writer, reader } = ends(make, { checkTrailer: true }, start * 8)
        const staged: Uint8Array[] = []
        const queue: Uint8Array[] = []
        let [used, unreleased, id] = [0, 0, 0]
        for (const action of steps) {
          if (action === 'commit') {
            const wasEmpty = used - staged.reduce((sum, bytes) => sum + need(bytes), 0) === 0
            expect(writer.commit()).toBe(staged.length > 0 && wasEmpty)
            queue.push(...staged.splice(0))
          } else if (action === 'read') {
            const expected = queue.shift()
            expect(reader.next()).toBe(expected === undefined ? 'empty' : 'packet')
            if (expected === undefined) continue
            expect(reader.packet.copyPayload().subarray(0, expected.length)).toEqual(expected)
            unreleased += need(expected)
          } else if (action === 'release') {
            expect(reader.commit()).toBe(false)
            used -= unreleased
            unreleased = 0
          } else {
            const payload = counted(action.write, id)
            const fits = need(payload) < SIZE - used
            const refusal = writer.stage(6, 0, id++, 0, payload)
            expect(refusal).toEqual(fits ? undefined : { status: 'full' })
            if (!fits) continue
            staged.push(payload)
            used += need(payload)
          }
        }
      }),
      seeded,
    )
  })
})

const need = (payload: Uint8Array): number => 16 + Math.ceil(payload.length / 8) * 8 + 8

describe('ring memory', () => {
  const memory = new BufferMemory(new ArrayBuffer(16384))
  it.each([
    ['no data', 0, 4096],
    ['half a page of data', 0, 4096 + 2048],
    ['a page and a half', 0, 4096 + 6144],
    ['beyond memory', 8192, 12288],
    ['misaligned', 4, 8192],
    ['negative', -4096, 8192],
    ['larger than u32', 0, 2 ** 32 + 4096],
    ['no number', 0, Number.NaN],
  ])('[SV-18] refuses %s', (_what, base, bytes) => {
    expect(checkRingMemory(memory, base, bytes)?.code).toBe('InvalidRingMemory')
    expect(() => new RingReader(memory, base, bytes)).toThrow(RingFault)
    expect(() => new RingWriter(memory, base, bytes)).toThrow(RingFault)
  })

  it('[SV-18] refuses more than 2 GiB, of which the ring path could not count the offsets', () => {
    const large = new CallbackMemory(2 ** 33, {
      read: (_gpa, length) => new Uint8Array(length),
      write: () => undefined,
    })
    expect(checkRingMemory(large, 0, 2 ** 31)).toBeUndefined()
    expect(checkRingMemory(large, 0, 2 ** 31 + 4096)?.code).toBe('InvalidRingMemory')
  })

  it('faults, and throws nothing, when memory goes away beneath a ring', () => {
    const bytes = new Uint8Array(TOTAL)
    let gone = false
    const vanishing = new CallbackMemory(TOTAL, {
      read: (gpa, length) => (gone ? undefined : bytes.slice(gpa, gpa + length)),
      write: (gpa, source) => bytes.set(source, gpa),
    })
    const writer = new RingWriter(vanishing, 0, TOTAL)
    const reader = new RingReader(vanishing, 0, TOTAL)
    writer.write(6, 0, 1, 0, counted(8))
    expect([reader.next(), reader.commit()]).toEqual(['packet', false])
    gone = true
    expect([reader.next(), reader.fault?.code]).toEqual(['fault', 'MemoryAccess'])
    expect(writer.write(6, 0, 2, 0, counted(8))).toMatchObject({ status: 'error', error: { code: 'MemoryAccess' } })
    reader.reset()
    expect([reader.fault?.code, reader.unmask(), reader.verifyMask()?.code]).toEqual([
      'MemoryAccess',
      0,
      'MemoryAccess',
    ])
  })
})
