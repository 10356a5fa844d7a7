import { array, bit, bitField, bits, bytes, constant, reserved, struct, u8, u16, u16be, u32 } from '../../wire/index.ts'

// Source: VESA Enhanced EDID Standard, release A revision 2 (EDID 1.4). Words are little-endian but for the manufacturer.

/** A detailed timing descriptor: one mode, to the pixel. Counts are split into their low 8 bits and the bits above. */
export const EdidTiming = /* @__PURE__ */ struct(
  'EdidTiming',
  {
    /** In 10 kHz. 0 makes the descriptor no timing. */
    pixelClock: u16,
    /** Pixels of a row that are seen, the low 8 of 12 bits. */
    horizontalActiveLow: u8,
    /** Pixels of a row that are not, the low 8 of 12 bits. */
    horizontalBlankingLow: u8,
    /** Bits 8–11 of the two. */
    horizontalHigh: bits(u8, { blanking: bitField(0, 4), active: bitField(4, 4) }),
    /** Rows that are seen, the low 8 of 12 bits. */
    verticalActiveLow: u8,
    /** Lines that are not, the low 8 of 12 bits. */
    verticalBlankingLow: u8,
    /** Bits 8–11 of the two. */
    verticalHigh: bits(u8, { blanking: bitField(0, 4), active: bitField(4, 4) }),
    /** Pixels from the end of the seen ones to the sync, the low 8 of 10 bits. */
    horizontalFrontPorchLow: u8,
    /** Pixels, the low 8 of 10 bits. */
    horizontalSyncWidthLow: u8,
    /** The same in lines, the low 4 of 6 bits of each. */
    verticalSyncLow: bits(u8, { width: bitField(0, 4), frontPorch: bitField(4, 4) }),
    /** The upper 2 bits of these four. */
    syncHigh: bits(u8, {
      verticalWidth: bitField(0, 2),
      verticalFrontPorch: bitField(2, 2),
      horizontalWidth: bitField(4, 2),
      horizontalFrontPorch: bitField(6, 2),
    }),
    /** Millimetres, the low 8 of 12 bits. */
    imageWidthLow: u8,
    /** Millimetres, the low 8 of 12 bits. */
    imageHeightLow: u8,
    /** Of the image's size in millimetres. */
    imageHigh: bits(u8, { height: bitField(0, 4), width: bitField(4, 4) }),
    /** Pixels on the left, and as many on the right. */
    horizontalBorder: u8,
    /** Lines at the top, and as many at the bottom. */
    verticalBorder: u8,
    /** Kind and polarity of the sync, stereo, interlacing. */
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
    /** What `data` is, an EdidDescriptorTag; 0x00 … 0x0f are the maker's own. */
    tag: u8,
    /** With range limits, which of them have 255 added; 0 in all others. */
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
    /** The maker's number for the model. */
    product: u16,
    /** 0: not told here. */
    serialNumber: u32,
    /** 1 … 54; 0: not told; 255: `year` is the model's. */
    week: u8,
    /** Less 1990. */
    year: u8,
    /** 1 … */
    version: u8,
    /** … and 4: EDID 1.4. */
    revision: u8,
    /** What the lower 7 bits say goes with the highest; here as for a digital input. */
    input: bits(u8, {
      /** 1 DVI, 2 and 3 HDMI, 4 MDDI, 5 DisplayPort; 0: not told. */
      interface: bitField(0, 4),
      /** Bits of a colour: 1 for 6, 2 for 8, … 6 for 16; 0: not told. */
      colourDepth: bitField(4, 3),
      isDigital: bit(7),
    }),
    /** In centimetres; 0 with `heightCm`: not told. */
    widthCm: u8,
    /** In centimetres; 0 beside a width that is not 0: that one tells the ratio of the sides. */
    heightCm: u8,
    /** Gamma × 100 − 100. */
    gamma: u8,
    /** Timings, colours, states of little power. */
    features: bits(u8, {
      isContinuousFrequency: bit(0),
      /** The first timing is the preferred mode, to the pixel. */
      isPreferredTimingNative: bit(1),
      isSrgb: bit(2),
      /** Digital: 0 RGB alone, 1 also YCrCb 4:4:4, 2 also 4:2:2, 3 all of them. */
      colourType: bitField(3, 2),
      hasActiveOff: bit(5),
      hasSuspend: bit(6),
      hasStandby: bit(7),
    }),
    /** Of red, green, blue, white: x and y, 10 bits each in 1/1024; 2 bytes of low bits, then the high ones. */
    chromaticity: bytes(10),
    /** 17 modes of old, a bit each from the highest on; the last 7 bits are the maker's own. */
    establishedTimings: bytes(3),
    /** 8 of 2 bytes each; 01 01: none. */
    standardTimings: bytes(16),
    /** Timings first, the preferred mode foremost; then display descriptors. */
    descriptors: array(bytes(18), 4),
    /** Blocks of 128 bytes that follow this one. */
    extensionCount: u8,
    /** Makes all 128 bytes add up to 0 modulo 256. */
    checksum: u8,
  },
  { size: 128 },
)
