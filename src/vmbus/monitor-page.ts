import { ConnectionIdWord } from '../hypercall/ids.ts'
import { array, bitField, bits, i32, reserved, struct, u16, u32 } from '../wire/index.ts'

/** What a monitored bit stands for, 8 bytes. Source: Linux hv_monitor_parameter. */
export const MonitorParameter = /* @__PURE__ */ struct(
  'MonitorParameter',
  {
    /** Connection that is signalled for this monitor id. */
    connectionId: ConnectionIdWord,
    /** Event flag that is set on it. */
    flagNumber: u16,
    reserved: reserved(u16),
  },
  { size: 8, aliases: { linux: 'hv_monitor_parameter' } },
)

/** Triggers of 32 monitor ids, 8 bytes. Source: Linux hv_monitor_trigger_group. */
export const MonitorTriggerGroup = /* @__PURE__ */ struct(
  'MonitorTriggerGroup',
  {
    /** Bit n: monitor id `32 × group + n` is triggered. */
    pending: u32,

    /** Not used by Linux or OpenVMM. */
    armed: u32,
  },
  { size: 8, aliases: { linux: 'hv_monitor_trigger_group' } },
)

/**
 * A page in which one end triggers the other without a hypercall: 4 groups of 32 monitor ids.
 *
 * Source: Linux drivers/hv/hyperv_vmbus.h (hv_monitor_page), OpenVMM vmcore/monitor.rs.
 */
export const MonitorPage = /* @__PURE__ */ struct(
  'MonitorPage',
  {
    /** Which of the 4 groups are looked at, a bit each. */
    triggerState: bits(u32, { groupEnable: bitField(0, 4) }),
    reserved: reserved(u32),
    /** Triggers of the monitor ids 0 … 31, 32 … 63, 64 … 95, 96 … 127. */
    triggerGroups: array(MonitorTriggerGroup, 4),
    reserved2: reserved(24),
    /** By group and bit: when the hypervisor looks next. */
    nextCheckTime: array(array(i32, 32), 4),
    /** Latency in units of 100 ns. */
    latency: array(array(u16, 32), 4),
    reserved3: reserved(256),
    /** By group and bit: what is signalled. */
    parameters: array(array(MonitorParameter, 32), 4),
    reserved4: reserved(1984),
  },
  { size: 4096, aliases: { linux: 'hv_monitor_page' } },
)

/** Monitor ids on a page. */
export const monitorIdCount = 128
