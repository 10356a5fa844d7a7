import { bit, bitField, bits, reserved, struct, u8, u16, u32, u64, wideBitField } from '../wire/index.ts'
import { VtlEntryReasonField } from './enums/vp.ts'
import { vpIndexField } from './ids.ts'
import { word } from './word.ts'

/** How a VTL is taken from a partition. Source: HV_DISABLE_PARTITION_VTL_FLAGS of Mile.HyperV. */
export const DisablePartitionVtlFlagsWord = /* @__PURE__ */ bits(u8, {
  scrubOnly: bit(0),
})
/** {@link DisablePartitionVtlFlagsWord} alone. */
export const DisablePartitionVtlFlags = /* @__PURE__ */ word('DisablePartitionVtlFlags', DisablePartitionVtlFlagsWord, {
  mile: 'HV_DISABLE_PARTITION_VTL_FLAGS',
})

/** How a VTL is disabled on a VP. Source: HV_DISABLE_VP_VTL_FLAGS of Mile.HyperV. */
export const DisableVpVtlFlagsWord = /* @__PURE__ */ bits(u8, {
  scrubOnly: bit(0),
})
/** {@link DisableVpVtlFlagsWord} alone. */
export const DisableVpVtlFlags = /* @__PURE__ */ word('DisableVpVtlFlags', DisableVpVtlFlagsWord, {
  mile: 'HV_DISABLE_VP_VTL_FLAGS',
})

/** How a VTL is enabled for a partition. Source: HV_ENABLE_PARTITION_VTL_FLAGS of Mile.HyperV. */
export const EnablePartitionVtlFlagsWord = /* @__PURE__ */ bits(u8, {
  /** Execution is granted to user and kernel mode apart. */
  enableMbec: bit(0),
  enableSupervisorShadowStack: bit(1),
  enableHardwareHvpt: bit(2),
})
/** {@link EnablePartitionVtlFlagsWord} alone. */
export const EnablePartitionVtlFlags = /* @__PURE__ */ word('EnablePartitionVtlFlags', EnablePartitionVtlFlagsWord, {
  mile: 'HV_ENABLE_PARTITION_VTL_FLAGS',
})

/** Answer to a VTL enable intercept. Source: HV_ENABLE_PARTITION_VTL_INTERCEPT_COMPLETION_DATA of Mile.HyperV. */
export const EnablePartitionVtlInterceptCompletionData = /* @__PURE__ */ struct(
  'EnablePartitionVtlInterceptCompletionData',
  {
    /** HV_STATUS. */
    status: u16,
  },
  { size: 2, aliases: { mile: 'HV_ENABLE_PARTITION_VTL_INTERCEPT_COMPLETION_DATA' } },
)

/** A guest enables a VTL. Source: HV_ENABLE_PARTITION_VTL_INTERCEPT_MESSAGE of Mile.HyperV. */
export const EnablePartitionVtlInterceptMessage = /* @__PURE__ */ struct(
  'EnablePartitionVtlInterceptMessage',
  {
    vpIndex: vpIndexField,
    targetVtl: u8,
    flags: bits(u8, {
      /** Execution is granted to user and kernel mode apart. */
      enableMbec: bit(0),
      enableSupervisorShadowStack: bit(1),
      enableHardwareHvpt: bit(2),
    }),
    padding: reserved(2),
  },
  { size: 8, aliases: { mile: 'HV_ENABLE_PARTITION_VTL_INTERCEPT_MESSAGE' } },
)

/** What a nested hypervisor opts into. Source: HV_NESTED_ENLIGHTENMENTS_CONTROL of Linux, Mile.HyperV. */
export const NestedEnlightenmentsControl = /* @__PURE__ */ struct(
  'NestedEnlightenmentsControl',
  {
    features: bits(u32, {
      /** Hypercalls of the nested guest go to the outer hypervisor. */
      directHypercall: bit(0),
      virtualizationException: bit(1),
    }),
    hypercallControls: bits(u32, {
      interPartitionCommunication: bit(0),
    }),
  },
  { size: 8, aliases: { linux: 'hv_nested_enlightenments_control', mile: 'HV_NESTED_ENLIGHTENMENTS_CONTROL' } },
)

/**
 * HvRegisterGuestVsmPartitionConfig: VTLs that a guest may use. Source: HV_REGISTER_GUEST_VSM_PARTITION_CONFIG of
 * Mile.HyperV.
 */
export const RegisterGuestVsmPartitionConfigWord = /* @__PURE__ */ bits(u64, {
  /** 0: none but VTL 0. */
  maximumVtl: bitField(0, 4),
  vtl0InterruptInjection: bitField(4, 2),
  vtl1InterruptInjection: bitField(6, 2),
})
/** {@link RegisterGuestVsmPartitionConfigWord} alone. */
export const RegisterGuestVsmPartitionConfig = /* @__PURE__ */ word(
  'RegisterGuestVsmPartitionConfig',
  RegisterGuestVsmPartitionConfigWord,
  { mile: 'HV_REGISTER_GUEST_VSM_PARTITION_CONFIG' },
)

/** HvRegisterVsmCapabilities: what VSM offers. Source: HV_REGISTER_VSM_CAPABILITIES of Mile.HyperV. */
export const RegisterVsmCapabilitiesWord = /* @__PURE__ */ bits(u64, {
  /** All VTLs see the same DR6. */
  dr6Shared: bit(0),
  /** Bit n: MBEC can be enabled for VTL n. */
  mbecVtlMask: bitField(1, 16),
  /** A VTL can keep lower ones from starting VPs. */
  denyLowerVtlStartup: bit(17),
  supervisorShadowStack: bit(18),
  hardwareHvptAvailable: bit(19),
  softwareHvptAvailable: bit(20),
  hardwareHvptRangeBits: bitField(21, 6),
  interceptPageAvailable: bit(27),
  returnActionAvailable: bit(28),
  vtl0AliasMapAvailable: bit(29),
  interceptNotPresentAvailable: bit(30),
  /** HvCallInstallInterceptEx is there. */
  installInterceptEx: bit(31),
  interceptSystemResetAvailable: bit(32),
  proxyInterruptRedirectAvailable: bit(34),
})
/** {@link RegisterVsmCapabilitiesWord} alone. */
export const RegisterVsmCapabilities = /* @__PURE__ */ word('RegisterVsmCapabilities', RegisterVsmCapabilitiesWord, {
  linux: 'hv_register_vsm_capabilities',
  mile: 'HV_REGISTER_VSM_CAPABILITIES',
})

/**
 * HvRegisterVsmCodePageOffsets: where in the hypercall page the VTL call and return stubs are, in bytes. Source:
 * HV_REGISTER_VSM_CODE_PAGE_OFFSETS of Mile.HyperV, WDK 7.1 hvgdk.
 */
export const RegisterVsmCodePageOffsetsWord = /* @__PURE__ */ bits(u64, {
  vtlCallOffset: bitField(0, 12),
  vtlReturnOffset: bitField(12, 12),
})
/** {@link RegisterVsmCodePageOffsetsWord} alone. */
export const RegisterVsmCodePageOffsets = /* @__PURE__ */ word(
  'RegisterVsmCodePageOffsets',
  RegisterVsmCodePageOffsetsWord,
  { linux: 'hv_register_vsm_page_offsets', mile: 'HV_REGISTER_VSM_CODE_PAGE_OFFSETS' },
)

/**
 * HvRegisterVsmPartitionConfig: what a VTL sets for its partition. Source: HV_REGISTER_VSM_PARTITION_CONFIG of rust-
 * vmm/mshv, Mile.HyperV.
 */
export const RegisterVsmPartitionConfigWord = /* @__PURE__ */ bits(u64, {
  /** Once set it stays until the partition is reset. */
  enableVtlProtection: bit(0),
  /** What lower VTLs may do by default: bits 0 read, 1 write, 2 execute in kernel mode, 3 in user mode. */
  defaultVtlProtectionMask: bitField(1, 4),
  /** Memory is zeroed before a reset. */
  zeroMemoryOnReset: bit(5),
  /** Lower VTLs cannot start or reset VPs. */
  denyLowerVtlStartup: bit(6),
  interceptAcceptance: bit(7),
  interceptEnableVtlProtection: bit(8),
  /** Starts of VPs by lower VTLs are intercepted. */
  interceptVpStartup: bit(9),
  interceptCpuidUnimplemented: bit(10),
  interceptUnrecoverableException: bit(11),
  interceptPage: bit(12),
  interceptRestorePartitionTime: bit(13),
  interceptNotPresent: bit(14),
  interceptSystemReset: bit(15),
})
/** {@link RegisterVsmPartitionConfigWord} alone. */
export const RegisterVsmPartitionConfig = /* @__PURE__ */ word(
  'RegisterVsmPartitionConfig',
  RegisterVsmPartitionConfigWord,
  { linux: 'hv_register_vsm_partition_config', mile: 'HV_REGISTER_VSM_PARTITION_CONFIG' },
)

/**
 * HvRegisterVsmPartitionStatus: VTLs enabled in the partition. Source: HV_REGISTER_VSM_PARTITION_STATUS of
 * Mile.HyperV.
 */
export const RegisterVsmPartitionStatusWord = /* @__PURE__ */ bits(u64, {
  /** Bit n: VTL n. */
  enabledVtlSet: bitField(0, 16),
  /** Highest VTL that can be enabled. */
  maximumVtl: bitField(16, 4),
  /** Bit n: VTL n. */
  mbecEnabledVtlSet: bitField(20, 16),
  /** Bit n: VTL n. */
  supervisorShadowStackEnabledVtlSet: bitField(36, 4),
})
/** {@link RegisterVsmPartitionStatusWord} alone. */
export const RegisterVsmPartitionStatus = /* @__PURE__ */ word(
  'RegisterVsmPartitionStatus',
  RegisterVsmPartitionStatusWord,
  { mile: 'HV_REGISTER_VSM_PARTITION_STATUS' },
)

/**
 * HvRegisterVsmVina: the interrupt that tells a VTL of one pending below it. Source: HV_REGISTER_VSM_VINA of
 * Mile.HyperV, WDK 7.1 hvgdk.
 */
export const RegisterVsmVinaWord = /* @__PURE__ */ bits(u64, {
  vector: bitField(0, 8),
  enabled: bit(8),
  autoReset: bit(9),
  /** No EOI is to be written. */
  autoEoi: bit(10),
})
/** {@link RegisterVsmVinaWord} alone. */
export const RegisterVsmVina = /* @__PURE__ */ word('RegisterVsmVina', RegisterVsmVinaWord, {
  mile: 'HV_REGISTER_VSM_VINA',
})

/**
 * HvRegisterVsmVpSecureConfigVtl…: what a VTL sets for a lower one on this VP. Source:
 * HV_REGISTER_VSM_VP_SECURE_VTL_CONFIG of Mile.HyperV.
 */
export const RegisterVsmVpSecureVtlConfigWord = /* @__PURE__ */ bits(u64, {
  mbecEnabled: bit(0),
  tlbLocked: bit(1),
  supervisorShadowStackEnabled: bit(2),
  hardwareHvptEnabled: bit(3),
})
/** {@link RegisterVsmVpSecureVtlConfigWord} alone. */
export const RegisterVsmVpSecureVtlConfig = /* @__PURE__ */ word(
  'RegisterVsmVpSecureVtlConfig',
  RegisterVsmVpSecureVtlConfigWord,
  { mile: 'HV_REGISTER_VSM_VP_SECURE_VTL_CONFIG' },
)

/** HvRegisterVsmVpStatus: VTLs enabled on this VP. Source: HV_REGISTER_VSM_VP_STATUS of Mile.HyperV, WDK 7.1 hvgdk. */
export const RegisterVsmVpStatusWord = /* @__PURE__ */ bits(u64, {
  /** VTL that runs. */
  activeVtl: bitField(0, 4),
  activeMbecEnabled: bit(4),
  /** Bit n: VTL n. */
  enabledVtlSet: bitField(16, 16),
})
/** {@link RegisterVsmVpStatusWord} alone. */
export const RegisterVsmVpStatus = /* @__PURE__ */ word('RegisterVsmVpStatus', RegisterVsmVpStatusWord, {
  mile: 'HV_REGISTER_VSM_VP_STATUS',
})

/** VTL control of a VP. Source: HV_REGISTER_VSM_VP_VTL_CONTROL of Mile.HyperV. */
export const RegisterVsmVpVtlControlWord = /* @__PURE__ */ bits(u64, {
  mapped: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link RegisterVsmVpVtlControlWord} alone. */
export const RegisterVsmVpVtlControl = /* @__PURE__ */ word('RegisterVsmVpVtlControl', RegisterVsmVpVtlControlWord, {
  mile: 'HV_REGISTER_VSM_VP_VTL_CONTROL',
})

/** HvRegisterVsmVpWaitForTlbLock. Source: HV_REGISTER_VSM_VP_WAIT_FOR_TLB_LOCK of Mile.HyperV. */
export const RegisterVsmVpWaitForTlbLockWord = /* @__PURE__ */ bits(u64, {
  wait: bit(0),
})
/** {@link RegisterVsmVpWaitForTlbLockWord} alone. */
export const RegisterVsmVpWaitForTlbLock = /* @__PURE__ */ word(
  'RegisterVsmVpWaitForTlbLock',
  RegisterVsmVpWaitForTlbLockWord,
  { mile: 'HV_REGISTER_VSM_VP_WAIT_FOR_TLB_LOCK' },
)

/**
 * Part of the VP assist page that a VTL entry fills: why it was entered, and the registers that the call took. Source:
 * HV_VP_VTL_CONTROL of Mile.HyperV.
 */
export const VpVtlControl = /* @__PURE__ */ struct(
  'VpVtlControl',
  {
    entryReason: VtlEntryReasonField,
    /** 1: the VINA interrupt was asserted. */
    vinaStatus: u8,
    reservedZ0: reserved(1),
    reservedZ1: reserved(u16),
    /** What a VTL return loads into RAX and RCX, unless it is fast. */
    registers: struct('VtlReturnRegisters', { rax: u64, rcx: u64 }),
  },
  { size: 24, aliases: { mile: 'HV_VP_VTL_CONTROL' } },
)

/** Control input of a VTL return. Source: HV_VTL_RETURN_INPUT of Mile.HyperV. */
export const VtlReturnInputWord = /* @__PURE__ */ bits(u64, {
  /** RAX and RCX are not loaded from the VP assist page. */
  fastReturn: bit(0),
})
/** {@link VtlReturnInputWord} alone. */
export const VtlReturnInput = /* @__PURE__ */ word('VtlReturnInput', VtlReturnInputWord, {
  mile: 'HV_VTL_RETURN_INPUT',
})
