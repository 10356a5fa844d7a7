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
  {
    /** 0-based: the unit has one block more. All ones: ask with READ CAPACITY(16). */
    lastLba: u32be,
    /** Bytes of a logical block, mostly 512 or 4096. */
    blockLength: u32be,
  },
  { size: 8 },
)

/** What READ CAPACITY(16) fetches. Source: T10 SBC-3 5.16. */
export const ReadCapacity16Data = /* @__PURE__ */ struct(
  'ReadCapacity16Data',
  {
    /** 0-based: the unit has one block more. */
    lastLba: u64be,
    /** Bytes of a logical block, protection information not counted. */
    blockLength: u32be,
    /** 0: no protection information. */
    protection: bits(u8, {
      /** The medium is formatted with protection information. */
      enabled: bit(0),
      /** The type less one; meaningful with `enabled`. */
      protectionType: bitField(1, 3),
      /** Of zoned devices: 1 says that `lastLba` is that of the whole unit. */
      basis: bitField(4, 2),
    }),
    /** Physical blocks are 2 to that power logical ones. */
    exponents: bits(u8, {
      /** 0: physical blocks are not larger. */
      blocksPerPhysical: bitField(0, 4),
      /** 2 to that power protection intervals in a block. */
      protectionIntervals: bitField(4, 4),
    }),
    /** Thin provisioning, whether unmapped blocks read as zeros, and the first aligned LBA. */
    provisioning: bits(u16be, {
      /** Lowest LBA that starts a physical block. */
      lowestAligned: bitField(0, 14),
      readsZeros: bit(14),
      thin: bit(15),
    }),
    reserved: reserved(16),
  },
  { size: 32 },
)

/** A logical unit number in 8 bytes, in the simple form: bus 0, LUN 0 … 255. */
export const LunAddress = /* @__PURE__ */ struct(
  'LunAddress',
  {
    /** High byte: addressing method and bus, 0 here; low byte: the LUN. */
    lun: u16be,
    levels: reserved(6),
  },
  { size: 8 },
)

/** What REPORT LUNS fetches. Source: T10 SPC-4 6.33. */
export const ReportLunsData = /* @__PURE__ */ struct('ReportLunsData', {
  /** Bytes of the list, whether or not they all fit. */
  lunListLength: u32be,
  reserved: reserved(4),
  /** 8 bytes each. */
  luns: restOf(LunAddress),
})

/** One range of UNMAP. */
export const UnmapDescriptor = /* @__PURE__ */ struct(
  'UnmapDescriptor',
  {
    /** First block of the range. */
    lba: u64be,
    /** Blocks; 0 unmaps nothing. */
    count: u32be,
    reserved: reserved(4),
  },
  { size: 16 },
)

/** What UNMAP brings. Source: T10 SBC-3 5.28. */
export const UnmapParameters = /* @__PURE__ */ struct('UnmapParameters', {
  /** Bytes behind this word. */
  dataLength: u16be,
  /** Bytes of descriptors. */
  descriptorDataLength: u16be,
  reserved: reserved(4),
  /** 16 bytes each. */
  descriptors: restOf(UnmapDescriptor),
})

/** How a run of blocks is provisioned. */
export const ProvisioningStatus = { Mapped: 0, Deallocated: 1, Anchored: 2 } as const

/** What GET LBA STATUS fetches. Source: T10 SBC-3 5.6. */
export const LbaStatusData = /* @__PURE__ */ struct('LbaStatusData', {
  /** Bytes behind this word. */
  dataLength: u32be,
  reserved: reserved(4),
  /** 16 bytes each, ascending. */
  descriptors: restOf(
    struct(
      'LbaStatusDescriptor',
      {
        /** First block of the run. */
        lba: u64be,
        /** Blocks of the run. */
        count: u32be,
        /** Of all blocks of the run, see ProvisioningStatus. */
        status: openEnum('ProvisioningStatus', u8, ProvisioningStatus),
        reserved: reserved(3),
      },
      { size: 16 },
    ),
  ),
})

const deviceSpecific = () =>
  bits(u8, {
    /** Reads and writes may ask for DPO and FUA. */
    dpoFua: bit(4),
    /** Ignored in MODE SELECT. */
    writeProtected: bit(7),
  })

/** What MODE SENSE(6) begins with. */
export const ModeHeader6 = /* @__PURE__ */ struct(
  'ModeHeader6',
  {
    /** Bytes behind this one. */
    dataLength: u8,
    /** 0 for disks. */
    mediumType: u8,
    /** For disks; other devices have other bits. */
    device: deviceSpecific(),
    /** Bytes of block descriptors before the pages: 0 or 8. */
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
    /** 0 for disks. */
    mediumType: u8,
    /** For disks; other devices have other bits. */
    device: deviceSpecific(),
    longLba: bits(u8, {
      /** Block descriptors are 16 bytes long instead of 8. */
      longLba: bit(0),
    }),
    reserved: reserved(u8),
    /** Bytes of block descriptors before the pages. */
    blockDescriptorLength: u16be,
  },
  { size: 8 },
)

/** The short block descriptor of mode data; block length in 24 bits. */
export const ModeBlockDescriptor = /* @__PURE__ */ struct(
  'ModeBlockDescriptor',
  {
    /** Blocks of the unit; all ones when it does not fit. */
    blocks: u32be,
    /** The upper byte is reserved. */
    length: bits(u32be, {
      /** Bytes of a logical block. */
      blockLength: bitField(0, 24),
    }),
  },
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
  /** Low 6 bits the code, see ModePageCode. */
  page: bits(u8, {
    pageCode: bitField(0, 6, openEnum('ModePageCode', u8, ModePageCode)),
    /** Another layout: a subpage code, then a length of 16 bits. */
    subpageFormat: bit(6),
    /** MODE SELECT can have it saved; 0 in MODE SELECT itself. */
    savable: bit(7),
  }),
  /** Bytes behind this one. */
  pageLength: u8,
  /** What the page holds, not decoded. */
  parameters: countedBytes('pageLength'),
})

const pageHeader = /* @__PURE__ */ struct(
  'ModePageHeader',
  {
    /** See ModePageCode. */
    code: u8,
    /** Bytes behind this one. */
    length: u8,
  },
  { size: 2 },
)

/** Mode page 08h. Source: T10 SBC-3 6.4.5. */
export const CachingModePage = /* @__PURE__ */ struct(
  'CachingModePage',
  {
    header: pinned(pageHeader, { code: ModePageCode.Caching, length: 18 }),
    /** Note the sense: the read bit turns off, the write bit turns on. */
    cache: bits(u8, {
      /** Reads are served from the medium, never from the cache. */
      readDisabled: bit(0),
      /** Prefetch lengths are factors of the transfer length, not blocks. */
      multiplication: bit(1),
      /** A write may be done once it is in the cache. */
      writeEnabled: bit(2),
      /** Prefetch may go on across discontinuities such as cylinders. */
      discontinuity: bit(4),
    }),
    /** How long data stay in the cache: bits 0 … 3 of writes, 4 … 7 of reads; 0 makes no difference. */
    retention: u8,
    /** Blocks; longer transfers prefetch nothing. */
    disablePrefetchLength: u16be,
    /** Blocks, or a factor with `multiplication`. */
    minimumPrefetch: u16be,
    /** Blocks, or a factor with `multiplication`. */
    maximumPrefetch: u16be,
    /** Blocks: a bound on `maximumPrefetch`, whatever `multiplication` says. */
    maximumPrefetchCeiling: u16be,
    flags: bits(u8, {
      /** Nothing is read that was not asked for. */
      readAheadDisabled: bit(5),
    }),
    /** Parts that the cache is to be divided into. */
    segments: u8,
    /** Bytes of a part. */
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
    sense: bits(u8, {
      /** Log parameters are not saved unasked. */
      logDisabled: bit(1),
      /** Sense data come with descriptors instead of the fixed format. */
      descriptorSense: bit(2),
    }),
    queue: bits(u8, {
      /** What a CHECK CONDITION does to other commands: 0 nothing, 1 aborts all, 3 those of its nexus. */
      errorManagement: bitField(1, 2),
      /** 0: reordering keeps what each initiator reads and writes in order; 1: any order. */
      algorithm: bitField(4, 4),
    }),
    protection: bits(u8, {
      /** Writes fail with DataProtect. */
      softwareWriteProtected: bit(3),
    }),
    /** Bit 6: commands that others abort end with TaskAborted. Bits 0 … 2: what happens when a medium comes in. */
    application: u8,
    obsolete: reserved(2),
    /** 100 ms; 0 not told, all ones: no limit. */
    busyTimeoutPeriod: u16be,
    /** Seconds that an extended self-test takes; all ones: that long or longer. */
    selfTestTime: u16be,
  },
  { size: 12 },
)

/** Mode page 1Ch. Source: T10 SPC-4 7.5.13. */
export const InformationalExceptionsModePage = /* @__PURE__ */ struct(
  'InformationalExceptionsModePage',
  {
    header: pinned(pageHeader, { code: ModePageCode.InformationalExceptions, length: 10 }),
    flags: bits(u8, {
      /** Exceptions are logged. */
      logErrors: bit(0),
      /** Reports a failure that is none, to try the reporting. */
      test: bit(2),
      /** Nothing is reported, whatever the method. */
      disabled: bit(3),
      /** Checks may not delay commands. */
      performance: bit(7),
    }),
    method: bits(u8, {
      /** 0 none, 2 unit attention, 4 recovered error, 5 no sense, 6 only in REQUEST SENSE. */
      reportingMethod: bitField(0, 4),
    }),
    /** 100 ms between reports; 0 or all ones: as the vendor likes. */
    interval: u32be,
    /** Reports of one exception; 0: no limit. */
    reportCount: u32be,
  },
  { size: 12 },
)

/** What READ TOC fetches for format 0. Source: T10 MMC-6 6.25. */
export const TocData = /* @__PURE__ */ struct('TocData', {
  /** Bytes behind this word. */
  dataLength: u16be,
  /** Number of the first track on the disc, mostly 1. */
  firstTrack: u8,
  /** Number of the last; the lead-out does not count. */
  lastTrack: u8,
  /** 8 bytes each, ascending, the lead-out last. */
  tracks: restOf(
    struct(
      'TocTrack',
      {
        reserved: reserved(u8),
        /** Control 4: a data track. */
        kind: bits(u8, {
          control: bitField(0, 4),
          /** 1: position data of the Q subchannel. */
          adr: bitField(4, 4),
        }),
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
    /** Kind of medium that the drive acts for. */
    currentProfile: u16be,
  },
  { size: 8 },
)

/** What GET EVENT STATUS NOTIFICATION fetches of the media class. Event 2: a new medium; 3: it is gone. */
export const MediaEvent = /* @__PURE__ */ struct(
  'MediaEvent',
  {
    /** Bytes behind this word: 6. */
    dataLength: u16be,
    /** Which class of events the rest speaks of. */
    notification: bits(u8, {
      /** 4: media. */
      class: bitField(0, 3),
      /** None of the classes asked for is supported. */
      noEvent: bit(7),
    }),
    /** A bit for each class, as in the command. */
    supportedClasses: u8,
    /** What has happened since it was last asked. */
    event: bits(u8, {
      /** 0 nothing new, 1 eject asked for, 2 new medium, 3 removed, 4 changed. */
      code: bitField(0, 4),
    }),
    status: bits(u8, {
      /** Tray or door, whether or not a medium is in it. */
      trayOpen: bit(0),
      mediaPresent: bit(1),
    }),
    /** First slot of a changer that it speaks of; else 0. */
    startSlot: u8,
    /** Last slot of a changer that it speaks of; else 0. */
    endSlot: u8,
  },
  { size: 8 },
)

/** What READ DISC INFORMATION fetches, the part that every medium has. */
export const DiscInformation = /* @__PURE__ */ struct(
  'DiscInformation',
  {
    /** Bytes behind this word: 32. */
    dataLength: u16be,
    /** Disc status 2: complete. Session status 3: complete. */
    status: bits(u8, {
      /** 0 empty, 1 incomplete, 2 complete, 3 other. */
      discStatus: bitField(0, 2),
      /** State of the last session: 0 empty, 1 incomplete, 3 complete. */
      lastSession: bitField(2, 2),
      /** The medium can be rewritten. */
      erasable: bit(4),
    }),
    /** Number of the first track on the disc. */
    firstTrack: u8,
    /** Low byte of how many there are. */
    sessions: u8,
    /** Low byte of its number. */
    firstTrackOfLastSession: u8,
    /** Low byte of its number. */
    lastTrackOfLastSession: u8,
    reserved: reserved(27),
  },
  { size: 34 },
)
