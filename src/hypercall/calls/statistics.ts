import { array, reserved, struct, u32, u64, utf16 } from '../../wire/index.ts'
import { StatsObjectTypeField } from '../enums/statistics.ts'
import { StatsObjectIdentity } from '../stats-object.ts'
import { call } from './call.ts'

/**
 * How long a logical processor ran in all and in the hypervisor, 100 ns units. In TLFS 2.0A it has no input and means the caller's
 * processor.
 */
export const HvCallGetLogicalProcessorRunTime = /* @__PURE__ */ call(
  0x0004,
  'HvCallGetLogicalProcessorRunTime',
  'simple',
  {
    input: {
      /** From 0. */
      lpIndex: u32,
      padding: reserved(4),
    },
    inputAliases: { like: 'hv_input_get_logical_processor_run_time' },
    output: {
      /** 100 ns units. */
      globalTime: u64,
      /** 100 ns units. */
      localRunTime: u64,
      rsvdZ: reserved(u64),
      /** 100 ns units. */
      hypervisorTime: u64,
    },
    outputAliases: { linux: 'hv_output_get_logical_processor_run_time' },
    privilege: 'cpuManagement',
    caller: 'any',
    since: 'Windows Server 2008',
    statuses: ['AccessDenied'],
    aliases: { linux: 'HVCALL_GET_LOGICAL_PROCESSOR_RUN_TIME' },
    source: 'Mile.HyperV, TLFS 2.0A',
  },
)

/**
 * Maps a statistics page; the hypervisor chooses where, as in Linux and newer symbols. In TLFS 2.0A and WDK 7.1 the caller chooses:
 * the place is input at 24, and there is no output. Unmap it before the partition is torn down.
 */
export const HvCallMapStatsPage = /* @__PURE__ */ call(0x006c, 'HvCallMapStatsPage', 'simple', {
  input: {
    statsType: StatsObjectTypeField,
    padding: reserved(4),
    /** Whose counters, in the form that `statsType` tells. */
    objectIdentity: StatsObjectIdentity,
  },
  inputAliases: { linux: 'hv_input_map_stats_page' },
  output: {
    /** Page number in the caller's space where it is now. */
    mapLocation: u64,
  },
  outputAliases: { linux: 'hv_output_map_stats_page' },
  privilege: 'accessStats',
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidVpIndex',
    'OperationDenied',
    'InvalidParameter',
    'InsufficientMemory',
    'InvalidPartitionState',
  ],
  aliases: { linux: 'HVCALL_MAP_STATS_PAGE' },
  source: 'Linux, TLFS, TLFS 2.0A',
})

/**
 * Unmaps a statistics page. The TLFS online prints offset 4 for the identity, all else has 8. The symbols' form ends in the place,
 * 32 bytes.
 */
export const HvCallUnmapStatsPage = /* @__PURE__ */ call(0x006d, 'HvCallUnmapStatsPage', 'simple', {
  input: {
    statsType: StatsObjectTypeField,
    padding: reserved(4),
    /** Whose counters, in the form that `statsType` tells. */
    objectIdentity: StatsObjectIdentity,
  },
  inputAliases: { linux: 'hv_input_unmap_stats_page' },
  privilege: 'accessStats',
  caller: 'parent',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidVpIndex',
    'InvalidParameter',
    'InvalidPartitionState',
    'OperationDenied',
  ],
  aliases: { linux: 'HVCALL_UNMAP_STATS_PAGE' },
  source: 'TLFS, TLFS 2.0A, Linux',
})

/** Reads code coverage of the hypervisor. */
export const HvCallGetCoverageData = /* @__PURE__ */ call(0x0093, 'HvCallGetCoverageData', 'simple', {
  input: {
    coverageOp: u32,
    /** Entries of `gpaPageNumbers` in use, at most 128. */
    pageCount: u32,
    /** Pages of the caller that take the data; the first `pageCount` count. */
    gpaPageNumbers: array(u64, 128),
  },
  output: {
    coverageInfo: struct(
      'ImageCoverageInfo',
      {
        headerSize: u32,
        size: u32,
        imageName: utf16(128),
      },
      { size: 136, aliases: { mile: 'HV_IMAGE_COVERAGE_INFO' } },
    ),
  },
  since: 'Windows 10 / Server 2016',
  source: 'Mile.HyperV',
})

/** Brings the counters of a logical processor up to date. */
export const HvCallRefreshPerformanceCounters = /* @__PURE__ */ call(
  0x00ee,
  'HvCallRefreshPerformanceCounters',
  'simple',
  {
    input: {
      /** From 0. */
      lpIndex: u32,
      padding: reserved(4),
    },
    since: 'Windows 10 2004/21H1 (call table)',
    source: 'Mile.HyperV',
  },
)

/** Maps a statistics page at a place that the caller chooses. */
export const HvCallMapStatsPage2 = /* @__PURE__ */ call(0x0131, 'HvCallMapStatsPage2', 'simple', {
  input: {
    statsType: StatsObjectTypeField,
    /** Must be zero. */
    reserved: reserved(u32),
    /** Whose counters, in the form that `statsType` tells. */
    objectIdentity: StatsObjectIdentity,
    /** Page number in the caller's space. */
    mapLocation: u64,
  },
  inputAliases: { linux: 'hv_input_map_stats_page2' },
  since: 'after build 26100',
  aliases: { linux: 'HVCALL_MAP_STATS_PAGE2' },
  source: 'TLFS',
})
