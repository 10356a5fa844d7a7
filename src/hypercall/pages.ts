import { array, bit, bitField, bits, bytes, i64, reserved, struct, u8, u16, u32, u64 } from '../wire/index.ts'
import { vpIndexField } from './ids.ts'
import { X64PendingInterruptionRegister } from './pending-events.ts'
import { RegisterValue } from './register-value.ts'
import { SynicMessage } from './synic.ts'
import {
  InstructionEmulationHintsRegisterWord,
  X64InterruptStateRegisterWord,
  X64SegmentRegister,
} from './vp-registers.ts'
import { VpVtlControl } from './vtl.ts'
import { word } from './word.ts'

/**
 * Reference TSC page. Reference time, 100 ns, is (TSC × scale >> 64) + offset; sequence 0 means that the page is
 * invalid and the MSR is to be read; the sequence is read before and after. Source: HV_REFERENCE_TSC_PAGE of
 * Mile.HyperV.
 */
export const ReferenceTscPage = /* @__PURE__ */ struct(
  'ReferenceTscPage',
  {
    /** 0: invalid. */
    tscSequence: u32,
    reserved1: reserved(u32),
    /** Fraction of 2^64: units of 100 ns per tick. */
    tscScale: u64,
    /** In 100 ns, signed. */
    tscOffset: i64,
    timelineBias: u64,
    tscMultiplier: u64,
    reserved2: reserved(4056),
  },
  { size: 4096, aliases: { mile: 'HV_REFERENCE_TSC_PAGE' } },
)

/**
 * VP assist page: bit 0 of `apicAssist` says that no EOI is needed. Source: HV_VP_ASSIST_PAGE of Linux, Mile.HyperV.
 */
export const VpAssistPage = /* @__PURE__ */ struct(
  'VpAssistPage',
  {
    apicAssist: u32,
    reservedZ0: reserved(u32),
    vtlControl: VpVtlControl,
    /** Laid out as `NestedEnlightenmentsControl`. */
    nestedEnlightenmentsControl: u64,
    /** 1: a VM entry takes the VMCS at `currentNestedVmcs`. */
    enlightenVmEntry: u8,
    reservedZ1: reserved(7),
    /** Guest physical address of an `EnlightenedVmcs`. */
    currentNestedVmcs: u64,
    /** 1: the unhalted timer has expired. */
    syntheticTimeUnhaltedTimerExpired: u8,
    reservedZ2: reserved(7),
    virtualizationFaultInformation: bytes(40),
    reservedZ3: reserved(u64),
    interceptMessage: SynicMessage,
    /** A run of actions, each begun by a `VpAssistPageAction`. */
    vtlReturnActions: bytes(256),
  },
  { size: 624, aliases: { linux: 'hv_vp_assist_page', mile: 'HV_VP_ASSIST_PAGE' } },
)

/** Head of an action that a VTL return carries out. Source: HV_VP_ASSIST_PAGE_ACTION of Mile.HyperV. */
export const VpAssistPageActionWord = /* @__PURE__ */ bits(u64, {
  type: bitField(0, 8),
})
/** {@link VpAssistPageActionWord} alone. */
export const VpAssistPageAction = /* @__PURE__ */ word('VpAssistPageAction', VpAssistPageActionWord, {
  mile: 'HV_VP_ASSIST_PAGE_ACTION',
})

/** Action of a VTL return: signal an event. Source: HV_VP_ASSIST_PAGE_ACTION_SIGNAL_EVENT of Mile.HyperV. */
export const VpAssistPageActionSignalEvent = /* @__PURE__ */ struct(
  'VpAssistPageActionSignalEvent',
  {
    actionType: u64,
    targetVp: vpIndexField,
    targetVtl: u8,
    /** 0 … 15. */
    targetSint: u8,
    /** 0 … 2047. */
    flagNumber: u16,
  },
  { size: 16, aliases: { mile: 'HV_VP_ASSIST_PAGE_ACTION_SIGNAL_EVENT' } },
)

/** Parts of the register page that were changed. Source: HV_VP_REGISTER_PAGE_DIRTY_FLAGS of Mile.HyperV. */
export const VpRegisterPageDirtyFlagsWord = /* @__PURE__ */ bits(u32, {
  generalPurpose: bit(0),
  instructionPointer: bit(1),
  xmm: bit(2),
  segments: bit(3),
  flags: bit(4),
})
/** {@link VpRegisterPageDirtyFlagsWord} alone. */
export const VpRegisterPageDirtyFlags = /* @__PURE__ */ word('VpRegisterPageDirtyFlags', VpRegisterPageDirtyFlagsWord, {
  mile: 'HV_VP_REGISTER_PAGE_DIRTY_FLAGS',
})

/**
 * Registers of a VP as a shared page; general purpose in the order RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 … R15.
 * Source: HV_VP_REGISTER_PAGE of Mile.HyperV.
 */
export const VpRegisterPage = /* @__PURE__ */ struct(
  'VpRegisterPage',
  {
    version: u16,
    /** 0: the page says nothing, use the hypercalls. */
    isValid: u8,
    /** Whose registers these are. */
    vtl: u8,
    /** Set by who writes to the page; only these parts are loaded. */
    dirty: VpRegisterPageDirtyFlagsWord,
    /** RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 … R15. */
    gpRegisters: array(u64, 16),
    rip: u64,
    rflags: u64,
    padding: reserved(8),
    /** XMM0 … XMM5. */
    xmm: array(RegisterValue, 6),
    /** ES, CS, SS, DS, FS, GS. */
    segment: array(X64SegmentRegister, 6),
    cr0: u64,
    cr3: u64,
    cr4: u64,
    /** Task priority, 0 … 15. */
    cr8: u64,
    efer: u64,
    dr7: u64,
    pendingInterruption: X64PendingInterruptionRegister,
    interruptState: X64InterruptStateRegisterWord,
    instructionEmulationHints: InstructionEmulationHintsRegisterWord,
    reservedEnd: reserved(3672),
  },
  { size: 4096, aliases: { like: 'hv_vp_register_page', mile: 'HV_VP_REGISTER_PAGE' } },
)

/** Interrupts in a register page. Source: hv_vp_register_page_interrupt_vectors of rust-vmm/mshv. */
export const VpRegisterPageInterruptVectors = /* @__PURE__ */ struct(
  'VpRegisterPageInterruptVectors',
  {
    /** Entries of `vector` that count, 0 … 7. */
    vectorCount: u8,
    vector: bytes(7),
  },
  { size: 8, aliases: { linux: 'hv_vp_register_page_interrupt_vectors' } },
)

/** The part of the reference TSC page that Linux reads. Source: ms_hyperv_tsc_page of Linux. */
export const LinuxTscPage = /* @__PURE__ */ struct(
  'LinuxTscPage',
  {
    /** 0: invalid, read the MSR instead. */
    tscSequence: u32,
    reserved1: reserved(u32),
    /** Fraction of 2^64: units of 100 ns per tick. */
    tscScale: u64,
    /** In 100 ns, signed. */
    tscOffset: i64,
  },
  { size: 24, aliases: { linux: 'ms_hyperv_tsc_page' } },
)
