import { bit, bitField, bits, struct, u8, u16, u32, u64, wideBitField } from '../wire/index.ts'
import { PpmIdleStateChangeMethodField, PpmPerfStateRegisterTypeField } from './enums/power.ts'
import { word } from './word.ts'

/**
 * Where a performance state register is. The type tells how to read the rest: {@link PpmMsrRegister}, {@link PpmIoRegister}, or a memory
 * address in bits 51:0. Source: Mile.HyperV (HV_PPM_PERF_STATE_REGISTER).
 */
export const PpmPerfStateRegisterWord = /* @__PURE__ */ bits(u64, {
  typeSpecific: wideBitField(0, 52),
  registerType: bitField(52, 12, PpmPerfStateRegisterTypeField),
})
/** {@link PpmPerfStateRegisterWord} alone. */
export const PpmPerfStateRegister = /* @__PURE__ */ word('PpmPerfStateRegister', PpmPerfStateRegisterWord, {
  mile: 'HV_PPM_PERF_STATE_REGISTER',
})

/** A performance state register that is an MSR. */
export const PpmMsrRegister = /* @__PURE__ */ struct(
  'PpmMsrRegister',
  {
    registerNumber: u32,
    bitWidth: u8,
    /** Lowest bit of the field. */
    bitOffset: u8,
    kind: bits(u16, { registerType: bitField(4, 12, PpmPerfStateRegisterTypeField) }),
  },
  { size: 8 },
)

/** A performance state register that is an I/O port. */
export const PpmIoRegister = /* @__PURE__ */ struct(
  'PpmIoRegister',
  {
    port: u16,
    accessSize: u16,
    bitWidth: u8,
    /** Lowest bit of the field. */
    bitOffset: u8,
    kind: bits(u16, { registerType: bitField(4, 12, PpmPerfStateRegisterTypeField) }),
  },
  { size: 8 },
)

/**
 * How a processor enters an idle state: the low 52 bits are a port, or the hints and options of MWAIT, as the method says.
 * Source: Mile.HyperV (HV_PPM_IDLE_STATE_CONFIG).
 */
export const PpmIdleStateConfigWord = /* @__PURE__ */ bits(u64, {
  typeSpecific: wideBitField(0, 52),
  changeType: bitField(52, 4, PpmIdleStateChangeMethodField),
  /** Bus master handling of ACPI. */
  checkBmSts: bit(56),
  setBmRst: bit(57),
  clearBmRst: bit(58),
  setArbDis: bit(59),
})
/** {@link PpmIdleStateConfigWord} alone. */
export const PpmIdleStateConfig = /* @__PURE__ */ word('PpmIdleStateConfig', PpmIdleStateConfigWord, {
  mile: 'HV_PPM_IDLE_STATE_CONFIG',
})
