import { WellKnownVp } from '../hypercall/ids.ts'
import { HvStatus } from '../hypercall/status.ts'
import type { Partition } from './partition.ts'
import { livePort } from './ports.ts'
import { done, failed, type Result } from './result.ts'
import { refusal } from './target.ts'

/** Where a signal of the root's went. */
export interface RootSignal {
  /** The partition that has the flag. */
  readonly partition: bigint
  /** Its VP. */
  readonly vp: number
  /** The flag was clear before. */
  readonly newlySignalled: boolean
}

/** HvCallRootSignalEvent: HvCallSignalEvent of the root, which tells the VP that has the flag. */
export function rootSignalEvent(caller: Partition, connectionId: number, flagNumber: number): Result<RootSignal> {
  const refused = caller.isRoot ? refusal(caller, 'signalEvents') : HvStatus.AccessDenied
  if (refused !== HvStatus.Success) return failed(refused)
  const connection = caller.connections.get(connectionId)
  if (connection === undefined) return failed(HvStatus.InvalidConnectionId)
  const port = livePort(connection)
  if (port === undefined || port.target.kind !== 'event') return failed(HvStatus.InvalidPortId)
  const { sint, vp: index, baseFlag, flagCount } = port.target
  if (!(flagNumber >= 0 && flagNumber < flagCount)) return failed(HvStatus.InvalidParameter)
  const vps = index === WellKnownVp.Any ? port.owner.processors() : [port.owner.vps.get(index) ?? []].flat()
  if (vps.length === 0) return failed(HvStatus.InvalidVpIndex)
  for (const vp of vps) {
    const outcome = vp.level(port.vtl)?.synic.signal(sint, baseFlag + flagNumber)
    if (outcome !== 'signalled' && outcome !== 'already set') continue
    port.signalCount += 1
    return done({ partition: port.owner.id, vp: vp.index, newlySignalled: outcome === 'signalled' })
  }
  return failed(HvStatus.InvalidSynicState)
}
