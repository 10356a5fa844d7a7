import {
  bit,
  bitField,
  bits,
  bytes,
  countedBytes,
  openEnum,
  reserved,
  struct,
  u8,
  u16be,
  u32be,
  u64be,
} from '../../wire/index.ts'
import { AdditionalSense, SenseKey } from './codes.ts'

const senseKey = /* @__PURE__ */ openEnum('SenseKey', u8, SenseKey)
const additionalSense = /* @__PURE__ */ openEnum('AdditionalSense', u16be, AdditionalSense)

/** Sense data in the fixed format, 18 bytes. Response code 0x70 speaks of this command, 0x71 of an earlier one. Source: T10 SPC-4 4.5.3. */
export const FixedSense = /* @__PURE__ */ struct(
  'FixedSense',
  {
    /** `valid`: the information field means something. */
    response: bits(u8, {
      /** 0x70: of this command; 0x71: deferred, of an earlier one. */
      responseCode: bitField(0, 7),
      valid: bit(7),
    }),
    /** Once a segment number; 0. */
    obsolete: u8,
    /** The sense key, and flags of stream devices. */
    key: bits(u8, {
      /** See SenseKey. */
      senseKey: bitField(0, 4, senseKey),
      /** The length asked for is not that of the block. */
      incorrectLength: bit(5),
      /** Of tapes and printers: end of medium reached. */
      endOfMedium: bit(6),
      /** Of tapes: a filemark or setmark was read. */
      filemark: bit(7),
    }),
    /** Mostly the LBA at which it went wrong. */
    information: u32be,
    /** Bytes behind this one. */
    additionalLength: u8,
    /** What it means depends on the command; mostly 0. */
    commandSpecific: u32be,
    /** `code << 8 | qualifier`. */
    additionalSense,
    /** Vendor's number of the part that failed; 0 names none. */
    fieldReplaceableUnit: u8,
    /** Bit 7 of the first byte: valid. With IllegalRequest the other two point to the wrong byte. */
    senseKeySpecific: bytes(3),
  },
  { size: 18 },
)

/** Sense data with descriptors; response code 0x72 or 0x73. Source: T10 SPC-4 4.5.2. */
export const DescriptorSense = /* @__PURE__ */ struct('DescriptorSense', {
  response: bits(u8, {
    /** 0x72: of this command; 0x73: deferred, of an earlier one. */
    responseCode: bitField(0, 7),
  }),
  key: bits(u8, {
    /** See SenseKey. */
    senseKey: bitField(0, 4, senseKey),
  }),
  /** `code << 8 | qualifier`. */
  additionalSense,
  reserved: reserved(3),
  /** Bytes of descriptors. */
  additionalLength: u8,
  /** One behind the other, each with its type and its length first; see SenseInformation. */
  descriptors: countedBytes('additionalLength'),
})

/** The descriptor of {@link DescriptorSense} with the information field: type 0. */
export const SenseInformation = /* @__PURE__ */ struct(
  'SenseInformation',
  {
    /** 0 in this one. */
    descriptorType: u8,
    /** Bytes behind this one: 10. */
    additionalLength: u8,
    flags: bits(u8, {
      /** Set: without information there is no such descriptor. */
      valid: bit(7),
    }),
    reserved: reserved(u8),
    /** Mostly the LBA at which it went wrong. */
    information: u64be,
  },
  { size: 12 },
)

/** What sense data say, whatever their format. */
export interface Sense {
  /** See {@link SenseKey}. */
  readonly key: number
  /** `code << 8 | qualifier`, see {@link AdditionalSense}. */
  readonly additional: number
  /** The information field where it is valid: mostly an LBA. */
  readonly information?: number
}

/** Sense data in the fixed format. An LBA that does not fit its 32 bits is left out. */
export function fixedSense({ key, additional, information }: Sense): Uint8Array {
  const fits = information !== undefined && information <= 0xffff_ffff
  return FixedSense.encode({
    response: { responseCode: 0x70, valid: fits },
    obsolete: 0,
    key: { senseKey: key, incorrectLength: false, endOfMedium: false, filemark: false },
    information: fits ? information : 0,
    additionalLength: 10,
    commandSpecific: 0,
    additionalSense: additional,
    fieldReplaceableUnit: 0,
    senseKeySpecific: new Uint8Array(3),
  })
}

/** Sense data with descriptors, the information field among them where there is one. */
export function descriptorSense({ key, additional, information }: Sense): Uint8Array {
  const descriptors =
    information === undefined
      ? new Uint8Array(0)
      : SenseInformation.encode({
          descriptorType: 0,
          additionalLength: 10,
          flags: { valid: true },
          information: BigInt(information),
        })
  return DescriptorSense.encode({
    response: { responseCode: 0x72 },
    key: { senseKey: key },
    additionalSense: additional,
    additionalLength: descriptors.byteLength,
    descriptors,
  })
}

/** Reads sense data of either format, as much as is there; `undefined` when it is neither. Never throws. */
export function parseSense(data: Uint8Array): Sense | undefined {
  const at = (index: number): number => data[index] ?? 0
  const code = at(0) & 0x7f
  if (code === 0x70 || code === 0x71) {
    if (data.byteLength < 3) return undefined
    const sense = { key: at(2) & 0xf, additional: at(12) * 256 + at(13) }
    if ((at(0) & 0x80) === 0 || data.byteLength < 7) return sense
    return { ...sense, information: at(3) * 2 ** 24 + at(4) * 2 ** 16 + at(5) * 256 + at(6) }
  }
  if ((code === 0x72 || code === 0x73) && data.byteLength >= 4) {
    return { key: at(1) & 0xf, additional: at(2) * 256 + at(3) }
  }
  return undefined
}
