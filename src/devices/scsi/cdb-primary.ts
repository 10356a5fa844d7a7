import { bit, bitField, bits, bytes, constant, openEnum, reserved, struct, u8, u16be, u32be } from '../../wire/index.ts'
import { MaintenanceInAction, ScsiOpcode } from './codes.ts'

// CDBs of all kinds of devices. All words are big-endian. Source: T10 SPC-4 clause 6.

/** TEST UNIT READY. */
export const TestUnitReady = /* @__PURE__ */ struct(
  'TestUnitReady',
  {
    opcode: constant(u8, ScsiOpcode.TestUnitReady),
    reserved: reserved(4),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 6 },
)

/** REQUEST SENSE; `descriptorFormat` asks for sense data with descriptors. */
export const RequestSense = /* @__PURE__ */ struct(
  'RequestSense',
  {
    opcode: constant(u8, ScsiOpcode.RequestSense),
    /** All 0: the fixed format, see FixedSense. */
    flags: bits(u8, { descriptorFormat: bit(0) }),
    reserved: reserved(2),
    /** Bytes that the initiator has room for. */
    allocationLength: u8,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 6 },
)

/** INQUIRY: standard data, or with `vitalProductData` the page `pageCode`. */
export const Inquiry = /* @__PURE__ */ struct(
  'Inquiry',
  {
    opcode: constant(u8, ScsiOpcode.Inquiry),
    flags: bits(u8, {
      /** 0: standard data. */
      vitalProductData: bit(0),
    }),
    /** See VpdPageCode; 0 without `vitalProductData`. */
    pageCode: u8,
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 6 },
)

const modePage = () =>
  bits(u8, {
    /** See ModePageCode, but in LOG SENSE a log page. */
    pageCode: bitField(0, 6),
    /** Which values: 0 current, 1 changeable, 2 default, 3 saved; LOG SENSE has its own. */
    pageControl: bitField(6, 2),
  })

/** MODE SENSE(6). Page control: 0 current, 1 changeable, 2 default, 3 saved values. */
export const ModeSense6 = /* @__PURE__ */ struct(
  'ModeSense6',
  {
    opcode: constant(u8, ScsiOpcode.ModeSense6),
    flags: bits(u8, {
      /** The answer shall have none. */
      disableBlockDescriptors: bit(3),
    }),
    page: modePage(),
    /** 0: no subpage; 0xff: all of them. */
    subpageCode: u8,
    /** Bytes that the initiator has room for. */
    allocationLength: u8,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 6 },
)

/** MODE SENSE(10). */
export const ModeSense10 = /* @__PURE__ */ struct(
  'ModeSense10',
  {
    opcode: constant(u8, ScsiOpcode.ModeSense10),
    flags: bits(u8, {
      /** The answer shall have none. */
      disableBlockDescriptors: bit(3),
      /** Block descriptors may be of the long form. */
      longLbaAccepted: bit(4),
    }),
    page: modePage(),
    /** 0: no subpage; 0xff: all of them. */
    subpageCode: u8,
    reserved: reserved(3),
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

const selectFlags = () =>
  bits(u8, {
    /** Keep the values beyond a loss of power. */
    savePages: bit(0),
    /** The data are mode pages; 0: the vendor's own format. */
    pageFormat: bit(4),
  })

/** MODE SELECT(6). */
export const ModeSelect6 = /* @__PURE__ */ struct(
  'ModeSelect6',
  {
    opcode: constant(u8, ScsiOpcode.ModeSelect6),
    flags: selectFlags(),
    reserved: reserved(2),
    /** Bytes that the initiator sends; 0 changes nothing. */
    parameterListLength: u8,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 6 },
)

/** MODE SELECT(10). */
export const ModeSelect10 = /* @__PURE__ */ struct(
  'ModeSelect10',
  {
    opcode: constant(u8, ScsiOpcode.ModeSelect10),
    flags: selectFlags(),
    reserved: reserved(5),
    /** Bytes that the initiator sends; 0 changes nothing. */
    parameterListLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** START STOP UNIT: with `loadEject`, the medium is loaded (`start`) or ejected. */
export const StartStopUnit = /* @__PURE__ */ struct(
  'StartStopUnit',
  {
    opcode: constant(u8, ScsiOpcode.StartStopUnit),
    flags: bits(u8, {
      /** Status comes at once, not when all is done. */
      immediate: bit(0),
    }),
    reserved: reserved(u8),
    modifier: bits(u8, {
      /** Which of several conditions of the kind in `powerCondition`. */
      powerConditionModifier: bitField(0, 4),
    }),
    power: bits(u8, {
      /** Ready for use; 0: stopped. */
      start: bit(0),
      /** Load the medium with `start`, eject it without. */
      loadEject: bit(1),
      /** The cache need not be written out first. */
      noFlush: bit(2),
      /** 0: do as `start` and `loadEject` say; 1 active, 2 idle, 3 standby. */
      powerCondition: bitField(4, 4),
    }),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 6 },
)

/** PREVENT ALLOW MEDIUM REMOVAL. */
export const PreventAllowMediumRemoval = /* @__PURE__ */ struct(
  'PreventAllowMediumRemoval',
  {
    opcode: constant(u8, ScsiOpcode.PreventAllowMediumRemoval),
    reserved: reserved(3),
    flags: bits(u8, {
      /** 0: the medium may be taken out; 1: it may not. */
      prevent: bitField(0, 2),
    }),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 6 },
)

/** LOG SENSE. */
export const LogSense = /* @__PURE__ */ struct(
  'LogSense',
  {
    opcode: constant(u8, ScsiOpcode.LogSense),
    flags: bits(u8, {
      /** Save the log parameters as well. */
      savePages: bit(0),
    }),
    /** `pageControl` 0 thresholds, 1 cumulative values; 2 and 3 their defaults. */
    page: modePage(),
    /** 0: no subpage. */
    subpageCode: u8,
    reserved: reserved(u8),
    /** Parameters with lower codes are left out. */
    parameterPointer: u16be,
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** REPORT LUNS. */
export const ReportLuns = /* @__PURE__ */ struct(
  'ReportLuns',
  {
    opcode: constant(u8, ScsiOpcode.ReportLuns),
    reserved: reserved(u8),
    /** 0 addressable, 1 well known, 2 all. */
    selectReport: u8,
    reserved2: reserved(3),
    /** Bytes that the initiator has room for. */
    allocationLength: u32be,
    reserved3: reserved(u8),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 12 },
)

/** MAINTENANCE IN, as REPORT SUPPORTED OPERATION CODES and REPORT TARGET PORT GROUPS have it. */
export const MaintenanceIn = /* @__PURE__ */ struct(
  'MaintenanceIn',
  {
    opcode: constant(u8, ScsiOpcode.MaintenanceIn),
    /** Which command it is, see MaintenanceInAction. */
    action: bits(u8, {
      serviceAction: bitField(0, 5, openEnum('MaintenanceInAction', u8, MaintenanceInAction)),
      /** Of REPORT TARGET PORT GROUPS: 0 plain header, 1 extended. */
      parameterFormat: bitField(5, 3),
    }),
    /** Of REPORT SUPPORTED OPERATION CODES. */
    options: bits(u8, {
      /** 0 all commands, 1 the opcode named, 2 that with the service action named. */
      reportingOptions: bitField(0, 3),
      /** The answer shall have timeouts of commands. */
      returnTimeouts: bit(7),
    }),
    /** See ScsiOpcode; not used with `reportingOptions` 0. */
    requestedOpcode: u8,
    /** Not used with `reportingOptions` 0 and 1. */
    requestedServiceAction: u16be,
    /** Bytes that the initiator has room for. */
    allocationLength: u32be,
    reserved: reserved(u8),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 12 },
)

/** ATA PASS-THROUGH(16): an ATA command for what is no ATA device here. */
export const AtaPassThrough16 = /* @__PURE__ */ struct(
  'AtaPassThrough16',
  {
    opcode: constant(u8, ScsiOpcode.AtaPassThrough16),
    /** Protocol and flags in two bytes, then the ATA registers; not decoded. */
    registers: bytes(14),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 16 },
)

/** ATA PASS-THROUGH(12). */
export const AtaPassThrough12 = /* @__PURE__ */ struct(
  'AtaPassThrough12',
  {
    opcode: constant(u8, ScsiOpcode.AtaPassThrough12),
    /** Protocol and flags in two bytes, then the ATA registers; not decoded. */
    registers: bytes(10),
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 12 },
)
