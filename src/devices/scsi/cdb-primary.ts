import { bit, bitField, bits, bytes, constant, openEnum, reserved, struct, u8, u16be, u32be } from '../../wire/index.ts'
import { MaintenanceInAction, ScsiOpcode } from './codes.ts'

// CDBs of all kinds of devices. All words are big-endian. Source: T10 SPC-4 clause 6.

/** TEST UNIT READY. */
export const TestUnitReady = /* @__PURE__ */ struct(
  'TestUnitReady',
  { opcode: constant(u8, ScsiOpcode.TestUnitReady), reserved: reserved(4), control: u8 },
  { size: 6 },
)

/** REQUEST SENSE; `descriptorFormat` asks for sense data with descriptors. */
export const RequestSense = /* @__PURE__ */ struct(
  'RequestSense',
  {
    opcode: constant(u8, ScsiOpcode.RequestSense),
    flags: bits(u8, { descriptorFormat: bit(0) }),
    reserved: reserved(2),
    allocationLength: u8,
    control: u8,
  },
  { size: 6 },
)

/** INQUIRY: standard data, or with `vitalProductData` the page `pageCode`. */
export const Inquiry = /* @__PURE__ */ struct(
  'Inquiry',
  {
    opcode: constant(u8, ScsiOpcode.Inquiry),
    flags: bits(u8, { vitalProductData: bit(0) }),
    pageCode: u8,
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    control: u8,
  },
  { size: 6 },
)

const modePage = () => bits(u8, { pageCode: bitField(0, 6), pageControl: bitField(6, 2) })

/** MODE SENSE(6). Page control: 0 current, 1 changeable, 2 default, 3 saved values. */
export const ModeSense6 = /* @__PURE__ */ struct(
  'ModeSense6',
  {
    opcode: constant(u8, ScsiOpcode.ModeSense6),
    flags: bits(u8, { disableBlockDescriptors: bit(3) }),
    page: modePage(),
    subpageCode: u8,
    allocationLength: u8,
    control: u8,
  },
  { size: 6 },
)

/** MODE SENSE(10). */
export const ModeSense10 = /* @__PURE__ */ struct(
  'ModeSense10',
  {
    opcode: constant(u8, ScsiOpcode.ModeSense10),
    flags: bits(u8, { disableBlockDescriptors: bit(3), longLbaAccepted: bit(4) }),
    page: modePage(),
    subpageCode: u8,
    reserved: reserved(3),
    allocationLength: u16be,
    control: u8,
  },
  { size: 10 },
)

const selectFlags = () => bits(u8, { savePages: bit(0), pageFormat: bit(4) })

/** MODE SELECT(6). */
export const ModeSelect6 = /* @__PURE__ */ struct(
  'ModeSelect6',
  {
    opcode: constant(u8, ScsiOpcode.ModeSelect6),
    flags: selectFlags(),
    reserved: reserved(2),
    parameterListLength: u8,
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
    parameterListLength: u16be,
    control: u8,
  },
  { size: 10 },
)

/** START STOP UNIT: with `loadEject`, the medium is loaded (`start`) or ejected. */
export const StartStopUnit = /* @__PURE__ */ struct(
  'StartStopUnit',
  {
    opcode: constant(u8, ScsiOpcode.StartStopUnit),
    flags: bits(u8, { immediate: bit(0) }),
    reserved: reserved(u8),
    modifier: bits(u8, { powerConditionModifier: bitField(0, 4) }),
    power: bits(u8, { start: bit(0), loadEject: bit(1), noFlush: bit(2), powerCondition: bitField(4, 4) }),
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
    flags: bits(u8, { prevent: bitField(0, 2) }),
    control: u8,
  },
  { size: 6 },
)

/** LOG SENSE. */
export const LogSense = /* @__PURE__ */ struct(
  'LogSense',
  {
    opcode: constant(u8, ScsiOpcode.LogSense),
    flags: bits(u8, { savePages: bit(0) }),
    page: modePage(),
    subpageCode: u8,
    reserved: reserved(u8),
    parameterPointer: u16be,
    allocationLength: u16be,
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
    allocationLength: u32be,
    reserved3: reserved(u8),
    control: u8,
  },
  { size: 12 },
)

/** MAINTENANCE IN, as REPORT SUPPORTED OPERATION CODES and REPORT TARGET PORT GROUPS have it. */
export const MaintenanceIn = /* @__PURE__ */ struct(
  'MaintenanceIn',
  {
    opcode: constant(u8, ScsiOpcode.MaintenanceIn),
    action: bits(u8, {
      serviceAction: bitField(0, 5, openEnum('MaintenanceInAction', u8, MaintenanceInAction)),
      parameterFormat: bitField(5, 3),
    }),
    options: bits(u8, { reportingOptions: bitField(0, 3), returnTimeouts: bit(7) }),
    requestedOpcode: u8,
    requestedServiceAction: u16be,
    allocationLength: u32be,
    reserved: reserved(u8),
    control: u8,
  },
  { size: 12 },
)

/** ATA PASS-THROUGH(16): an ATA command for what is no ATA device here. */
export const AtaPassThrough16 = /* @__PURE__ */ struct(
  'AtaPassThrough16',
  { opcode: constant(u8, ScsiOpcode.AtaPassThrough16), registers: bytes(14), control: u8 },
  { size: 16 },
)

/** ATA PASS-THROUGH(12). */
export const AtaPassThrough12 = /* @__PURE__ */ struct(
  'AtaPassThrough12',
  { opcode: constant(u8, ScsiOpcode.AtaPassThrough12), registers: bytes(10), control: u8 },
  { size: 12 },
)
