import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as hypercall from '../src/hypercall/index.ts'
import { layoutOf, type StructSchema } from '../src/wire/index.ts'

type Bits = readonly [name: string, bit: number, bits: number]

const facts: {
  statuses: Readonly<Record<string, number>>
  privileges: readonly (readonly [name: string, bit: number, child: number])[]
  msrs: readonly {
    msr: string
    name: string
    access: string
    privilege?: string
    reset?: string
    bits?: readonly Bits[]
  }[]
  cpuid: readonly {
    leaf: number
    bits: readonly (readonly [name: string, offset: number, bit: number, bits: number])[]
  }[]
  registers: Readonly<Record<'common' | 'x64' | 'arm64', Readonly<Record<string, number>>>>
  enums: Readonly<Record<string, Readonly<Record<string, number>>>>
} = JSON.parse(readFileSync(new URL('fixtures/hypercall-constants.json', import.meta.url), 'utf8'))

const reserved = /^(reserved|rsvd|unused)/i
const same = (name: string) => name.replaceAll('_', '').toLowerCase()

/** Members whose name we give otherwise. */
const unlike: ReadonlySet<string> = new Set(['HvInterceptTypeRegister'])

describe('constants against the facts', () => {
  it('statuses', () => {
    const ours = hypercall.statusNames().map((name) => [hypercall.tlfsStatusName(name), hypercall.HvStatus[name]])
    expect(Object.fromEntries(ours)).toEqual(facts.statuses)
    expect(hypercall.statusText(0x0d)).toBe('HV_STATUS_INVALID_PARTITION_ID')
    expect(hypercall.statusText(0xfff)).toBe('HV_STATUS 0x0fff')
    expect(hypercall.statusName(0x13)).toBe('InsufficientBuffers')
  })

  it('privileges', () => {
    const theirs = facts.privileges.filter(([name]) => !reserved.test(name))
    const ours = Object.entries(hypercall.PartitionPrivileges)
    expect(ours.map(([name, mask]) => [same(name), mask])).toEqual(
      theirs.map(([name, bit]) => [same(name), 1n << BigInt(bit)]),
    )
    const child = theirs.filter(([, , child]) => child === 1).reduce((mask, [, bit]) => mask | (1n << BigInt(bit)), 0n)
    expect(hypercall.childPrivileges).toBe(child)
  })

  for (const architecture of ['x64', 'arm64'] as const) {
    it(`registers of ${architecture}`, () => {
      const ours = hypercall.registersOf(architecture).map(({ name, value }) => [name, value])
      expect(Object.fromEntries(ours)).toEqual({ ...facts.registers.common, ...facts.registers[architecture] })
    })
  }

  it('finds registers by name and value', () => {
    expect(hypercall.registerNameOf(0x2_0010, 'x64')).toBe('HvX64RegisterRip')
    expect(hypercall.registerValueOf('hvarm64registerx0', 'arm64')).toBe(0x2_0000)
    expect(hypercall.registerNameOf(0xffff_ffff, 'x64')).toBeUndefined()
  })

  it('MSRs', () => {
    const access = { R: 'r', W: 'w', 'R/W': 'rw', '?': undefined }
    const theirs = facts.msrs.map(({ msr, name, access: a, privilege, reset }) => {
      const known = Object.entries(access).find(([letters]) => letters === a)?.[1]
      return [Number(msr), name, known, privilege?.toLowerCase(), reset === undefined ? undefined : BigInt(reset)]
    })
    const ours = hypercall.msrs.map((msr) => [
      msr.number,
      msr.name,
      msr.access,
      msr.privilege?.toLowerCase(),
      msr.reset,
    ])
    expect(ours).toEqual(theirs)
  })

  it('bits of MSRs', () => {
    for (const { msr, name, bits = [] } of facts.msrs) {
      const contents = hypercall.msrNamed(name)?.contents
      if (contents === undefined) {
        // A count of 64 bits, or nothing documented.
        expect(
          bits.filter(([, , width]) => width < 64),
          name,
        ).toEqual([])
        continue
      }
      const places = layoutOf(contents).fields.map(({ bitOffset, bitWidth }) => `${bitOffset}:${bitWidth}`)
      for (const [field, bit, width] of bits)
        if (!reserved.test(field)) expect(places, `${msr} ${field}`).toContain(`${bit}:${width}`)
    }
  })

  it('bits of CPUID leaves', () => {
    const schemas = new Map<number, StructSchema>(hypercall.cpuidLeaves)
    expect([...schemas.keys()]).toEqual(facts.cpuid.map(({ leaf }) => leaf))
    for (const { leaf, bits } of facts.cpuid) {
      const schema = schemas.get(leaf)
      if (schema === undefined) throw new Error('no leaf')
      const places = layoutOf(schema).fields.map(
        ({ offset, bitOffset, bitWidth }) => `${offset} ${bitOffset}:${bitWidth}`,
      )
      for (const [field, offset, bit, width] of bits)
        if (!reserved.test(field))
          expect(places, `${leaf.toString(16)} ${field}`).toContain(`${offset} ${bit}:${width}`)
    }
  })

  const tables: readonly (readonly [
    theirs: string,
    ours: Readonly<Record<string, number>>,
    leftOut?: readonly string[],
  ])[] = [
    ['HV_IOMMU_FAULT_TYPE', hypercall.IommuFaultType],
    ['HV_X64_UNSUPPORTED_FEATURE_CODE', hypercall.X64UnsupportedFeature],
    ['HV_ARM64_UNSUPPORTED_FEATURE_CODE', hypercall.Arm64UnsupportedFeature],
    ['HV_ARM64_RESET_TYPE', hypercall.Arm64ResetType],
    ['HV_ARM64_SYNTHETIC_EXCEPTION_TYPE', hypercall.Arm64SyntheticExceptionType, ['HvArm64SyntheticExceptionTypeMax']],
    ['HV_RESTART_COMPLETION_TYPE', hypercall.RestartCompletionType],
    ['HV_X64_PENDING_EVENT_TYPE', hypercall.X64PendingEventType],
    ['HV_ARM64_PENDING_EVENT_TYPE', hypercall.Arm64PendingEventType],
    ['HV_X64_PENDING_INTERRUPTION_TYPE', hypercall.X64PendingInterruptionType],
    ['HV_ARM64_PENDING_INTERRUPTION_TYPE', hypercall.Arm64PendingInterruptionType],
    ['HV_INTERCEPT_TYPE', hypercall.InterceptType],
    ['HV_PARTITION_PROPERTY_CODE', hypercall.PartitionProperty, ['HVPartitionPropertyExtendedProperyMax']],
    ['HV_COMPATIBILITY_VERSION', hypercall.CompatibilityVersion],
    ['HV_PROCESSOR_VENDOR', hypercall.ProcessorVendor],
    ['HV_PARTITION_EVENT', hypercall.PartitionEvent],
    ['HV_CRASHDUMP_ACTION', hypercall.CrashdumpAction],
    ['HV_PARTITION_ISOLATION_TYPE', hypercall.PartitionIsolationType],
    ['HV_PARTITION_ISOLATION_STATE', hypercall.PartitionIsolationState],
    ['HV_PARTITION_MIRRORING_POLICY', hypercall.PartitionMirroringPolicy],
    ['HV_PARTITION_MIRROR_STATE', hypercall.PartitionMirrorState],
    ['HV_SAVE_RESTORE_STATE_RESULT', hypercall.SaveRestoreStateResult],
    ['HV_SCHEDULER_TYPE', hypercall.SchedulerType, ['HvSchedulerTypeMax']],
    ['HV_ARCHITECTURE', hypercall.Architecture, ['HvArchitectureMaximum']],
    ['HV_SYSTEM_PROPERTY', hypercall.SystemProperty, ['HvUnusedSystemProperty_22', 'HvUnusedSystemProperty_24']],
    ['HV_SLEEP_STATE', hypercall.SleepState],
    ['HV_SMC_DATA_PATH_LOCK_STATE', hypercall.SmcDataPathLockState],
    ['HV_MACHINE_CHECK_PROPERTY_TYPE', hypercall.MachineCheckPropertyType],
    ['HV_MACHINE_CHECK_RECOVERY_FLAG', hypercall.MachineCheckRecoveryFlag],
    ['HV_MACHINE_CHECK_SOURCE', hypercall.MachineCheckSource],
    ['HV_RESOURCE_CONTROL_TYPE', hypercall.ResourceControlType],
    ['HV_SNP_STATUS', hypercall.SnpStatus],
    ['HV_TDX_STATUS', hypercall.TdxStatus],
    ['HV_SERVICE_BRANCH', hypercall.ServiceBranch],
    ['HV_CACHE_TYPE', hypercall.CacheType],
    ['HV_ACCEPT_MEMORY_TYPE', hypercall.AcceptMemoryType, ['HvAcceptMemoryTypeCount']],
    ['HV_ACCESS_GPA_RESULT_CODE', hypercall.AccessGpaResultCode],
    ['HV_TRANSLATE_GVA_RESULT_CODE', hypercall.TranslateGvaResultCode],
    ['HV_CHECK_GPA_PAGE_VTL_ACCESS_RESULT_CODE', hypercall.CheckGpaPageVtlAccessResultCode],
    ['HV_GPA_ACCESS_TRACKING_RANGE_SIZE', hypercall.GpaAccessTrackingRangeSize, ['HvGpaAccessTrackingRangeMax']],
    ['HV_PAGE_ACCESS_TRACKING_GRANULARITY', hypercall.PageAccessTrackingGranularity],
    ['HV_SPA_PAGE_OWNERSHIP', hypercall.SpaPageOwnership],
    ['hvdef.HostVisibilityType', hypercall.HostVisibility],
    ['hv_isolated_page_type', hypercall.IsolatedPageType, ['HV_ISOLATED_PAGE_TYPE_COUNT']],
    ['hv_isolated_page_size', hypercall.IsolatedPageSize],
    ['HV_EXT_MEMORY_HEAT_HINT_TYPE', hypercall.MemoryHeat, ['HvExtMemoryHeatHintTypeMax']],
    ['HV_INTERRUPT_TYPE', hypercall.InterruptType, ['HvX64InterruptTypeMaximum']],
    ['HV_INTERRUPT_SOURCE', hypercall.InterruptSource],
    ['HV_INTERRUPT_TRIGGER_MODE', hypercall.InterruptTriggerMode],
    ['HV_DEVICE_TYPE', hypercall.DeviceType],
    ['HV_PHYSICAL_DEVICE_PROPERTY', hypercall.PhysicalDeviceProperty],
    ['HV_DEVICE_PRQ_PROPERTY', hypercall.DevicePrqProperty],
    ['HV_SNP_INTERRUPT_INJECTION', hypercall.SnpInterruptInjection],
    ['HV_PORT_TYPE', hypercall.PortType],
    ['HV_PORT_PROPERTY_CODE', hypercall.PortProperty],
    ['HV_GET_SET_VP_STATE_TYPE', hypercall.VpStateType],
    ['HV_VP_STATE_PAGE_TYPE', hypercall.VpStatePageType, ['HvVpStatePageCount']],
    ['HV_VP_DISPATCH_STATE', hypercall.VpDispatchState],
    ['HV_VP_DISPATCH_EVENT', hypercall.VpDispatchEvent],
    ['HV_VP_DISPATCH_LOOP_EVENT', hypercall.VpDispatchLoopEvent],
    ['HV_SUBNODE_TYPE', hypercall.SubnodeType, ['HvSubnodeCount']],
    ['HV_UNIMPLEMENTED_MSR_ACTION', hypercall.UnimplementedMsrAction, ['HvUnimplementedMsrActionCount']],
    ['HV_VTL_ENTRY_REASON', hypercall.VtlEntryReason],
    ['HV_EXT_SCHEDULER_ASSIST_MODE', hypercall.SchedulerAssistMode, ['HvExtSchedulerAssistModeMax']],
    ['HV_CPU_GROUP_PROPERTY_CODE', hypercall.CpuGroupProperty],
    ['HV_NESTED_MSR_INTERCEPT_MODE', hypercall.NestedMsrInterceptMode, ['HvNestedMsrInterceptModeCount']],
    ['HV_LOGICAL_PROCESSOR_PROPERTY_TYPE', hypercall.LogicalProcessorPropertyType],
    ['HV_LOGICAL_PROCESSOR_REGISTER_TYPE', hypercall.LogicalProcessorRegisterType],
    ['HV_POWER_PROPERTY_TYPE', hypercall.PowerPropertyType],
    ['HV_PLATFORM_STATE_INDEX', hypercall.PlatformStateIndex],
    ['HV_PPM_IDLE_STATE_CHANGE_METHOD', hypercall.PpmIdleStateChangeMethod],
    ['HV_PPM_PERF_STATE_REGISTER_TYPE', hypercall.PpmPerfStateRegisterType],
    ['HV_X64_PPM_PERF_DOMAIN_COORDINATION', hypercall.X64PpmPerfDomainCoordination],
    ['HV_X64_PPM_PERF_STATE_PORT_ACCESS_SIZE', hypercall.X64PpmPerfStatePortAccessSize],
    ['HV_X64_PPM_CPPC_CONTEXT_SWITCH_POLICY', hypercall.X64PpmCppcContextSwitchPolicy],
    ['HV_EVENTLOG_TYPE', hypercall.EventLogType],
    ['HV_EVENTLOG_MODE', hypercall.EventLogMode],
    ['HV_EVENTLOG_BUFFER_STATE', hypercall.EventLogBufferState],
    ['HV_EVENTLOG_ENTRY_TIME_BASIS', hypercall.EventLogTimeBasis],
    ['HV_EVENTLOG_EXTENDED_TRACE_MODE', hypercall.EventLogTraceMode, ['HvEventLogExtendedModeCount']],
    [
      'HV_EVENTLOG_EXTENDED_GRANULAR_OPERATION',
      hypercall.EventLogGranularOperation,
      ['HvEventLogGranularOperationCount'],
    ],
    ['HV_STATS_OBJECT_TYPE', hypercall.StatsObjectType],
    ['HV_HYPERVISOR_COUNTER', hypercall.HypervisorCounter, ['StCounterHvMAXIMUM']],
    ['HV_CPU_COUNTER', hypercall.LogicalProcessorCounter, ['StLpCounterMAXIMUM', 'StCounterLpMAXIMUM']],
    ['HV_PROCESS_COUNTER', hypercall.PartitionCounter, ['StPtCounterMAXIMUM']],
    ['HV_THREAD_COUNTER', hypercall.VpCounter, ['StVpCounterMAXIMUM', 'StCounterVpMAXIMUM']],
  ]
  for (const [name, ours, leftOut = []] of tables) {
    it(name, () => {
      const theirs = Object.entries(facts.enums[name] ?? {}).filter(([member]) => !leftOut.includes(member))
      expect(new Set(Object.values(ours))).toEqual(new Set(theirs.map(([, value]) => value)))
      // Ours leave out what all members share: `HvPortTypeMessage` is `PortType.Message`.
      for (const [member, value] of theirs) {
        const names = Object.entries(ours).flatMap(([ours, candidate]) => (candidate === value ? [same(ours)] : []))
        if (!unlike.has(member))
          expect(
            names.some((ours) => same(member).includes(ours)),
            member,
          ).toBe(true)
      }
    })
  }
})
