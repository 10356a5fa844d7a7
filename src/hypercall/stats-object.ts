import { bytes, choice, reserved, struct, u16, u32 } from '../wire/index.ts'
import { StatsObjectType } from './enums/statistics.ts'
import { partitionIdField, vpIndexField } from './ids.ts'

/** The counters of the hypervisor itself: nothing to name. */
export const HypervisorStats = /* @__PURE__ */ struct('HypervisorStats', { reserved: reserved(16) }, { size: 16 })
/** The counters of a logical processor. */
export const LogicalProcessorStats = /* @__PURE__ */ struct(
  'LogicalProcessorStats',
  { /** From 0. */ logicalProcessorIndex: u32, reserved: reserved(12) },
  { size: 16 },
)
/** The counters of a partition. */
export const PartitionStats = /* @__PURE__ */ struct(
  'PartitionStats',
  { partitionId: partitionIdField, reserved: reserved(u32), flags: u16, reserved2: reserved(u16) },
  { size: 16 },
)
/** The counters of a VP. */
export const VpStats = /* @__PURE__ */ struct(
  'VpStats',
  { partitionId: partitionIdField, vpIndex: vpIndexField, flags: u16, reserved: reserved(u16) },
  { size: 16 },
)
/** An object of a type without a name. */
export const OtherStats = /* @__PURE__ */ struct(
  'OtherStats',
  { /** What the type makes of it. */ identity: bytes(16) },
  { size: 16 },
)

/**
 * Whose counters a statistics page has, told by `statsType`. Linux names the last byte the area's type; its reserved bytes and those of the
 * symbols differ in their grouping only. Source: TLFS 2.0A (HV_STATS_OBJECT_IDENTITY), Linux hv_stats_object_identity.
 */
export const StatsObjectIdentity = /* @__PURE__ */ choice(
  'StatsObjectIdentity',
  [HypervisorStats, LogicalProcessorStats, PartitionStats, VpStats, OtherStats],
  ({ statsType }) => {
    switch (statsType) {
      case StatsObjectType.Hypervisor:
        return 'HypervisorStats'
      case StatsObjectType.LogicalProcessor:
        return 'LogicalProcessorStats'
      case StatsObjectType.Partition:
        return 'PartitionStats'
      case StatsObjectType.Vp:
        return 'VpStats'
      default:
        return 'OtherStats'
    }
  },
  'statsType',
)
