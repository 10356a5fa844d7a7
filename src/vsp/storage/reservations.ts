import { AdditionalSense, ReservationType } from '../../devices/scsi/index.ts'
import type { Disk } from './disk.ts'
import type { Nexus } from './nexus.ts'

/** Who registers: the nexus, and how it is told of what others do. */
export interface Registrant {
  readonly nexus: Nexus
  /** A UNIT ATTENTION for this nexus. */
  readonly attention: (additional: number) => void
}

/** A registration as it stands. */
export interface Registration extends Registrant {
  readonly key: bigint
  /** Number of the port of the target that it was made through, from 1. */
  readonly port: number
}

/** What a service action came to; `preempted`: those whose registrations it took. A number is the additional sense of an ILLEGAL REQUEST. */
export type ReservationOutcome = 'good' | 'conflict' | number | { readonly preempted: readonly Nexus[] }

const exclusiveAccess: readonly number[] = [
  ReservationType.ExclusiveAccess,
  ReservationType.ExclusiveAccessRegistrantsOnly,
  ReservationType.ExclusiveAccessAllRegistrants,
]
const allRegistrants: readonly number[] = [
  ReservationType.WriteExclusiveAllRegistrants,
  ReservationType.ExclusiveAccessAllRegistrants,
]
/** What also those may do who have registered without being the holder. */
const forRegistrants: readonly number[] = [
  ...allRegistrants,
  ReservationType.WriteExclusiveRegistrantsOnly,
  ReservationType.ExclusiveAccessRegistrantsOnly,
]

/**
 * The persistent reservation of a disk, and who has registered. It belongs to the disk, not to a controller: guests that share one see
 * each other's. It outlives channels and guests, and ends with the disk. Source: T10 SPC-4 5.13.
 */
export class Reservations {
  readonly #registrations = new Map<Nexus, Registration>()
  readonly #ports = new WeakMap<Nexus, number>()
  #portCount = 0
  #generation = 0
  /** Who made the reservation. */
  #holder: Nexus | undefined
  #type = 0
  #persists = false

  /** Of a disk: one for each object. */
  static of(disk: Disk): Reservations {
    const known = ofDisks.get(disk)
    if (known !== undefined) return known
    const fresh = new Reservations()
    ofDisks.set(disk, fresh)
    return fresh
  }

  /** Successful service actions that may have changed registrations, u32. */
  get generation(): number {
    return this.#generation
  }

  /** See ReservationType; 0 when nothing is reserved. */
  get type(): number {
    return this.#type
  }

  /** The holder's key; 0 where all registrants hold the reservation, or there is none. */
  get holderKey(): bigint {
    if (this.#holder === undefined || allRegistrants.includes(this.#type)) return 0n
    return this.#registrations.get(this.#holder)?.key ?? 0n
  }

  /** Whether the registrant that spoke last of it wants all this to outlast a loss of power. Here it lasts as long as the disk. */
  get persists(): boolean {
    return this.#persists
  }

  /** In the order in which they were made. */
  get registrations(): readonly Registration[] {
    return [...this.#registrations.values()]
  }

  /** Whether a nexus holds the reservation. */
  isHolder(nexus: Nexus): boolean {
    if (this.#type === 0) return false
    return allRegistrants.includes(this.#type) ? this.#registrations.has(nexus) : this.#holder === nexus
  }

  /** Whether a command of a nexus's may be executed. */
  allows(nexus: Nexus, access: 'read' | 'write'): boolean {
    if (this.#type === 0 || this.isHolder(nexus)) return true
    if (access === 'read' && !exclusiveAccess.includes(this.#type)) return true
    return forRegistrants.includes(this.#type) && this.#registrations.has(nexus)
  }

  /** Whether a nexus has registered, with this key. */
  isRegistered(nexus: Nexus, key: bigint): boolean {
    return this.#registrations.get(nexus)?.key === key
  }

  /** REGISTER: the key becomes `next`; 0 ends the registration. @param key the one so far, 0 for none; `undefined`: whatever it is. */
  register(registrant: Registrant, key: bigint | undefined, next: bigint, persists: boolean): ReservationOutcome {
    const { nexus, attention } = registrant
    const before = this.#registrations.get(nexus)
    if (key !== undefined && key !== (before?.key ?? 0n)) return 'conflict'
    this.#count()
    this.#persists = persists
    if (next !== 0n) this.#registrations.set(nexus, { nexus, attention, key: next, port: this.#portOf(nexus) })
    else if (before !== undefined) {
      const isHolder = this.isHolder(nexus)
      this.#registrations.delete(nexus)
      if (isHolder && (!allRegistrants.includes(this.#type) || this.#registrations.size === 0)) this.#release(nexus)
    }
    return 'good'
  }

  /** RESERVE. */
  reserve(nexus: Nexus, type: number): ReservationOutcome {
    if (this.#type === 0) {
      this.#type = type
      this.#holder = nexus
      return 'good'
    }
    return this.isHolder(nexus) && this.#type === type ? 'good' : 'conflict'
  }

  /** RELEASE: of who does not hold it, nothing happens. */
  release(nexus: Nexus, type: number): ReservationOutcome {
    if (!this.isHolder(nexus)) return 'good'
    if (this.#type !== type) return AdditionalSense.InvalidReleaseOfPersistentReservation
    this.#release(nexus)
    return 'good'
  }

  /** CLEAR: no reservation and no registration is left. */
  clear(nexus: Nexus): ReservationOutcome {
    this.#count()
    this.#type = 0
    this.#holder = undefined
    this.#tell(AdditionalSense.ReservationsPreempted, nexus)
    this.#registrations.clear()
    return 'good'
  }

  /** PREEMPT: registrations with a key end, and the reservation that they hold becomes the sender's. */
  preempt(nexus: Nexus, key: bigint, type: number): ReservationOutcome {
    const before = this.#type
    const isOfAll = allRegistrants.includes(before)
    if (key === 0n && !isOfAll) return AdditionalSense.InvalidFieldInParameterList
    const isTaken = before !== 0 && key === this.holderKey
    const preempted = this.registrations.filter((other) =>
      isTaken ? other.nexus !== nexus && (isOfAll || other.key === key) : other.key === key,
    )
    if (!isTaken && preempted.length === 0) return 'conflict'
    this.#count()
    for (const other of preempted) {
      this.#registrations.delete(other.nexus)
      if (other.nexus !== nexus) other.attention(AdditionalSense.RegistrationsPreempted)
    }
    if (isTaken) {
      this.#type = type
      this.#holder = nexus
      if (type !== before) this.#tell(AdditionalSense.ReservationsReleased, nexus)
    } else if (isOfAll && this.#registrations.size === 0) this.#type = 0
    return { preempted: preempted.map((other) => other.nexus).filter((other) => other !== nexus) }
  }

  /** Who shared what is reserved no more is told. */
  #release(by: Nexus): void {
    const type = this.#type
    this.#type = 0
    this.#holder = undefined
    if (forRegistrants.includes(type)) this.#tell(AdditionalSense.ReservationsReleased, by)
  }

  #tell(additional: number, by: Nexus): void {
    for (const { nexus, attention } of this.#registrations.values()) if (nexus !== by) attention(additional)
  }

  #count(): void {
    this.#generation = (this.#generation + 1) >>> 0
  }

  #portOf(nexus: Nexus): number {
    const known = this.#ports.get(nexus)
    if (known !== undefined) return known
    this.#portCount = (this.#portCount + 1) & 0xffff
    this.#ports.set(nexus, this.#portCount)
    return this.#portCount
  }
}

const ofDisks = /* @__PURE__ */ new WeakMap<Disk, Reservations>()
