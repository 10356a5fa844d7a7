import { bit, bits, reserved, struct, u32, u64 } from '../wire/index.ts'
import { SubnodeTypeField, VpDispatchLoopEventField, VpStateTypeField } from './enums/vp.ts'
import { registerNameField } from './ids.ts'
import { RegisterValue } from './register-value.ts'
import { X64SegmentRegister, X64TableRegister } from './vp-registers.ts'
import { word } from './word.ts'
import { X64XsaveXfemRegisterWord } from './xsave.ts'

/**
 * A CPUID leaf and subleaf, and the XSAVE state that it is asked for. Source: HV_CPUID_LEAF_INFO of rust-vmm/mshv,
 * Mile.HyperV.
 */
export const CpuidLeafInfo = /* @__PURE__ */ struct(
  'CpuidLeafInfo',
  {
    /** Leaf. */
    eax: u32,
    /** Subleaf. */
    ecx: u32,
    /** XCR0; it tells the size of the XSAVE area. */
    xfem: u64,
    /** IA32_XSS. */
    xss: u64,
  },
  { size: 24, aliases: { mile: 'HV_CPUID_LEAF_INFO' } },
)

/** How CPUID values are worked out. Source: HV_GET_VP_CPUID_VALUES_FLAGS of Mile.HyperV. */
export const GetVpCpuidValuesFlagsWord = /* @__PURE__ */ bits(u32, {
  useVpXfemXss: bit(0),
  applyRegisteredValues: bit(1),
})
/** {@link GetVpCpuidValuesFlagsWord} alone. */
export const GetVpCpuidValuesFlags = /* @__PURE__ */ word('GetVpCpuidValuesFlags', GetVpCpuidValuesFlagsWord, {
  mile: 'HV_GET_VP_CPUID_VALUES_FLAGS',
})

/** Registers that a VP starts with on x64. Source: HV_INITIAL_VP_CONTEXT of Mile.HyperV. */
export const InitialVpContext = /* @__PURE__ */ struct(
  'InitialVpContext',
  {
    rip: u64,
    rsp: u64,
    rflags: u64,
    cs: X64SegmentRegister,
    ds: X64SegmentRegister,
    es: X64SegmentRegister,
    fs: X64SegmentRegister,
    gs: X64SegmentRegister,
    ss: X64SegmentRegister,
    tr: X64SegmentRegister,
    ldtr: X64SegmentRegister,
    idtr: X64TableRegister,
    gdtr: X64TableRegister,
    efer: u64,
    cr0: u64,
    cr3: u64,
    cr4: u64,
    /** IA32_PAT. */
    msrCrPat: u64,
  },
  { size: 224, aliases: { linux: 'hv_init_vp_context', mile: 'HV_INITIAL_VP_CONTEXT' } },
)

/**
 * Whether a proximity domain is given, and a wish or a must. Source: HV_PROXIMITY_DOMAIN_FLAGS of Linux, Mile.HyperV,
 * WDK 7.1 hvgdk.
 */
export const ProximityDomainFlagsWord = /* @__PURE__ */ bits(u32, {
  /** A wish: memory of another domain will do. */
  proximityPreferred: bit(0),
  /** 0: any domain, `id` means nothing. */
  proximityInfoValid: bit(31),
})
/** {@link ProximityDomainFlagsWord} alone. */
export const ProximityDomainFlags = /* @__PURE__ */ word('ProximityDomainFlags', ProximityDomainFlagsWord, {
  linux: 'hv_proximity_domain_flags',
  mile: 'HV_PROXIMITY_DOMAIN_FLAGS',
})

/** A NUMA domain to prefer. Source: HV_PROXIMITY_DOMAIN_INFO of Linux, Mile.HyperV, WDK 7.1 hvgdk. */
export const ProximityDomainInfo = /* @__PURE__ */ struct(
  'ProximityDomainInfo',
  {
    /** As ACPI's SRAT numbers the domains. */
    id: u32,
    flags: ProximityDomainFlagsWord,
  },
  { size: 8, aliases: { linux: 'hv_proximity_domain_info', mile: 'HV_PROXIMITY_DOMAIN_INFO' } },
)

/** A register's name and value. Source: HV_REGISTER_ASSOC of rust-vmm/mshv, Mile.HyperV. */
export const RegisterAssoc = /* @__PURE__ */ struct(
  'RegisterAssoc',
  {
    name: registerNameField,
    reserved1: reserved(u32),
    reserved2: reserved(u64),
    value: RegisterValue,
  },
  { size: 32, aliases: { linux: 'hv_register_assoc', mile: 'HV_REGISTER_ASSOC' } },
)

/** A part of a NUMA node. Source: HV_SUBNODE of Mile.HyperV. */
export const Subnode = /* @__PURE__ */ struct(
  'Subnode',
  {
    subnodeId: u64,
    subnodeType: SubnodeTypeField,
    padding: reserved(4),
  },
  { size: 16, aliases: { mile: 'HV_SUBNODE' } },
)

/** How a dispatch loop ended. Source: HV_VP_DISPATCH_LOOP_RESULT of Mile.HyperV. */
export const VpDispatchLoopResult = /* @__PURE__ */ struct(
  'VpDispatchLoopResult',
  {
    exitEvent: VpDispatchLoopEventField,
    reserved: reserved(u32),
  },
  { size: 8, aliases: { mile: 'HV_VP_DISPATCH_LOOP_RESULT' } },
)

/** Which XSAVE state is moved. Source: HV_VP_STATE_DATA_XSAVE of rust-vmm/mshv, Mile.HyperV. */
export const VpStateDataXsave = /* @__PURE__ */ struct(
  'VpStateDataXsave',
  {
    flags: u64,
    /** Components to move. */
    states: X64XsaveXfemRegisterWord,
  },
  { size: 16, aliases: { linux: 'hv_vp_state_data_xsave', mile: 'HV_VP_STATE_DATA_XSAVE' } },
)

/** Which state of a VP is moved. Source: HV_VP_STATE_DATA of Mile.HyperV. */
export const VpStateData = /* @__PURE__ */ struct(
  'VpStateData',
  {
    type: VpStateTypeField,
    reserved: reserved(u32),
    /** Counts only for the XSAVE state. */
    xsave: VpStateDataXsave,
  },
  { size: 24, aliases: { linux: 'hv_vp_state_data', mile: 'HV_VP_STATE_DATA' } },
)
