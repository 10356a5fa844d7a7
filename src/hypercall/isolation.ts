import { array, bit, bitField, bits, bytes, reserved, struct, u8, u32, u64 } from '../wire/index.ts'
import { word } from './word.ts'

/** Identity of the security processor. Source: HV_SNP_PSP_ID of Mile.HyperV. */
export const SnpPspId = /* @__PURE__ */ struct(
  'SnpPspId',
  {
    id: bytes(512),
    size: u32,
    count: u8,
    padding: reserved(3),
  },
  { size: 520, aliases: { mile: 'HV_SNP_PSP_ID' } },
)

/** Firmware versions of the security processor. Source: HV_SNP_PSP_TCB_VERSION of Mile.HyperV. */
export const SnpPspTcbVersionWord = /* @__PURE__ */ bits(u64, {
  bootLoader: bitField(0, 8),
  tee: bitField(8, 8),
  snp: bitField(48, 8),
  microcode: bitField(56, 8),
})
/** {@link SnpPspTcbVersionWord} alone. */
export const SnpPspTcbVersion = /* @__PURE__ */ word('SnpPspTcbVersion', SnpPspTcbVersionWord, {
  mile: 'HV_SNP_PSP_TCB_VERSION',
})

/** Head of an attestation report with its signature. Source: HV_VBS_REPORT_PACKAGE_HEADER of Mile.HyperV. */
export const VbsReportPackageHeader = /* @__PURE__ */ struct(
  'VbsReportPackageHeader',
  {
    /** Bytes of the whole package, with this head. */
    packageSize: u32,
    version: u32,
    signatureScheme: u32,
    /** Bytes. */
    signatureSize: u32,
    reserved: reserved(u32),
  },
  { size: 20, aliases: { mile: 'HV_VBS_REPORT_PACKAGE_HEADER' } },
)

/** What weakens the security of a VBS partition. Source: HV_VBS_SECURITY_ATTRIBUTES of Mile.HyperV. */
export const VbsSecurityAttributesWord = /* @__PURE__ */ bits(u32, {
  debugAllowed: bit(0),
})
/** {@link VbsSecurityAttributesWord} alone. */
export const VbsSecurityAttributes = /* @__PURE__ */ word('VbsSecurityAttributes', VbsSecurityAttributesWord, {
  mile: 'HV_VBS_SECURITY_ATTRIBUTES',
})

/** VTLs that were active. Source: HV_VBS_VTL_BITMAP of Mile.HyperV. */
export const VbsVtlBitmapWord = /* @__PURE__ */ bits(u32, {
  vtl0: bit(0),
  vtl1: bit(1),
  vtl2: bit(2),
})
/** {@link VbsVtlBitmapWord} alone. */
export const VbsVtlBitmap = /* @__PURE__ */ word('VbsVtlBitmap', VbsVtlBitmapWord, { mile: 'HV_VBS_VTL_BITMAP' })

/** Identity of a VBS partition. Source: HV_VBS_VM_IDENTITY of Mile.HyperV. */
export const VbsVmIdentity = /* @__PURE__ */ struct(
  'VbsVmIdentity',
  {
    ownerId: bytes(32),
    measurement: bytes(32),
    signer: bytes(32),
    hostData: bytes(32),
    enabledVtl: VbsVtlBitmapWord,
    policy: VbsSecurityAttributesWord,
    guestVtl: u32,
    /** Security version of what `measurement` measured. */
    guestSvn: u32,
    guestProductId: u32,
    guestModuleId: u32,
    reserved: reserved(64),
  },
  { size: 216, aliases: { mile: 'HV_VBS_VM_IDENTITY' } },
)

/** Attestation report of a VBS partition. Source: HV_VBS_REPORT of Mile.HyperV. */
export const VbsReport = /* @__PURE__ */ struct(
  'VbsReport',
  {
    header: VbsReportPackageHeader,
    version: u32,
    /** Chosen by who asked for the report. */
    reportData: bytes(64),
    identity: VbsVmIdentity,
    /** `signatureSize` of the head tells how many bytes count. */
    signature: bytes(256),
  },
  { size: 560, aliases: { mile: 'HV_VBS_REPORT' } },
)

/** Policy of an SNP guest. Source: hv_snp_guest_policy of rust-vmm/mshv. */
export const SnpGuestPolicyWord = /* @__PURE__ */ bits(u64, {
  /** Lowest version of the SNP firmware's interface that will do. */
  minorVersion: bitField(0, 8),
  /** Lowest version of the SNP firmware's interface that will do. */
  majorVersion: bitField(8, 8),
  /** May run where simultaneous multithreading is on. */
  smtAllowed: bit(16),
  vmplsRequired: bit(17),
  /** May be bound to a migration agent. */
  migrationAgentAllowed: bit(18),
  /** Its memory can be decrypted from outside. */
  debugAllowed: bit(19),
})
/** {@link SnpGuestPolicyWord} alone. */
export const SnpGuestPolicy = /* @__PURE__ */ word('SnpGuestPolicy', SnpGuestPolicyWord, {
  mshv: 'hv_snp_guest_policy',
})

/** Identity block of an SNP guest. Source: hv_snp_id_block of rust-vmm/mshv. */
export const SnpIdBlock = /* @__PURE__ */ struct(
  'SnpIdBlock',
  {
    /** SHA-384 of what was loaded. */
    launchDigest: bytes(48),
    /** Chosen by the owner; reports carry it. */
    familyId: bytes(16),
    /** Chosen by the owner; reports carry it. */
    imageId: bytes(16),
    /** 1. */
    version: u32,
    /** Security version of the guest. */
    guestSvn: u32,
    policy: SnpGuestPolicyWord,
  },
  { size: 96, aliases: { mshv: 'hv_snp_id_block' } },
)

/** Signatures of an SNP identity block. Source: hv_snp_id_auth_info of rust-vmm/mshv. */
export const SnpIdAuthInfo = /* @__PURE__ */ struct(
  'SnpIdAuthInfo',
  {
    /** 1: ECDSA P-384 with SHA-384. */
    idKeyAlgorithm: u32,
    /** 1: ECDSA P-384 with SHA-384. */
    authKeyAlgorithm: u32,
    reserved0: reserved(56),
    /** Made with `idKey` over the identity block. */
    idBlockSignature: bytes(512),
    idKey: bytes(1028),
    reserved1: reserved(60),
    /** Made with `authorKey` over `idKey`. */
    idKeySignature: bytes(512),
    authorKey: bytes(1028),
  },
  { size: 3204, aliases: { mshv: 'hv_snp_id_auth_info' } },
)

/** End of an SNP guest's launch. Source: hv_psp_launch_finish_data of rust-vmm/mshv. */
export const PspLaunchFinishData = /* @__PURE__ */ struct(
  'PspLaunchFinishData',
  {
    idBlock: SnpIdBlock,
    idAuthInfo: SnpIdAuthInfo,
    /** Chosen by the host; reports carry it. */
    hostData: bytes(32),
    /** 0: `idBlock` and `idAuthInfo` do not count. */
    idBlockEnabled: u8,
    /** 0: `authorKey` does not count. */
    authorKeyEnabled: u8,
  },
  { size: 3334, aliases: { mshv: 'hv_psp_launch_finish_data' } },
)

/** A CPUID leaf as the security processor checks it. Source: hv_psp_cpuid_leaf of rust-vmm/mshv. */
export const PspCpuidLeaf = /* @__PURE__ */ struct(
  'PspCpuidLeaf',
  {
    /** Leaf. */
    eaxIn: u32,
    /** Subleaf. */
    ecxIn: u32,
    /** XCR0; it tells the size of the XSAVE area. */
    xfemIn: u64,
    /** IA32_XSS. */
    xssIn: u64,
    eaxOut: u32,
    ebxOut: u32,
    ecxOut: u32,
    edxOut: u32,
    reservedZ: reserved(u64),
  },
  { size: 48, aliases: { mshv: 'hv_psp_cpuid_leaf' } },
)

/** CPUID page of an SNP guest. Source: hv_psp_cpuid_page of rust-vmm/mshv. */
export const PspCpuidPage = /* @__PURE__ */ struct(
  'PspCpuidPage',
  {
    /** Entries of `cpuidLeafInfo` that count, 0 … 64. */
    count: u32,
    reservedZ1: reserved(u32),
    reservedZ2: reserved(u64),
    cpuidLeafInfo: array(PspCpuidLeaf, 64),
  },
  { size: 3088, aliases: { mshv: 'hv_psp_cpuid_page' } },
)
