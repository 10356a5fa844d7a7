import { bit, bits, bytes, reserved, u8, u16, u32, u64 } from '../../wire/index.ts'
import { MessageTypeField } from '../enums/messages.ts'
import { PortPropertyField } from '../enums/ports.ts'
import { ConnectionIdWord, PortIdWord, partitionIdField, vpIndexField } from '../ids.ts'
import { ConnectionInfo, PortInfo } from '../ports.ts'
import { SynicMessage } from '../synic.ts'
import { ProximityDomainInfo } from '../vp.ts'
import { call } from './call.ts'

/** Creates a port; the form without VTLs. */
export const HvCallCreatePortDeprecated = /* @__PURE__ */ call(0x0057, 'HvCallCreatePortDeprecated', 'simple', {
  input: {
    /** Owner of the port, which receives: a child of the caller, or the caller itself. */
    portPartition: partitionIdField,
    /** New; unique in the partition that owns it. */
    portId: PortIdWord,
    padding: reserved(u32),
    /** The only one that may connect; not the owner of the port. */
    connectionPartition: partitionIdField,
    /** Type of the port, and where it delivers to. */
    portInfo: PortInfo,
  },
  privilege: 'createPort',
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidPortId',
    'InvalidVpIndex',
    'InvalidParameter',
    'InvalidAlignment',
    'InvalidPartitionState',
    'InsufficientMemory',
    'NoResources',
  ],
  aliases: { like: 'HvCreatePort' },
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Deletes a port with its queued messages. Connections to it stay, of no use. */
export const HvCallDeletePort = /* @__PURE__ */ call(0x0058, 'HvCallDeletePort', 'simple', {
  input: {
    /** Owner of the port: a child of the caller, or the caller itself. */
    portPartition: partitionIdField,
    portId: PortIdWord,
    reserved: reserved(u32),
  },
  inputAliases: { linux: 'hv_input_delete_port' },
  privilege: 'createPort',
  caller: 'parent or root',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidPortId', 'InvalidPartitionState'],
  aliases: { linux: 'HVCALL_DELETE_PORT' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * Connects to a port; the form without VTLs. In TLFS 2.0A and WDK 7.1 the connection info has 16 bytes, 48 in all; this is the
 * symbols' form, with today's 32.
 */
export const HvCallConnectPortDeprecated = /* @__PURE__ */ call(0x0059, 'HvCallConnectPortDeprecated', 'simple', {
  input: {
    /** Owner of the connection, which sends: the one that the port was created for. */
    connectionPartition: partitionIdField,
    /** New; unique in the partition that owns it. */
    connectionId: ConnectionIdWord,
    reserved1: reserved(u32),
    /** Owner of the port, which receives. */
    portPartition: partitionIdField,
    /** Must not be connected yet. */
    portId: PortIdWord,
    reserved2: reserved(u32),
    /** Of the port's type. */
    connectionInfo: ConnectionInfo,
  },
  privilege: 'connectPort',
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidConnectionId',
    'InvalidPortId',
    'InvalidAlignment',
    'InvalidParameter',
    'InvalidPartitionState',
    'InsufficientMemory',
    'NoResources',
  ],
  aliases: { like: 'HvConnectPort' },
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Reads a property of a port. */
export const HvCallGetPortProperty = /* @__PURE__ */ call(0x005a, 'HvCallGetPortProperty', 'simple', {
  input: {
    /** Owner of the port: a child of the caller, or the caller itself. */
    portPartition: partitionIdField,
    portId: PortIdWord,
    reserved: reserved(u32),
    /** `PortProperty`. */
    propertyCode: PortPropertyField,
    padding: reserved(4),
  },
  output: {
    /** Meant by `propertyCode`. */
    propertyValue: u64,
  },
  privilege: 'createPort',
  caller: 'parent or root',
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidPortId', 'UnknownProperty'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/**
 * Ends a connection. Messages that are queued stay. Linux sets `isDoorbell` for doorbells, where the TLFS has padding.
 */
export const HvCallDisconnectPort = /* @__PURE__ */ call(0x005b, 'HvCallDisconnectPort', 'simple', {
  input: {
    /** Owner of the connection: a child of the caller, or the caller itself. */
    connectionPartition: partitionIdField,
    connectionId: ConnectionIdWord,
    flags: bits(u32, {
      /** The connection is to a doorbell port. */
      isDoorbell: bit(0),
    }),
  },
  inputAliases: { linux: 'hv_input_disconnect_port' },
  privilege: 'connectPort',
  caller: 'parent or root',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidConnectionId', 'InvalidPartitionState'],
  aliases: { linux: 'HVCALL_DISCONNECT_PORT' },
  source: 'TLFS, Mile.HyperV, TLFS 2.0A',
})

/**
 * Sends a message to a port: up to 240 bytes, type with bit 31 clear and not 0. Always 256 bytes of memory, within one page; what is
 * behind the payload's size is not delivered. INSUFFICIENT_BUFFERS asks to try again later.
 */
export const HvCallPostMessage = /* @__PURE__ */ call(0x005c, 'HvCallPostMessage', 'simple', {
  input: {
    /** A connection of the caller to a message port. */
    connectionId: ConnectionIdWord,
    reserved: reserved(u32),
    /** Bit 31 clear and not 0; the receiver finds it in the message's header. */
    messageType: MessageTypeField,
    /** Bytes of the payload in use, 0 … 240. */
    payloadSize: u32,
    /** Only the first `payloadSize` bytes are delivered. */
    payload: bytes(240),
  },
  inputAliases: { linux: 'hv_input_post_message' },
  privilege: 'postMessages',
  caller: 'any',
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidConnectionId',
    'InvalidPortId',
    'InvalidParameter',
    'InsufficientBuffers',
    'InvalidVpIndex',
    'InvalidSynicState',
  ],
  aliases: { linux: 'HVCALL_POST_MESSAGE' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/** Sets an event flag of a port and interrupts if it was clear. */
export const HvCallSignalEvent = /* @__PURE__ */ call(0x005d, 'HvCallSignalEvent', 'simple', {
  input: {
    /** A connection of the caller to an event port. */
    connectionId: ConnectionIdWord,
    /** From 0, less than the port's `flagCount`; the port adds its `baseFlagNumber`. */
    flagNumber: u16,
    rsvdZ: reserved(u16),
  },
  privilege: 'signalEvents',
  caller: 'any',
  fast: true,
  since: 'Windows Server 2008',
  statuses: [
    'AccessDenied',
    'InvalidConnectionId',
    'InvalidPortId',
    'InvalidParameter',
    'InvalidVpIndex',
    'InvalidSynicState',
  ],
  aliases: { linux: 'HVCALL_SIGNAL_EVENT' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef, TLFS 2.0A',
})

/** Sets a property of a port. TLFS 2.0 native table also shows an 8-byte PropertyValue output, headers have none. */
export const HvCallSetPortProperty = /* @__PURE__ */ call(0x0070, 'HvCallSetPortProperty', 'simple', {
  input: {
    /** Owner of the port: a child of the caller, or the caller itself. */
    portPartition: partitionIdField,
    portId: PortIdWord,
    reserved: reserved(u32),
    /** `PortProperty`. */
    propertyCode: PortPropertyField,
    padding: reserved(4),
    /** Meant by `propertyCode`. */
    propertyValue: u64,
  },
  privilege: 'createPort',
  caller: 'parent or root',
  since: 'Windows Server 2008 R2',
  statuses: ['AccessDenied', 'InvalidPartitionId', 'InvalidPortId', 'UnknownProperty'],
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** The guest has emptied the event ring of a SINT. Linux makes it a fast call. */
export const HvCallNotifyPortRingEmpty = /* @__PURE__ */ call(0x008b, 'HvCallNotifyPortRingEmpty', 'simple', {
  input: {
    /** 0 … 15. */
    sintIndex: u32,
    reserved: reserved(u32),
  },
  inputAliases: { linux: 'hv_input_notify_port_ring_empty' },
  privilege: 'cpuManagement',
  caller: 'root',
  fast: true,
  since: 'Windows Server 2012',
  aliases: { linux: 'HVCALL_NOTIFY_PORT_RING_EMPTY', like: 'HvCallNotifyRingEmpty' },
  source: 'Mile.HyperV, TLFS 6.0b',
})

/** Creates a port in a partition, and names the one that may connect to it. */
export const HvCallCreatePort = /* @__PURE__ */ call(0x0095, 'HvCallCreatePort', 'simple', {
  input: {
    /** Owner of the port, which receives. */
    portPartition: partitionIdField,
    /** New; unique in the partition that owns it. */
    portId: PortIdWord,
    /** VTL of the owner that the port delivers to. */
    portVtl: u8,
    /** Lowest VTL that a connection may come from. */
    minConnectionVtl: u8,
    reservedZ0: reserved(u16),
    /** The only one that may connect; not the owner of the port. */
    connectionPartition: partitionIdField,
    /** Type of the port, and where it delivers to. */
    portInfo: PortInfo,
    /** NUMA domain that the memory should come from. */
    proximityDomainInfo: ProximityDomainInfo,
  },
  inputAliases: { linux: 'hv_input_create_port' },
  privilege: 'createPort',
  caller: 'root',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidPortId',
    'InvalidVpIndex',
    'InvalidParameter',
    'InvalidAlignment',
    'InvalidPartitionState',
    'InsufficientMemory',
    'NoResources',
  ],
  aliases: { linux: 'HVCALL_CREATE_PORT' },
  source: 'TLFS, Mile.HyperV, TLFS 6.0b',
})

/** Connects a partition to a port of another. */
export const HvCallConnectPort = /* @__PURE__ */ call(0x0096, 'HvCallConnectPort', 'simple', {
  input: {
    /** Owner of the connection, which sends: the one that the port was created for. */
    connectionPartition: partitionIdField,
    /** New; unique in the partition that owns it. */
    connectionId: ConnectionIdWord,
    /** VTL of the sender; at least the port's `minConnectionVtl`. */
    connectionVtl: u8,
    reservedZ0: reserved(1),
    reservedZ1: reserved(u16),
    /** Owner of the port, which receives. */
    portPartition: partitionIdField,
    /** Must not be connected yet. */
    portId: PortIdWord,
    reservedZ2: reserved(u32),
    /** Of the port's type. */
    connectionInfo: ConnectionInfo,
    /** NUMA domain that the memory should come from. */
    proximityDomainInfo: ProximityDomainInfo,
  },
  inputAliases: { linux: 'hv_input_connect_port' },
  privilege: 'connectPort',
  caller: 'root',
  since: 'Windows 10 / Server 2016',
  statuses: [
    'AccessDenied',
    'InvalidPartitionId',
    'InvalidConnectionId',
    'InvalidPortId',
    'InvalidAlignment',
    'InvalidParameter',
    'InvalidPartitionState',
    'InsufficientMemory',
    'NoResources',
  ],
  aliases: { linux: 'HVCALL_CONNECT_PORT' },
  source: 'TLFS, Mile.HyperV, TLFS 6.0b',
})

/**
 * Sets an event flag of a child's VP without port or connection. On older ARM64 the code was HvCallConfigureVirtualInterruptLine.
 */
export const HvCallSignalEventDirect = /* @__PURE__ */ call(0x00c0, 'HvCallSignalEventDirect', 'simple', {
  input: {
    /** A child of the caller. */
    targetPartition: u64,
    targetVp: vpIndexField,
    /** VTL whose SynIC takes it, a plain number. */
    targetVtl: u8,
    /** 0 … 15: which slot of the page. */
    targetSint: u8,
    /** Bit of the SINT's flags, 0 … 2047; there is no base. */
    flagNumber: u16,
  },
  output: {
    /** 1: the flag was clear before. 0: it was set already. */
    newlySignaled: u8,
    reserved: reserved(7),
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  aliases: { linux: 'HVCALL_SIGNAL_EVENT_DIRECT', like: 'HvCallConfigureVirtualInterruptLine' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef',
})

/**
 * Puts a message into a slot of a child's VP without port or connection. The TLFS prints a SINT of 1 byte at 13 and the payload
 * alone at 16; Linux, OpenVMM and symbols have this form, 276 bytes packed. On older ARM64 the code was
 * HvCallSetVirtualInterruptLineState.
 */
export const HvCallPostMessageDirect = /* @__PURE__ */ call(0x00c1, 'HvCallPostMessageDirect', 'simple', {
  input: {
    /** A child of the caller. */
    partitionId: partitionIdField,
    vpIndex: vpIndexField,
    /** VTL whose SynIC takes it, a plain number. */
    vtl: u8,
    padding: reserved(3),
    /** 0 … 15: which slot of the page. */
    sintIndex: u32,
    /** Header and payload as the slot shows them, 256 bytes. */
    message: SynicMessage,
    padding2: reserved(4),
  },
  since: 'Windows 10 1709-1803 / Server 2019 development',
  aliases: { linux: 'HVCALL_POST_MESSAGE_DIRECT', like: 'HvCallSetVirtualInterruptLineState' },
  source: 'TLFS, Mile.HyperV, OpenVMM hvdef',
})

/** Signals an event from the root, and tells which VP it went to. */
export const HvCallRootSignalEvent = /* @__PURE__ */ call(0x00f3, 'HvCallRootSignalEvent', 'simple', {
  input: {
    /** A connection of the caller to an event port. */
    connectionId: ConnectionIdWord,
    /** From 0, less than the port's `flagCount`; the port adds its `baseFlagNumber`. */
    flagNumber: u16,
    rsvdZ: reserved(u16),
  },
  output: {
    /** Partition that the port belongs to. */
    destinationPartitionId: partitionIdField,
    destinationVpIndex: vpIndexField,
    /** 1: the flag was clear before. 0: it was set already. */
    newlySignalled: u8,
    padding: reserved(3),
  },
  since: 'Windows 11 preview (2021) (call table)',
  source: 'Mile.HyperV',
})
