import { PortProperty } from '../hypercall/enums/ports.ts'
import { WellKnownVp } from '../hypercall/ids.ts'
import { HvStatus } from '../hypercall/status.ts'
import { PAGE_SIZE } from '../memory/index.ts'
import type { Partition } from './partition.ts'
import type { Port } from './port.ts'
import { done, failed, type Result } from './result.ts'
import { targetOf } from './target.ts'

const known: ReadonlySet<number> = /* @__PURE__ */ new Set(Object.values(PortProperty))

/** HvCallGetPortProperty. Properties without a meaning here keep what is set, 0 at first. Source: TLFS 2.0A 14.8.5. */
export function getPortProperty(
  caller: Partition,
  portPartition: bigint,
  portId: number,
  code: number,
): Result<bigint> {
  const port = portOf(caller, portPartition, portId)
  if (port.value === undefined) return port
  const { target, postCount, signalCount, properties } = port.value
  switch (code) {
    case PortProperty.PostCount:
      return target.kind === 'message' ? done(BigInt(postCount)) : failed(HvStatus.UnknownProperty)
    case PortProperty.SignalCount:
      return target.kind === 'message' ? failed(HvStatus.UnknownProperty) : done(BigInt(signalCount))
    case PortProperty.TargetVp:
      return target.kind === 'monitor' ? failed(HvStatus.UnknownProperty) : done(BigInt(target.vp))
    case PortProperty.MonitorAddress:
      return target.kind === 'monitor' ? done(BigInt(target.monitorAddress)) : failed(HvStatus.UnknownProperty)
    default:
      return known.has(code) ? done(properties.get(code) ?? 0n) : failed(HvStatus.UnknownProperty)
  }
}

/** HvCallSetPortProperty. Counts cannot be set. Answers its HV_STATUS. */
export function setPortProperty(
  caller: Partition,
  portPartition: bigint,
  portId: number,
  code: number,
  value: bigint,
): number {
  const found = portOf(caller, portPartition, portId)
  if (found.value === undefined) return found.status
  const port = found.value
  const { target } = port
  switch (code) {
    case PortProperty.PostCount:
    case PortProperty.SignalCount:
      return HvStatus.PropertyValueOutOfRange
    case PortProperty.TargetVp: {
      if (target.kind === 'monitor') return HvStatus.UnknownProperty
      const vp = Number(value)
      if (vp !== WellKnownVp.Any && !port.owner.vps.has(vp)) return HvStatus.InvalidVpIndex
      port.target = { ...target, vp }
      return HvStatus.Success
    }
    case PortProperty.MonitorAddress: {
      if (target.kind !== 'monitor') return HvStatus.UnknownProperty
      if (value >> 52n !== 0n || value % BigInt(PAGE_SIZE) !== 0n) return HvStatus.PropertyValueOutOfRange
      port.target = { ...target, monitorAddress: Number(value) }
      return HvStatus.Success
    }
    default:
      if (!known.has(code)) return HvStatus.UnknownProperty
      port.properties.set(code, value)
      return HvStatus.Success
  }
}

function portOf(caller: Partition, portPartition: bigint, portId: number): Result<Port> {
  const owner = targetOf(caller, portPartition, {
    target: 'self or child',
    privilege: 'createPort',
    states: ['active'],
  })
  if (owner.value === undefined) return owner
  const port = owner.value.ports.get(portId)
  return port === undefined ? failed(HvStatus.InvalidPortId) : done(port)
}
