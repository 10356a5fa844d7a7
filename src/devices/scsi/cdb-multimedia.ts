import { bit, bitField, bits, constant, reserved, struct, u8, u16be, u32be } from '../../wire/index.ts'
import { ScsiOpcode } from './codes.ts'

// CDBs of CD and DVD drives. All words are big-endian. Source: T10 MMC-6 clause 6.

/** READ TOC/PMA/ATIP. */
export const ReadToc = /* @__PURE__ */ struct(
  'ReadToc',
  {
    opcode: constant(u8, ScsiOpcode.ReadToc),
    /** Addresses as minutes, seconds, frames instead of an LBA. */
    flags: bits(u8, { msf: bit(1) }),
    /** 0 table of contents, 1 session information, 2 full. */
    format: bits(u8, { format: bitField(0, 4) }),
    reserved: reserved(3),
    /** Where to begin: a track, 0xaa the lead-out; a session with format 2. */
    track: u8,
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** GET CONFIGURATION. */
export const GetConfiguration = /* @__PURE__ */ struct(
  'GetConfiguration',
  {
    opcode: constant(u8, ScsiOpcode.GetConfiguration),
    /** 0 all features, 1 the current ones, 2 just the one named. */
    request: bits(u8, { requestType: bitField(0, 2) }),
    /** Number of the feature named; else the lowest that is wanted. */
    startingFeature: u16be,
    reserved: reserved(3),
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** GET EVENT STATUS NOTIFICATION. */
export const GetEventStatusNotification = /* @__PURE__ */ struct(
  'GetEventStatusNotification',
  {
    opcode: constant(u8, ScsiOpcode.GetEventStatusNotification),
    flags: bits(u8, {
      /** Answer at once; 0: when an event comes. */
      polled: bit(0),
    }),
    reserved: reserved(2),
    /** A bit for each class of events; 0x10 media. */
    classes: u8,
    reserved2: reserved(2),
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** READ DISC INFORMATION. */
export const ReadDiscInformation = /* @__PURE__ */ struct(
  'ReadDiscInformation',
  {
    opcode: constant(u8, ScsiOpcode.ReadDiscInformation),
    /** What is asked for; DiscInformation answers 0. */
    dataType: bits(u8, {
      /** 0 the disc, 1 track resources, 2 pseudo-overwrite resources. */
      dataType: bitField(0, 3),
    }),
    reserved: reserved(5),
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** READ FORMAT CAPACITIES. */
export const ReadFormatCapacities = /* @__PURE__ */ struct(
  'ReadFormatCapacities',
  {
    opcode: constant(u8, ScsiOpcode.ReadFormatCapacities),
    reserved: reserved(6),
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** READ DISC STRUCTURE, of old READ DVD STRUCTURE. */
export const ReadDvdStructure = /* @__PURE__ */ struct(
  'ReadDvdStructure',
  {
    opcode: constant(u8, ScsiOpcode.ReadDvdStructure),
    media: bits(u8, {
      /** 0 DVD, 1 Blu-ray. */
      mediaType: bitField(0, 4),
    }),
    /** What it means depends on `format`; mostly 0. */
    address: u32be,
    /** 0-based. */
    layer: u8,
    /** Which structure: 0 physical format, 1 copyright, 4 manufacturer. */
    format: u8,
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    grant: bits(u8, {
      /** Authentication grant, for structures that need one. */
      agid: bitField(6, 2),
    }),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 12 },
)
