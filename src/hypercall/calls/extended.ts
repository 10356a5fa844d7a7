import { array, bitField, bits, struct, u32, u64 } from '../../wire/index.ts'
import { SchedulerAssistModeField } from '../enums/vp.ts'
import { ExtCapabilitiesField } from '../flags.ts'
import { GpaPageRangeWord } from '../gpa-ranges.ts'
import { call } from './call.ts'

/** Code 0 of the extended calls, not in use. */
export const HvExtCallReserved = /* @__PURE__ */ call(0x8000, 'HvExtCallReserved', 'unknown', {
  layout: 'unknown',
  source: 'Mile.HyperV',
})

/**
 * Which extended calls there are. The TLFS and the symbols name the bits from the second on differently: see `ExtCapabilities`.
 */
export const HvExtCallQueryCapabilities = /* @__PURE__ */ call(0x8001, 'HvExtCallQueryCapabilities', 'simple', {
  output: {
    capabilities: ExtCapabilitiesField,
  },
  privilege: 'enableExtendedHypercalls',
  aliases: { linux: 'HV_EXT_CALL_QUERY_CAPABILITIES' },
  source: 'TLFS, OpenVMM hvdef',
})

/** Guest physical pages that were zero at boot. The output has 0xff8 bytes. */
export const HvExtCallGetBootZeroedMemory = /* @__PURE__ */ call(0x8002, 'HvExtCallGetBootZeroedMemory', 'simple', {
  output: {
    /** At most 255. */
    rangeCount: u64,
    /** The first `rangeCount` count. */
    ranges: array(
      struct(
        'ExtBootZeroedMemoryRange',
        {
          /** GPA page number. */
          startGpa: u64,
          /** Pages of 4096 bytes. */
          pageCount: u64,
        },
        { size: 16, aliases: { mile: 'HV_EXT_BOOT_ZEROED_MEMORY_RANGE' } },
      ),
      255,
    ),
  },
  privilege: 'enableExtendedHypercalls',
  source: 'TLFS',
})

/** Tells the host how hot runs of pages are. The TLFS calls it simple; Linux makes it with a list. */
export const HvExtCallMemoryHeatHint = /* @__PURE__ */ call(0x8003, 'HvExtCallMemoryHeatHint', 'rep', {
  input: {
    hint: bits(u64, {
      /** `MemoryHeat`, for all elements. */
      heat: bitField(0, 2),
    }),
  },
  element: {
    gpaRange: GpaPageRangeWord,
  },
  privilege: 'enableExtendedHypercalls',
  aliases: { linux: 'HV_EXT_CALL_MEMORY_HEAT_HINT' },
  source: 'Mile.HyperV, TLFS',
})

/** Sets up enlightened page faults. */
export const HvExtCallEpfSetup = /* @__PURE__ */ call(0x8004, 'HvExtCallEpfSetup', 'simple', {
  input: {
    version: u32,
    mode: u32,
    /** Where the queue begins; symbols type it an address. */
    completionQueueGpaPage: u64,
    completionQueuePageCount: u64,
  },
  output: {
    completionQueuePageCount: u64,
  },
  privilege: 'enableExtendedHypercalls',
  source: 'Mile.HyperV, TLFS',
})

/** Sets up hints for the host's scheduler. */
export const HvExtCallSchedulerAssistSetup = /* @__PURE__ */ call(0x8005, 'HvExtCallSchedulerAssistSetup', 'simple', {
  input: {
    version: u32,
    mode: SchedulerAssistModeField,
    /** Guest physical address. */
    schedulerAssistDataGpa: u64,
  },
  privilege: 'enableExtendedHypercalls',
  source: 'Mile.HyperV',
})

/** Tells the host how hot runs of pages are, without waiting. The TLFS calls it simple. */
export const HvExtCallMemoryHeatHintAsync = /* @__PURE__ */ call(0x8006, 'HvExtCallMemoryHeatHintAsync', 'rep', {
  input: {
    hint: bits(u64, {
      /** `MemoryHeat`, for all elements. */
      heat: bitField(0, 2),
    }),
  },
  element: {
    gpaRange: GpaPageRangeWord,
  },
  privilege: 'enableExtendedHypercalls',
  source: 'Mile.HyperV, TLFS',
})
