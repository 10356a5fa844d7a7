import { maxPortId, WellKnownVp } from '../hypercall/ids.ts'
import { HvStatus } from '../hypercall/status.ts'
import { eventFlagCount, messagePayloadSize, sintCount } from '../hypercall/synic.ts'
import { PAGE_SIZE } from '../memory/index.ts'
import { OurStatus, poolCost } from './choices.ts'
import type { Partition } from './partition.ts'
import { Connection, type ConnectionTarget, Port, type PortTarget } from './port.ts'
import type { Synic } from './synic.ts'
import { refusal, targetOf, vpOf } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** Parameters of HvCallCreatePort. Ids have 24 bits. */
export interface CreatePort {
  /** The partition that owns it: the caller or a child. */
  readonly portPartition: bigint
  /** 24 bits, not used yet. */
  readonly portId: number
  /** The partition that may connect: not the port's own. */
  readonly connectionPartition: bigint
  /** Its kind, and where it delivers. */
  readonly target: PortTarget
  /** The level whose SynIC gets what is sent. Default 0. */
  readonly portVtl?: number
  /** The lowest level that may send. Default 0. */
  readonly minConnectionVtl?: number
}

/** HvCallCreatePort: a port in the caller's own partition or a child. Answers its HV_STATUS. Source: TLFS 11.11.1, 2.0A 14.8.1. */
export function createPort(caller: Partition, call: CreatePort): number {
  const owner = targetOf(caller, call.portPartition, {
    target: 'self or child',
    privilege: 'createPort',
    states: ['active'],
  })
  if (owner.value === undefined) return owner.status
  const connectable = partnerOf(caller, call.connectionPartition)
  if (connectable === undefined || connectable === owner.value) return HvStatus.InvalidPartitionId
  if (connectable.state !== 'active') return HvStatus.InvalidPartitionState
  const { portId, target } = call
  if (!isId(portId) || owner.value.ports.has(portId)) return HvStatus.InvalidPortId
  const status = targetStatus(owner.value, target)
  if (status !== HvStatus.Success) return status
  const port = new Port(
    portId,
    owner.value,
    connectable,
    target,
    call.portVtl ?? 0,
    call.minConnectionVtl ?? 0,
    target.kind === 'message' ? caller.machine.messageBuffers : 0,
  )
  if (target.kind === 'message' && !owner.value.pool.take(port, poolCost.messagePort)) {
    return HvStatus.InsufficientMemory
  }
  owner.value.ports.set(portId, port)
  return HvStatus.Success
}

/** HvCallDeletePort: the port goes with its queued messages; a connection to it stays, of no use. */
export function deletePort(caller: Partition, portPartition: bigint, portId: number): number {
  const owner = targetOf(caller, portPartition, {
    target: 'self or child',
    privilege: 'createPort',
    states: ['active'],
  })
  if (owner.value === undefined) return owner.status
  const port = owner.value.ports.get(portId)
  if (port === undefined) return HvStatus.InvalidPortId
  removePort(port)
  return HvStatus.Success
}

/** Takes a port away, without asking who wants it. */
export function removePort(port: Port): void {
  port.isDeleted = true
  port.owner.ports.delete(port.id)
  port.owner.pool.free(port)
  for (const vp of port.owner.vps.values()) {
    for (const { synic } of vp.vtls.values()) synic.drop(port)
  }
}

/** Parameters of HvCallConnectPort. */
export interface ConnectPort {
  /** The partition that owns it: the caller or a child. */
  readonly connectionPartition: bigint
  /** 24 bits, not used yet. */
  readonly connectionId: number
  /** The partition that owns the port. */
  readonly portPartition: bigint
  /** 24 bits. */
  readonly portId: number
  /** Its kind, as the port's. */
  readonly target: ConnectionTarget
  /** The lowest level that may send by it. Default 0. */
  readonly connectionVtl?: number
}

/** HvCallConnectPort: a connection of the caller's own partition or a child to a port. Source: TLFS 11.11.3, 2.0A 14.8.3. */
export function connectPort(caller: Partition, call: ConnectPort): number {
  const owner = targetOf(caller, call.connectionPartition, {
    target: 'self or child',
    privilege: 'connectPort',
    states: ['active'],
  })
  if (owner.value === undefined) return owner.status
  const portOwner = partnerOf(caller, call.portPartition)
  if (portOwner === undefined || portOwner === owner.value) return HvStatus.InvalidPartitionId
  if (portOwner.state !== 'active') return HvStatus.InvalidPartitionState
  if (!isId(call.connectionId) || owner.value.connections.has(call.connectionId)) return HvStatus.InvalidConnectionId
  const port = portOwner.ports.get(call.portId)
  if (port === undefined || port.connectable !== owner.value || port.connection !== undefined) {
    return HvStatus.InvalidPortId
  }
  const { target } = call
  if (target.kind !== port.target.kind) return HvStatus.InvalidParameter
  if (target.kind === 'monitor' && target.monitorAddress % PAGE_SIZE !== 0) return HvStatus.InvalidAlignment
  if (target.kind === 'doorbell' && ![0, 1, 2, 4, 8].includes(target.size)) return HvStatus.InvalidParameter
  const connection = new Connection(call.connectionId, owner.value, port, target, call.connectionVtl ?? 0)
  port.connection = connection
  owner.value.connections.set(connection.id, connection)
  return HvStatus.Success
}

/** HvCallDisconnectPort: the connection goes; messages that are queued stay. */
export function disconnectPort(caller: Partition, connectionPartition: bigint, connectionId: number): number {
  const owner = targetOf(caller, connectionPartition, {
    target: 'self or child',
    privilege: 'connectPort',
    states: ['active'],
  })
  if (owner.value === undefined) return owner.status
  const connection = owner.value.connections.get(connectionId)
  if (connection === undefined) return HvStatus.InvalidConnectionId
  removeConnection(connection)
  return HvStatus.Success
}

/** Takes a connection away, without asking who wants it. */
export function removeConnection(connection: Connection): void {
  connection.owner.connections.delete(connection.id)
  connection.port.connection = undefined
}

/** What HvCallPostMessage carries. */
export interface PostMessage {
  /** 24 bits. */
  readonly connectionId: number
  /** Bit 31 clear and not 0. */
  readonly messageType: number
  /** Bytes of `payload` that count, 0 … 240. */
  readonly payloadSize: number
  /** 240 bytes, or fewer. */
  readonly payload: Uint8Array
}

/** HvCallPostMessage, as made in a VTL of the caller. Source: TLFS 11.11.7; order of checks as in 2.0A 14.8.6. */
export function postMessage(caller: Partition, call: PostMessage, callerVtl = 0): number {
  const refused = refusal(caller, 'postMessages')
  if (refused !== HvStatus.Success) return refused
  const connection = caller.connections.get(call.connectionId)
  if (connection === undefined) return HvStatus.InvalidConnectionId
  const port = livePort(connection)
  if (port === undefined || port.target.kind !== 'message') return HvStatus.InvalidPortId
  if (callerVtl < Math.max(port.minConnectionVtl, connection.vtl)) return OurStatus.connectionVtl
  const { messageType, payloadSize } = call
  if (!isPostable(messageType) || payloadSize > messagePayloadSize || payloadSize > call.payload.length) {
    return HvStatus.InvalidParameter
  }
  const { sint, vp } = port.target
  const candidates = candidatesOf(port, vp)
  if (candidates.length === 0) return HvStatus.InvalidVpIndex
  const ready = candidates.filter((synic) => synic.takesMessages)
  const synic = ready.find((candidate) => candidate.isFree(sint)) ?? ready[0]
  if (synic === undefined) return HvStatus.InvalidSynicState
  if (port.buffers <= 0 && !synic.isFree(sint)) {
    // Whoever waits for the slot learns of its freeing from EOM.
    synic.markPending(sint)
    return HvStatus.InsufficientBuffers
  }
  const copy = call.payload.slice(0, payloadSize)
  port.buffers -= 1
  const outcome = synic.post(sint, {
    messageType,
    sender: BigInt(port.id),
    origin: port,
    payload: () => copy,
    release: () => {
      port.buffers += 1
    },
  })
  if (outcome === 'delivered' || outcome === 'queued') {
    port.postCount += 1
    return HvStatus.Success
  }
  port.buffers += 1
  return HvStatus.InvalidSynicState
}

/** HvCallSignalEvent, as made in a VTL of the caller. Source: TLFS 11.11.8. */
export function signalEvent(caller: Partition, connectionId: number, flagNumber: number, callerVtl = 0): number {
  const refused = refusal(caller, 'signalEvents')
  if (refused !== HvStatus.Success) return refused
  const connection = caller.connections.get(connectionId)
  if (connection === undefined) return HvStatus.InvalidConnectionId
  const port = livePort(connection)
  if (port === undefined || port.target.kind !== 'event') return HvStatus.InvalidPortId
  if (callerVtl < Math.max(port.minConnectionVtl, connection.vtl)) return OurStatus.connectionVtl
  const { sint, vp, baseFlag, flagCount } = port.target
  if (!(flagNumber >= 0 && flagNumber < flagCount)) return HvStatus.InvalidParameter
  const candidates = candidatesOf(port, vp)
  if (candidates.length === 0) return HvStatus.InvalidVpIndex
  const status = signalFirst(candidates, sint, baseFlag + flagNumber)
  if (status === HvStatus.Success) port.signalCount += 1
  return status
}

/** HvCallPostMessageDirect: into a slot of a child's VP, without a port. */
export function postMessageDirect(
  caller: Partition,
  call: {
    readonly partition: bigint
    readonly vp: number
    readonly vtl?: number
    readonly sint: number
    readonly messageType: number
    readonly payload: Uint8Array
  },
): number {
  const synic = synicOf(caller, call.partition, call.vp, call.vtl ?? 0)
  if (typeof synic === 'number') return synic
  if (call.messageType === 0 || call.payload.length > messagePayloadSize) return HvStatus.InvalidParameter
  if (!(call.sint >= 0 && call.sint < sintCount) || !synic.takesMessages) return HvStatus.InvalidSynicState
  if (!synic.isFree(call.sint)) {
    synic.markPending(call.sint)
    return OurStatus.slotBusy
  }
  const copy = call.payload.slice()
  synic.post(call.sint, { messageType: call.messageType, sender: 0n, payload: () => copy })
  return HvStatus.Success
}

/** HvCallSignalEventDirect: a flag of a child's VP, without a port. Answers whether it was clear. */
export function signalEventDirect(
  caller: Partition,
  call: {
    readonly partition: bigint
    readonly vp: number
    readonly vtl?: number
    readonly sint: number
    readonly flag: number
  },
): { readonly status: number; readonly newlySignalled: boolean } {
  const synic = synicOf(caller, call.partition, call.vp, call.vtl ?? 0)
  if (typeof synic === 'number') return { status: synic, newlySignalled: false }
  const outcome = synic.signal(call.sint, call.flag)
  if (outcome === 'signalled') return { status: HvStatus.Success, newlySignalled: true }
  if (outcome === 'already set') return { status: HvStatus.Success, newlySignalled: false }
  const isFlag = call.sint >= 0 && call.sint < sintCount
  const status = outcome === 'no flag' && isFlag ? HvStatus.InvalidParameter : HvStatus.InvalidSynicState
  return { status, newlySignalled: false }
}

/** A guest wrote memory: rings the doorbells of its connections on that address. */
export function ringDoorbells(sender: Partition, gpa: number, size: number, value: bigint): boolean {
  let rang = false
  for (const connection of sender.connections.values()) {
    const { target } = connection
    const port = livePort(connection)
    if (target.kind !== 'doorbell' || port?.target.kind !== 'doorbell') continue
    if (target.gpa !== gpa || (target.size !== 0 && target.size !== size)) continue
    if (target.value !== undefined && target.value !== value) continue
    rang = true
    const status = signalFirst(candidatesOf(port, port.target.vp), port.target.sint, 0)
    if (status === HvStatus.Success) port.signalCount += 1
  }
  return rang
}

/** The port of a connection while it can take something. */
export function livePort(connection: Connection): Port | undefined {
  const { port } = connection
  return port.isDeleted || port.owner.state !== 'active' ? undefined : port
}

function signalFirst(candidates: readonly Synic[], sint: number, flag: number): number {
  for (const synic of candidates) {
    const outcome = synic.signal(sint, flag)
    if (outcome === 'signalled' || outcome === 'already set') return HvStatus.Success
  }
  return HvStatus.InvalidSynicState
}

/** The SynICs that a port may deliver to. */
function candidatesOf(port: Port, target: number): Synic[] {
  const vps = target === WellKnownVp.Any ? port.owner.processors() : [port.owner.vps.get(target)]
  return vps.flatMap((vp: VirtualProcessor | undefined) => vp?.vtls.get(port.vtl)?.synic ?? [])
}

function synicOf(caller: Partition, partition: bigint, index: number, vtl: number): Synic | number {
  const target = targetOf(caller, partition, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target.status
  const vp = vpOf(target.value, index)
  if (vp.value === undefined) return vp.status
  return vp.value.vtls.get(vtl)?.synic ?? OurStatus.vtlNotEnabled
}

/** The other partition that a port or connection names: the caller, its child, or its parent. */
function partnerOf(caller: Partition, id: bigint): Partition | undefined {
  if (caller.parent?.id === id) return caller.parent
  return targetOf(caller, id, { target: 'self or child' }).value
}

function targetStatus(owner: Partition, target: PortTarget): number {
  if (target.kind === 'monitor') {
    return target.monitorAddress % PAGE_SIZE === 0 ? HvStatus.Success : HvStatus.InvalidAlignment
  }
  if (!(target.sint >= 1 && target.sint < sintCount)) return HvStatus.InvalidParameter
  if (target.vp !== WellKnownVp.Any && !owner.vps.has(target.vp)) return HvStatus.InvalidVpIndex
  if (target.kind !== 'event') return HvStatus.Success
  const { baseFlag, flagCount } = target
  const fits = flagCount >= 1 && baseFlag >= 0 && flagCount <= eventFlagCount && baseFlag <= eventFlagCount - flagCount
  return fits ? HvStatus.Success : HvStatus.InvalidParameter
}

function isPostable(messageType: number): boolean {
  return messageType > 0 && messageType < 0x8000_0000
}

function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id <= maxPortId
}
