import { array, bit, bits, reserved, struct, u8, u32, u64 } from '../wire/index.ts'
import { InterruptTypeField } from './enums/interrupts.ts'

/** Type and delivery of a virtual interrupt. Source: HV_INTERRUPT_CONTROL of rust-vmm/mshv, Mile.HyperV. */
export const InterruptControl = /* @__PURE__ */ struct(
  'InterruptControl',
  {
    interruptType: InterruptTypeField,
    flags: bits(u32, {
      /** 0: edge. */
      x86LevelTriggered: bit(0),
      /** 0: physical. */
      x86LogicalDestinationMode: bit(1),
      /** Level of the line. */
      arm64Asserted: bit(2),
    }),
  },
  { size: 8, aliases: { linux: 'hv_interrupt_control', mile: 'HV_INTERRUPT_CONTROL' } },
)

/** State of a local APIC. Source: HV_LOCAL_INTERRUPT_CONTROLLER_STATE of rust-vmm/mshv, Mile.HyperV. */
export const LocalInterruptControllerState = /* @__PURE__ */ struct(
  'LocalInterruptControllerState',
  {
    apicId: u32,
    apicVersion: u32,
    apicLdr: u32,
    apicDfr: u32,
    apicSpurious: u32,
    /** Vector v: bit v mod 32 of entry v ÷ 32. */
    apicIsr: array(u32, 8),
    /** As `apicIsr`. */
    apicTmr: array(u32, 8),
    /** As `apicIsr`. */
    apicIrr: array(u32, 8),
    apicEsr: u32,
    apicIcrHigh: u32,
    apicIcrLow: u32,
    apicLvtTimer: u32,
    apicLvtThermal: u32,
    apicLvtPerfmon: u32,
    apicLvtLint0: u32,
    apicLvtLint1: u32,
    apicLvtError: u32,
    apicLvtCmci: u32,
    apicErrorStatus: u32,
    apicInitialCount: u32,
    apicCounterValue: u32,
    apicDivideConfiguration: u32,
    apicRemoteRead: u32,
  },
  { size: 176, aliases: { mile: 'HV_LOCAL_INTERRUPT_CONTROLLER_STATE' } },
)

/** State of one synthetic timer. Source: HV_STIMER_STATE of rust-vmm/mshv, Mile.HyperV. */
export const StimerState = /* @__PURE__ */ struct(
  'StimerState',
  {
    flags: bits(u32, { /** A message waits for a free slot. */ undeliveredMessagePending: bit(0) }),
    reserved: reserved(u32),
    /** Laid out as `X64MsrStimerConfigContents`. */
    config: u64,
    /** Point of time, or period, in 100 ns. */
    count: u64,
    adjustment: u64,
    /** In 100 ns; counts only with `undeliveredMessagePending`. */
    undeliveredExpirationTime: u64,
  },
  { size: 40, aliases: { linux: 'hv_stimer_state', mile: 'HV_STIMER_STATE' } },
)

/** State of a VP's synthetic timers. Source: HV_SYNTHETIC_TIMERS_STATE of rust-vmm/mshv, Mile.HyperV. */
export const SyntheticTimersState = /* @__PURE__ */ struct(
  'SyntheticTimersState',
  {
    timers: array(StimerState, 4),
    reserved: reserved(40),
  },
  { size: 200, aliases: { linux: 'hv_synthetic_timers_state', mile: 'HV_SYNTHETIC_TIMERS_STATE' } },
)

/**
 * Interrupts for a VTL that a proxy takes: a bit a vector, or one vector in the first word. Source:
 * HV_X64_PROXY_INTERRUPT_MESSAGE_PAYLOAD of Mile.HyperV.
 */
export const X64ProxyInterruptMessagePayload = /* @__PURE__ */ struct(
  'X64ProxyInterruptMessagePayload',
  {
    /** VTL that the interrupts are for. */
    interruptVtl: u8,
    /** 1: `assertedIrr` has a bit a vector; 0: its first word is one vector. */
    assertMultiple: u8,
    rsvdZ: reserved(2),
    assertedIrr: array(u32, 8),
  },
  { size: 36, aliases: { mile: 'HV_X64_PROXY_INTERRUPT_MESSAGE_PAYLOAD' } },
)
