import { array, bit, bitField, bits, bytes, constant, reserved, struct, u8, u16, u16be, u32 } from '../../wire/index.ts'

// Source: VESA Enhanced EDID Standard, release A revision 2 (EDID 1.4). Words are little-endian but for the manufacturer.

/** A detailed timing descriptor: one mode, to the pixel. Counts are split into their low 8 bits and the bits above. */
export const EdidTiming = /* @__PURE__ */ struct(
  'EdidTiming',
  {
    /** In 10 kHz. 0 makes the descriptor no timing. */
    pixelClock: u16,
    horizontalActiveLow: u8,
    horizontalBlankingLow: u8,
    horizontalHigh: bits(u8, { blanking: bitField(0, 4), active: bitField(4, 4) }),
    verticalActiveLow: u8,
    verticalBlankingLow: u8,
    verticalHigh: bits(u8, { blanking: bitField(0, 4), active: bitField(4, 4) }),
    horizontalFrontPorchLow: u8,
    horizontalSyncWidthLow: u8,
    verticalSyncLow: bits(u8, { width: bitField(0, 4), frontPorch: bitField(4, 4) }),
    syncHigh: bits(u8, {
      verticalWidth: bitField(0, 2),
      verticalFrontPorch: bitField(2, 2),
      horizontalWidth: bitField(4, 2),
      horizontalFrontPorch: bitField(6, 2),
    }),
    imageWidthLow: u8,
    imageHeightLow: u8,
    /** Of the image's size in millimetres. */
    imageHigh: bits(u8, { height: bitField(0, 4), width: bitField(4, 4) }),
    horizontalBorder: u8,
    verticalBorder: u8,
    features: bits(u8, {
      stereoLow: bit(0),
      isHorizontalSyncPositive: bit(1),
      isVerticalSyncPositive: bit(2),
      /** 3: separate digital sync. */
      sync: bitField(3, 2),
      stereoHigh: bitField(5, 2),
      isInterlaced: bit(7),
    }),
  },
  { size: 18 },
)

/** What the tag of a display descriptor says. */
export const EdidDescriptorTag = { Dummy: 0x10, Name: 0xfc, RangeLimits: 0xfd, Text: 0xfe, SerialNumber: 0xff } as const

/** A display descriptor: a name, a text, limits. It stands in the place of a timing, whose pixel clock would be 0. */
export const EdidDescriptor = /* @__PURE__ */ struct(
  'EdidDescriptor',
  {
    noPixelClock: constant(u16, 0),
    reserved: reserved(u8),
    tag: u8,
    offset: u8,
    /** Text ends at a line feed (0x0a) and is filled up with spaces. */
    data: bytes(13),
  },
  { size: 18 },
)

/** A monitor's own description, 128 bytes that add up to 0 modulo 256. */
export const Edid = /* @__PURE__ */ struct(
  'Edid',
  {
    headerLow: constant(u32, 0xffff_ff00),
    headerHigh: constant(u32, 0x00ff_ffff),
    /** Three letters of 5 bits, A = 1. */
    manufacturer: u16be,
    product: u16,
    serialNumber: u32,
    /** 1 … 54; 0: not told; 255: `year` is the model's. */
    week: u8,
    /** Less 1990. */
    year: u8,
    version: u8,
    revision: u8,
    input: bits(u8, { interface: bitField(0, 4), colourDepth: bitField(4, 3), isDigital: bit(7) }),
    /** In centimetres; 0 with `heightCm`: not told. */
    widthCm: u8,
    heightCm: u8,
    /** Gamma × 100 − 100. */
    gamma: u8,
    features: bits(u8, {
      isContinuousFrequency: bit(0),
      /** The first timing is the preferred mode, to the pixel. */
      isPreferredTimingNative: bit(1),
      isSrgb: bit(2),
      colourType: bitField(3, 2),
      hasActiveOff: bit(5),
      hasSuspend: bit(6),
      hasStandby: bit(7),
    }),
    chromaticity: bytes(10),
    establishedTimings: bytes(3),
    /** 8 of 2 bytes each; 01 01: none. */
    standardTimings: bytes(16),
    /** Timings first, the preferred mode foremost; then display descriptors. */
    descriptors: array(bytes(18), 4),
    extensionCount: u8,
    /** Makes all 128 bytes add up to 0 modulo 256. */
    checksum: u8,
  },
  { size: 128 },
)
