import { bit, bitField, bits, bytes, reserved, rest, struct, u8, u32, u64 } from '../../wire/index.ts'
import { SleepStateField, SystemPropertyField } from '../enums/system.ts'
import { MemoryDescriptor, VaPermissionWord } from '../memory.ts'
import { call } from './call.ts'

/** Switches the alias map of the root's memory. */
export const HvCallSwitchAliasMap = /* @__PURE__ */ call(0x0006, 'HvCallSwitchAliasMap', 'unknown', {
  layout: 'unknown',
  since: 'Windows Server 2008',
  source: 'Mile.HyperV',
})

/** Describes the hypervisor's own modules, for patching. */
export const HvCallQueryImageInfo = /* @__PURE__ */ call(0x0016, 'HvCallQueryImageInfo', 'simple', {
  input: {
    queryType: u32,
    reservedZ0: reserved(u32),
    /** Index of a module, or slot and virtual address of a mapping, as `queryType` asks. */
    query: bytes(16),
  },
  output: {
    /** In the form that `queryType` tells, from byte 0 on. */
    info: bytes(4096),
  },
  since: 'Windows Server 2008',
  source: 'Mile.HyperV',
})

/** Maps pages of a hypervisor module for patching. */
export const HvCallMapImagePages = /* @__PURE__ */ call(0x0017, 'HvCallMapImagePages', 'rep', {
  input: {
    slot: bits(u64, {
      moduleIndex: bitField(0, 4),
      slotIndex: bitField(4, 2),
    }),
  },
  element: {
    virtualPageFramePerm: VaPermissionWord,
  },
  since: 'Windows Server 2008',
  source: 'Mile.HyperV',
})

/** Applies a patch to the hypervisor. */
export const HvCallCommitPatch = /* @__PURE__ */ call(0x0018, 'HvCallCommitPatch', 'simple', {
  input: {
    flags: bits(u64, {
      moduleIndex: bitField(0, 4),
      slotIndex: bitField(4, 2),
      useTargetPatch: bit(6),
    }),
    patchRoutineVa: u64,
    descriptor: MemoryDescriptor,
  },
  since: 'Windows Server 2008',
  source: 'Mile.HyperV',
})

/** Sets a property of the machine. */
export const HvCallSetSystemProperty = /* @__PURE__ */ call(0x006f, 'HvCallSetSystemProperty', 'simple', {
  input: {
    propertyId: SystemPropertyField,
    reserved: reserved(u32),
    /** In the form that `propertyId` tells, from byte 0 on. */
    property: bytes(32),
  },
  inputAliases: { like: 'hv_input_set_system_property' },
  privilege: 'configureProfiler',
  caller: 'root',
  since: 'Windows Server 2008 R2',
  statuses: ['AccessDenied', 'UnknownProperty', 'InvalidParameter', 'OperationDenied'],
  aliases: { linux: 'HVCALL_SET_SYSTEM_PROPERTY' },
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Reads a property of the machine. */
export const HvCallGetSystemProperty = /* @__PURE__ */ call(0x007b, 'HvCallGetSystemProperty', 'simple', {
  input: {
    propertyId: SystemPropertyField,
    /** Which power policy setting, for properties of that kind. */
    settingId: u32,
  },
  inputAliases: { like: 'hv_input_get_system_property' },
  output: {
    /** In the form that `propertyId` tells, from byte 0 on. */
    property: bytes(1032),
  },
  outputAliases: { like: 'hv_output_get_system_property' },
  inputArm64: {
    propertyId: SystemPropertyField,
    reserved: reserved(u32),
    /** Which power policy setting, for properties of that kind. */
    settingId: u64,
  },
  privilege: 'cpuManagement',
  caller: 'any',
  since: 'Windows Server 2012',
  statuses: ['AccessDenied', 'UnknownProperty'],
  aliases: { linux: 'HVCALL_GET_SYSTEM_PROPERTY' },
  source: 'Mile.HyperV, OpenVMM hvdef, TLFS 6.0b',
})

/** Puts the machine to sleep. In TLFS 6.0b the code was HvCallNotifyStandbyTransition. */
export const HvCallEnterSleepState = /* @__PURE__ */ call(0x0084, 'HvCallEnterSleepState', 'simple', {
  input: {
    /** `S1` … `S5` as ACPI has them. */
    sleepState: SleepStateField,
    padding: reserved(4),
  },
  inputAliases: { like: 'hv_input_enter_sleep_state' },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  aliases: { linux: 'HVCALL_ENTER_SLEEP_STATE', like: 'HvCallNotifyStandbyTransition' },
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** The machine enters or leaves standby. In TLFS 6.0b the code was HvCallPrepareForSleep. */
export const HvCallNotifyStandbyTransition = /* @__PURE__ */ call(0x0085, 'HvCallNotifyStandbyTransition', 'simple', {
  input: {
    /** 1 at the start of standby, 0 at its end. */
    entering: u8,
    /** 1: S0 low power idle, not S3. */
    modernStandby: u8,
    padding: reserved(6),
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  aliases: { like: 'HvCallPrepareForSleep' },
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Gets the hypervisor ready for hibernation; answers where it resumes. */
export const HvCallPrepareForHibernate = /* @__PURE__ */ call(0x0086, 'HvCallPrepareForHibernate', 'simple', {
  input: {
    resumeGpRegs: struct(
      'X64ProcStateGpRegs',
      {
        rip: u64,
        rsp: u64,
        rbp: u64,
        rbx: u64,
        rdi: u64,
        rsi: u64,
        r12: u64,
        r13: u64,
        r14: u64,
        r15: u64,
      },
      { size: 80, aliases: { mile: 'HV_X64_PROC_STATE_GP_REGS' } },
    ),
    restrictApVtl: u8,
    padding: reserved(7),
  },
  output: {
    hvCr3: u64,
    hvEntryPoint: u64,
    hvReservedTransitionAddress: u64,
    /** Bytes from `hvReservedTransitionAddress` on. */
    hvReservedTransitionAddressSize: u64,
  },
  inputArm64: {
    resumeGpRegs: bytes(120),
    restrictApVtl: u8,
    padding: reserved(7),
  },
  privilege: 'cpuManagement',
  caller: 'root',
  since: 'Windows Server 2012',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Copies hypervisor memory into a dump. */
export const HvCallCollectLivedump = /* @__PURE__ */ call(0x008e, 'HvCallCollectLivedump', 'simple', {
  input: {
    flags: u64,
    descriptor: MemoryDescriptor,
  },
  output: {
    /** Number of pages. */
    pagesCopied: u64,
    /** Number of pages. */
    depositedPages: u64,
  },
  privilege: 'debugging',
  caller: 'root',
  since: 'Windows Server 2012 R2',
  source: 'Mile.HyperV, TLFS 6.0b',
})

/**
 * Ends the hypervisor and goes on without it. On ARM64 the code is HvCallLaunchHypervisor, with one word, the entry point.
 */
export const HvCallDisableHypervisor = /* @__PURE__ */ call(0x008f, 'HvCallDisableHypervisor', 'simple', {
  input: {
    trampolineCr3: u64,
    kernelCr3: u64,
    /** Where execution goes on. */
    rip: u64,
  },
  caller: 'root',
  since: 'Windows Server 2012 R2',
  aliases: { like: 'HvCallLaunchHypervisor' },
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Sets up the hardware watchdog. Data format unknown. */
export const HvCallSetHwWatchdogConfig = /* @__PURE__ */ call(0x00f6, 'HvCallSetHwWatchdogConfig', 'variable', {
  input: {
    /** In a form that no source lists. */
    data: rest(),
  },
  layout: 'partial',
  since: 'Windows 11 preview (2021) (call table)',
  source: 'Mile.HyperV',
})

/** Ends the hypervisor and goes on at an address, for crash dumps. */
export const HvCallDisableHypervisorEx = /* @__PURE__ */ call(0x010f, 'HvCallDisableHypervisorEx', 'simple', {
  input: {
    /** Where execution goes on. */
    rip: u64,
    flags: bits(u64, {
      /** Goes on in 64-bit mode. */
      longMode: bit(0),
    }),
    /** Handed to the code at `rip`. */
    arg: u64,
  },
  inputAliases: { like: 'hv_input_disable_hyp_ex' },
  since: 'Windows 11 24H2 / Server 2025 (26100) (call table)',
  aliases: { linux: 'HVCALL_DISABLE_HYP_EX' },
  source: 'Mile.HyperV',
})
