import { array, reserved, struct, u32, u64, utf16 } from '../../wire/index.ts'
import { StatsObjectTypeField } from '../enums/statistics.ts'
import { StatsObjectIdentity } from '../stats-object.ts'
import { call } from './call.ts'

/**
 * How long a logical processor ran in all and in the hypervisor, 100 ns units. TLFS 2.0 defines no input block
 * (implicitly the caller's logical processor); the input LpIndex appears only in newer symbols.
 */
export const HvCallGetLogicalProcessorRunTime = /* @__PURE__ */ call(
  0x0004,
  'HvCallGetLogicalProcessorRunTime',
  'simple',
  {
    input: {
      lpIndex: u32,
      padding: reserved(4),
    },
    inputAliases: { like: 'hv_input_get_logical_processor_run_time' },
    output: {
      globalTime: u64,
      localRunTime: u64,
      rsvdZ: reserved(u64),
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
 * Maps a statistics page; the hypervisor chooses where. Direction of MapLocation: input at 24 (TLFS 2.0/WDK) versus
 * output at 0 (Linux mshv, newer symbols). Current form (Linux, output MapLocation = GPA page number chosen by the
 * hypervisor). TLFS 2.0/WDK 7.1 form: 32-byte input with TargetGpaPage/MapLocation (u64) at 24 and no output. TLFS
 * 2.0: one page, must be unmapped by 0x006D before partition teardown.
 */
export const HvCallMapStatsPage = /* @__PURE__ */ call(0x006c, 'HvCallMapStatsPage', 'simple', {
  input: {
    statsType: StatsObjectTypeField,
    padding: reserved(4),
    objectIdentity: StatsObjectIdentity,
  },
  inputAliases: { linux: 'hv_input_map_stats_page' },
  output: {
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
 * Unmaps a statistics page. TLFS online puts ObjectIdentity at 4; TLFS 2.0 and all headers at 8. WDK-era/Mile header
 * adds MapLocation (u64) at 24 (32 bytes); TLFS 2.0 and Linux use 24 bytes.
 */
export const HvCallUnmapStatsPage = /* @__PURE__ */ call(0x006d, 'HvCallUnmapStatsPage', 'simple', {
  input: {
    statsType: StatsObjectTypeField,
    padding: reserved(4),
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
    pageCount: u32,
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
    objectIdentity: StatsObjectIdentity,
    mapLocation: u64,
  },
  inputAliases: { linux: 'hv_input_map_stats_page2' },
  since: 'after build 26100',
  aliases: { linux: 'HVCALL_MAP_STATS_PAGE2' },
  source: 'TLFS',
})
