import { BufferReader, BufferWriter, object, u8, u8Array, u16, u32 } from 'typed-binary'
import { VstorPacket } from '../src/devices/storage/index.ts'
import * as protocol from '../src/vmbus/index.ts'
import { guid, StructSchema, Structure, view, WireReader, WireWriter } from '../src/wire/index.ts'
import { interpreter } from '../src/wire/interpret.ts'
import * as hand from './by-hand.ts'
import { compare, sink, type Work } from './measure.ts'
import type { Result } from './result.ts'

const { OfferChannel, PacketDescriptor } = protocol

/** Structures in a buffer, taken in turn. */
const count = 64
const limits = { decode: 1.2, trusted: 1.2, checked: 1.6, interpreter: 10 }
/** "No slower than by hand", and what the measurement itself varies by. */
const viewLimit = 1.05

function result(name: string, limit: number | undefined, candidate: Work, baseline: Work): Result {
  const { ratio } = compare(candidate, baseline)
  return { name, ratio, ...(limit === undefined ? {} : { limit }) }
}

/** Code that all codecs share has seen many structures in a real process: let it see them here, too. */
function warmOthers(): void {
  for (const schema of Object.values(protocol)) {
    if (!(schema instanceof Structure)) continue
    const reader = new WireReader(new Uint8Array(schema.size))
    for (let round = 0; round < 500; round++) {
      try {
        sink[0] = schema.decodeAt(reader, 0)
      } catch {
        // Zeros are not a valid form of every structure.
      }
    }
    if (!(schema instanceof StructSchema)) continue
    try {
      const flyweight = view(schema).at(reader)
      for (let round = 0; round < 500; round++) for (const name in flyweight) sink[0] = Reflect.get(flyweight, name)
    } catch {
      // Not every structure has fixed offsets only.
    }
  }
}

/** One of the values in turn. */
function at<T>(values: readonly T[], i: number): T {
  const value = values[i & (count - 1)]
  if (value === undefined) throw new RangeError('no value')
  return value
}

function descriptors(): Result[] {
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
  const flyweight = view(PacketDescriptor)
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
      viewLimit,
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

function offers(): Result[] {
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
  const flyweight = view(OfferChannel)
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
      viewLimit,
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

function requests(): Result[] {
  const size = VstorPacket.size
  const values: hand.Scsi[] = Array.from({ length: count }, (_, i) => ({
    operation: 3,
    flags: 1,
    status: 0,
    request: {
      length: 52,
      srbStatus: { status: 1, queueFrozen: 0, autosenseValid: 1 },
      scsiStatus: 0,
      portNumber: 0,
      pathId: 0,
      targetId: 1,
      lun: i,
      cdbLength: 16,
      senseInfoLength: 20,
      dataIn: 1,
      dataTransferLength: 4096,
      cdbOrSense: new Uint8Array(20).fill(i),
      queueTag: 1,
      queueAction: 0x20,
      srbFlags: 0x40,
      timeOutValue: 60,
      queueSortKey: 0,
    },
  }))
  const writer = new WireWriter(new Uint8Array(size * count))
  for (const [i, value] of values.entries()) VstorPacket.encodeAt(writer, i * size, value)
  const reader = new WireReader(writer.bytes)
  const slow = interpreter(VstorPacket)
  const flyweight = view(VstorPacket)
  const plain = object({
    operation: u32,
    flags: u32,
    status: u32,
    request: object({
      length: u16,
      srbStatus: u8,
      scsiStatus: u8,
      portNumber: u8,
      pathId: u8,
      targetId: u8,
      lun: u8,
      cdbLength: u8,
      senseInfoLength: u8,
      dataIn: u8,
      reserved: u8,
      dataTransferLength: u32,
      cdbOrSense: u8Array(20),
      reserved2: u16,
      queueTag: u8,
      queueAction: u8,
      srbFlags: u32,
      timeOutValue: u32,
      queueSortKey: u32,
    }),
  })
  const plainReader = new BufferReader(writer.bytes.buffer, { endianness: 'little' })
  const plainWriter = new BufferWriter(new ArrayBuffer(size), { endianness: 'little' })
  const plainValue = plain.read(plainReader)
  const decode: Work = (n) => {
    for (let i = 0; i < n; i++) sink[i & 63] = hand.decodeScsi(reader.view, reader.bytes, (i & 63) * size)
  }
  const encode: Work = (n) => {
    for (let i = 0; i < n; i++) hand.encodeScsi(writer.view, writer.bytes, (i & 63) * size, at(values, i))
  }
  return [
    result(
      'SCSI request: decode',
      limits.decode,
      (n) => {
        for (let i = 0; i < n; i++) sink[i & 63] = VstorPacket.decodeAt(reader, (i & 63) * size)
      },
      decode,
    ),
    result(
      'SCSI request: encode, trusted',
      limits.trusted,
      (n) => {
        for (let i = 0; i < n; i++) VstorPacket.encodeTrustedAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'SCSI request: encode, checked',
      limits.checked,
      (n) => {
        for (let i = 0; i < n; i++) VstorPacket.encodeAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'SCSI request: three fields through a view',
      viewLimit,
      (n) => {
        let sum = 0
        for (let i = 0; i < n; i++) {
          const v = flyweight.at(reader, (i & 63) * size)
          sum = (sum + v.operation + v.request.dataTransferLength + v.request.lun) | 0
        }
        sink[0] = sum
      },
      (n) => {
        let sum = 0
        for (let i = 0; i < n; i++) sum = (sum + hand.sumScsi(reader, (i & 63) * size)) | 0
        sink[0] = sum
      },
    ),
    result(
      'SCSI request: decode, interpreter',
      limits.interpreter,
      (n) => {
        for (let i = 0; i < n; i++) sink[i & 63] = slow.decodeAt(reader, (i & 63) * size)
      },
      decode,
    ),
    result(
      'SCSI request: encode, interpreter',
      limits.interpreter,
      (n) => {
        for (let i = 0; i < n; i++) slow.encodeAt(writer, (i & 63) * size, at(values, i))
      },
      encode,
    ),
    result(
      'SCSI request: decode, typed-binary',
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
      'SCSI request: encode, typed-binary',
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

/** Measures codecs and views against hand-written code. Takes about half a minute. */
export function benchCodec(): Result[] {
  warmOthers()
  return [...descriptors(), ...offers(), ...requests()]
}
