import {
  bit,
  bitField,
  bits,
  constant,
  countedBytes,
  openEnum,
  reserved,
  restOf,
  struct,
  u8,
  u16be,
  u32be,
  u64be,
} from '../../wire/index.ts'
import { ScsiOpcode } from './codes.ts'

// Persistent reservations: CDBs and what they bring and fetch. All words are big-endian. Source: T10 SPC-4 5.13, 6.15 and 6.16.

/** Service actions of PERSISTENT RESERVE IN. Source: T10 SPC-4 6.15. */
export const PersistentReserveInAction = {
  ReadKeys: 0,
  ReadReservation: 1,
  ReportCapabilities: 2,
  ReadFullStatus: 3,
} as const

/** Service actions of PERSISTENT RESERVE OUT. Source: T10 SPC-4 6.16. */
export const PersistentReserveOutAction = {
  Register: 0,
  Reserve: 1,
  Release: 2,
  Clear: 3,
  Preempt: 4,
  PreemptAndAbort: 5,
  RegisterAndIgnoreExistingKey: 6,
  RegisterAndMove: 7,
} as const

/**
 * What a reservation keeps others from: writing, or all access. `RegistrantsOnly`: its holder is one, and who has registered may do as it
 * does; `AllRegistrants`: all who have registered hold it. Source: T10 SPC-4 6.15.3.4.
 */
export const ReservationType = {
  WriteExclusive: 1,
  ExclusiveAccess: 3,
  WriteExclusiveRegistrantsOnly: 5,
  ExclusiveAccessRegistrantsOnly: 6,
  WriteExclusiveAllRegistrants: 7,
  ExclusiveAccessAllRegistrants: 8,
} as const

/** Type and scope of a reservation; scope 0 is the logical unit, and there is no other. */
const kind = () =>
  bits(u8, {
    /** See ReservationType. */
    reservationType: bitField(0, 4, openEnum('ReservationType', u8, ReservationType)),
    /** 0: the logical unit. */
    scope: bitField(4, 4),
  })

/** PERSISTENT RESERVE IN: asks for keys, the reservation, what is supported, or all of it. */
export const PersistentReserveIn = /* @__PURE__ */ struct(
  'PersistentReserveIn',
  {
    opcode: constant(u8, ScsiOpcode.PersistentReserveIn),
    /** See PersistentReserveInAction. */
    action: bits(u8, {
      serviceAction: bitField(0, 5, openEnum('PersistentReserveInAction', u8, PersistentReserveInAction)),
    }),
    reserved: reserved(5),
    /** Bytes that the initiator has room for. */
    allocationLength: u16be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** PERSISTENT RESERVE OUT; keys stand in the parameter list, see ReservationParameters. */
export const PersistentReserveOut = /* @__PURE__ */ struct(
  'PersistentReserveOut',
  {
    opcode: constant(u8, ScsiOpcode.PersistentReserveOut),
    /** See PersistentReserveOutAction. */
    action: bits(u8, {
      serviceAction: bitField(0, 5, openEnum('PersistentReserveOutAction', u8, PersistentReserveOutAction)),
    }),
    /** Of RESERVE, RELEASE and the two that preempt; others ignore it. */
    kind: kind(),
    reserved: reserved(2),
    /** Bytes of the parameter list: 24. */
    parameterListLength: u32be,
    /** NACA in bit 2, the vendor's own in bits 6 and 7; else 0. */
    control: u8,
  },
  { size: 10 },
)

/** What PERSISTENT RESERVE OUT brings, 24 bytes. Source: T10 SPC-4 6.16.3. */
export const ReservationParameters = /* @__PURE__ */ struct(
  'ReservationParameters',
  {
    /** The key that the sender has registered. */
    reservationKey: u64be,
    /** The key to be registered, or whose registrations are to be preempted. */
    serviceActionKey: u64be,
    obsolete: reserved(4),
    /** For ports that are named, for all ports of the target, beyond a loss of power. */
    flags: bits(u8, { persistThroughPowerLoss: bit(0), allTargetPorts: bit(2), specifyInitiatorPorts: bit(3) }),
    reserved: reserved(u8),
    obsolete2: reserved(2),
  },
  { size: 24 },
)

/** What READ KEYS fetches. Source: T10 SPC-4 6.15.2. */
export const ReservationKeys = /* @__PURE__ */ struct('ReservationKeys', {
  /** Counts successful service actions that may change registrations. */
  generation: u32be,
  /** Bytes of all keys, whether or not they fit. */
  additionalLength: u32be,
  /** 8 bytes each, one for each registration: the same key may come more than once. */
  keys: restOf(u64be),
})

/** A reservation, 16 bytes. Source: T10 SPC-4 6.15.3.2. */
export const ReservationDescriptor = /* @__PURE__ */ struct(
  'ReservationDescriptor',
  {
    /** The holder's; 0 of a reservation that all registrants hold. */
    reservationKey: u64be,
    obsolete: reserved(4),
    reserved: reserved(u8),
    /** What the holder keeps others from. */
    kind: kind(),
    obsolete2: reserved(2),
  },
  { size: 16 },
)

/** What READ RESERVATION fetches: one descriptor, or none. Source: T10 SPC-4 6.15.3. */
export const ReservationData = /* @__PURE__ */ struct('ReservationData', {
  /** As in READ KEYS. */
  generation: u32be,
  /** 16, or 0 without a reservation. */
  additionalLength: u32be,
  /** 16 bytes each; one at most. */
  descriptors: restOf(ReservationDescriptor),
})

/** What REPORT CAPABILITIES fetches, 8 bytes. Source: T10 SPC-4 6.15.4. */
export const ReservationCapabilities = /* @__PURE__ */ struct(
  'ReservationCapabilities',
  {
    /** Bytes of all this: 8. */
    length: u16be,
    /** What PERSISTENT RESERVE OUT may ask for beside the keys. */
    capable: bits(u8, {
      persistThroughPowerLoss: bit(0),
      /** One REGISTER for all ports of the target. */
      allTargetPorts: bit(2),
      /** REGISTER for initiator ports that it names. */
      specifyInitiatorPorts: bit(3),
      /** Exceptions for RESERVE and RELEASE of SPC-2. */
      compatibleReservationHandling: bit(4),
      /** The service action REPLACE LOST RESERVATION. */
      replaceLostReservation: bit(7),
    }),
    /** `allowCommands` tells of commands that are allowed beyond what the standard wants; 0 says nothing. */
    state: bits(u8, {
      /** Active now: reservation and registrations outlast a loss of power. */
      persistThroughPowerLoss: bit(0),
      allowCommands: bitField(4, 3),
      /** Whether `types` means something. */
      typesValid: bit(7),
    }),
    /** The types that may be reserved; meaningful with `typesValid`. */
    types: bits(u16be, {
      exclusiveAccessAllRegistrants: bit(0),
      writeExclusive: bit(9),
      exclusiveAccess: bit(11),
      writeExclusiveRegistrantsOnly: bit(13),
      exclusiveAccessRegistrantsOnly: bit(14),
      writeExclusiveAllRegistrants: bit(15),
    }),
    reserved: reserved(2),
  },
  { size: 8 },
)

/** One registration, with the name of the port that made it. Source: T10 SPC-4 6.15.5. */
export const FullStatusDescriptor = /* @__PURE__ */ struct('FullStatusDescriptor', {
  /** Key that the port has registered. */
  reservationKey: u64be,
  reserved: reserved(4),
  /** Whether it holds the reservation, and whether it stands for all ports of the target. */
  flags: bits(u8, { holder: bit(0), allTargetPorts: bit(1) }),
  /** Of the reservation, where it holds that; else 0. */
  kind: kind(),
  reserved2: reserved(4),
  /** The port of the target that it was made through. */
  relativePort: u16be,
  /** Bytes of `transportId`. */
  additionalLength: u32be,
  /** See SasTransportId. */
  transportId: countedBytes('additionalLength'),
})

/** What READ FULL STATUS fetches. Source: T10 SPC-4 6.15.5. */
export const FullStatusData = /* @__PURE__ */ struct('FullStatusData', {
  /** As in READ KEYS. */
  generation: u32be,
  /** Bytes of all descriptors, whether or not they fit. */
  additionalLength: u32be,
  /** One for each registration; lengths vary. */
  descriptors: restOf(FullStatusDescriptor),
})

/** The name of an initiator port in the form of SAS, 24 bytes. Source: T10 SPC-4 7.6.4.7. */
export const SasTransportId = /* @__PURE__ */ struct(
  'SasTransportId',
  {
    /** Tells which form of name follows. */
    protocol: bits(u8, {
      /** 6: SAS. */
      protocol: bitField(0, 4),
      /** 0: the form of this structure. */
      format: bitField(6, 2),
    }),
    reserved: reserved(3),
    /** World-wide name of the port, NAA in the upper 4 bits. */
    sasAddress: u64be,
    reserved2: reserved(12),
  },
  { size: 24 },
)
