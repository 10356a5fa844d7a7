import { bitField, bits, type Id, type IntSchema, idField, u32, u64 } from '../wire/index.ts'

declare const partitionKind: unique symbol

/** Identifies a partition, 64 bits; unique as long as the machine is on. A plain bigint is accepted. Source: TLFS (HV_PARTITION_ID). */
export type PartitionId = bigint & { readonly [partitionKind]?: true }
/** Number of a virtual processor in its partition, from 0. Source: TLFS (HV_VP_INDEX). */
export type VpIndex = Id<'vp'>
/** A port of a partition: 24 bits, unique in the partition that owns it. Source: TLFS (HV_PORT_ID). */
export type PortId = Id<'port'>
/** A connection of a partition: 24 bits, unique in the partition that owns it. Source: TLFS (HV_CONNECTION_ID). */
export type ConnectionId = Id<'connection'>
/** Names a register of a VP, 32 bits; see `registers.ts`. Source: TLFS (HV_REGISTER_NAME). */
export type RegisterName = Id<'register'>

/** Partition ids with a meaning of their own. */
export const WellKnownPartition = {
  /** No partition: starts and ends an enumeration. */
  Invalid: 0n,
  /** The caller's own. Not an alias for a child's id. */
  Self: 0xffff_ffff_ffff_ffffn,
} as const

/** VP numbers with a meaning of their own. */
export const WellKnownVp = {
  /** The caller's own (HV_VP_INDEX_SELF). */
  Self: 0xffff_fffe,
  /** Whichever VP can take it, as the target of a port (HV_ANY_VP). */
  Any: 0xffff_ffff,
} as const

/** Highest port or connection id: bits 31 to 24 must be zero. */
export const maxPortId = 0xff_ffff
/** Highest VP number on x64. Source: TLFS (HV_MAX_VP_INDEX). */
export const maxVpIndex = 2047
/** Bytes of a page of guest memory. */
export const pageSize = 4096
/** Bits by which an address is more than its page's number. */
export const pageShift = 12

/** A partition id field, 8 bytes. */
export const partitionIdField = u64
/** A VP number field, 4 bytes. */
export const vpIndexField: IntSchema<VpIndex> = /* @__PURE__ */ idField<VpIndex>()
/** A register name field, 4 bytes. */
export const registerNameField: IntSchema<RegisterName> = /* @__PURE__ */ idField<RegisterName>()
/** A port id as hypercalls carry it: 24 bits. Source: Linux hv_port_id. */
export const PortIdWord = /* @__PURE__ */ bits(u32, { id: bitField(0, 24) })
/**
 * A connection id as hypercalls and monitor pages carry it: 24 bits. Symbols name bits 31:30 `Scope`, which the TLFS and Linux reserve.
 * Source: Linux hv_connection_id, TLFS.
 */
export const ConnectionIdWord = /* @__PURE__ */ bits(u32, { id: bitField(0, 24) })
