import type { StructSchema } from '../wire/index.ts'
import { GuestOsId } from './guest-os-id.ts'
import {
  ApicEoiContents,
  ApicIcrContents,
  ApicTprContents,
  ReenlightenmentControl,
  StatsPageContents,
  SynicVersionContents,
  TscEmulationControl,
  TscEmulationStatus,
  TscInvariantControl,
  VpIndexContents,
  X64MsrApicAssistContents,
  X64MsrHypercallContents,
  X64MsrNpiepConfigContents,
  X64MsrPowerStateConfig,
  X64MsrReferenceTscContents,
  X64MsrResetContents,
  X64MsrStimerConfigContents,
  X64MsrStimeUnhaltedTimerConfigContents,
} from './msr-words.ts'
import type { PartitionPrivilege } from './privileges.ts'
import { SynicScontrol, SynicSiefp, SynicSimp, SynicSint, SynicSirbp } from './synic-registers.ts'
import { CpuManagementVersionRegister, CrashCtlRegContents, MemoryZeroingCtrlRegContents } from './vp-registers.ts'

/** A synthetic MSR. What no source documents is absent. */
export interface Msr {
  /** As RDMSR and WRMSR name it. */
  readonly number: number
  /** TLFS name; `HvSyntheticMsr…` of the symbols where the TLFS has none. */
  readonly name: string
  /** Other accesses raise #GP. */
  readonly access?: 'r' | 'w' | 'rw'
  /** Without it every access raises #GP. */
  readonly privilege?: PartitionPrivilege
  /** Value after a reset. */
  readonly reset?: bigint
  /** Bit layout; a write with bits outside it that must be zero raises #GP. */
  readonly contents?: StructSchema
  /** Where it is first documented. */
  readonly source: string
  /** What else is known of it. */
  readonly note?: string
}

/**
 * The synthetic MSRs of x64, by number. Bits named RsvdP are to be preserved, RsvdZ to be zero. 0x400000c1 and 0x400000c2 had another
 * meaning in TLFS 2.0A and are there twice. On ARM64 the same are registers.
 *
 * Source: TLFS, TLFS 2.0A, Mile.HyperV.
 */
export const msrs: readonly Msr[] = /* @__PURE__ */ table()

type MsrFacts = Omit<Msr, 'number' | 'name' | 'access' | 'source'>

function msr(
  number: number,
  name: string,
  access: Msr['access'] | undefined,
  source: string,
  facts: MsrFacts = {},
): Msr {
  return { number, name, ...(access && { access }), source, ...facts }
}

function sints(first: number, prefix: string, source: string, facts: MsrFacts): Msr[] {
  return Array.from({ length: 16 }, (_, sint) => msr(first + sint, `${prefix}${sint}`, 'rw', source, facts))
}

function timers(): Msr[] {
  const facts = { privilege: 'accessSyntheticTimerRegs', reset: 0n } as const
  return [0, 1, 2, 3].flatMap((timer) => [
    msr(0x4000_00b0 + 2 * timer, `HV_X64_MSR_STIMER${timer}_CONFIG`, 'rw', 'TLFS 2.0A', {
      ...facts,
      contents: X64MsrStimerConfigContents,
    }),
    msr(0x4000_00b1 + 2 * timer, `HV_X64_MSR_STIMER${timer}_COUNT`, 'rw', 'TLFS 2.0A', {
      ...facts,
      note: 'one-shot: absolute reference time; periodic: the period; 100 ns',
    }),
  ])
}

function table(): readonly Msr[] {
  const crashNote = 'Needs CPUID 0x40000003 EDX bit 10'
  return [
    msr(0x4000_0000, 'HV_X64_MSR_GUEST_OS_ID', 'rw', 'TLFS 2.0A', {
      privilege: 'accessHypercallMsrs',
      reset: 0n,
      contents: GuestOsId,
      note: 'Writing 0 disables the hypercall page',
    }),
    msr(0x4000_0001, 'HV_X64_MSR_HYPERCALL', 'rw', 'TLFS 2.0A', {
      privilege: 'accessHypercallMsrs',
      reset: 0n,
      contents: X64MsrHypercallContents,
      note: 'Needs a nonzero guest OS id to enable; GPFN beyond the GPA space gives #GP',
    }),
    msr(0x4000_0002, 'HV_X64_MSR_VP_INDEX', 'r', 'TLFS 2.0A', {
      privilege: 'accessVpIndex',
      contents: VpIndexContents,
    }),
    msr(0x4000_0003, 'HV_X64_MSR_RESET', 'rw', 'TLFS 2.0A', {
      privilege: 'accessResetReg',
      reset: 0n,
      contents: X64MsrResetContents,
    }),
    msr(0x4000_0004, 'HvSyntheticMsrCpuMgmtVersion', 'rw', 'symbols', { contents: CpuManagementVersionRegister }),
    msr(0x4000_0006, 'XbSyntheticMsrTbFlushHost', undefined, 'symbols (Xbox)'),
    msr(0x4000_0007, 'XbSyntheticMsrTbFlush', undefined, 'symbols (Xbox)'),
    msr(0x4000_0008, 'XbSyntheticMsrCrash', undefined, 'symbols (Xbox)'),
    msr(0x4000_0009, 'XbSyntheticMsrGuestOsType', undefined, 'symbols (Xbox)'),
    msr(0x4000_000a, 'XbSyntheticMsrDebugOutput', undefined, 'symbols (Xbox)'),
    msr(0x4000_000b, 'XbSyntheticMsrFlushTbThreshold', undefined, 'symbols (Xbox)'),
    msr(0x4000_000c, 'XbSyntheticMsrOsFlavor', undefined, 'symbols (Xbox)'),
    msr(0x4000_000e, 'XbSyntheticMsrOsFrameOffset', undefined, 'symbols (Xbox)'),
    msr(0x4000_0010, 'HV_X64_MSR_VP_RUNTIME', 'r', 'TLFS 2.0A', {
      privilege: 'accessVpRunTimeReg',
      note: '100 ns units of VP run time incl. hypervisor time on its behalf',
    }),
    msr(0x4000_0011, 'XbSyntheticMsrRefTimeOffset', undefined, 'symbols (Xbox)'),
    msr(0x4000_0012, 'XbSyntheticMsrRefTscScale', undefined, 'symbols (Xbox)'),
    msr(0x4000_0013, 'XbSyntheticMsrVpCount', undefined, 'symbols (Xbox)'),
    msr(0x4000_0014, 'XbSyntheticMsrWbinvd', undefined, 'symbols (Xbox)'),
    msr(0x4000_0015, 'XbSyntheticMsrFlushWb', undefined, 'symbols (Xbox)'),
    msr(0x4000_0016, 'XbSyntheticMsrFlushTbCurrent', undefined, 'symbols (Xbox)'),
    msr(0x4000_0017, 'XbSyntheticMsrKcfgDone', undefined, 'symbols (Xbox)'),
    msr(0x4000_0018, 'XbSyntheticMsrClearSignaturePage', undefined, 'symbols (Xbox)'),
    msr(0x4000_0019, 'XbSyntheticMsrPauseElementsCount', undefined, 'symbols (Xbox)'),
    msr(0x4000_001a, 'XbSyntheticMsrTbFlushAll', undefined, 'symbols (Xbox)'),
    msr(0x4000_0020, 'HV_X64_MSR_TIME_REF_COUNT', 'r', 'TLFS 2.0A', {
      privilege: 'accessPartitionReferenceCounter',
      note: '100 ns units, 0 at partition creation; writes #GP',
    }),
    msr(0x4000_0021, 'HV_X64_MSR_REFERENCE_TSC', 'rw', 'TLFS 2.0A', {
      privilege: 'accessPartitionReferenceTsc',
      reset: 0n,
      contents: X64MsrReferenceTscContents,
    }),
    msr(0x4000_0022, 'HV_X64_MSR_TSC_FREQUENCY', 'r', 'TLFS 5.0C', { privilege: 'accessFrequencyRegs', note: 'Hz' }),
    msr(0x4000_0023, 'HV_X64_MSR_APIC_FREQUENCY', 'r', 'TLFS 5.0C', { privilege: 'accessFrequencyRegs', note: 'Hz' }),
    msr(0x4000_0040, 'HV_X64_MSR_NPIEP_CONFIG', 'rw', 'TLFS 5.0C', {
      reset: 0n,
      contents: X64MsrNpiepConfigContents,
      note: 'Needs CPUID 0x40000003 EDX bit 12',
    }),
    msr(0x4000_0045, 'XbSyntheticMsrUtcFields', undefined, 'symbols (Xbox)'),
    msr(0x4000_0070, 'HV_X64_MSR_EOI', 'w', 'TLFS 2.0A', {
      privilege: 'accessIntrCtrlRegs',
      contents: ApicEoiContents,
      note: 'Reads #GP; reserved bits set gives #GP',
    }),
    msr(0x4000_0071, 'HV_X64_MSR_ICR', 'rw', 'TLFS 2.0A', {
      privilege: 'accessIntrCtrlRegs',
      contents: ApicIcrContents,
    }),
    msr(0x4000_0072, 'HV_X64_MSR_TPR', 'rw', 'TLFS 2.0A', {
      privilege: 'accessIntrCtrlRegs',
      contents: ApicTprContents,
    }),
    msr(0x4000_0073, 'HV_X64_MSR_VP_ASSIST_PAGE', 'rw', 'TLFS 2.0A', {
      privilege: 'accessIntrCtrlRegs',
      reset: 0n,
      contents: X64MsrApicAssistContents,
    }),
    msr(0x4000_0080, 'HV_X64_MSR_SCONTROL', 'rw', 'TLFS 2.0A', {
      privilege: 'accessSynicRegs',
      reset: 0n,
      contents: SynicScontrol,
    }),
    msr(0x4000_0081, 'HV_X64_MSR_SVERSION', 'r', 'TLFS 2.0A', {
      privilege: 'accessSynicRegs',
      reset: 1n,
      contents: SynicVersionContents,
      note: 'Writes #GP',
    }),
    msr(0x4000_0082, 'HV_X64_MSR_SIEFP', 'rw', 'TLFS 2.0A', {
      privilege: 'accessSynicRegs',
      reset: 0n,
      contents: SynicSiefp,
    }),
    msr(0x4000_0083, 'HV_X64_MSR_SIMP', 'rw', 'TLFS 2.0A', {
      privilege: 'accessSynicRegs',
      reset: 0n,
      contents: SynicSimp,
    }),
    msr(0x4000_0084, 'HV_X64_MSR_EOM', 'w', 'TLFS 2.0A', {
      privilege: 'accessSynicRegs',
      note: 'Any write = end of message; reads as 0',
    }),
    msr(0x4000_0085, 'HvSyntheticMsrSirb', 'rw', 'symbols', {
      privilege: 'accessSynicRegs',
      contents: SynicSirbp,
      note: 'SynIC ring buffer page',
    }),
    ...sints(0x4000_0090, 'HV_X64_MSR_SINT', 'TLFS 2.0A', {
      privilege: 'accessSynicRegs',
      reset: 0x1_0000n,
      contents: SynicSint,
    }),
    ...timers(),
    msr(0x4000_00c1, 'HV_X64_MSR_POWER_STATE_TRIGGER_C1', 'r', 'TLFS 2.0A only', {
      privilege: 'cpuManagement',
      note: 'TLFS 2.0 meaning; newer symbols reuse C1 as PerfFeedbackTrigger and C2 as GuestSchedulerEvent',
    }),
    msr(0x4000_00c1, 'HvSyntheticMsrPerfFeedbackTrigger', undefined, 'symbols'),
    msr(0x4000_00c2, 'HV_X64_MSR_POWER_STATE_TRIGGER_C2', 'r', 'TLFS 2.0A only', {
      privilege: 'cpuManagement',
      note: 'TLFS 2.0 meaning; newer symbols reuse C1 as PerfFeedbackTrigger and C2 as GuestSchedulerEvent',
    }),
    msr(0x4000_00c2, 'HvSyntheticMsrGuestSchedulerEvent', undefined, 'symbols', {
      privilege: 'accessRootSchedulerReg',
    }),
    msr(0x4000_00c3, 'HV_X64_MSR_POWER_STATE_TRIGGER_C3', 'r', 'TLFS 2.0A only', {
      privilege: 'cpuManagement',
      note: 'TLFS 2.0 meaning; newer symbols reuse C1 as PerfFeedbackTrigger and C2 as GuestSchedulerEvent',
    }),
    msr(0x4000_00d1, 'HV_X64_MSR_POWER_STATE_CONFIG_C1', 'rw', 'TLFS 2.0A only', {
      privilege: 'cpuManagement',
      contents: X64MsrPowerStateConfig,
    }),
    msr(0x4000_00d2, 'HV_X64_MSR_POWER_STATE_CONFIG_C2', 'rw', 'TLFS 2.0A only', {
      privilege: 'cpuManagement',
      contents: X64MsrPowerStateConfig,
    }),
    msr(0x4000_00d3, 'HV_X64_MSR_POWER_STATE_CONFIG_C3', 'rw', 'TLFS 2.0A only', {
      privilege: 'cpuManagement',
      contents: X64MsrPowerStateConfig,
    }),
    msr(0x4000_00e0, 'HV_X64_MSR_STATS_PARTITION_RETAIL_PAGE', 'rw', 'TLFS 2.0A only', {
      privilege: 'accessStatsReg',
      reset: 0n,
      contents: StatsPageContents,
    }),
    msr(0x4000_00e1, 'HV_X64_MSR_STATS_PARTITION_INTERNAL_PAGE', 'rw', 'TLFS 2.0A only', {
      privilege: 'accessStatsReg',
      reset: 0n,
      contents: StatsPageContents,
    }),
    msr(0x4000_00e2, 'HV_X64_MSR_STATS_VP_RETAIL_PAGE', 'rw', 'TLFS 2.0A only', {
      privilege: 'accessStatsReg',
      reset: 0n,
      contents: StatsPageContents,
    }),
    msr(0x4000_00e3, 'HV_X64_MSR_STATS_VP_INTERNAL_PAGE', 'rw', 'TLFS 2.0A only', {
      privilege: 'accessStatsReg',
      reset: 0n,
      contents: StatsPageContents,
    }),
    msr(0x4000_00f0, 'HV_X64_MSR_GUEST_IDLE', 'r', 'TLFS 2.0A', {
      privilege: 'accessGuestIdleReg',
      note: 'Read enters guest idle until an interrupt; legal with interrupts masked',
    }),
    msr(0x4000_00f1, 'HvSyntheticMsrSynthDebugControl', 'rw', 'symbols', { privilege: 'accessDebugRegs' }),
    msr(0x4000_00f2, 'HvSyntheticMsrSynthDebugStatus', 'rw', 'symbols', { privilege: 'accessDebugRegs' }),
    msr(0x4000_00f3, 'HvSyntheticMsrSynthDebugSendBuffer', 'rw', 'symbols', { privilege: 'accessDebugRegs' }),
    msr(0x4000_00f4, 'HvSyntheticMsrSynthDebugReceiveBuffer', 'rw', 'symbols', { privilege: 'accessDebugRegs' }),
    msr(0x4000_00f5, 'HvSyntheticMsrSynthDebugPendingBuffer', 'rw', 'symbols', { privilege: 'accessDebugRegs' }),
    msr(0x4000_00f6, 'XbSyntheticMsrSynthDebugTransition', undefined, 'symbols (Xbox)'),
    msr(0x4000_00ff, 'HvSyntheticMsrDebugDeviceOptions', 'rw', 'symbols', { privilege: 'accessDebugRegs' }),
    ...[0, 1, 2, 3, 4].map((n) =>
      msr(0x4000_0100 + n, `HV_X64_MSR_CRASH_P${n}`, 'rw', 'TLFS 5.0C', { note: crashNote }),
    ),
    msr(0x4000_0105, 'HV_X64_MSR_CRASH_CTL', 'rw', 'TLFS 5.0C', {
      contents: CrashCtlRegContents,
      note: 'Read reports supported bits; write with CrashNotify reports the crash',
    }),
    msr(0x4000_0106, 'HV_X64_MSR_REENLIGHTENMENT_CONTROL', 'rw', 'TLFS 5.0C', {
      privilege: 'accessReenlightenmentControls',
      reset: 0n,
      contents: ReenlightenmentControl,
    }),
    msr(0x4000_0107, 'HV_X64_MSR_TSC_EMULATION_CONTROL', 'rw', 'TLFS 5.0C', {
      privilege: 'accessReenlightenmentControls',
      contents: TscEmulationControl,
    }),
    msr(0x4000_0108, 'HV_X64_MSR_TSC_EMULATION_STATUS', 'rw', 'TLFS 5.0C', {
      privilege: 'accessReenlightenmentControls',
      contents: TscEmulationStatus,
    }),
    msr(0x4000_0110, 'HvSyntheticMsrSWatchdogConfig', 'rw', 'symbols'),
    msr(0x4000_0111, 'HvSyntheticMsrSWatchdogCount', 'rw', 'symbols'),
    msr(0x4000_0112, 'HvSyntheticMsrSWatchdogStatus', 'rw', 'symbols'),
    msr(0x4000_0114, 'HV_X64_MSR_STIME_UNHALTED_TIMER_CONFIG', 'rw', 'TLFS 6.0b', {
      privilege: 'accessSyntheticTimerRegs',
      contents: X64MsrStimeUnhaltedTimerConfigContents,
      note: 'Needs CPUID 0x40000003 EDX bit 23',
    }),
    msr(0x4000_0115, 'HV_X64_MSR_STIME_UNHALTED_TIMER_COUNT', 'rw', 'TLFS 6.0b', {
      privilege: 'accessSyntheticTimerRegs',
      note: 'Period in 100 ns of unhalted time',
    }),
    msr(0x4000_0116, 'HvSyntheticMsrMemoryZeroingControl', 'rw', 'symbols', { contents: MemoryZeroingCtrlRegContents }),
    msr(0x4000_0117, 'HvSyntheticMsrVpConfig', 'rw', 'symbols'),
    msr(0x4000_0118, 'HV_X64_MSR_TSC_INVARIANT_CONTROL', 'rw', 'Linux', {
      privilege: 'accessTscInvariantControls',
      contents: TscInvariantControl,
    }),
    msr(0x4000_0122, 'XbSyntheticMsrFsBase', undefined, 'symbols (Xbox)'),
    msr(0x4000_0123, 'XbSyntheticMsrXOnly', undefined, 'symbols (Xbox)'),
    msr(0x4000_0130, 'XbSyntheticMsrBootInfo', undefined, 'symbols (Xbox)'),
    msr(0x4000_0200, 'HvSyntheticMsrBelow1MbPage', undefined, 'symbols'),
    msr(0x4000_1002, 'HV_X64_MSR_NESTED_VP_INDEX', 'r', 'TLFS 5.0C', { note: 'Outer hypervisor VP index' }),
    msr(0x4000_1080, 'HV_X64_MSR_NESTED_SCONTROL', 'rw', 'TLFS 5.0C', {
      contents: SynicScontrol,
      note: 'Nested counterpart of 0x40000080; TLFS 6.0b lists CpuManagement as privilege',
    }),
    msr(0x4000_1081, 'HV_X64_MSR_NESTED_SVERSION', 'r', 'TLFS 5.0C', {
      note: 'Nested counterpart of 0x40000081; TLFS 6.0b lists CpuManagement as privilege',
    }),
    msr(0x4000_1082, 'HV_X64_MSR_NESTED_SIEFP', 'rw', 'TLFS 5.0C', {
      contents: SynicSiefp,
      note: 'Nested counterpart of 0x40000082; TLFS 6.0b lists CpuManagement as privilege',
    }),
    msr(0x4000_1083, 'HV_X64_MSR_NESTED_SIMP', 'rw', 'TLFS 5.0C', {
      contents: SynicSimp,
      note: 'Nested counterpart of 0x40000083; TLFS 6.0b lists CpuManagement as privilege',
    }),
    msr(0x4000_1084, 'HV_X64_MSR_NESTED_EOM', 'w', 'TLFS 5.0C', {
      note: 'Nested counterpart of 0x40000084; TLFS 6.0b lists CpuManagement as privilege',
    }),
    msr(0x4000_1085, 'HvSyntheticMsrNestedSirb', 'rw', 'symbols', { contents: SynicSirbp }),
    ...sints(0x4000_1090, 'HV_X64_MSR_NESTED_SINT', 'TLFS 5.0C', { contents: SynicSint }),
  ]
}

/** The MSRs of that number: one, or two where a later meaning followed another. */
export function msrsNumbered(number: number): readonly Msr[] {
  return msrs.filter((msr) => msr.number === number)
}

/** The MSR of that name, in any case. */
export function msrNamed(name: string): Msr | undefined {
  const wanted = name.toLowerCase()
  return msrs.find((msr) => msr.name.toLowerCase() === wanted)
}
