import { bit, bitField, bits, bytes, choice, reserved, struct, u16, u32, u64 } from '../wire/index.ts'
import { PortType, PortTypeField } from './enums/ports.ts'
import { PortIdWord, vpIndexField } from './ids.ts'
import { word } from './word.ts'

/** {@link PortIdWord} alone. */
export const PortIdContents = /* @__PURE__ */ word('PortIdContents', PortIdWord, {
  linux: 'hv_port_id',
  mile: 'HV_PORT_ID',
})

/** Where messages of a port go. */
export const MessagePortInfo = /* @__PURE__ */ struct(
  'MessagePortInfo',
  {
    /** 1 … 15; 0 is for intercepts. */
    targetSint: u32,
    /** A VP, or `WellKnownVp.Any`. */
    targetVp: vpIndexField,
    reserved: reserved(u64),
  },
  { size: 16 },
)

/** Where events of a port go. */
export const EventPortInfo = /* @__PURE__ */ struct(
  'EventPortInfo',
  {
    /** 1 … 15; 0 is for intercepts. */
    targetSint: u32,
    /** A VP, or `WellKnownVp.Any`. */
    targetVp: vpIndexField,
    /** Bit in the SIEF slot that flag 0 of the port sets. */
    baseFlagNumber: u16,
    /** At least 1; base and count together stay within 2048. */
    flagCount: u16,
    reserved: reserved(u32),
  },
  { size: 16 },
)

/** The page of a monitor port. */
export const MonitorPortInfo = /* @__PURE__ */ struct(
  'MonitorPortInfo',
  {
    /** Guest physical address, page aligned. */
    monitorAddress: u64,
    reserved: reserved(u64),
  },
  { size: 16 },
)

/** Where a doorbell rings. The TLFS packs SINT and VP at 8 and 9, all headers have words. */
export const DoorbellPortInfo = /* @__PURE__ */ struct(
  'DoorbellPortInfo',
  { targetSint: u32, /** A VP, or `WellKnownVp.Any`. */ targetVp: vpIndexField, reserved: reserved(u64) },
  { size: 16 },
)

/** A port of a type without a name. */
export const OtherPortInfo = /* @__PURE__ */ struct('OtherPortInfo', { bytes: bytes(16) }, { size: 16 })

/** What kind a port is and where it delivers. Source: TLFS (HV_PORT_INFO), Linux hv_port_info. */
export const PortInfo = /* @__PURE__ */ struct(
  'PortInfo',
  {
    portType: PortTypeField,
    padding: reserved(u32),
    info: choice(
      'PortTarget',
      [MessagePortInfo, EventPortInfo, MonitorPortInfo, DoorbellPortInfo, OtherPortInfo],
      ({ portType }) => {
        switch (portType) {
          case PortType.Message:
            return 'MessagePortInfo'
          case PortType.Event:
            return 'EventPortInfo'
          case PortType.Monitor:
            return 'MonitorPortInfo'
          case PortType.Doorbell:
            return 'DoorbellPortInfo'
          default:
            return 'OtherPortInfo'
        }
      },
      'portType',
    ),
  },
  { size: 24, aliases: { linux: 'hv_port_info', mile: 'HV_PORT_INFO' } },
)

/** A connection to a message or event port says no more. */
export const PlainConnectionInfo = /* @__PURE__ */ struct(
  'PlainConnectionInfo',
  { reserved: reserved(u64), padding: reserved(16) },
  { size: 24 },
)

/** A connection to a monitor port. */
export const MonitorConnectionInfo = /* @__PURE__ */ struct(
  'MonitorConnectionInfo',
  {
    /** Guest physical address of the sender's page, page aligned. */
    monitorAddress: u64,
    padding: reserved(16),
  },
  { size: 24 },
)

/** A connection to a doorbell port. */
export const DoorbellConnectionInfo = /* @__PURE__ */ struct(
  'DoorbellConnectionInfo',
  {
    /** Address that rings when written. */
    guestPhysicalAddress: u64,
    /** Only this value rings, unless `anyValue`. */
    triggerValue: u64,
    flags: bits(u64, {
      /** Width of the write that rings: 0 any, then 1, 2, 4, 8 bytes. */
      triggerSize: bitField(0, 3),
      /** Any value rings. */
      anyValue: bit(31),
    }),
  },
  { size: 24 },
)

/** A connection to a port of a type without a name. */
export const OtherConnectionInfo = /* @__PURE__ */ struct('OtherConnectionInfo', { bytes: bytes(24) }, { size: 24 })

/** What a connection is made to. Its type must be the port's. Source: TLFS (HV_CONNECTION_INFO), Linux hv_connection_info. */
export const ConnectionInfo = /* @__PURE__ */ struct(
  'ConnectionInfo',
  {
    portType: PortTypeField,
    padding: reserved(u32),
    info: choice(
      'ConnectionTarget',
      [PlainConnectionInfo, MonitorConnectionInfo, DoorbellConnectionInfo, OtherConnectionInfo],
      ({ portType }) => {
        switch (portType) {
          case PortType.Message:
          case PortType.Event:
            return 'PlainConnectionInfo'
          case PortType.Monitor:
            return 'MonitorConnectionInfo'
          case PortType.Doorbell:
            return 'DoorbellConnectionInfo'
          default:
            return 'OtherConnectionInfo'
        }
      },
      'portType',
    ),
  },
  { size: 32, aliases: { linux: 'hv_connection_info', mile: 'HV_CONNECTION_INFO' } },
)
