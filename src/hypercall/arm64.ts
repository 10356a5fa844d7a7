import { array, bit, bitField, bits, flags64, reserved, struct, u8, u16, u32, u64 } from '../wire/index.ts'
import { MsiDataWord } from './device-interrupts.ts'
import { InterruptSourceField } from './enums/interrupts.ts'
import { TranslateGvaResultCodeField } from './enums/memory.ts'
import { VpStateTypeField } from './enums/vp.ts'
import { word } from './word.ts'

/** Registers that a VP starts with on ARM64. Source: HV_INITIAL_VP_CONTEXT of Mile.HyperV (ARM64). */
export const Arm64InitialVpContext = /* @__PURE__ */ struct(
  'Arm64InitialVpContext',
  {
    pc: u64,
    /** Stack pointer of EL1. */
    spElh: u64,
    sctlrEl1: u64,
    mairEl1: u64,
    tcrEl1: u64,
    vbarEl1: u64,
    ttbr0El1: u64,
    ttbr1El1: u64,
    x18: u64,
  },
  { size: 72, aliases: { mileArm64: 'HV_INITIAL_VP_CONTEXT' } },
)

/** Tells one interrupt of a device on ARM64. Source: HV_INTERRUPT_ENTRY of Mile.HyperV (ARM64). */
export const Arm64InterruptEntry = /* @__PURE__ */ struct(
  'Arm64InterruptEntry',
  {
    interruptSource: InterruptSourceField,
    reserved: reserved(u32),
    data: array(u64, 2),
  },
  { size: 24, aliases: { mileArm64: 'HV_INTERRUPT_ENTRY' } },
)

/** Processor features, ARM64: two banks. Source: HV_PARTITION_PROCESSOR_FEATURES of Mile.HyperV (ARM64). */
export const Arm64PartitionProcessorFeatures = /* @__PURE__ */ struct(
  'Arm64PartitionProcessorFeatures',
  {
    bank0: flags64('Arm64ProcessorFeatures0', u64, {
      asid16: 0x1n,
      tGran16: 0x2n,
      tGran64: 0x4n,
      haf: 0x8n,
      hdbs: 0x10n,
      pan: 0x20n,
      atS1E1: 0x40n,
      uao: 0x80n,
      el0Aarch32: 0x100n,
      fp: 0x200n,
      fpHp: 0x400n,
      advSimd: 0x800n,
      advSimdHp: 0x1000n,
      gicV3V4: 0x2000n,
      gicV4P1: 0x4000n,
      ras: 0x8000n,
      pmuV3: 0x1_0000n,
      pmuV3ArmV81: 0x2_0000n,
      pmuV3ArmV84: 0x4_0000n,
      pmuV3ArmV85: 0x8_0000n,
      aes: 0x10_0000n,
      polyMul: 0x20_0000n,
      sha1: 0x40_0000n,
      sha256: 0x80_0000n,
      sha512: 0x100_0000n,
      crc32: 0x200_0000n,
      atomic: 0x400_0000n,
      rdm: 0x800_0000n,
      sha3: 0x1000_0000n,
      sm3: 0x2000_0000n,
      sm4: 0x4000_0000n,
      dp: 0x8000_0000n,
      fhm: 0x1_0000_0000n,
      dcCvap: 0x2_0000_0000n,
      dcCvadp: 0x4_0000_0000n,
      apaBase: 0x8_0000_0000n,
      apaEp: 0x10_0000_0000n,
      apaEp2: 0x20_0000_0000n,
      apaEp2Fp: 0x40_0000_0000n,
      apaEp2Fpc: 0x80_0000_0000n,
      jscvt: 0x100_0000_0000n,
      fcma: 0x200_0000_0000n,
      rcpcV83: 0x400_0000_0000n,
      rcpcV84: 0x800_0000_0000n,
      gpa: 0x1000_0000_0000n,
      l1ipPipt: 0x2000_0000_0000n,
      dzPermitted: 0x4000_0000_0000n,
      ssbs: 0x8000_0000_0000n,
      ssbsRw: 0x1_0000_0000_0000n,
      smcccW1Supported: 0x2_0000_0000_0000n,
      smcccW1Mitigated: 0x4_0000_0000_0000n,
      smcccW2Supported: 0x8_0000_0000_0000n,
      smcccW2Mitigated: 0x10_0000_0000_0000n,
      csv2: 0x20_0000_0000_0000n,
      csv3: 0x40_0000_0000_0000n,
      sb: 0x80_0000_0000_0000n,
      idc: 0x100_0000_0000_0000n,
      dic: 0x200_0000_0000_0000n,
      tlbiOs: 0x400_0000_0000_0000n,
      tlbiOsRange: 0x800_0000_0000_0000n,
      flagsM: 0x1000_0000_0000_0000n,
      flagsM2: 0x2000_0000_0000_0000n,
      bf16: 0x4000_0000_0000_0000n,
      ebf16: 0x8000_0000_0000_0000n,
    }),
    bank1: flags64('Arm64ProcessorFeatures1', u64, {
      sveBf16: 0x1n,
      sveEbf16: 0x2n,
      i8mm: 0x4n,
      sveI8mm: 0x8n,
      frintts: 0x10n,
      specres: 0x20n,
      mtpmu: 0x40n,
      rpres: 0x80n,
      exs: 0x100n,
      specSei: 0x200n,
      ets: 0x400n,
      afp: 0x800n,
      iesb: 0x1000n,
      rng: 0x2000n,
      lse2: 0x4000n,
      idst: 0x8000n,
      rasV1P1: 0x1_0000n,
      rasFracV1P1: 0x2_0000n,
      sel2: 0x4_0000n,
      amuV1: 0x8_0000n,
      amuV1P1: 0x10_0000n,
      dit: 0x20_0000n,
      ccidx: 0x40_0000n,
      fgtForIntercepts: 0x80_0000n,
      l1ipVpipt: 0x100_0000n,
      l1ipVipt: 0x200_0000n,
      debugV8: 0x400_0000n,
      debugV8P2: 0x800_0000n,
      debugV8P4: 0x1000_0000n,
      pmuV3ArmV87: 0x2000_0000n,
      doubleLock: 0x4000_0000n,
      clrbhb: 0x8000_0000n,
      spe: 0x1_0000_0000n,
      speV1P1: 0x2_0000_0000n,
      speV1P2: 0x4_0000_0000n,
      ttCnp: 0x8_0000_0000n,
      hpds: 0x10_0000_0000n,
      sve: 0x20_0000_0000n,
      sveV2: 0x40_0000_0000n,
      sveV2P1: 0x80_0000_0000n,
      specFpacc: 0x100_0000_0000n,
    }),
  },
  { size: 16, aliases: { mileArm64: 'HV_PARTITION_PROCESSOR_FEATURES' } },
)

/**
 * Processor features that a new partition is to be without, ARM64. Source: HV_PARTITION_CREATION_PROPERTIES of
 * Mile.HyperV (ARM64).
 */
export const Arm64PartitionCreationProperties = /* @__PURE__ */ struct(
  'Arm64PartitionCreationProperties',
  {
    disabledProcessorFeatures: Arm64PartitionProcessorFeatures,
  },
  { size: 16, aliases: { mileArm64: 'HV_PARTITION_CREATION_PROPERTIES' } },
)

/** Hardware id and NUMA domain of a processor, ARM64. Source: HV_PROCESSOR_INFO of Mile.HyperV (ARM64). */
export const Arm64ProcessorInfo = /* @__PURE__ */ struct(
  'Arm64ProcessorInfo',
  {
    processorHwId: u64,
    /** As ACPI's SRAT numbers the domains. */
    proximityDomainId: u32,
    padding: reserved(4),
  },
  { size: 16, aliases: { mileArm64: 'HV_PROCESSOR_INFO' } },
)

/** SINTx of ARM64, with interrupt ids of 10 bits. Source: HV_SYNIC_SINT of Mile.HyperV (ARM64). */
export const Arm64SynicSintWord = /* @__PURE__ */ bits(u64, {
  /** Interrupt id in the GIC. */
  vector: bitField(0, 10),
  masked: bit(16),
  autoEoi: bit(17),
  /** The guest polls its pages: unmasked, but no interrupt is raised. */
  polling: bit(18),
  asIntercept: bit(19),
  proxy: bit(20),
})
/** {@link Arm64SynicSintWord} alone. */
export const Arm64SynicSint = /* @__PURE__ */ word('Arm64SynicSint', Arm64SynicSintWord, { mileArm64: 'HV_SYNIC_SINT' })

/** Which access a translation stands for, ARM64. Source: HV_TRANSLATE_GVA_CONTROL_FLAGS of Mile.HyperV (ARM64). */
export const Arm64TranslateGvaControlFlagsWord = /* @__PURE__ */ bits(u64, {
  /** Fail where the page cannot be read. */
  validateRead: bit(0),
  /** Fail where the page cannot be written. */
  validateWrite: bit(1),
  /** Fail where code cannot be run. */
  validateExecute: bit(2),
  /** Set the access flag and dirty state as the access would. */
  setPageTableBits: bit(4),
  /** TLB flushes that other VPs ask for wait while the VP stays suspended by its intercept. */
  tlbFlushInhibit: bit(5),
  supervisorAccess: bit(6),
  userAccess: bit(7),
  /** As if PSTATE.PAN were 1. */
  panSet: bit(8),
  /** As if PSTATE.PAN were 0. */
  panClear: bit(9),
  /** Laid out as `InputVtl`. */
  inputVtlValue: bitField(56, 8),
})
/** {@link Arm64TranslateGvaControlFlagsWord} alone. */
export const Arm64TranslateGvaControlFlags = /* @__PURE__ */ word(
  'Arm64TranslateGvaControlFlags',
  Arm64TranslateGvaControlFlagsWord,
  { mileArm64: 'HV_TRANSLATE_GVA_CONTROL_FLAGS' },
)

/** How a translation ended, ARM64: no event. Source: HV_TRANSLATE_GVA_RESULT_EX of Mile.HyperV (ARM64). */
export const Arm64TranslateGvaResultEx = /* @__PURE__ */ struct(
  'Arm64TranslateGvaResultEx',
  {
    resultCode: TranslateGvaResultCodeField,
    flags: bits(u32, {
      /** A `CacheType`. */
      cacheType: bitField(0, 8),
      /** An overlay of the hypervisor lies on the page. */
      overlayPage: bit(8),
    }),
  },
  { size: 8, aliases: { mileArm64: 'HV_TRANSLATE_GVA_RESULT_EX' } },
)

/**
 * Parts of the register page that were changed, ARM64. Source: HV_VP_REGISTER_PAGE_DIRTY_FLAGS of Mile.HyperV (ARM64).
 */
export const Arm64VpRegisterPageDirtyFlagsWord = /* @__PURE__ */ bits(u32, {
  unused: bit(0),
  instructionPointer: bit(1),
  processorState: bit(2),
  controlRegisters: bit(3),
})
/** {@link Arm64VpRegisterPageDirtyFlagsWord} alone. */
export const Arm64VpRegisterPageDirtyFlags = /* @__PURE__ */ word(
  'Arm64VpRegisterPageDirtyFlags',
  Arm64VpRegisterPageDirtyFlagsWord,
  { mileArm64: 'HV_VP_REGISTER_PAGE_DIRTY_FLAGS' },
)

/** Registers of an ARM64 VP as a shared page. Source: HV_VP_REGISTER_PAGE of Mile.HyperV (ARM64). */
export const Arm64VpRegisterPage = /* @__PURE__ */ struct(
  'Arm64VpRegisterPage',
  {
    version: u16,
    /** 0: the page says nothing, use the hypercalls. */
    isValid: u8,
    /** Whose registers these are. */
    vtl: u8,
    /** Set by who writes to the page; only these parts are loaded. */
    dirty: Arm64VpRegisterPageDirtyFlagsWord,
    reserved: reserved(264),
    pc: u64,
    /** Processor state, as SPSR lays it out. */
    cpsr: u64,
    sctlrEl1: u64,
    tcrEl1: u64,
    reservedEnd: reserved(3792),
  },
  { size: 4096, aliases: { mileArm64: 'HV_VP_REGISTER_PAGE' } },
)

/** Which state of a VP is moved, ARM64. Source: HV_VP_STATE_DATA of Mile.HyperV (ARM64). */
export const Arm64VpStateData = /* @__PURE__ */ struct(
  'Arm64VpStateData',
  {
    type: VpStateTypeField,
    reserved: reserved(u32),
  },
  { size: 8, aliases: { mileArm64: 'HV_VP_STATE_DATA' } },
)

/** An MSI on ARM64. Source: HV_MSI_ENTRY of Mile.HyperV (ARM64). */
export const Arm64MsiEntry = /* @__PURE__ */ struct(
  'Arm64MsiEntry',
  {
    address: u64,
    data: MsiDataWord,
    reserved: reserved(u32),
  },
  { size: 16, aliases: { mileArm64: 'HV_MSI_ENTRY' } },
)
