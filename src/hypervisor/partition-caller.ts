import { Arm64PartitionCreationProperties } from '../hypercall/arm64.ts'
import { HvCallDepositMemory, HvCallMapGpaPages } from '../hypercall/calls/memory.ts'
import {
  HvCallCreatePartition,
  HvCallInitializePartition,
  HvCallSetPartitionProperty,
} from '../hypercall/calls/partition.ts'
import {
  HvCallConnectPort,
  HvCallCreatePort,
  HvCallDeletePort,
  HvCallDisconnectPort,
  HvCallPostMessage,
  HvCallSignalEvent,
} from '../hypercall/calls/ports.ts'
import { HvCallCreateVp, HvCallSetVpRegisters } from '../hypercall/calls/vp.ts'
import { onArm64 } from '../hypercall/conventions/convention.ts'
import { PartitionProperty } from '../hypercall/enums/partition.ts'
import { PortType } from '../hypercall/enums/ports.ts'
import { MapGpaFlags } from '../hypercall/flags.ts'
import { PartitionCreationProperties } from '../hypercall/partition.ts'
import { type PartitionPrivilege, privilegeMask } from '../hypercall/privileges.ts'
import { CommonRegister } from '../hypercall/registers/common.ts'
import { HvStatus } from '../hypercall/status.ts'
import { messagePayloadSize } from '../hypercall/synic.ts'
import type { HypercallCaller } from './hypercall-caller.ts'
import { largePagePages } from './memory.ts'

const noDomain = { id: 0, flags: { proximityPreferred: false, proximityInfoValid: false } }
const allAccess =
  MapGpaFlags.readable | MapGpaFlags.writable | MapGpaFlags.kernelExecutable | MapGpaFlags.userExecutable
/** Elements of a rep call that surely fit a page behind its header. */
const mostReps = 500

/** A message or event port, and who connects to it by which id. */
export interface Wire {
  /** The partition that owns the port. */
  readonly receiver: bigint
  /** 24 bits. */
  readonly portId: number
  /** The partition that owns the connection. */
  readonly sender: bigint
  /** 24 bits. */
  readonly connectionId: number
  /** SINT of the receiver, 1 … 15. */
  readonly sint: number
  /** VP of the receiver, or HV_ANY_VP. */
  readonly vp: number
  /** Event flags of an event port; absent for a message port. */
  readonly flags?: { readonly base: number; readonly count: number }
}

/** A call of the set-up that was refused. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
  constructor(
    readonly call: string,
    readonly status: number,
  ) {
    super(`${call}: status 0x${status.toString(16)}`)
  }
}

/** What a parent does with real hypercalls: makes children, wires ports. Methods that answer no status throw {@link SetupError}. */
export class PartitionCaller {
  readonly #caller: HypercallCaller

  constructor(caller: HypercallCaller) {
    this.#caller = caller
  }

  /** Creates a child with these privileges beside the usual ones, gives it pages for its pool, and initializes it. Answers its id. */
  createChild(pages: readonly number[], privileges: readonly PartitionPrivilege[], usual: bigint): bigint {
    const partitionId = this.#create()
    this.deposit(partitionId, pages)
    const input = {
      partitionId,
      propertyCode: PartitionProperty.PrivilegeFlags,
      propertyValue: usual | privilegeMask(privileges),
    }
    check('HvCallSetPartitionProperty', this.#caller.call(HvCallSetPartitionProperty, { input }).status)
    const initialized = this.#caller.call(HvCallInitializePartition, { input: { partitionId } }, true)
    check('HvCallInitializePartition', initialized.status)
    return partitionId
  }

  #create(): bigint {
    const common = {
      flags: 0n,
      proximityDomainInfo: noDomain,
      compatibilityVersion: 0,
      isolationProperties: { isolationType: 0, isolationHostType: 0, sharedGpaBoundaryPageNumber: 0n },
    }
    const isArm64 = this.#caller.vp.partition.machine.architecture === 'arm64'
    const answer = isArm64
      ? this.#caller.call(onArm64(HvCallCreatePartition), {
          input: { ...common, partitionCreationProperties: zeroOf(Arm64PartitionCreationProperties) },
        })
      : this.#caller.call(HvCallCreatePartition, {
          input: { ...common, partitionCreationProperties: zeroOf(PartitionCreationProperties) },
        })
    check('HvCallCreatePartition', answer.status)
    return answer.output?.newPartitionId ?? 0n
  }

  /** Puts pages of the caller's into a partition's pool. */
  deposit(partitionId: bigint, pages: readonly number[]): void {
    for (let first = 0; first < pages.length; first += mostReps) {
      const elements = pages.slice(first, first + mostReps).map((page) => ({ gpaPage: BigInt(page) }))
      check('HvCallDepositMemory', this.#caller.call(HvCallDepositMemory, { input: { partitionId }, elements }).status)
    }
  }

  /** Maps a run of the caller's pages into a child, with all access; by large pages as far as both ends are aligned. */
  map(targetPartitionId: bigint, guestPage: number, sourcePage: number, count: number): void {
    const isAligned = guestPage % largePagePages === 0 && sourcePage % largePagePages === 0
    const large = isAligned ? count - (count % largePagePages) : 0
    this.#map(targetPartitionId, guestPage, sourcePage, large, largePagePages)
    this.#map(targetPartitionId, guestPage + large, sourcePage + large, count - large, 1)
  }

  #map(targetPartitionId: bigint, guestPage: number, sourcePage: number, count: number, step: number): void {
    const mapFlags = step === 1 ? allAccess : allAccess | MapGpaFlags.largePage
    for (let first = 0; first < count; first += mostReps * step) {
      const length = Math.min(mostReps, (count - first) / step)
      const elements = Array.from({ length }, (_, i) => ({ sourceGpaPage: BigInt(sourcePage + first + i * step) }))
      const input = { targetPartitionId, targetGpaBase: BigInt(guestPage + first), mapFlags: mapFlags >>> 0 }
      check('HvCallMapGpaPages', this.#caller.call(HvCallMapGpaPages, { input, elements }).status)
    }
  }

  /** Creates a VP and lets it run. */
  startVp(partitionId: bigint, vpIndex: number): void {
    const input = { partitionId, vpIndex, subnodeType: 0, subnodeId: 0n, proximityDomainInfo: noDomain, flags: 0n }
    check('HvCallCreateVp', this.#caller.call(HvCallCreateVp, { input }).status)
    this.setRegister(partitionId, vpIndex, CommonRegister.HvRegisterExplicitSuspend, 0n)
  }

  /** Writes a 64-bit register of a VP, by its number. */
  setRegister(partitionId: bigint, vpIndex: number, registerName: number, low: bigint): void {
    const input = { partitionId, vpIndex, inputVtl: { targetVtl: 0, useTargetVtl: false } }
    const elements = [{ registerName, registerValue: { low, high: 0n } }]
    check('HvCallSetVpRegisters', this.#caller.call(HvCallSetVpRegisters, { input, elements }).status)
  }

  /** Asks for HvMessageTypeSynicSintDeliverable when the slot of a SINT is free. */
  notifyDeliverable(partitionId: bigint, vpIndex: number, sint: number): void {
    const name = CommonRegister.HvRegisterDeliverabilityNotifications
    this.setRegister(partitionId, vpIndex, name, 1n << BigInt(48 + sint))
  }

  /** Creates a port and connects its sender. Answers the HV_STATUS of the call that failed, else 0. */
  wire(wire: Wire): number {
    const { receiver, sender, sint: targetSint, vp: targetVp, flags } = wire
    const portId = { id: wire.portId }
    const connectionId = { id: wire.connectionId }
    const portType = flags === undefined ? PortType.Message : PortType.Event
    const info =
      flags === undefined
        ? ({ type: 'MessagePortInfo', targetSint, targetVp } as const)
        : ({
            type: 'EventPortInfo',
            targetSint,
            targetVp,
            baseFlagNumber: flags.base,
            flagCount: flags.count,
          } as const)
    const created = this.#caller.call(HvCallCreatePort, {
      input: {
        portPartition: receiver,
        portId,
        portVtl: 0,
        minConnectionVtl: 0,
        connectionPartition: sender,
        portInfo: { portType, info },
        proximityDomainInfo: noDomain,
      },
    })
    if (created.status !== HvStatus.Success) return created.status
    const connected = this.#caller.call(HvCallConnectPort, {
      input: {
        connectionPartition: sender,
        connectionId,
        connectionVtl: 0,
        portPartition: receiver,
        portId,
        connectionInfo: { portType, info: { type: 'PlainConnectionInfo' } },
        proximityDomainInfo: noDomain,
      },
    })
    if (connected.status !== HvStatus.Success) this.#deletePort(receiver, wire.portId)
    return connected.status
  }

  /** Disconnects and deletes what {@link wire} made. */
  unwire({ receiver, sender, portId, connectionId }: Wire): void {
    const flags = { isDoorbell: false }
    const input = { connectionPartition: sender, connectionId: { id: connectionId }, flags }
    check('HvCallDisconnectPort', this.#caller.call(HvCallDisconnectPort, { input }, true).status)
    this.#deletePort(receiver, portId)
  }

  #deletePort(portPartition: bigint, id: number): void {
    const input = { portPartition, portId: { id } }
    check('HvCallDeletePort', this.#caller.call(HvCallDeletePort, { input }, true).status)
  }
}

/** HvCallPostMessage, by memory. More than 240 bytes are refused by the call itself. Answers its HV_STATUS. */
export function callPostMessage(
  caller: HypercallCaller,
  connectionId: number,
  messageType: number,
  payload: Uint8Array,
): number {
  const block = new Uint8Array(messagePayloadSize)
  block.set(payload.subarray(0, messagePayloadSize))
  const input = { connectionId: { id: connectionId }, messageType, payloadSize: payload.length, payload: block }
  return caller.call(HvCallPostMessage, { input }).status
}

/** HvCallSignalEvent, in registers. Answers its HV_STATUS. */
export function callSignalEvent(caller: HypercallCaller, connectionId: number, flagNumber: number): number {
  return caller.call(HvCallSignalEvent, { input: { connectionId: { id: connectionId }, flagNumber } }, true).status
}

/** The value of a structure that is all zero bytes. */
function zeroOf<T>(schema: { readonly size: number; decode(bytes: Uint8Array): T }): T {
  return schema.decode(new Uint8Array(schema.size))
}

function check(call: string, status: number): void {
  if (status !== HvStatus.Success) throw new SetupError(call, status)
}
