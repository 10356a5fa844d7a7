import { array, struct, u64 } from '../wire/index.ts'

/**
 * Value of a register, 16 bytes whatever its width; what is beyond it is zero. How to read it is the register's matter: a 64-bit register
 * is `low`, a segment is `X64SegmentRegister`. Source: TLFS (HV_REGISTER_VALUE), Linux hv_register_value.
 */
export const RegisterValue = /* @__PURE__ */ struct(
  'RegisterValue',
  { low: u64, high: u64 },
  { size: 16, aliases: { linux: ['hv_u128'], mile: ['HV_REGISTER_VALUE', 'HV_UINT128'], like: 'hv_register_value' } },
)

/** Six XMM registers, as a hypercall's intercept message and the register page have them. */
export const XmmRegisters = /* @__PURE__ */ array(RegisterValue, 6)
