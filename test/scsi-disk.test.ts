import { describe, expect, it } from 'vitest'
import { Cdb, descriptorSense, fixedSense, LbaStatusData, parseSense } from '../src/devices/scsi/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import {
  CopyOnWriteDisk,
  type DiskError,
  DiskUnit,
  DvdUnit,
  FaultyDisk,
  MemoryDisk,
  ReadOnlyDisk,
} from '../src/vsp/storage/index.ts'
import { toHex } from '../src/wire/index.ts'
import { StorageRig, srb } from './storage-rig.ts'

const disk = (blocks = 2048) => new MemoryDisk({ blocks })
const be32 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff)
const read10 = (lba: number, blocks: number) => [0x28, 0, ...be32(lba), 0, blocks >> 8, blocks & 0xff, 0]
const write10 = (lba: number, blocks: number, flags = 0) => [
  0x2a,
  flags,
  ...be32(lba),
  0,
  blocks >> 8,
  blocks & 0xff,
  0,
]
const inquiry = (length: number, page?: number) => [
  0x12,
  page === undefined ? 0 : 1,
  page ?? 0,
  length >> 8,
  length & 0xff,
  0,
]

/** Sense data of 20 bytes as they stand in an answer. */
const sense = (key: number, additional: number, lba?: number) =>
  `${lba === undefined ? '70' : 'f0'}000${key.toString(16)}${toHex(Uint8Array.from(be32(lba ?? 0)))}0a00000000${additional.toString(16).padStart(4, '0')}${'00'.repeat(6)}`
const illegal = (additional: number) => ({
  status: 0xc000_0185,
  srb: 0x86,
  scsi: 2,
  transferred: 0,
  sense: sense(5, additional),
})
const good = (transferred = 0) => ({ status: 0, srb: 1, scsi: 0, transferred, sense: '00'.repeat(20) })

describe('Commands', () => {
  it('are told apart by their operation code', () => {
    expect(Cdb.decode(fromHex('28000102030400000800'))).toEqual({
      type: 'Read10',
      flags: { protect: 0, dpo: false, fua: false },
      lba: 0x0102_0304,
      group: { group: 0 },
      length: 8,
      control: 0,
    })
    expect(Cdb.decode(fromHex('8a080000000100000002000000030000'))).toMatchObject({
      type: 'Write16',
      flags: { fua: true },
      lba: 0x1_0000_0002n,
      length: 3,
    })
    expect(Cdb.decode(fromHex('9e1000000000000000000000002000' + '00'))).toMatchObject({
      type: 'ServiceActionIn16',
      action: { serviceAction: 0x10 },
      allocationLength: 32,
    })
    expect(Cdb.decode(fromHex('0a1fffff00c0'))).toMatchObject({
      type: 'Write6',
      lbaHigh: { lba: 0x1f },
      lba: 0xffff,
      length: 0,
      control: 0xc0,
    })
    expect(Cdb.decode(fromHex('ff0102030405'))).toEqual({ type: 'OtherCdb', opcode: 0xff, rest: fromHex('0102030405') })
  })

  it('fail with sense data in two formats, which say the same', () => {
    const value = { key: 3, additional: 0x1100, information: 0x1234_5678 }
    expect(toHex(fixedSense(value))).toBe('f00003123456780a00000000110000000000')
    expect(toHex(descriptorSense(value))).toBe('720311000000000c000a80000000000012345678')
    expect(parseSense(fixedSense(value))).toEqual(value)
    expect(parseSense(descriptorSense(value))).toEqual({ key: 3, additional: 0x1100 })
    expect([parseSense(new Uint8Array(18)), parseSense(fromHex('70')), parseSense(new Uint8Array(0))]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('Absent units', () => {
  it('[B173][ST-13] LUN, target or path without a unit: SRB status 0x20, NTSTATUS 0xC00000C0', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    for (const where of [{ lun: 1 }, { target: 1 }, { path: 1 }, { path: 255, target: 255, lun: 255 }]) {
      for (const cdb of [
        [0, 0, 0, 0, 0, 0],
        [0x25, ...Array(9).fill(0)],
      ]) {
        expect(await rig.execute({ cdb, ...where })).toEqual({ ...good(), status: 0xc000_00c0, srb: 0x20 })
      }
      expect((await rig.execute({ cdb: read10(0, 1), length: 512, ...where })).srb).toBe(0x20)
    }
  })

  it('[B174][OK-20] standard INQUIRY succeeds with 0x7f, texts for LUN 0 only', async () => {
    const rig = await StorageRig.ready({})
    expect(await rig.execute({ cdb: inquiry(36), length: 36 })).toEqual(good(36))
    expect(toHex(rig.data(8))).toBe('7f0006021f000002')
    expect(new TextDecoder().decode(rig.data(36).subarray(8))).toBe('Msft    Virtual Disk    1.0 ')
    expect(await rig.execute({ cdb: inquiry(36), length: 36, lun: 3 })).toEqual(good(36))
    expect(toHex(rig.data(36))).toBe(`7f0006021f000002${'00'.repeat(28)}`)
  })

  it('[B174] a VPD page, or a buffer that is too short: CHECK CONDITION, SRB status 0x06', async () => {
    const rig = await StorageRig.ready({})
    expect(await rig.execute({ cdb: inquiry(255, 0x83), length: 255 })).toEqual(illegal(0x2400))
    expect(await rig.execute({ cdb: inquiry(4), length: 4 })).toEqual(illegal(0x2400))
    expect(await rig.execute({ cdb: inquiry(36), length: 16 })).toEqual(illegal(0x2400))
    expect(await rig.execute({ cdb: inquiry(36) })).toEqual(illegal(0x2400))
  })

  it('[B175][OK-20] REPORT LUNS on an empty controller: 8 bytes, a list of none', async () => {
    const rig = await StorageRig.ready({})
    const cdb = [0xa0, 0, 0, 0, 0, 0, ...be32(4096), 0, 0]
    expect(await rig.execute({ cdb, length: 4096 })).toEqual(good(8))
    expect(toHex(rig.data(8))).toBe('00'.repeat(8))
    rig.vsp.add(7, disk())
    rig.vsp.add({ target: 0, lun: 2 }, disk())
    rig.vsp.add({ target: 1, lun: 5 }, disk())
    expect(await rig.execute({ cdb, length: 4096 })).toEqual(good(24))
    expect(toHex(rig.data(24))).toBe('0000001000000000' + '0002000000000000' + '0007000000000000')
    expect(await rig.execute({ cdb, length: 4096, target: 1 })).toEqual(good(16))
    expect(await rig.execute({ cdb, length: 4096, path: 2 })).toEqual(good(8))
  })

  it('[ST-16] REPORT LUNS for 0, 8 or 15 bytes gives what fits', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    for (const [allocation, moved] of [
      [0, 0],
      [8, 8],
      [15, 15],
    ] as const) {
      expect(await rig.execute({ cdb: [0xa0, 0, 0, 0, 0, 0, ...be32(allocation), 0, 0], length: 16 })).toEqual(
        good(moved),
      )
    }
  })
})

describe('A disk', () => {
  it('says what it is: INQUIRY, and pages of vital product data', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    expect(await rig.execute({ cdb: inquiry(96), length: 96 })).toEqual(good(36))
    expect(toHex(rig.data(8))).toBe('000006021f000002')
    expect(await rig.execute({ cdb: inquiry(255, 0), length: 255 })).toEqual(good(10))
    expect(toHex(rig.data(10))).toBe('00000006008083b0b1b2')
    const lengths: number[] = []
    for (const page of [0x80, 0x83, 0xb0, 0xb1, 0xb2]) {
      const { transferred } = await rig.execute({ cdb: inquiry(255, page), length: 255 })
      const [, code, high = 0, low = 0] = rig.data(4)
      expect([code, high * 256 + low + 4]).toEqual([page, transferred])
      lengths.push(transferred)
    }
    expect(lengths).toEqual([20, 44, 64, 64, 8])
    expect(await rig.execute({ cdb: inquiry(255, 0xb9), length: 255 })).toEqual(illegal(0x2400))
    expect(await rig.execute({ cdb: [0x12, 0, 5, 0, 36, 0], length: 36 })).toEqual(illegal(0x2400))
  })

  it('[ST-16] INQUIRY for 0 bytes is no error', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    expect(await rig.execute({ cdb: inquiry(0) })).toEqual(good(0))
  })

  it('has a capacity, in two forms', async () => {
    const rig = await StorageRig.ready({ disks: [disk(2048), new MemoryDisk({ blocks: 2 ** 40, blockSize: 4096 })] })
    const cdb = [0x25, ...Array(9).fill(0)]
    const cdb16 = [0x9e, 0x10, ...Array(8).fill(0), ...be32(32), 0, 0]
    expect(await rig.execute({ cdb, length: 8 })).toEqual(good(8))
    expect(toHex(rig.data(8))).toBe('000007ff00000200')
    await rig.execute({ cdb, length: 8, lun: 1 })
    expect(toHex(rig.data(8))).toBe('ffffffff00001000')
    expect(await rig.execute({ cdb: cdb16, length: 32, lun: 1 })).toEqual(good(32))
    expect(toHex(rig.data(16))).toBe('000000ffffffffff000010000000c000')
  })

  it('[ST-16] has mode pages; unknown ones, saved values and changes are refused', async () => {
    const rig = await StorageRig.ready({ disks: [disk(), new ReadOnlyDisk(disk())] })
    const mode = (page: number, control = 0, dbd = 0x08) => [0x1a, dbd, (control << 6) | page, 0, 255, 0]
    expect(await rig.execute({ cdb: mode(0x08), length: 255 })).toEqual(good(24))
    expect(toHex(rig.data(24))).toBe(`17000000${'0812'}${'00'.repeat(18)}`)
    expect(await rig.execute({ cdb: mode(0x3f, 0, 0), length: 255 })).toEqual(good(4 + 8 + 20 + 12 + 12))
    expect(toHex(rig.data(12))).toBe('37000008' + '0000080000000200')
    expect((await rig.execute({ cdb: mode(0x3f), length: 255, lun: 1 })).srb).toBe(1)
    expect(rig.data(4)[2]).toBe(0x80)
    const mode10 = [0x5a, 0x08, 0x0a, 0, 0, 0, 0, 0, 255, 0]
    expect(await rig.execute({ cdb: mode10, length: 255 })).toEqual(good(20))
    expect(toHex(rig.data(12))).toBe('00120000000000000a0a0210')
    expect(await rig.execute({ cdb: mode(0x05), length: 255 })).toEqual(illegal(0x2400))
    expect(await rig.execute({ cdb: mode(0x08, 3), length: 255 })).toEqual(illegal(0x3900))
    const page = fromHex(`000000000812${'00'.repeat(18)}`)
    const select = [0x15, 0x10, 0, 0, 24, 0]
    expect(await rig.execute({ cdb: select }, page)).toEqual(good(24))
    page[6] = 0x04
    expect(await rig.execute({ cdb: select }, page)).toEqual(illegal(0x2600))
    expect(await rig.execute({ cdb: [0x15, 0x10, 0, 0, 30, 0] }, page)).toEqual(illegal(0x1a00))
  })

  it('[ST-14] no LBA wraps: outside is outside, whatever is added or multiplied', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    const far = (opcode: number, lba: string, blocks: number) => [opcode, 0, ...fromHex(lba), ...be32(blocks), 0, 0]
    for (const [lba, blocks] of [
      ['ffffffffffffffff', 1],
      ['ffffffffffffffff', 0xffff_ffff],
      ['0000000000000800', 1],
      ['00000000000007ff', 2],
      ['0000000000000000', 0xffff_ffff],
      ['0020000000000000', 0],
    ] as const) {
      for (const opcode of [0x88, 0x8a]) {
        expect(
          await rig.execute({ cdb: far(opcode, lba, blocks), length: 512, dataIn: opcode === 0x88 ? 1 : 0 }),
        ).toEqual(illegal(0x2100))
      }
    }
    expect(await rig.execute({ cdb: read10(0xffff_ffff, 0xffff), length: 512 })).toEqual(illegal(0x2100))
    expect(await rig.execute({ cdb: read10(2048, 0) })).toEqual(good(0))
    expect(await rig.execute({ cdb: read10(0, 2), length: 512 })).toEqual(illegal(0x2400))
    expect(await rig.execute({ cdb: read10(0, 1), length: 512, dataIn: 0 })).toEqual(illegal(0x2400))
  })

  it('is read and written by commands of 6, 10, 12 and 16 bytes', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    const data = Uint8Array.from({ length: 512 }, (_, at) => at & 0xff)
    const writes = [
      [0x0a, 0, 0, 1, 1, 0],
      write10(2, 1),
      [0xaa, 0, ...be32(3), ...be32(1), 0, 0],
      [0x8a, 0, 0, 0, 0, 0, ...be32(4), ...be32(1), 0, 0],
    ]
    for (const cdb of writes) expect(await rig.execute({ cdb }, data)).toEqual(good(512))
    const reads = [
      [0x08, 0, 0, 4, 1, 0],
      read10(3, 1),
      [0xa8, 0, ...be32(2), ...be32(1), 0, 0],
      [0x88, 0, 0, 0, 0, 0, ...be32(1), ...be32(1), 0, 0],
    ]
    for (const cdb of reads) {
      expect(await rig.execute({ cdb, length: 512 })).toEqual(good(512))
      expect(toHex(rig.data(512))).toBe(toHex(data))
    }
    expect(await rig.execute({ cdb: [0x08, 0, 0, 0, 0, 0], length: 131072 })).toEqual(good(131072))
  })

  it('is verified, filled, unmapped and flushed', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    const ones = new Uint8Array(512).fill(1)
    expect(await rig.execute({ cdb: [0x41, 0, ...be32(8), 0, 1, 0, 0] }, ones)).toEqual(good(512))
    expect(await rig.execute({ cdb: read10(263, 1), length: 512 })).toEqual(good(512))
    expect(toHex(rig.data(512))).toBe(toHex(ones))
    expect(await rig.execute({ cdb: [0x2f, 0x02, ...be32(263), 0, 0, 1, 0] }, ones)).toEqual(good(512))
    expect(await rig.execute({ cdb: [0x2f, 0x02, ...be32(264), 0, 0, 1, 0] }, ones)).toEqual({
      ...illegal(0),
      srb: 0x84,
      sense: sense(0xe, 0x1d00),
    })
    expect(await rig.execute({ cdb: [0x2f, 0, ...be32(0), 0, 8, 0, 0] })).toEqual(good(0))
    expect(await rig.execute({ cdb: [0x93, 0x09, 0, 0, 0, 0, ...be32(8), ...be32(8), 0, 0] })).toEqual(good(0))
    expect(await rig.execute({ cdb: read10(15, 2), length: 1024 })).toEqual(good(1024))
    expect(toHex(rig.data(1024))).toBe('00'.repeat(512) + '01'.repeat(512))
    expect(await rig.execute({ cdb: [0x93, 0, 0, 0, 0, 0, ...be32(8), ...be32(0), 0, 0] }, ones)).toEqual(
      illegal(0x2400),
    )
    const ranges = fromHex(
      '0026002000000000' + '0000000000000010' + '00000004' + '00000000' + '0000000000000014' + '00000002' + '00000000',
    )
    expect(await rig.execute({ cdb: [0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0] }, ranges)).toEqual(good(40))
    await rig.execute({ cdb: read10(19, 4), length: 2048 })
    expect(toHex(rig.data(2048))).toBe('00'.repeat(512) + '00'.repeat(1024) + '01'.repeat(512))
    ranges[14] = 0xff
    expect(await rig.execute({ cdb: [0x42, 0, 0, 0, 0, 0, 0, 0, 40, 0] }, ranges)).toEqual(illegal(0x2100))
    expect(await rig.execute({ cdb: [0x42, 0, 0, 0, 0, 0, 0, 0, 48, 0] }, ranges)).toEqual(illegal(0x1a00))
    expect(await rig.execute({ cdb: [0x35, ...Array(9).fill(0)] })).toEqual(good(0))
    expect(await rig.execute({ cdb: [0x9e, 0x12, 0, 0, 0, 0, ...be32(2000), ...be32(24), 0, 0], length: 24 })).toEqual(
      good(24),
    )
    expect(toHex(rig.data(24))).toBe('0000001400000000' + '00000000000007d0' + '00000030' + '01000000')
  })

  it('tells which blocks take room, in as many runs as there is space for', async () => {
    const thin = new MemoryDisk({ blocks: 2 ** 40 })
    const rig = await StorageRig.ready({ disks: [thin, new CopyOnWriteDisk(thin), new FaultyDisk(thin, { seed: 1 })] })
    const status = async (lba: number, length: number, lun = 0) => {
      const cdb = [0x9e, 0x12, 0, 0, ...fromHex(lba.toString(16).padStart(12, '0')), ...be32(length), 0, 0]
      const answer = await rig.execute({ cdb, length, lun })
      if (answer.srb !== 1) return answer.sense
      const { dataLength, descriptors } = LbaStatusData.decode(rig.data(answer.transferred))
      expect(answer.transferred).toBe(4 + dataLength)
      return descriptors.map((run) => `${run.status === 0 ? 'mapped' : 'free'} ${run.lba}+${run.count}`)
    }
    expect(await status(0, 24)).toEqual(['free 0+4294967295'])
    expect(await status(5, 56)).toEqual([
      'free 5+4294967295',
      'free 4294967300+4294967295',
      'free 8589934595+4294967295',
    ])
    const ones = new Uint8Array(512).fill(1)
    // Across two chunks of the store, and far behind them.
    await rig.execute({ cdb: [0x41, 0, ...be32(100), 0, 0, 100, 0] }, ones)
    await rig.execute({ cdb: [0x41, 0, ...be32(0x1000_0000), 0, 0, 1, 0] }, ones)
    const begins = ['free 0+100', 'mapped 100+100', 'free 200+268435256', 'mapped 268435456+1']
    expect(await status(0, 72)).toEqual(begins)
    expect(await status(0, 72, 2)).toEqual(begins)
    expect(await status(0, 71)).toEqual(begins.slice(0, 3))
    expect(await status(150, 40)).toEqual(['mapped 150+50', 'free 200+268435256'])
    await rig.execute({ cdb: [0x93, 0x09, 0, 0, 0, 0, ...be32(120), ...be32(10), 0, 0] })
    expect(await status(100, 56)).toEqual(['mapped 100+20', 'free 120+10', 'mapped 130+70'])
    expect(await status(2 ** 40 - 1, 40)).toEqual([`free ${2 ** 40 - 1}+1`])
    expect(await status(2 ** 40, 40)).toBe(sense(5, 0x2100))
    // What cannot give blocks back says so everywhere: all is mapped, READ CAPACITY(16) has no LBPME, and there is no page B2h.
    expect(await status(0, 24, 1)).toEqual(['mapped 0+4294967295'])
    await rig.execute({ cdb: [0x9e, 0x10, ...Array(8).fill(0), ...be32(32), 0, 0], length: 32, lun: 1 })
    expect(rig.data(16)[14]).toBe(0)
    expect((await rig.execute({ cdb: inquiry(255, 0xb2), length: 255, lun: 1 })).sense).toBe(sense(5, 0x2400))
  })

  it('refuses what it does not know, with 20/00', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    for (const opcode of [0x4d, 0x85, 0xa1, 0xa3, 0x43, 0xff]) {
      expect(await rig.execute({ cdb: [opcode, ...Array(15).fill(0)] })).toEqual(illegal(0x2000))
    }
    for (const opcode of [0x00, 0x1b, 0x1e]) expect(await rig.execute({ cdb: [opcode, 0, 0, 0, 0, 0] })).toEqual(good())
  })

  it('[ST-11] CDB and sense lengths beyond their fields are cut down', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    for (const cdbLength of [0, 17, 255]) {
      expect(await rig.execute({ cdb: read10(0, 1), length: 512, cdbLength, senseLength: 255 })).toEqual(good(512))
      expect(await rig.execute({ cdb: read10(9999, 1), length: 512, cdbLength, senseLength: 255 })).toEqual(
        illegal(0x2100),
      )
    }
  })

  it('[B176] CHECK CONDITION: SCSI status 2, autosense valid, sense from the first byte, sense length 0x14', async () => {
    const rig = await StorageRig.ready({ disk: new ReadOnlyDisk(disk()) })
    const request = srb({ cdb: write10(0, 1), length: 512, dataIn: 0 })
    const answer = await rig.guest.ask(request, [rig.range(512)])
    expect(toHex(answer)).toBe(
      [
        '0100000000000000850100c0',
        '34008402000000001014000000000000',
        '700007000000000a000000002700000000000000',
        '00'.repeat(16),
      ].join(''),
    )
  })

  it('keeps sense data for itself where the guest wants none (SRB_FLAGS_DISABLE_AUTOSENSE)', async () => {
    const rig = await StorageRig.ready({ disk: disk() })
    expect(await rig.execute({ cdb: read10(9999, 1), length: 512, flags: 0x20 })).toEqual({
      ...illegal(0x2100),
      srb: 0x06,
      sense: '00'.repeat(20),
    })
  })

  it('[B176][B177] tells each of its errors', async () => {
    const errors: [DiskError, object][] = [
      ['unreadable', { status: 0xc000_0185, srb: 0x84, scsi: 2, sense: sense(3, 0x1100, 7) }],
      ['unwritable', { status: 0xc000_0185, srb: 0x84, scsi: 2, sense: sense(3, 0x0c00, 7) }],
      ['write-protected', { status: 0xc000_0185, srb: 0x84, scsi: 2, sense: sense(7, 0x2700) }],
      ['not-ready', { status: 0xc000_0185, srb: 0x84, scsi: 2, sense: sense(2, 0x0401) }],
      ['broken', { status: 0xc000_0185, srb: 0x84, scsi: 2, sense: sense(4, 0x4400) }],
      ['busy', { status: 0x8000_0011, srb: 0x05, scsi: 8, sense: '00'.repeat(20) }],
      ['timeout', { status: 0xc000_00b5, srb: 0x09, scsi: 0, sense: '00'.repeat(20) }],
      ['aborted', { status: 0xc000_0120, srb: 0x02, scsi: 0, sense: '00'.repeat(20) }],
    ]
    for (const [error, expected] of errors) {
      const rig = await StorageRig.ready({ disk: new FaultyDisk(disk(), { seed: 1, errors: 1, kinds: [error] }) })
      expect(await rig.execute({ cdb: read10(7, 1), length: 512 })).toEqual({ ...expected, transferred: 0 })
    }
  })

  it('has a UNIT ATTENTION when its owner says so, once', async () => {
    const unit = new DiskUnit(disk())
    const rig = await StorageRig.ready({ disk: unit })
    unit.attention(0x2a09)
    expect((await rig.execute({ cdb: inquiry(36), length: 36 })).srb).toBe(1)
    expect(await rig.execute({ cdb: read10(0, 1), length: 512 })).toEqual({
      ...illegal(0),
      srb: 0x84,
      sense: sense(6, 0x2a09),
    })
    expect(await rig.execute({ cdb: read10(0, 1), length: 512 })).toEqual(good(512))
  })

  it('flushes after a write with FUA', async () => {
    const calls: string[] = []
    const memory = disk()
    const rig = await StorageRig.ready({
      disk: {
        blockSize: 512,
        blocks: 2048,
        read: (request) => memory.read(request),
        write(request) {
          calls.push('write')
          memory.write(request)
        },
        flush(request) {
          calls.push('flush')
          request.complete()
        },
      },
    })
    expect(await rig.execute({ cdb: write10(0, 1) }, new Uint8Array(512))).toEqual(good(512))
    expect(await rig.execute({ cdb: write10(0, 1, 0x08) }, new Uint8Array(512))).toEqual(good(512))
    expect(calls).toEqual(['write', 'write', 'flush'])
  })
})

describe('A DVD drive', () => {
  const medium = () => new MemoryDisk({ blocks: 1000, blockSize: 2048 })
  const notReady = { ...illegal(0), srb: 0x84, sense: sense(2, 0x3a00) }

  it('is read by sectors of 2048 bytes, and tells its table of contents', async () => {
    const rig = await StorageRig.ready({ disk: new DvdUnit(medium()) })
    expect(await rig.execute({ cdb: inquiry(36), length: 36 })).toEqual(good(36))
    expect(toHex(rig.data(8))).toBe('058006021f000002')
    expect(await rig.execute({ cdb: read10(999, 1), length: 2048 })).toEqual(good(2048))
    expect(await rig.execute({ cdb: read10(1000, 1), length: 2048 })).toEqual(illegal(0x2100))
    await rig.execute({ cdb: [0x25, ...Array(9).fill(0)], length: 8 })
    expect(toHex(rig.data(8))).toBe('000003e700000800')
    expect(await rig.execute({ cdb: [0x43, 0, 0, 0, 0, 0, 0, 0, 20, 0], length: 20 })).toEqual(good(20))
    expect(toHex(rig.data(20))).toBe('00120101' + '0014010000000000' + '0014aa00000003e8')
    expect(await rig.execute({ cdb: [0x43, 2, 0, 0, 0, 0, 0, 0, 20, 0], length: 20 })).toEqual(good(20))
    expect(toHex(rig.data(20))).toBe('00120101' + '0014010000000200' + '0014aa0000000f19')
    expect(await rig.execute({ cdb: [0x46, 2, 0, 0, 0, 0, 0, 0, 8, 0], length: 8 })).toEqual(good(8))
    expect(toHex(rig.data(8))).toBe('0000000400000010')
    expect((await rig.execute({ cdb: write10(0, 1) }, new Uint8Array(2048))).sense).toBe(sense(5, 0x2000))
  })

  it('is told apart with and without a medium, which may be locked in', async () => {
    const drive = new DvdUnit(medium())
    const rig = await StorageRig.ready({ disk: drive })
    const eject = [0x1b, 0, 0, 0, 2, 0]
    await rig.execute({ cdb: [0x1e, 0, 0, 0, 1, 0] })
    expect(await rig.execute({ cdb: eject })).toEqual(illegal(0x5302))
    await rig.execute({ cdb: [0x1e, 0, 0, 0, 0, 0] })
    expect(await rig.execute({ cdb: eject })).toEqual(good())
    expect(await rig.execute({ cdb: [0, 0, 0, 0, 0, 0] })).toEqual(notReady)
    expect(await rig.execute({ cdb: read10(0, 1), length: 2048 })).toEqual(notReady)
    const events = [0x4a, 1, 0, 0, 0x10, 0, 0, 0, 8, 0]
    await rig.execute({ cdb: events, length: 8 })
    expect(toHex(rig.data(8))).toBe('0006041003000000')
    drive.insert(medium())
    await rig.execute({ cdb: events, length: 8 })
    expect(toHex(rig.data(8))).toBe('0006041002020000')
    expect((await rig.execute({ cdb: [0, 0, 0, 0, 0, 0] })).sense).toBe(sense(6, 0x2800))
    expect(await rig.execute({ cdb: [0, 0, 0, 0, 0, 0] })).toEqual(good())
    expect(() => drive.insert(disk())).toThrow(RangeError)
  })
})

describe('Disks', () => {
  it('in memory take room only for what is written', () => {
    const memory = new MemoryDisk({ blocks: 2 ** 50 })
    expect(memory.bytesInUse).toBe(0)
    expect(() => new MemoryDisk({ blocks: 0 })).toThrow(RangeError)
    expect(() => new MemoryDisk({ blocks: 1, blockSize: 520 })).toThrow(RangeError)
  })

  it('copy-on-write: changes here, the rest there, reads across both', async () => {
    const base = disk()
    const below = await StorageRig.ready({ disk: base })
    for (let lba = 0; lba < 16; lba++)
      await below.execute({ cdb: write10(lba, 1) }, new Uint8Array(512).fill(0x10 + lba))
    const overlay = new CopyOnWriteDisk(new FaultyDisk(base, { seed: 3, delays: 0.5 }))
    const rig = await StorageRig.ready({ disk: overlay })
    for (const lba of [0, 5, 6, 15]) await rig.execute({ cdb: write10(lba, 1) }, new Uint8Array(512).fill(0xa0 + lba))
    const reading = rig.execute({ cdb: read10(0, 16), length: 8192 })
    rig.bus.settle()
    if (overlay.base instanceof FaultyDisk) overlay.base.release()
    expect(await reading).toEqual(good(8192))
    const firsts = Array.from({ length: 16 }, (_, lba) => rig.data(8192)[lba * 512])
    expect(firsts).toEqual([
      0xa0, 0x11, 0x12, 0x13, 0x14, 0xa5, 0xa6, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0xaf,
    ])
    await below.execute({ cdb: read10(0, 1), length: 512 })
    expect(below.data(1)[0]).toBe(0x10)
    overlay.revert()
    expect(overlay.bytesInUse).toBe(0)
  })
})
