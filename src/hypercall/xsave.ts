import { flags64, u64 } from '../wire/index.ts'
import { word } from './word.ts'

/**
 * XSAVE state components, as XCR0 and XSS name them. Source: HV_X64_XSAVE_XFEM_REGISTER of rust-vmm/mshv, Mile.HyperV.
 */
export const X64XsaveXfemRegisterWord = /* @__PURE__ */ flags64('X64XsaveXfemRegister', u64, {
  legacyX87: 0x1n,
  legacySse: 0x2n,
  avx: 0x4n,
  mpxBndreg: 0x8n,
  mpxBndcsr: 0x10n,
  avx512OpMask: 0x20n,
  avx512Zmmhi: 0x40n,
  avx512Zmm1631: 0x80n,
  pasid: 0x400n,
  cetU: 0x800n,
  cetS: 0x1000n,
  xtileCfg: 0x2_0000n,
  xtileData: 0x4_0000n,
})
/** {@link X64XsaveXfemRegisterWord} alone. */
export const X64XsaveXfemRegister = /* @__PURE__ */ word('X64XsaveXfemRegister', X64XsaveXfemRegisterWord, {
  linux: 'hv_x64_xsave_xfem_register',
  mile: 'HV_X64_XSAVE_XFEM_REGISTER',
})
