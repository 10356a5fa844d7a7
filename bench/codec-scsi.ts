import { BufferReader, BufferWriter, object, u8, u8Array, u16, u32 } from 'typed-binary'
import { VstorPacket } from '../src/devices/storage/index.ts'
import { view, WireReader, WireWriter } from '../src/wire/index.ts'
import { interpreter } from '../src/wire/interpret.ts'
import * as hand from './by-hand.ts'
import { at, count, limits, result, warmOthers } from './codec-common.ts'
import { sink, type Work } from './measure.ts'
import type { Result } from './result.ts'

/** One for all runs, as in a program: another view has other accessors, and loops that see both are slow. */
const flyweight = view(VstorPacket)

/** The SCSI request packet: 24 small fields, 64 bytes. */
export function benchScsiRequest(): Result[] {
  warmOthers()
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
      limits.view,
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
