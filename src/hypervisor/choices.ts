import { HvStatus } from '../hypercall/status.ts'

/**
 * Statuses that no source documents, and what this model answers. All follow one order of checks: privilege, partition id, partition state,
 * object ids, values, resources; and where two fit, the one that tells less.
 */
export const OurStatus = {
  /** A partition exists but is neither the caller nor its child: as if it did not exist, so that nobody can find out. */
  unrelatedPartition: HvStatus.InvalidPartitionId,
  /** A call for children names the caller. */
  selfNotAllowed: HvStatus.AccessDenied,
  /** A VP is created twice. */
  vpExists: HvStatus.InvalidVpIndex,
  /** An address of a VP is to be translated whose paging this model does not know. */
  pagingMode: HvStatus.InvalidVpState,
  /** An ARM64 guest makes a call, or asks for a register, before it has set its guest OS id. */
  noGuestOsId: HvStatus.AccessDenied,
  /** A register that the model does not have (OpenVMM answers UNKNOWN_REGISTER_NAME). */
  unknownRegister: HvStatus.InvalidParameter,
  /** A value that a register does not take (OpenVMM answers INVALID_REGISTER_VALUE). */
  badRegisterValue: HvStatus.InvalidParameter,
  /** A direct message finds the slot taken; HvMessageTypeSynicSintDeliverable can tell when it is free. */
  slotBusy: HvStatus.InsufficientBuffers,
  /** A connection is used by code below its level, or below the least that its port takes; as OpenVMM answers. */
  connectionVtl: HvStatus.OperationDenied,
  /** A page that lies in a memory pool is mapped over or unmapped. */
  pagePooled: HvStatus.ObjectInUse,
  /** The caller maps a page that it does not have, or grants access that it lacks. */
  sourceNotMapped: HvStatus.OperationDenied,
  /** A device domain that does not exist. */
  unknownDomain: HvStatus.NotFound,
  /** A device domain is created twice, or deleted with devices in it. */
  domainInUse: HvStatus.ObjectInUse,
  /** A device that is in no domain is detached. */
  deviceNotAttached: HvStatus.InvalidDeviceState,
  /** A device is attached twice, or by a name that another has in the partition. */
  deviceAttached: HvStatus.InvalidDeviceState,
  /** An interrupt that the device does not have. */
  unknownInterrupt: HvStatus.InvalidParameter,
  /** A VTL is called for that its partition or VP does not have. */
  vtlNotEnabled: HvStatus.InvalidVtlState,
  /** A level that has not enabled protection in HvRegisterVsmPartitionConfig protects a page; as OpenVMM answers. */
  protectionOff: HvStatus.AccessDenied,
  /** A level is enabled by one that may not: one below it that is not the highest there, or, once a VP has it, any below it. As OpenVMM answers. */
  vtlNotYours: HvStatus.AccessDenied,
  /** A level is enabled with what this model has not: mode-based execute control, shadow stacks. */
  vtlFeature: HvStatus.InvalidParameter,
  /** A level forbids those below it to start VPs (DenyLowerVtlStartup); as OpenVMM answers. */
  startDenied: HvStatus.AccessDenied,
  /** A level is disabled in which the VP runs. */
  vtlRuns: HvStatus.InvalidVpState,
  /** A level is disabled for a partition while a VP has it, or the partition a higher one. */
  vtlInUse: HvStatus.InvalidVtlState,
  /** A statistics page is mapped twice. */
  statsMapped: HvStatus.OperationDenied,
  /** A statistics page is unmapped that is not mapped. */
  statsNotMapped: HvStatus.InvalidParameter,
  /** An intercept of a kind that a model without a CPU cannot raise. */
  interceptKind: HvStatus.InvalidParameter,
} as const

/** Pages of memory pools that objects take. No source gives numbers; these make INSUFFICIENT_MEMORY happen where it can. */
export const poolCost = {
  /** A partition, from the pool of its parent. */
  partition: 1,
  /** What a partition needs to become active, from its own pool, as everything below. */
  initialize: 1,
  vp: 1,
  /** 16 message buffers of 256 bytes. */
  messagePort: 1,
  deviceDomain: 1,
} as const

/** Results of HvCallRegisterInterceptResult that a VP keeps. */
export const maxInterceptResults = 4096
/** Intercepts that a partition can have set on it, beside one for each I/O port. */
export const maxIntercepts = 4096

/** CPU groups of a machine. */
export const maxCpuGroups = 256

/** Message buffers of a port. Source: TLFS 2.0A 14.8.1. */
export const portMessageBuffers = 16
/** Partitions above one another, the root included. TLFS guarantees two; more is our choice. */
export const maxPartitionDepth = 8
