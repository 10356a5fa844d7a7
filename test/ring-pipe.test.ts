import { describe, expect, it } from 'vitest'
import { PipePacketType } from '../src/vmbus/packet-types.ts'
import { BytePipeReader, PipeFrame, PipeWriter } from '../src/vmbus/pipe.ts'
import { initializeRing, RingReader, RingWriter } from '../src/vmbus/ring/index.ts'
import { ringMemories } from './ring-memories.ts'

const header = (type: number, word: number, rest = 0): Uint8Array => {
  const bytes = new Uint8Array(8 + rest).map((_, i) => i)
  new DataView(bytes.buffer).setUint32(0, type, true)
  new DataView(bytes.buffer).setUint32(4, word, true)
  return bytes
}

describe.each(ringMemories)('a pipe on %s', (_name, make) => {
  const ends = (total = 8192) => {
    const memory = make(total)
    initializeRing(memory, 0)
    return { writer: new RingWriter(memory, 0, total), reader: new RingReader(memory, 0, total) }
  }

  it('[B160][PI-07] carries messages with their exact lengths, an empty one too', () => {
    const { writer, reader } = ends()
    const pipe = new PipeWriter(writer)
    const frame = new PipeFrame()
    for (const length of [13, 0, 8]) {
      expect(pipe.writeMessage(new Uint8Array(length).fill(length))).toMatchObject({ status: 'written' })
      expect([reader.next(), reader.packet.type, reader.packet.flags]).toEqual(['packet', 6, 0])
      expect(frame.decode(reader.packet)).toBeUndefined()
      expect([...frame.bytes.subarray(frame.offset, frame.offset + frame.length)]).toEqual(
        new Array(length).fill(length),
      )
    }
  })

  it.each([
    ['[B161][PI-01] type 0', 6, header(0, 0), 'InvalidPipePacketType'],
    ['[B161][PI-01] type 3', 6, header(3, 0), 'InvalidPipePacketType'],
    ['[B161][PI-01] type 5', 6, header(5, 0), 'InvalidPipePacketType'],
    ['[B161][PI-02] more than the packet holds', 6, header(PipePacketType.Data, 9, 8), 'LENGTH'],
    ['[PI-02] a length that would wrap', 6, header(PipePacketType.Data, 0xffff_fff8, 8), 'PacketTooLarge'],
    ['[PI-02] a rest behind the packet', 6, header(PipePacketType.Partial, 4 | (5 << 16), 8), 'LENGTH'],
    ['[B161][PI-04] more than 16384', 6, header(PipePacketType.Data, 16385, 16392), 'PacketTooLarge'],
    ['[PI-05] no header', 6, new Uint8Array(0), 'SHORT'],
    ['[B161] not in-band', 11, header(PipePacketType.Data, 0), 'TYPE'],
  ])('refuses %s', (_title, type, payload, code) => {
    const { writer, reader } = ends(4096 + 32768)
    writer.write(type, 0, 0, 0, payload)
    expect(reader.next()).toBe('packet')
    const frame = new PipeFrame()
    expect([frame.decode(reader.packet)?.code, frame.length]).toEqual([code, 0])
    const other = ends(4096 + 32768)
    other.writer.write(type, 0, 0, 0, payload)
    const pipe = new BytePipeReader(other.reader)
    expect([pipe.read(new Uint8Array(8)), pipe.fault?.code, pipe.read(new Uint8Array(8))]).toEqual([
      'fault',
      code,
      'fault',
    ])
  })

  it('[PI-04] does not write a message over 16384 bytes', () => {
    const { writer } = ends(4096 + 32768)
    const pipe = new PipeWriter(writer)
    expect(pipe.writeMessage(new Uint8Array(16385))).toMatchObject({
      status: 'error',
      error: { code: 'PacketTooLarge' },
    })
    expect(pipe.writeMessage(new Uint8Array(16384)).status).toBe('written')
  })

  it('[B162] carries 20,000 bytes through 4096, the writer waiting for room and being woken', () => {
    const { writer, reader } = ends()
    const [sender, receiver] = [new PipeWriter(writer), new BytePipeReader(reader)]
    const sent = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 31) >> 3)
    const received: number[] = []
    let at = sender.writeBytes(sent)
    expect(at).toBeLessThan(4096)
    const target = new Uint8Array(1000)
    let woken = 0
    for (let step = 0; received.length < sent.length && step < 100; step++) {
      if (receiver.read(target) === 'data') received.push(...target.subarray(0, receiver.count))
      if (receiver.signal) {
        woken++
        at += sender.writeBytes(sent, at)
      }
    }
    expect(Uint8Array.from(received)).toEqual(sent)
    expect(woken).toBeGreaterThan(2)
  })

  it('[B163][PI-07] ends a byte stream by an empty packet, after its data, for good', () => {
    const { writer, reader } = ends()
    const [sender, receiver] = [new PipeWriter(writer), new BytePipeReader(reader)]
    expect(receiver.read(new Uint8Array(4))).toBe('empty')
    sender.writeBytes(Uint8Array.of(1, 2, 3))
    expect(sender.writeEnd()).toBe(true)
    const target = new Uint8Array(2)
    expect([receiver.read(target), receiver.count, receiver.read(target), receiver.count]).toEqual([
      'data',
      2,
      'data',
      1,
    ])
    sender.writeBytes(Uint8Array.of(4))
    expect([receiver.read(target), receiver.read(target)]).toEqual(['end', 'end'])
  })

  it('[B164] accepts what an OpenVMM peer left of a packet', () => {
    const { writer, reader } = ends()
    writer.write(6, 0, 0, 0, header(PipePacketType.Partial, 3 | (4 << 16), 8))
    const receiver = new BytePipeReader(reader)
    const target = new Uint8Array(8)
    expect([receiver.read(target), ...target.subarray(0, receiver.count)]).toEqual(['data', 12, 13, 14])
  })
})
