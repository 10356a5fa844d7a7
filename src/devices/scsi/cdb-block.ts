import { bit, bitField, bits, constant, openEnum, reserved, struct, u8, u16be, u32be, u64be } from '../../wire/index.ts'
import { ScsiOpcode, ServiceActionIn } from './codes.ts'

// CDBs of direct access block devices. All words are big-endian. Source: T10 SBC-3 clause 5.

/** The flags of a read or write: protection field, disable page out, force unit access. */
const transferFlags = () =>
  bits(u8, {
    /** How protection information is transferred and checked. */
    protect: bitField(5, 3),
    /** Disable page out: the blocks need not stay in the cache. */
    dpo: bit(4),
    /** Force unit access: the medium, not the cache, is read or written. */
    fua: bit(3),
  })
const verifyFlags = () =>
  bits(u8, {
    /** How protection information is transferred and checked. */
    protect: bitField(5, 3),
    /** Disable page out: the blocks need not stay in the cache. */
    dpo: bit(4),
    /** 0: the medium only; 1: compare with the data sent. */
    byteCheck: bitField(1, 2),
  })
const syncFlags = () =>
  bits(u8, {
    /** Status comes at once, not when all is written. */
    immediate: bit(1),
  })
const sameFlags = () =>
  bits(u8, {
    /** How protection information is transferred and checked. */
    protect: bitField(5, 3),
    /** With `unmap`: anchor the blocks, so that their room is kept. */
    anchor: bit(4),
    /** The blocks may be given back instead of written. */
    unmap: bit(3),
    /** Of WRITE SAME(16): no block is sent. */
    noDataOut: bit(0),
  })
const group = () =>
  bits(u8, {
    /** Number under which statistics are kept; 0: none. */
    group: bitField(0, 5),
  })

function transfer6<N extends string>(name: N, opcode: number) {
  return struct(
    name,
    {
      opcode: constant(u8, opcode),
      lbaHigh: bits(u8, {
        /** The upper 5 of 21 bits. */
        lba: bitField(0, 5),
      }),
      /** The lower 16 of 21 bits. */
      lba: u16be,
      /** Blocks; 0 means 256. */
      length: u8,
      /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
      control: u8,
    },
    { size: 6 },
  )
}

function transfer10<N extends string>(name: N, opcode: number) {
  return struct(
    name,
    {
      opcode: constant(u8, opcode),
      flags: transferFlags(),
      /** First block, 0-based. */
      lba: u32be,
      group: group(),
      /** Blocks; 0 transfers none. */
      length: u16be,
      /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
      control: u8,
    },
    { size: 10 },
  )
}

function transfer12<N extends string>(name: N, opcode: number) {
  return struct(
    name,
    {
      opcode: constant(u8, opcode),
      flags: transferFlags(),
      /** First block, 0-based. */
      lba: u32be,
      /** Blocks; 0 transfers none. */
      length: u32be,
      group: group(),
      /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
      control: u8,
    },
    { size: 12 },
  )
}

function transfer16<N extends string>(name: N, opcode: number) {
  return struct(
    name,
    {
      opcode: constant(u8, opcode),
      flags: transferFlags(),
      /** First block, 0-based. */
      lba: u64be,
      /** Blocks; 0 transfers none. */
      length: u32be,
      group: group(),
      /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
      control: u8,
    },
    { size: 16 },
  )
}

/** READ(6): 21 bits of LBA, up to 256 blocks. */
export const Read6 = /* @__PURE__ */ transfer6('Read6', ScsiOpcode.Read6)
/** WRITE(6). */
export const Write6 = /* @__PURE__ */ transfer6('Write6', ScsiOpcode.Write6)
/** READ(10): 32 bits of LBA, up to 65535 blocks; none is legal. */
export const Read10 = /* @__PURE__ */ transfer10('Read10', ScsiOpcode.Read10)
/** WRITE(10). */
export const Write10 = /* @__PURE__ */ transfer10('Write10', ScsiOpcode.Write10)
/** READ(12). */
export const Read12 = /* @__PURE__ */ transfer12('Read12', ScsiOpcode.Read12)
/** WRITE(12). */
export const Write12 = /* @__PURE__ */ transfer12('Write12', ScsiOpcode.Write12)
/** READ(16): 64 bits of LBA. */
export const Read16 = /* @__PURE__ */ transfer16('Read16', ScsiOpcode.Read16)
/** WRITE(16). */
export const Write16 = /* @__PURE__ */ transfer16('Write16', ScsiOpcode.Write16)

function verify10<N extends string>(name: N, opcode: number) {
  return struct(
    name,
    {
      opcode: constant(u8, opcode),
      flags: verifyFlags(),
      /** First block, 0-based. */
      lba: u32be,
      group: group(),
      /** Blocks; 0 verifies none. */
      length: u16be,
      /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
      control: u8,
    },
    { size: 10 },
  )
}

function verify16<N extends string>(name: N, opcode: number) {
  return struct(
    name,
    {
      opcode: constant(u8, opcode),
      flags: verifyFlags(),
      /** First block, 0-based. */
      lba: u64be,
      /** Blocks; 0 verifies none. */
      length: u32be,
      group: group(),
      /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
      control: u8,
    },
    { size: 16 },
  )
}

/** VERIFY(10): `byteCheck` 0 compares nothing with the initiator. */
export const Verify10 = /* @__PURE__ */ verify10('Verify10', ScsiOpcode.Verify10)
/** VERIFY(16). */
export const Verify16 = /* @__PURE__ */ verify16('Verify16', ScsiOpcode.Verify16)
/** WRITE AND VERIFY(10). */
export const WriteAndVerify10 = /* @__PURE__ */ verify10('WriteAndVerify10', ScsiOpcode.WriteAndVerify10)
/** WRITE AND VERIFY(16). */
export const WriteAndVerify16 = /* @__PURE__ */ verify16('WriteAndVerify16', ScsiOpcode.WriteAndVerify16)
/** VERIFY(12). */
export const Verify12 = /* @__PURE__ */ struct(
  'Verify12',
  {
    opcode: constant(u8, ScsiOpcode.Verify12),
    /** As in VERIFY(10). */
    flags: verifyFlags(),
    /** First block, 0-based. */
    lba: u32be,
    /** Blocks; 0 verifies none. */
    length: u32be,
    group: group(),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 12 },
)

/** SYNCHRONIZE CACHE(10); length 0 means to the end. */
export const SynchronizeCache10 = /* @__PURE__ */ struct(
  'SynchronizeCache10',
  {
    opcode: constant(u8, ScsiOpcode.SynchronizeCache10),
    flags: syncFlags(),
    /** First block, 0-based. */
    lba: u32be,
    group: group(),
    /** Blocks; 0: to the end of the medium. */
    length: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** SYNCHRONIZE CACHE(16). */
export const SynchronizeCache16 = /* @__PURE__ */ struct(
  'SynchronizeCache16',
  {
    opcode: constant(u8, ScsiOpcode.SynchronizeCache16),
    flags: syncFlags(),
    /** First block, 0-based. */
    lba: u64be,
    /** Blocks; 0: to the end of the medium. */
    length: u32be,
    group: group(),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 16 },
)

/** WRITE SAME(10): one block of data for `length` blocks; 0 means to the end. */
export const WriteSame10 = /* @__PURE__ */ struct(
  'WriteSame10',
  {
    opcode: constant(u8, ScsiOpcode.WriteSame10),
    /** What to do with the blocks; all 0: write them. */
    flags: sameFlags(),
    /** First block, 0-based. */
    lba: u32be,
    group: group(),
    /** Blocks; 0: to the end, unless BlockLimits forbids that. */
    length: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** WRITE SAME(16). With `noDataOut` there is no block of data: zeros. */
export const WriteSame16 = /* @__PURE__ */ struct(
  'WriteSame16',
  {
    opcode: constant(u8, ScsiOpcode.WriteSame16),
    /** What to do with the blocks; all 0: write them. */
    flags: sameFlags(),
    /** First block, 0-based. */
    lba: u64be,
    /** Blocks; 0: to the end, unless BlockLimits forbids that. */
    length: u32be,
    group: group(),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 16 },
)

/** UNMAP: the ranges stand in the parameter list, see UnmapParameters. */
export const Unmap = /* @__PURE__ */ struct(
  'Unmap',
  {
    opcode: constant(u8, ScsiOpcode.Unmap),
    flags: bits(u8, {
      /** Anchor the blocks: unmapped, with their room kept. */
      anchor: bit(0),
    }),
    reserved: reserved(4),
    group: group(),
    /** Bytes of the parameter list. */
    parameterListLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** READ CAPACITY(10). */
export const ReadCapacity10 = /* @__PURE__ */ struct(
  'ReadCapacity10',
  {
    opcode: constant(u8, ScsiOpcode.ReadCapacity10),
    reserved: reserved(u8),
    /** 0 without `partialMedium`. */
    lba: u32be,
    reserved2: reserved(2),
    /** 0: the last LBA of the unit is asked for. */
    flags: bits(u8, {
      /** Obsolete: asks for the last LBA behind `lba` before a notable delay. */
      partialMedium: bit(0),
    }),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** SERVICE ACTION IN(16): READ CAPACITY(16) and GET LBA STATUS. */
export const ServiceActionIn16 = /* @__PURE__ */ struct(
  'ServiceActionIn16',
  {
    opcode: constant(u8, ScsiOpcode.ServiceActionIn16),
    /** Which command it is, see ServiceActionIn. */
    action: bits(u8, { serviceAction: bitField(0, 5, openEnum('ServiceActionIn', u8, ServiceActionIn)) }),
    /** GET LBA STATUS: the first block asked about. Else 0 without `partialMedium`. */
    lba: u64be,
    /** Bytes that the initiator has room for. */
    allocationLength: u32be,
    /** 0: the last LBA of the unit is asked for. Reserved in GET LBA STATUS. */
    flags: bits(u8, {
      /** Obsolete, of READ CAPACITY(16): the last LBA behind `lba` before a notable delay. */
      partialMedium: bit(0),
    }),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 16 },
)
