import { BufferReader, BufferWriter, object, u8, u8Array, u16, u32 } from 'typed-binary'
import { OfferChannel } from '../src/vmbus/index.ts'
import { guid, view, WireReader, WireWriter } from '../src/wire/index.ts'
import { interpreter } from '../src/wire/interpret.ts'
import * as hand from './by-hand.ts'
import { at, count, limits, result, warmOthers } from './codec-common.ts'
import { sink, type Work } from './measure.ts'
import type { Result } from './result.ts'

/** One for all runs, as in a program: another view has other accessors, and loops that see both are slow. */
const flyweight = view(OfferChannel)

/** The offer message: two GUIDs, a nested structure, a union, bit fields, 196 bytes. */
export function benchOffer(): Result[] {
  warmOthers()
  const size = OfferChannel.size
  const values: hand.Offer[] = Array.from({ length: count }, (_, i) => ({
    offer: {
      interfaceId: guid('f912ad6d-2b17-48ea-bd65-f927a61c7684'),
      instanceId: guid(`11223344-5566-7788-99aa-bbccddeeff${(16 + (i & 15)).toString(16)}`),
      flags: 0,
      mmioMegabytes: i,
      userDefined: { type: 'StandardUserDefined', data: new Uint8Array(120).fill(i) },
      subchannelIndex: 0,
      mmioMegabytesOptional: 1,
    },
    channelId: i,
    monitorId: 3,
    monitor: { allocated: true },
    interrupt: { isDedicated: true },
    connectionId: 0x2000 + i,
  }))
  const writer = new WireWriter(new Uint8Array(size * count))
  for (const [i, value] of values.entries()) OfferChannel.encodeAt(writer, i * size, value)
  const reader = new WireReader(writer.bytes)
  const slow = interpreter(OfferChannel)
  const plain = object({
    type: u32,
    padding: u32,
    interfaceId: u8Array(16),
    instanceId: u8Array(16),
    reserved: u8Array(16),
    flags: u16,
    mmioMegabytes: u16,
    userDefined: u8Array(120),
    subchannelIndex: u16,
    mmioMegabytesOptional: u16,
    channelId: u32,
    monitorId: u8,
    monitor: u8,
    interrupt: u16,
    connectionId: u32,
  })
  const plainReader = new BufferReader(writer.bytes.buffer, { endianness: 'little' })
  const plainWriter = new BufferWriter(new ArrayBuffer(size), { endianness: 'little' })
  const plainValue = plain.read(plainReader)
  const decode: Work = (n) => {
    for (let i = 0; i < n; i++) sink[i & 63] = hand.decodeOffer(reader.view, reader.bytes, (i & 63) * size)
  }
  const encode: Work = (n) => {
    for (let i = 0; i < n; i++) hand.encodeOffer(writer.view, writer.bytes, (i & 63) * size, at(values, i))
  }
  return [
    result(
      'offer: decode',
      limits.decode,
      (n) => {
        for (let i = 0; i < n; i++) sink[i & 63] = OfferChannel.decodeAt(reader, (i & 63) * size)
      },
      decode,
    ),
    result(
      'offer: encode, trusted',
      limits.trusted,
      (n) => {
        for (let i = 0; i < n; i++) OfferChannel.encodeTrustedAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'offer: encode, checked',
      limits.checked,
      (n) => {
        for (let i = 0; i < n; i++) OfferChannel.encodeAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'offer: three fields through a view',
      limits.view,
      (n) => {
        let sum = 0
        for (let i = 0; i < n; i++) {
          const v = flyweight.at(reader, (i & 63) * size)
          sum = (sum + v.channelId + v.monitorId + v.connectionId) | 0
        }
        sink[0] = sum
      },
      (n) => {
        let sum = 0
        for (let i = 0; i < n; i++) sum = (sum + hand.sumOffer(reader, (i & 63) * size)) | 0
        sink[0] = sum
      },
    ),
    result(
      'offer: decode, interpreter',
      limits.interpreter,
      (n) => {
        for (let i = 0; i < n; i++) sink[i & 63] = slow.decodeAt(reader, (i & 63) * size)
      },
      decode,
    ),
    result(
      'offer: encode, interpreter',
      limits.interpreter,
      (n) => {
        for (let i = 0; i < n; i++) slow.encodeAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'offer: decode, typed-binary',
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
      'offer: encode, typed-binary',
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
