import {
  bit,
  bitField,
  bits,
  countedBytes,
  openEnum,
  pinned,
  reserved,
  restOf,
  struct,
  u8,
  u16be,
  u32be,
  u64be,
} from '../../wire/index.ts'

// Data that commands bring or fetch, beside INQUIRY and sense data. All words are big-endian.

/** What READ CAPACITY(10) fetches. The last LBA is 0xffffffff when it does not fit. Source: T10 SBC-3 5.15. */
export const ReadCapacity10Data = /* @__PURE__ */ struct(
  'ReadCapacity10Data',
  { lastLba: u32be, blockLength: u32be },
  { size: 8 },
)

/** What READ CAPACITY(16) fetches. Source: T10 SBC-3 5.16. */
export const ReadCapacity16Data = /* @__PURE__ */ struct(
  'ReadCapacity16Data',
  {
    lastLba: u64be,
    blockLength: u32be,
    protection: bits(u8, { enabled: bit(0), protectionType: bitField(1, 3), basis: bitField(4, 2) }),
    /** Physical blocks are 2 to that power logical ones. */
    exponents: bits(u8, { blocksPerPhysical: bitField(0, 4), protectionIntervals: bitField(4, 4) }),
    /** Thin provisioning, whether unmapped blocks read as zeros, and the first aligned LBA. */
    provisioning: bits(u16be, { lowestAligned: bitField(0, 14), readsZeros: bit(14), thin: bit(15) }),
    reserved: reserved(16),
  },
  { size: 32 },
)

/** A logical unit number in 8 bytes, in the simple form: bus 0, LUN 0 … 255. */
export const LunAddress = /* @__PURE__ */ struct('LunAddress', { lun: u16be, levels: reserved(6) }, { size: 8 })

/** What REPORT LUNS fetches. Source: T10 SPC-4 6.33. */
export const ReportLunsData = /* @__PURE__ */ struct('ReportLunsData', {
  /** Bytes of the list, whether or not they all fit. */
  lunListLength: u32be,
  reserved: reserved(4),
  luns: restOf(LunAddress),
})

/** One range of UNMAP. */
export const UnmapDescriptor = /* @__PURE__ */ struct(
  'UnmapDescriptor',
  { lba: u64be, count: u32be, reserved: reserved(4) },
  { size: 16 },
)

/** What UNMAP brings. Source: T10 SBC-3 5.28. */
export const UnmapParameters = /* @__PURE__ */ struct('UnmapParameters', {
  /** Bytes behind this word. */
  dataLength: u16be,
  /** Bytes of descriptors. */
  descriptorDataLength: u16be,
  reserved: reserved(4),
  descriptors: restOf(UnmapDescriptor),
})

/** How a run of blocks is provisioned. */
export const ProvisioningStatus = { Mapped: 0, Deallocated: 1, Anchored: 2 } as const

/** What GET LBA STATUS fetches. Source: T10 SBC-3 5.6. */
export const LbaStatusData = /* @__PURE__ */ struct('LbaStatusData', {
  /** Bytes behind this word. */
  dataLength: u32be,
  reserved: reserved(4),
  descriptors: restOf(
    struct(
      'LbaStatusDescriptor',
      {
        lba: u64be,
        count: u32be,
        status: openEnum('ProvisioningStatus', u8, ProvisioningStatus),
        reserved: reserved(3),
      },
      { size: 16 },
    ),
  ),
})

const deviceSpecific = () => bits(u8, { dpoFua: bit(4), writeProtected: bit(7) })

/** What MODE SENSE(6) begins with. */
export const ModeHeader6 = /* @__PURE__ */ struct(
  'ModeHeader6',
  {
    /** Bytes behind this one. */
    dataLength: u8,
    mediumType: u8,
    device: deviceSpecific(),
    blockDescriptorLength: u8,
  },
  { size: 4 },
)

/** What MODE SENSE(10) begins with. */
export const ModeHeader10 = /* @__PURE__ */ struct(
  'ModeHeader10',
  {
    /** Bytes behind this word. */
    dataLength: u16be,
    mediumType: u8,
    device: deviceSpecific(),
    longLba: bits(u8, { longLba: bit(0) }),
    reserved: reserved(u8),
    blockDescriptorLength: u16be,
  },
  { size: 8 },
)

/** The short block descriptor of mode data; block length in 24 bits. */
export const ModeBlockDescriptor = /* @__PURE__ */ struct(
  'ModeBlockDescriptor',
  { blocks: u32be, length: bits(u32be, { blockLength: bitField(0, 24) }) },
  { size: 8 },
)

/** Pages of mode data. */
export const ModePageCode = {
  ReadWriteErrorRecovery: 0x01,
  Caching: 0x08,
  Control: 0x0a,
  PowerCondition: 0x1a,
  InformationalExceptions: 0x1c,
  Capabilities: 0x2a,
  All: 0x3f,
} as const

/** Any mode page: its code, and as many bytes as its length says. */
export const ModePage = /* @__PURE__ */ struct('ModePage', {
  page: bits(u8, {
    pageCode: bitField(0, 6, openEnum('ModePageCode', u8, ModePageCode)),
    subpageFormat: bit(6),
    savable: bit(7),
  }),
  pageLength: u8,
  parameters: countedBytes('pageLength'),
})

const pageHeader = /* @__PURE__ */ struct('ModePageHeader', { code: u8, length: u8 }, { size: 2 })

/** Mode page 08h. Source: T10 SBC-3 6.4.5. */
export const CachingModePage = /* @__PURE__ */ struct(
  'CachingModePage',
  {
    header: pinned(pageHeader, { code: ModePageCode.Caching, length: 18 }),
    cache: bits(u8, { readDisabled: bit(0), multiplication: bit(1), writeEnabled: bit(2), discontinuity: bit(4) }),
    retention: u8,
    disablePrefetchLength: u16be,
    minimumPrefetch: u16be,
    maximumPrefetch: u16be,
    maximumPrefetchCeiling: u16be,
    flags: bits(u8, { readAheadDisabled: bit(5) }),
    segments: u8,
    segmentSize: u16be,
    reserved: reserved(4),
  },
  { size: 20 },
)

/** Mode page 0Ah. Source: T10 SPC-4 7.5.8. */
export const ControlModePage = /* @__PURE__ */ struct(
  'ControlModePage',
  {
    header: pinned(pageHeader, { code: ModePageCode.Control, length: 10 }),
    sense: bits(u8, { logDisabled: bit(1), descriptorSense: bit(2) }),
    queue: bits(u8, { errorManagement: bitField(1, 2), algorithm: bitField(4, 4) }),
    protection: bits(u8, { softwareWriteProtected: bit(3) }),
    application: u8,
    obsolete: reserved(2),
    busyTimeoutPeriod: u16be,
    selfTestTime: u16be,
  },
  { size: 12 },
)

/** Mode page 1Ch. Source: T10 SPC-4 7.5.13. */
export const InformationalExceptionsModePage = /* @__PURE__ */ struct(
  'InformationalExceptionsModePage',
  {
    header: pinned(pageHeader, { code: ModePageCode.InformationalExceptions, length: 10 }),
    flags: bits(u8, { logErrors: bit(0), test: bit(2), disabled: bit(3), performance: bit(7) }),
    method: bits(u8, { reportingMethod: bitField(0, 4) }),
    interval: u32be,
    reportCount: u32be,
  },
  { size: 12 },
)

/** What READ TOC fetches for format 0. Source: T10 MMC-6 6.25. */
export const TocData = /* @__PURE__ */ struct('TocData', {
  /** Bytes behind this word. */
  dataLength: u16be,
  firstTrack: u8,
  lastTrack: u8,
  tracks: restOf(
    struct(
      'TocTrack',
      {
        reserved: reserved(u8),
        /** Control 4: a data track. */
        kind: bits(u8, { control: bitField(0, 4), adr: bitField(4, 4) }),
        /** 0xaa: the lead-out. */
        track: u8,
        reserved2: reserved(u8),
        /** An LBA, or with `msf` minutes, seconds and frames. */
        address: u32be,
      },
      { size: 8 },
    ),
  ),
})

/** What GET CONFIGURATION begins with. Profile 0x08 CD-ROM, 0x10 DVD-ROM, 0 no medium. */
export const FeatureHeader = /* @__PURE__ */ struct(
  'FeatureHeader',
  {
    /** Bytes behind this word. */
    dataLength: u32be,
    reserved: reserved(2),
    currentProfile: u16be,
  },
  { size: 8 },
)

/** What GET EVENT STATUS NOTIFICATION fetches of the media class. Event 2: a new medium; 3: it is gone. */
export const MediaEvent = /* @__PURE__ */ struct(
  'MediaEvent',
  {
    dataLength: u16be,
    notification: bits(u8, { class: bitField(0, 3), noEvent: bit(7) }),
    supportedClasses: u8,
    event: bits(u8, { code: bitField(0, 4) }),
    status: bits(u8, { trayOpen: bit(0), mediaPresent: bit(1) }),
    startSlot: u8,
    endSlot: u8,
  },
  { size: 8 },
)

/** What READ DISC INFORMATION fetches, the part that every medium has. */
export const DiscInformation = /* @__PURE__ */ struct(
  'DiscInformation',
  {
    dataLength: u16be,
    /** Disc status 2: complete. Session status 3: complete. */
    status: bits(u8, { discStatus: bitField(0, 2), lastSession: bitField(2, 2), erasable: bit(4) }),
    firstTrack: u8,
    sessions: u8,
    firstTrackOfLastSession: u8,
    lastTrackOfLastSession: u8,
    reserved: reserved(27),
  },
  { size: 34 },
)
