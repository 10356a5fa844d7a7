import { bit, bitField, bits, u8 } from '../wire/index.ts'
import { word } from './word.ts'

/** Virtual trust levels that can be named: 0 … 15. Source: TLFS. */
export const maxVtl = 15

/** Which VTL a call means. Source: TLFS (HV_INPUT_VTL), Linux hv_input_vtl. */
export const InputVtlWord = /* @__PURE__ */ bits(u8, {
  /** Counts only with `useTargetVtl`; else the caller's own VTL is meant. */
  targetVtl: bitField(0, 4),
  /** 0: the caller's own VTL. */
  useTargetVtl: bit(4),
})
/** {@link InputVtlWord} alone. */
export const InputVtl = /* @__PURE__ */ word('InputVtl', InputVtlWord, { linux: 'hv_input_vtl', mile: 'HV_INPUT_VTL' })
