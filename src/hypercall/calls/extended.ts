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
 * Which extended calls there are. Capability bits: TLFS online 0 GetBootZeroedMemory, 1 MemoryHeatHint, 2 EpfSetup, 3
 * SchedulerAssistSetup, 4 MemoryHeatHintAsync; symbols/Linux: 0 GetBootZeroedMemory, 1 MemoryHotHint, 2
 * MemoryColdHint, 3 Epf, 4 RootScheduler, 5 PowerSchedulerQos, 6 AsyncMemoryHint, 7 MemoryColdHintLargeOnly, 8
 * MemoryColdDiscardHint (Linux uses bit 8).
 */
export const HvExtCallQueryCapabilities = /* @__PURE__ */ call(0x8001, 'HvExtCallQueryCapabilities', 'simple', {
  output: {
    capabilities: ExtCapabilitiesField,
  },
  privilege: 'enableExtendedHypercalls',
  aliases: { linux: 'HV_EXT_CALL_QUERY_CAPABILITIES' },
  source: 'TLFS, OpenVMM hvdef',
})

/** Guest physical pages that were zero at boot. Output block is 0xFF8 bytes in size. */
export const HvExtCallGetBootZeroedMemory = /* @__PURE__ */ call(0x8002, 'HvExtCallGetBootZeroedMemory', 'simple', {
  output: {
    /** At most 255. */
    rangeCount: u64,
    ranges: array(
      struct(
        'ExtBootZeroedMemoryRange',
        {
          /** GPA page number. */
          startGpa: u64,
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

/** Tells the host how hot runs of pages are. TLFS online table says Simple; Linux invokes it as a rep call. */
export const HvExtCallMemoryHeatHint = /* @__PURE__ */ call(0x8003, 'HvExtCallMemoryHeatHint', 'rep', {
  input: {
    hint: bits(u64, {
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
    schedulerAssistDataGpa: u64,
  },
  privilege: 'enableExtendedHypercalls',
  source: 'Mile.HyperV',
})

/** Tells the host how hot runs of pages are, without waiting. TLFS online table says Simple. */
export const HvExtCallMemoryHeatHintAsync = /* @__PURE__ */ call(0x8006, 'HvExtCallMemoryHeatHintAsync', 'rep', {
  input: {
    hint: bits(u64, {
      heat: bitField(0, 2),
    }),
  },
  element: {
    gpaRange: GpaPageRangeWord,
  },
  privilege: 'enableExtendedHypercalls',
  source: 'Mile.HyperV, TLFS',
})
