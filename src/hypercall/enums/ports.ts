import { openEnum, u32 } from '../../wire/index.ts'

/** Kinds of ports. Source: HV_PORT_TYPE of Mile.HyperV. */
export const PortType = {
  Message: 1,
  Event: 2,
  Monitor: 3,
  Doorbell: 4,
} as const
/** {@link PortType} on the wire, 4 bytes. */
export const PortTypeField = /* @__PURE__ */ openEnum('PortType', u32, PortType)

/** Properties of a port. Only PostCount is in the TLFS (2.0A). Source: HV_PORT_PROPERTY_CODE of Mile.HyperV. */
export const PortProperty = {
  PostCount: 0,
  PreferredTargetVp: 1,
  MonitorAddress: 2,
  UseRingBuffer: 3,
  TargetVp: 4,
  PreferredTargetDuration: 5,
  RetryPostMessage: 6,
  InterceptOnSignal: 7,
  SignalCount: 8,
  PendingRing: 9,
} as const
/** {@link PortProperty} on the wire, 4 bytes. */
export const PortPropertyField = /* @__PURE__ */ openEnum('PortProperty', u32, PortProperty)
