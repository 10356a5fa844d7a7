import type { Channel, Completion } from '../../channels/index.ts'
import { AdditionalSense, ScsiStatus, type Sense, SenseKey } from '../../devices/scsi/index.ts'
import { DataDirection, ScsiRequest, SrbFlags, SrbStatus, VstorHeader } from '../../devices/storage/index.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { Disk, DiskError, DiskRequest } from './disk.ts'
import { GuestData } from './guest-data.ts'
import type { LogicalUnit } from './logical-unit.ts'
import type { Nexus } from './nexus.ts'
import { ScsiAnswer } from './scsi-answer.ts'

const requestAt = VstorHeader.size
/** Where a field of the request stands in the packet. */
const at = (field: keyof typeof ScsiRequest.properties) => requestAt + ScsiRequest.offsetOf(field)
const place = {
  pathId: at('pathId'),
  targetId: at('targetId'),
  lun: at('lun'),
  dataIn: at('dataIn'),
  dataTransferLength: at('dataTransferLength'),
  cdb: at('cdbOrSense'),
  srbFlags: at('srbFlags'),
}
/** A command that cannot be read as its sender meant it. */
export const illegalRequest = (additional: number): Sense => ({ key: SenseKey.IllegalRequest, additional })

/**
 * One SCSI command of the guest's, from its packet to its completion; also the request that goes to the disk. Tasks are used again
 * and again: a unit must not keep one that it has finished.
 */
export class ScsiTask implements DiskRequest {
  /** The CDB as it came: 16 bytes that nobody else writes to. */
  readonly cdb: Uint8Array<ArrayBuffer>
  readonly cdbView: DataView
  /** The guest's pages for the data of the command; `size` is the length of the transfer that the guest asks for. */
  readonly data = new GuestData()
  lba = 0
  blocks = 0
  /** For the VSP: who executes it. */
  unit: LogicalUnit | undefined
  /** Called once when the unit is done with it; see {@link afterwards}. */
  #whenDone: (() => void) | undefined
  /** The packet, copied; and how much of it there was, 48 to 64 bytes. */
  readonly #packet = new Uint8Array(64)
  readonly #view = new DataView(this.#packet.buffer)
  readonly #words = new Int32Array(this.#packet.buffer)
  #requestLength = 0
  readonly #answer = new ScsiAnswer()
  #channel: Channel | undefined
  /** The packet while it is at hand. */
  #request: RingPacket | undefined
  /** Since it is not. */
  #completion: Completion | undefined
  #state: 'free' | 'running' | 'finished' = 'free'
  /** Bytes that a read or write moves if it succeeds. */
  #length = 0
  /** What is to be flushed once a write is done. */
  #flush: Disk | undefined
  #waitsIn: Set<ScsiTask> | undefined
  readonly #done: (task: ScsiTask) => void

  /** @param nexus whose commands it brings. @param done is called when the task is free again. */
  constructor(
    readonly nexus: Nexus,
    done: (task: ScsiTask) => void,
  ) {
    this.#done = done
    this.cdb = this.#packet.subarray(place.cdb, place.cdb + 16)
    this.cdbView = new DataView(this.#packet.buffer, place.cdb, 16)
  }

  get pathId(): number {
    return this.#packet[place.pathId] ?? 0
  }

  get targetId(): number {
    return this.#packet[place.targetId] ?? 0
  }

  get lun(): number {
    return this.#packet[place.lun] ?? 0
  }

  /** See DataDirection. */
  get direction(): number {
    return this.#packet[place.dataIn] ?? 0
  }

  /** Bytes that the guest wants to be moved, u32: not checked against its pages. */
  get transferLength(): number {
    return this.#view.getUint32(place.dataTransferLength, true)
  }

  /** See SrbFlags; 0 before protocol 5.1. */
  get flags(): number {
    return this.#requestLength < 64 ? 0 : this.#view.getUint32(place.srbFlags, true)
  }

  /** Whether it runs, that is, is neither finished nor free. */
  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** For the VSP: takes a packet of at least 48 bytes. */
  take(packet: RingPacket, channel: Channel): void {
    const length = Math.min(64, packet.payloadLength)
    const words = this.#words
    packet.copyPayloadWords(words, length / 4)
    for (let i = length / 4; i < 16; i++) words[i] = 0
    this.#requestLength = length
    this.#request = packet
    this.#channel = channel
    this.#completion = undefined
    this.#state = 'running'
    this.#flush = undefined
    this.data.clear()
  }

  /** For the VSP: the call that brought it is over; what is not finished is answered later, and is in `tasks` until then. */
  later(tasks: Set<ScsiTask>): void {
    const request = this.#request
    this.#request = undefined
    if (this.#state !== 'running' || request === undefined) return
    this.#completion = this.#channel?.defer(request)
    this.#waitsIn = tasks.add(this)
  }

  /** For the VSP: the channel is closed; whatever the unit still does is nothing to the guest. A write may still be carried out. */
  abandon(): void {
    this.#request = undefined
    this.#completion = undefined
    this.#channel = undefined
    if (this.direction === DataDirection.Write) this.data.keep()
    else this.data.revoke()
  }

  /** For the VSP: calls `act` once the unit is done with it, whether or not the guest hears of that. */
  afterwards(act: () => void): void {
    const before = this.#whenDone
    this.#whenDone = () => {
      before?.()
      act()
    }
  }

  /** For the VSP: tells the guest that the command is aborted; to be abandoned then. */
  abort(): void {
    this.#answerWith(SrbStatus.Aborted, ScsiStatus.Good, 0, undefined)
  }

  /** The command is done, and moved so many bytes. */
  good(transferred = 0): void {
    if (this.data.faulted) this.fail(SrbStatus.InternalError)
    else this.#finish(SrbStatus.Success, ScsiStatus.Good, transferred, undefined)
  }

  /** CHECK CONDITION with sense data. The SRB status is Error, or InvalidRequest where the guest asked for what cannot be. */
  check(sense: Sense): void {
    const srb = sense.key === SenseKey.IllegalRequest ? SrbStatus.InvalidRequest : SrbStatus.Error
    this.#finish(srb, ScsiStatus.CheckCondition, 0, sense)
  }

  /** The command never got to the unit, or got lost there: an SRB status, without a word of the unit's. */
  fail(srbStatus: number, scsiStatus: number = ScsiStatus.Good): void {
    this.#finish(srbStatus, scsiStatus, 0, undefined)
  }

  /** Gives the guest what it asked for: as many of the bytes as it has room for, or as the CDB allows. */
  reply(bytes: Uint8Array, allocation = bytes.byteLength): void {
    const length = Math.min(bytes.byteLength, allocation, this.data.size)
    if (this.direction !== DataDirection.Read && length > 0) {
      this.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
      return
    }
    this.data.write(0, bytes, 0, length)
    this.good(length)
  }

  /** The bytes that the guest sends along, copied; at most `length`. */
  received(length: number): Uint8Array {
    const bytes = new Uint8Array(this.direction === DataDirection.Write ? Math.min(length, this.data.size) : 0)
    this.data.read(0, bytes, 0, bytes.byteLength)
    return bytes
  }

  /** For units: what the disk is to do, and how many bytes that moves. With `flush`, a flush follows a write (FUA). */
  prepare(lba: number, blocks: number, length: number, flush?: Disk): void {
    this.lba = lba
    this.blocks = blocks
    this.#length = length
    this.#flush = flush
    this.data.size = length
  }

  /** For disks. */
  complete(error?: DiskError): void {
    if (this.#state !== 'running') throw new Error('a disk request was completed twice')
    const flush = this.#flush
    if (error !== undefined) this.failed(error)
    else if (flush?.flush !== undefined) {
      this.#flush = undefined
      flush.flush(this)
    } else this.good(this.#length)
  }

  /** A disk's error as the guest sees it. */
  failed(error: DiskError): void {
    switch (error) {
      case 'unreadable':
        this.check({
          key: SenseKey.MediumError,
          additional: AdditionalSense.UnrecoveredReadError,
          information: this.lba,
        })
        break
      case 'unwritable':
        this.check({ key: SenseKey.MediumError, additional: AdditionalSense.WriteError, information: this.lba })
        break
      case 'write-protected':
        this.check({ key: SenseKey.DataProtect, additional: AdditionalSense.WriteProtected })
        break
      case 'not-ready':
        this.check({ key: SenseKey.NotReady, additional: AdditionalSense.BecomingReady })
        break
      case 'broken':
        this.check({ key: SenseKey.HardwareError, additional: AdditionalSense.InternalTargetFailure })
        break
      case 'busy':
        this.fail(SrbStatus.Busy, ScsiStatus.Busy)
        break
      case 'timeout':
        this.fail(SrbStatus.Timeout)
        break
      case 'aborted':
        this.fail(SrbStatus.Aborted)
        break
    }
  }

  #finish(srbStatus: number, scsiStatus: number, transferred: number, sense: Sense | undefined): void {
    if (this.#state !== 'running') throw new Error('a SCSI command was finished twice')
    this.#state = 'finished'
    this.#answerWith(srbStatus, scsiStatus, transferred, sense)
    this.#channel = undefined
    this.data.revoke()
    this.#state = 'free'
    const whenDone = this.#whenDone
    this.#whenDone = undefined
    this.unit = undefined
    this.#done(this)
    whenDone?.()
  }

  #answerWith(srbStatus: number, scsiStatus: number, transferred: number, sense: Sense | undefined): void {
    const withSense = (this.flags & SrbFlags.disableAutosense) === 0
    this.#answer.fill(srbStatus, scsiStatus, transferred, withSense ? sense : undefined)
    const bytes = this.#answer.bytes(this.#requestLength)
    const request = this.#request
    this.#request = undefined
    if (request !== undefined) this.#channel?.complete(request, bytes)
    else this.#completion?.complete(bytes)
    this.#completion = undefined
    this.#waitsIn?.delete(this)
    this.#waitsIn = undefined
  }
}
