import { flags64, u64 } from '../wire/index.ts'

/**
 * What a partition may do: the privilege mask of CPUID leaf 0x40000003 (EAX the low half, EBX the high), of the property
 * PrivilegeFlags, and on ARM64 of HvRegisterPrivilegesAndFeaturesInfo. The root has all. The TLFS reserves bits 12, 14, 15, 35, 45, 46, 47,
 * 50, 51 and 54, which symbols and OpenVMM name.
 *
 * Source: TLFS (HV_PARTITION_PRIVILEGE_MASK), Mile.HyperV, OpenVMM hvdef (HvPartitionPrivilege).
 */
export const PartitionPrivileges = {
  /** HV_X64_MSR_VP_RUNTIME. */
  accessVpRunTimeReg: 0x1n,
  /** HV_X64_MSR_TIME_REF_COUNT. */
  accessPartitionReferenceCounter: 0x2n,
  /** SynIC MSRs 0x40000080-84, 0x40000090-9F. */
  accessSynicRegs: 0x4n,
  /** Synthetic timer MSRs 0x400000B0-B7 (and 0x40000114-115). */
  accessSyntheticTimerRegs: 0x8n,
  /** EOI/ICR/TPR MSRs and VP assist page. */
  accessIntrCtrlRegs: 0x10n,
  /** Guest OS id and hypercall MSRs. */
  accessHypercallMsrs: 0x20n,
  /** VP index MSR. */
  accessVpIndex: 0x40n,
  /** Reset MSR. */
  accessResetReg: 0x80n,
  /** Stats page MSRs. */
  accessStatsReg: 0x100n,
  /** Reference TSC. */
  accessPartitionReferenceTsc: 0x200n,
  /** Guest idle MSR. */
  accessGuestIdleReg: 0x400n,
  /** TSC/APIC frequency MSRs. */
  accessFrequencyRegs: 0x800n,
  /** Synthetic debug MSRs. */
  accessDebugRegs: 0x1000n,
  /** MSRs 0x40000106-108. */
  accessReenlightenmentControls: 0x2000n,
  /** Guest scheduler event register. */
  accessRootSchedulerReg: 0x4000n,
  /** MSR 0x40000118. */
  accessTscInvariantControls: 0x8000n,
  /** HvCallCreatePartition and all calls restricted to children. */
  createPartitions: 0x1_0000_0000n,
  /** HvCallGetPartitionId. */
  accessPartitionId: 0x2_0000_0000n,
  /** Deposit, withdraw, balance. */
  accessMemoryPool: 0x4_0000_0000n,
  /** Adjust port message buffers. */
  adjustMessageBuffers: 0x8_0000_0000n,
  /** HvCallPostMessage. */
  postMessages: 0x10_0000_0000n,
  /** HvCallSignalEvent. */
  signalEvents: 0x20_0000_0000n,
  /** HvCallCreatePort and port property/delete. */
  createPort: 0x40_0000_0000n,
  /** HvCallConnectPort / DisconnectPort. */
  connectPort: 0x80_0000_0000n,
  /** Map/unmap stats pages. */
  accessStats: 0x100_0000_0000n,
  /** Debug data calls and debug MSRs. */
  debugging: 0x800_0000_0000n,
  /** Processor management calls. */
  cpuManagement: 0x1000_0000_0000n,
  /** Profiler configuration. */
  configureProfiler: 0x2000_0000_0000n,
  /** VP exit tracing. */
  accessVpExitTracing: 0x4000_0000_0000n,
  /** Extended GVA range format in flush lists. */
  enableExtendedGvaRangesForFlushVirtualAddressList: 0x8000_0000_0000n,
  /** VSM. */
  accessVsm: 0x1_0000_0000_0000n,
  /** HvCallGet/SetVpRegisters on self. */
  accessVpRegisters: 0x2_0000_0000_0000n,
  /** Fast hypercall output. */
  fastHypercallOutput: 0x8_0000_0000_0000n,
  /** Codes above 0x8000. */
  enableExtendedHypercalls: 0x10_0000_0000_0000n,
  /** HvCallStartVirtualProcessor. */
  startVirtualProcessor: 0x20_0000_0000_0000n,
  /** Isolated partition. */
  isolation: 0x40_0000_0000_0000n,
} as const
/** {@link PartitionPrivileges} on the wire. */
export const PartitionPrivilegesField = /* @__PURE__ */ flags64('PartitionPrivileges', u64, PartitionPrivileges)

/** Names of {@link PartitionPrivileges}. */
export type PartitionPrivilege = keyof typeof PartitionPrivileges

/**
 * What a child partition starts with: the registers of bits 0 to 8 and 10, neither the reference TSC nor any hypercall.
 * Source: TLFS 2.0A.
 */
export const childPrivileges = 0x5ffn

/** Whether a mask grants a privilege. */
export function hasPrivilege(mask: bigint, privilege: PartitionPrivilege): boolean {
  return (mask & PartitionPrivileges[privilege]) !== 0n
}

/** The mask that grants these privileges. */
export function privilegeMask(privileges: Iterable<PartitionPrivilege>): bigint {
  let mask = 0n
  for (const privilege of privileges) mask |= PartitionPrivileges[privilege]
  return mask
}
