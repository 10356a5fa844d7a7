import { BufferReader, BufferWriter, object, u16, u32 } from 'typed-binary'
import { PacketDescriptor } from '../src/vmbus/index.ts'
import { view, WireReader, WireWriter } from '../src/wire/index.ts'
import { interpreter } from '../src/wire/interpret.ts'
import * as hand from './by-hand.ts'
import { at, count, limits, result, warmOthers } from './codec-common.ts'
import { sink, type Work } from './measure.ts'
import type { Result } from './result.ts'

/** One for all runs, as in a program: another view has other accessors, and loops that see both are slow. */
const flyweight = view(PacketDescriptor)

/** The packet descriptor: five fields, 16 bytes. */
export function benchDescriptor(): Result[] {
  warmOthers()
  const size = PacketDescriptor.size
  const values: hand.Descriptor[] = Array.from({ length: count }, (_, i) => ({
    type: 6,
    dataOffset8: 2,
    length8: 3 + i,
    flags: 1,
    transactionId: 0x1234_5678_9abc_def0n + BigInt(i),
  }))
  const writer = new WireWriter(new Uint8Array(size * count))
  for (const [i, value] of values.entries()) PacketDescriptor.encodeAt(writer, i * size, value)
  const reader = new WireReader(writer.bytes)
  const slow = interpreter(PacketDescriptor)
  const plain = object({
    type: u16,
    dataOffset8: u16,
    length8: u16,
    flags: u16,
    transactionLow: u32,
    transactionHigh: u32,
  })
  const plainReader = new BufferReader(writer.bytes.buffer, { endianness: 'little' })
  const plainWriter = new BufferWriter(new ArrayBuffer(size), { endianness: 'little' })
  const plainValue = plain.read(plainReader)
  const decode: Work = (n) => {
    for (let i = 0; i < n; i++) sink[i & 63] = hand.decodeDescriptor(reader.view, (i & 63) * size)
  }
  const encode: Work = (n) => {
    for (let i = 0; i < n; i++) hand.encodeDescriptor(writer.view, (i & 63) * size, at(values, i))
  }
  return [
    result(
      'descriptor: decode',
      limits.decode,
      (n) => {
        for (let i = 0; i < n; i++) sink[i & 63] = PacketDescriptor.decodeAt(reader, (i & 63) * size)
      },
      decode,
    ),
    result(
      'descriptor: encode, trusted',
      limits.trusted,
      (n) => {
        for (let i = 0; i < n; i++) PacketDescriptor.encodeTrustedAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'descriptor: encode, checked',
      limits.checked,
      (n) => {
        for (let i = 0; i < n; i++) PacketDescriptor.encodeAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'descriptor: three fields through a view',
      limits.view,
      (n) => {
        let sum = 0
        for (let i = 0; i < n; i++) {
          const v = flyweight.at(reader, (i & 63) * size)
          sum = (sum + v.type + v.dataOffset8 + v.length8) | 0
        }
        sink[0] = sum
      },
      (n) => {
        let sum = 0
        for (let i = 0; i < n; i++) sum = (sum + hand.sumDescriptor(reader, (i & 63) * size)) | 0
        sink[0] = sum
      },
    ),
    result(
      'descriptor: decode, interpreter',
      limits.interpreter,
      (n) => {
        for (let i = 0; i < n; i++) sink[i & 63] = slow.decodeAt(reader, (i & 63) * size)
      },
      decode,
    ),
    result(
      'descriptor: encode, interpreter',
      limits.interpreter,
      (n) => {
        for (let i = 0; i < n; i++) slow.encodeAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'descriptor: decode, typed-binary',
      undefined,
      (n) => {
        for (let i = 0; i < n; i++) {
          plainReader.seekTo((i & 63) * size)
          sink[i & 63] = plain.read(plainReader)
        }
      },
      decode,
    ),
    result(
      'descriptor: encode, typed-binary',
      undefined,
      (n) => {
        for (let i = 0; i < n; i++) {
          plainWriter.seekTo(0)
          plain.write(plainWriter, plainValue)
        }
      },
      encode,
    ),
  ]
}
