import { array, struct, u16, u32, u64 } from '../wire/index.ts'

/** Where counters are in the statistics page of a processor. Source: HV_POWER_STATS_OFFSETS of Mile.HyperV. */
export const PowerStatsOffsets = /* @__PURE__ */ struct(
  'PowerStatsOffsets',
  {
    globalTime: u32,
    totalRunTime: u32,
    idleSequenceNumber: u32,
    globalTscCount: u32,
    activeTscCount: u32,
    idleAccumulation: u32,
    cycleCount: array(
      struct(
        'PowerStatsOffsetsCycleCount',
        {
          reference: u32,
          actual: u32,
        },
        { size: 8 },
      ),
      2,
    ),
    counterRefreshSequenceNumber: u32,
    counterRefreshReferenceTime: u32,
    idleAccumulationSnapshot: u32,
    activeTscCountSnapshot: u32,
  },
  { size: 56, aliases: { mile: 'HV_POWER_STATS_OFFSETS' } },
)

/** Version of a group of counters. Source: HV_STATISTICS_GROUP_VERSION of Mile.HyperV, WDK 7.1 hvgdk. */
export const StatisticsGroupVersion = /* @__PURE__ */ struct(
  'StatisticsGroupVersion',
  {
    minor: u16,
    major: u16,
  },
  { size: 4, aliases: { mile: 'HV_STATISTICS_GROUP_VERSION' } },
)

/** Head of a group of counters. Source: HV_STATISTICS_GROUP_HEADER of Mile.HyperV, WDK 7.1 hvgdk. */
export const StatisticsGroupHeader = /* @__PURE__ */ struct(
  'StatisticsGroupHeader',
  {
    type: u16,
    version: StatisticsGroupVersion,
    length: u16,
  },
  { size: 8, aliases: { mile: 'HV_STATISTICS_GROUP_HEADER' } },
)

/** A statistics page: 512 counters by index. Source: HV_STATS_PAGE of Mile.HyperV, WDK 7.1 hvgdk. */
export const StatsPage = /* @__PURE__ */ struct(
  'StatsPage',
  {
    /** Counter n at index n; which is which depends on the object. */
    data: array(u64, 512),
  },
  { size: 4096, aliases: { linux: 'hv_stats_page', mile: 'HV_STATS_PAGE' } },
)
