/**
 * Operation codes of SCSI commands, the first byte of a CDB.
 * Source: T10 SPC-4, SBC-3 and MMC-6; Linux include/scsi/scsi_proto.h.
 */
export const ScsiOpcode = {
  TestUnitReady: 0x00,
  RequestSense: 0x03,
  Read6: 0x08,
  Write6: 0x0a,
  Inquiry: 0x12,
  ModeSelect6: 0x15,
  ModeSense6: 0x1a,
  StartStopUnit: 0x1b,
  PreventAllowMediumRemoval: 0x1e,
  ReadFormatCapacities: 0x23,
  ReadCapacity10: 0x25,
  Read10: 0x28,
  Write10: 0x2a,
  WriteAndVerify10: 0x2e,
  Verify10: 0x2f,
  SynchronizeCache10: 0x35,
  WriteSame10: 0x41,
  Unmap: 0x42,
  ReadToc: 0x43,
  GetConfiguration: 0x46,
  GetEventStatusNotification: 0x4a,
  LogSense: 0x4d,
  ReadDiscInformation: 0x51,
  ModeSelect10: 0x55,
  ModeSense10: 0x5a,
  PersistentReserveIn: 0x5e,
  PersistentReserveOut: 0x5f,
  AtaPassThrough16: 0x85,
  Read16: 0x88,
  Write16: 0x8a,
  WriteAndVerify16: 0x8e,
  Verify16: 0x8f,
  SynchronizeCache16: 0x91,
  WriteSame16: 0x93,
  ServiceActionIn16: 0x9e,
  ReportLuns: 0xa0,
  AtaPassThrough12: 0xa1,
  MaintenanceIn: 0xa3,
  Read12: 0xa8,
  Write12: 0xaa,
  ReadDvdStructure: 0xad,
  Verify12: 0xaf,
} as const

/** SCSI status of a command. Source: T10 SAM-5. */
export const ScsiStatus = {
  Good: 0x00,
  CheckCondition: 0x02,
  ConditionMet: 0x04,
  Busy: 0x08,
  ReservationConflict: 0x18,
  TaskSetFull: 0x28,
  AcaActive: 0x30,
  TaskAborted: 0x40,
} as const

/** What kind of trouble a command met. Source: T10 SPC-4 4.5.6. */
export const SenseKey = {
  NoSense: 0x0,
  RecoveredError: 0x1,
  NotReady: 0x2,
  MediumError: 0x3,
  HardwareError: 0x4,
  IllegalRequest: 0x5,
  UnitAttention: 0x6,
  DataProtect: 0x7,
  BlankCheck: 0x8,
  CopyAborted: 0xa,
  AbortedCommand: 0xb,
  VolumeOverflow: 0xd,
  Miscompare: 0xe,
} as const

/** Additional sense code and its qualifier as one word: `code << 8 | qualifier`. Source: T10 SPC-4 annex F. */
export const AdditionalSense = {
  None: 0x0000,
  BecomingReady: 0x0401,
  WriteError: 0x0c00,
  UnrecoveredReadError: 0x1100,
  ParameterListLengthError: 0x1a00,
  MiscompareDuringVerify: 0x1d00,
  InvalidCommandOperationCode: 0x2000,
  LbaOutOfRange: 0x2100,
  InvalidFieldInCdb: 0x2400,
  LogicalUnitNotSupported: 0x2500,
  InvalidFieldInParameterList: 0x2600,
  InvalidReleaseOfPersistentReservation: 0x2604,
  WriteProtected: 0x2700,
  MediumMayHaveChanged: 0x2800,
  PowerOnOrReset: 0x2900,
  ModeParametersChanged: 0x2a01,
  ReservationsPreempted: 0x2a03,
  ReservationsReleased: 0x2a04,
  RegistrationsPreempted: 0x2a05,
  CapacityDataHasChanged: 0x2a09,
  SavingParametersNotSupported: 0x3900,
  MediumNotPresent: 0x3a00,
  InquiryDataHasChanged: 0x3f03,
  ReportedLunsDataHasChanged: 0x3f0e,
  InternalTargetFailure: 0x4400,
  MediumRemovalPrevented: 0x5302,
  IllegalModeForThisTrack: 0x6400,
} as const

/** What a logical unit is: low 5 bits of the first INQUIRY byte. Source: T10 SPC-4 table 139. */
export const PeripheralType = { Disk: 0x00, CdDvd: 0x05, Unknown: 0x1f } as const

/** Service actions of SERVICE ACTION IN(16). Source: T10 SBC-3. */
export const ServiceActionIn = { ReadCapacity16: 0x10, GetLbaStatus: 0x12 } as const

/** Service actions of MAINTENANCE IN. Source: T10 SPC-4. */
export const MaintenanceInAction = { ReportTargetPortGroups: 0x0a, ReportSupportedOperationCodes: 0x0c } as const
