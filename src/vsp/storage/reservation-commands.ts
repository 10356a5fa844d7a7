import {
  AdditionalSense,
  type Cdb,
  FullStatusData,
  PersistentReserveInAction,
  PersistentReserveOutAction,
  ReservationCapabilities,
  ReservationData,
  ReservationKeys,
  ReservationParameters,
  ReservationType,
  SasTransportId,
  ScsiOpcode,
  ScsiStatus,
} from '../../devices/scsi/index.ts'
import { SrbStatus } from '../../devices/storage/index.ts'
import type { Infer } from '../../wire/index.ts'
import type { Disk } from './disk.ts'
import type { Registrant, ReservationOutcome, Reservations } from './reservations.ts'
import { illegalRequest, type ScsiTask } from './scsi-task.ts'

type PersistentReserveIn = Extract<Cdb, { type: 'PersistentReserveIn' }>
type PersistentReserveOut = Extract<Cdb, { type: 'PersistentReserveOut' }>

/** Protocol identifier of SAS in a TransportID. */
const sas = 6
const types: readonly number[] = Object.values(ReservationType)

/** What commands do, as reservations see it; those that are not here are always allowed. Sources: T10 SPC-4 5.13, SBC-3 4.19. */
const accesses: ReadonlyMap<number, 'read' | 'write'> = new Map([
  ...[
    ScsiOpcode.Read6,
    ScsiOpcode.Read10,
    ScsiOpcode.Read12,
    ScsiOpcode.Read16,
    ScsiOpcode.Verify10,
    ScsiOpcode.Verify12,
    ScsiOpcode.Verify16,
    ScsiOpcode.ModeSense6,
    ScsiOpcode.ModeSense10,
  ].map((opcode) => [opcode, 'read'] as const),
  ...[
    ScsiOpcode.Write6,
    ScsiOpcode.Write10,
    ScsiOpcode.Write12,
    ScsiOpcode.Write16,
    ScsiOpcode.WriteAndVerify10,
    ScsiOpcode.WriteAndVerify16,
    ScsiOpcode.WriteSame10,
    ScsiOpcode.WriteSame16,
    ScsiOpcode.Unmap,
    ScsiOpcode.SynchronizeCache10,
    ScsiOpcode.SynchronizeCache16,
    ScsiOpcode.ModeSelect6,
    ScsiOpcode.ModeSelect10,
  ].map((opcode) => [opcode, 'write'] as const),
])

/** Whether a reservation of somebody else's keeps a command from being executed; then it is answered. */
export function isKeptOut(task: ScsiTask, reservations: Reservations): boolean {
  const access = accessOf(task.cdb)
  if (access === undefined || reservations.allows(task.nexus, access)) return false
  conflict(task)
  return true
}

function accessOf(cdb: Uint8Array): 'read' | 'write' | undefined {
  const [opcode = 0, action = 0, , , option = 0] = cdb
  switch (opcode) {
    case ScsiOpcode.ServiceActionIn16:
      // GET LBA STATUS; capacities are everybody's.
      return (action & 0x1f) === 0x12 ? 'read' : undefined
    case ScsiOpcode.StartStopUnit:
      // To start is allowed, without a power condition.
      return (option & 0xf1) === 0x01 ? undefined : 'write'
    case ScsiOpcode.PreventAllowMediumRemoval:
      return (option & 0x03) === 0 ? undefined : 'write'
    default:
      return accesses.get(opcode)
  }
}

/** PERSISTENT RESERVE IN. */
export function persistentReserveIn(task: ScsiTask, cdb: PersistentReserveIn, reservations: Reservations): void {
  const data = answerOf(cdb.action.serviceAction, reservations)
  if (data === undefined) task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
  else task.reply(data, cdb.allocationLength)
}

function answerOf(action: number, reservations: Reservations): Uint8Array | undefined {
  const { generation, registrations, type } = reservations
  const kind = { reservationType: type, scope: 0 }
  switch (action) {
    case PersistentReserveInAction.ReadKeys:
      return ReservationKeys.encode({
        generation,
        additionalLength: 8 * registrations.length,
        keys: registrations.map(({ key }) => key),
      })
    case PersistentReserveInAction.ReadReservation: {
      const descriptors = type === 0 ? [] : [{ reservationKey: reservations.holderKey, kind }]
      return ReservationData.encode({ generation, additionalLength: 16 * descriptors.length, descriptors })
    }
    case PersistentReserveInAction.ReportCapabilities:
      return ReservationCapabilities.encode({
        length: ReservationCapabilities.size,
        capable: {
          persistThroughPowerLoss: true,
          allTargetPorts: false,
          specifyInitiatorPorts: false,
          compatibleReservationHandling: false,
          replaceLostReservation: false,
        },
        state: { persistThroughPowerLoss: reservations.persists, allowCommands: 0, typesValid: true },
        types: {
          writeExclusive: true,
          exclusiveAccess: true,
          writeExclusiveRegistrantsOnly: true,
          exclusiveAccessRegistrantsOnly: true,
          writeExclusiveAllRegistrants: true,
          exclusiveAccessAllRegistrants: true,
        },
      })
    case PersistentReserveInAction.ReadFullStatus: {
      const descriptors = registrations.map(({ nexus, key, port }) => {
        const holder = reservations.isHolder(nexus)
        return {
          reservationKey: key,
          flags: { holder, allTargetPorts: false },
          kind: holder ? kind : { reservationType: 0, scope: 0 },
          relativePort: port,
          additionalLength: SasTransportId.size,
          transportId: SasTransportId.encode({ protocol: { protocol: sas, format: 0 }, sasAddress: nexus.address }),
        }
      })
      const additionalLength = descriptors.length * (24 + SasTransportId.size)
      return FullStatusData.encode({ generation, additionalLength, descriptors })
    }
    default:
      return undefined
  }
}

/** PERSISTENT RESERVE OUT. With PREEMPT AND ABORT what others have at the disk is over before it is answered. */
export function persistentReserveOut(
  task: ScsiTask,
  cdb: PersistentReserveOut,
  disk: Disk,
  reservations: Reservations,
  registrant: Registrant,
): void {
  const { serviceAction } = cdb.action
  const { reservationType, scope } = cdb.kind
  const hasType =
    serviceAction === PersistentReserveOutAction.Reserve ||
    serviceAction === PersistentReserveOutAction.Release ||
    serviceAction === PersistentReserveOutAction.Preempt ||
    serviceAction === PersistentReserveOutAction.PreemptAndAbort
  const isKnown = serviceAction <= PersistentReserveOutAction.RegisterAndIgnoreExistingKey
  if (!isKnown || (hasType && (scope !== 0 || !types.includes(reservationType)))) {
    task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
    return
  }
  const list = task.received(ReservationParameters.size)
  if (cdb.parameterListLength !== ReservationParameters.size || list.byteLength < ReservationParameters.size) {
    task.check(illegalRequest(AdditionalSense.ParameterListLengthError))
    return
  }
  const outcome = outcomeOf(cdb, ReservationParameters.decode(list), reservations, registrant)
  if (outcome === 'conflict') conflict(task)
  else if (typeof outcome === 'number') task.check(illegalRequest(outcome))
  else if (outcome === 'good' || serviceAction !== PersistentReserveOutAction.PreemptAndAbort)
    task.good(list.byteLength)
  else {
    let open = 1
    const done = (): void => {
      open -= 1
      if (open === 0) task.good(list.byteLength)
    }
    for (const other of outcome.preempted) {
      open += 1
      other.settled(disk, done)
    }
    done()
  }
}

function outcomeOf(
  { action: { serviceAction }, kind: { reservationType } }: PersistentReserveOut,
  { reservationKey, serviceActionKey, flags }: Infer<typeof ReservationParameters>,
  reservations: Reservations,
  registrant: Registrant,
): ReservationOutcome {
  const { nexus } = registrant
  if (
    serviceAction === PersistentReserveOutAction.Register ||
    serviceAction === PersistentReserveOutAction.RegisterAndIgnoreExistingKey
  ) {
    if (flags.specifyInitiatorPorts || flags.allTargetPorts) return AdditionalSense.InvalidFieldInParameterList
    const key = serviceAction === PersistentReserveOutAction.Register ? reservationKey : undefined
    return reservations.register(registrant, key, serviceActionKey, flags.persistThroughPowerLoss)
  }
  if (!reservations.isRegistered(nexus, reservationKey)) return 'conflict'
  switch (serviceAction) {
    case PersistentReserveOutAction.Reserve:
      return reservations.reserve(nexus, reservationType)
    case PersistentReserveOutAction.Release:
      return reservations.release(nexus, reservationType)
    case PersistentReserveOutAction.Clear:
      return reservations.clear(nexus)
    default:
      return reservations.preempt(nexus, serviceActionKey, reservationType)
  }
}

function conflict(task: ScsiTask): void {
  task.fail(SrbStatus.Error, ScsiStatus.ReservationConflict)
}
