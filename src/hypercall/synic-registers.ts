import { array, bit, bitField, bits, reserved, struct, u8, u16, u32, u64, wideBitField } from '../wire/index.ts'
import { word } from './word.ts'

/** Event ring of one SINT. Source: HV_SYNIC_EVENT_RING of Mile.HyperV. */
export const SynicEventRing = /* @__PURE__ */ struct(
  'SynicEventRing',
  {
    /** 1: a new entry raises no interrupt. */
    signalMasked: u8,
    /** 1: there was no room for a signal. */
    ringFull: u8,
    reservedZ: reserved(u16),
    /** Ports that were signaled; 0 is a free entry. */
    data: array(u32, 63),
  },
  { size: 256, aliases: { linux: 'hv_synic_event_ring', mile: 'HV_SYNIC_EVENT_RING' } },
)

/** Event ring page of a VP. Source: HV_SYNIC_EVENT_RING_PAGE of Mile.HyperV. */
export const SynicEventRingPage = /* @__PURE__ */ struct(
  'SynicEventRingPage',
  {
    sintEventRing: array(SynicEventRing, 16),
  },
  { size: 4096, aliases: { linux: 'hv_synic_event_ring_page', mile: 'HV_SYNIC_EVENT_RING_PAGE' } },
)

/** SCONTROL: whether the SynIC is on. Source: HV_SYNIC_SCONTROL of Linux, Mile.HyperV. */
export const SynicScontrolWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
})
/** {@link SynicScontrolWord} alone. */
export const SynicScontrol = /* @__PURE__ */ word('SynicScontrol', SynicScontrolWord, {
  linux: 'hv_synic_scontrol',
  mile: 'HV_SYNIC_SCONTROL',
})

/** SIEFP: where the event flag page is. Source: HV_SYNIC_SIEFP of Linux, Mile.HyperV. */
export const SynicSiefpWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link SynicSiefpWord} alone. */
export const SynicSiefp = /* @__PURE__ */ word('SynicSiefp', SynicSiefpWord, {
  linux: 'hv_synic_siefp',
  mile: 'HV_SYNIC_SIEFP',
})

/** SIMP: where the message page is. Source: HV_SYNIC_SIMP of Linux, Mile.HyperV, WDK 7.1 hvgdk. */
export const SynicSimpWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link SynicSimpWord} alone. */
export const SynicSimp = /* @__PURE__ */ word('SynicSimp', SynicSimpWord, {
  linux: 'hv_synic_simp',
  mile: 'HV_SYNIC_SIMP',
})

/** SINTx of x64; the vector has 10 bits on ARM64 (`Arm64SynicSint`). Source: HV_SYNIC_SINT of Linux, Mile.HyperV. */
export const SynicSintWord = /* @__PURE__ */ bits(u64, {
  /** 16 … 255. */
  vector: bitField(0, 8),
  masked: bit(16),
  /** The interrupt is over once delivered; no EOI is to be written. */
  autoEoi: bit(17),
  /** The guest polls its pages: unmasked, but no interrupt is raised. */
  polling: bit(18),
  asIntercept: bit(19),
  proxy: bit(20),
})
/** {@link SynicSintWord} alone. */
export const SynicSint = /* @__PURE__ */ word('SynicSint', SynicSintWord, {
  linux: 'hv_synic_sint',
  mile: 'HV_SYNIC_SINT',
})

/** SIRBP: where the event ring page is. Source: HV_SYNIC_SIRBP of Mile.HyperV. */
export const SynicSirbpWord = /* @__PURE__ */ bits(u64, {
  enable: bit(0),
  /** Guest physical address ÷ 4096. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link SynicSirbpWord} alone. */
export const SynicSirbp = /* @__PURE__ */ word('SynicSirbp', SynicSirbpWord, {
  linux: 'hv_synic_sirbp',
  mile: 'HV_SYNIC_SIRBP',
})
