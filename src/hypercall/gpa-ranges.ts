import { bit, bitField, bits, u64, wideBitField } from '../wire/index.ts'
import { word } from './word.ts'

/**
 * A run of guest physical pages. With `largePage` the number is of 2 MiB or 1 GiB pages: `GpaRangeExtendedLargePage`.
 * Source: HV_GPA_PAGE_RANGE of Linux, rust-vmm/mshv, Mile.HyperV.
 */
export const GpaPageRangeWord = /* @__PURE__ */ bits(u64, {
  /** Pages after the first, 0 … 2047. */
  additionalPages: bitField(0, 11),
  largePage: bit(11),
  /** Number of the first page. */
  basePfn: wideBitField(12, 52),
})
/** {@link GpaPageRangeWord} alone. */
export const GpaPageRange = /* @__PURE__ */ word('GpaPageRange', GpaPageRangeWord, {
  like: 'hv_gpa_page_range',
  mile: 'HV_GPA_PAGE_RANGE',
})

/** A run of guest physical pages in the extended form. Source: HV_GPA_RANGE_EXTENDED of Mile.HyperV. */
export const GpaRangeExtendedWord = /* @__PURE__ */ bits(u64, {
  /** Pages after the first, 0 … 2047. */
  additionalPages: bitField(0, 11),
  /** 0 in this form. */
  largePage: bit(11),
  /** Number of the first page. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link GpaRangeExtendedWord} alone. */
export const GpaRangeExtended = /* @__PURE__ */ word('GpaRangeExtended', GpaRangeExtendedWord, {
  mile: 'HV_GPA_RANGE_EXTENDED',
})

/**
 * A run of large guest physical pages in the extended form. Source: HV_GPA_RANGE_EXTENDED_LARGE_PAGE of Mile.HyperV.
 */
export const GpaRangeExtendedLargePageWord = /* @__PURE__ */ bits(u64, {
  /** Large pages after the first, 0 … 2047. */
  additionalPages: bitField(0, 11),
  /** 1 in this form. */
  largePage: bit(11),
  /** 0: 2 MiB; 1: 1 GiB. */
  pageSize: bit(12),
  /** First page: address ÷ 2 MiB. */
  gpaLargePageNumber: wideBitField(21, 43),
})
/** {@link GpaRangeExtendedLargePageWord} alone. */
export const GpaRangeExtendedLargePage = /* @__PURE__ */ word(
  'GpaRangeExtendedLargePage',
  GpaRangeExtendedLargePageWord,
  { mile: 'HV_GPA_RANGE_EXTENDED_LARGE_PAGE' },
)

/** A run of guest physical pages in the simple form, 1 … 4096 pages. Source: HV_GPA_RANGE_SIMPLE of Mile.HyperV. */
export const GpaRangeSimpleWord = /* @__PURE__ */ bits(u64, {
  /** Pages after the first, 0 … 4095. */
  additionalPages: bitField(0, 12),
  /** Number of the first page. */
  gpaPageNumber: wideBitField(12, 52),
})
/** {@link GpaRangeSimpleWord} alone. */
export const GpaRangeSimple = /* @__PURE__ */ word('GpaRangeSimple', GpaRangeSimpleWord, {
  mile: 'HV_GPA_RANGE_SIMPLE',
})

/** A run of guest virtual pages in the extended form. Source: HV_GVA_RANGE_EXTENDED of Mile.HyperV. */
export const GvaRangeExtendedWord = /* @__PURE__ */ bits(u64, {
  /** Pages after the first, 0 … 2047. */
  additionalPages: bitField(0, 11),
  /** 0 in this form. */
  largePage: bit(11),
  /** Number of the first page. */
  gvaPageNumber: wideBitField(12, 52),
})
/** {@link GvaRangeExtendedWord} alone. */
export const GvaRangeExtended = /* @__PURE__ */ word('GvaRangeExtended', GvaRangeExtendedWord, {
  mile: 'HV_GVA_RANGE_EXTENDED',
})

/**
 * A run of large guest virtual pages in the extended form. Source: HV_GVA_RANGE_EXTENDED_LARGE_PAGE of Mile.HyperV.
 */
export const GvaRangeExtendedLargePageWord = /* @__PURE__ */ bits(u64, {
  /** Large pages after the first, 0 … 2047. */
  additionalPages: bitField(0, 11),
  /** 1 in this form. */
  largePage: bit(11),
  /** 0: 2 MiB; 1: 1 GiB. */
  pageSize: bit(12),
  /** First page: address ÷ 2 MiB. */
  gvaLargePageNumber: wideBitField(21, 43),
})
/** {@link GvaRangeExtendedLargePageWord} alone. */
export const GvaRangeExtendedLargePage = /* @__PURE__ */ word(
  'GvaRangeExtendedLargePage',
  GvaRangeExtendedLargePageWord,
  { mile: 'HV_GVA_RANGE_EXTENDED_LARGE_PAGE' },
)

/** A run of guest virtual pages in the simple form, 1 … 4096 pages. Source: HV_GVA_RANGE_SIMPLE of Mile.HyperV. */
export const GvaRangeSimpleWord = /* @__PURE__ */ bits(u64, {
  /** Pages after the first, 0 … 4095. */
  additionalPages: bitField(0, 12),
  /** Number of the first page. */
  gvaPageNumber: wideBitField(12, 52),
})
/** {@link GvaRangeSimpleWord} alone. */
export const GvaRangeSimple = /* @__PURE__ */ word('GvaRangeSimple', GvaRangeSimpleWord, {
  mile: 'HV_GVA_RANGE_SIMPLE',
})

/** A run of device addresses: page number and log2 of the pages. Source: HV_IOMMU_GVA_RANGE of Mile.HyperV. */
export const IommuGvaRangeWord = /* @__PURE__ */ bits(u64, {
  /** Log2 of the pages. */
  pageMaskShift: bitField(0, 6),
  /** Number of the first page. */
  pageNumber: wideBitField(12, 52),
})
/** {@link IommuGvaRangeWord} alone. */
export const IommuGvaRange = /* @__PURE__ */ word('IommuGvaRange', IommuGvaRangeWord, { mile: 'HV_IOMMU_GVA_RANGE' })
