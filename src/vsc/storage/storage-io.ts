import type { RangesHeader } from '../../channels/channel/packet-headers.ts'
import type { Channel } from '../../channels/index.ts'
import { DataDirection, ScsiRequest, SrbFlags, VstorHeader, VstorOperation } from '../../devices/storage/index.ts'
import { setBytes } from '../../memory/copy-bytes.ts'
import { type GuestMemory, PAGE_SIZE } from '../../memory/index.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { Buffer } from './buffers.ts'
import { outcomeOf, type ScsiOutcome } from './outcome.ts'
import type { Segment } from './scatter-gather.ts'

/** A SCSI command as the driver takes it. */
export interface ScsiCommand {
  /** Bus; Linux calls it channel. Default 0. */
  readonly path?: number
  /** Default 0. */
  readonly target?: number
  /** Default 0. */
  readonly lun?: number
  /** At most 16 bytes; copied. */
  readonly cdb: Uint8Array
  /** Bytes that the command fetches. */
  readonly read?: number
  /** Bytes that it brings. */
  readonly write?: Uint8Array
  /** Guest memory for `direction`, instead of `read` and `write`: the device works on it directly, where it has no gaps. */
  readonly segments?: readonly Segment[]
  readonly direction?: 'read' | 'write'
  /**
   * Told once, when the command is over. What was fetched is in `data`, in place: valid during the call; with `segments` it is where they say.
   */
  readonly done: (outcome: ScsiOutcome, data: FetchedData) => void
}

/** What a command has fetched. */
export interface FetchedData {
  readonly length: number
  /** Copies all of it to `target` at `offset`. */
  copyTo(target: Uint8Array, offset: number): void
  /** A copy of it. */
  copy(): Uint8Array
}

const at = (field: keyof typeof ScsiRequest.properties) => VstorHeader.size + ScsiRequest.offsetOf(field)
const place = {
  length: at('length'),
  pathId: at('pathId'),
  targetId: at('targetId'),
  lun: at('lun'),
  cdbLength: at('cdbLength'),
  senseInfoLength: at('senseInfoLength'),
  dataIn: at('dataIn'),
  dataTransferLength: at('dataTransferLength'),
  cdb: at('cdbOrSense'),
  queueTag: at('queueTag'),
  queueAction: at('queueAction'),
  srbFlags: at('srbFlags'),
  timeOutValue: at('timeOutValue'),
}
const tagged = SrbFlags.disableSynchTransfer | SrbFlags.queueActionEnable | SrbFlags.noQueueFreeze

/** One command on its way: its packet, its pages, and who waits. Used again and again. */
export class StorageIo implements FetchedData {
  readonly packet = new Uint8Array(64)
  readonly #view = new DataView(this.packet.buffer)
  readonly #words = new Int32Array(this.packet.buffer)
  command: ScsiCommand | undefined
  /** Tries that failed so far. */
  retries = 0
  /** When it was sent last, in the caller's time. */
  sentAt = 0
  buffer: Buffer | undefined
  ranges: RangesHeader | undefined
  /** For the queue: its place among those on their way; -1 elsewhere. */
  slot = -1
  channel: Channel | undefined
  #memory: GuestMemory | undefined
  /** Bytes of data, which way they go (see DataDirection), and bytes of what was fetched. */
  #wanted = 0
  #direction: number = DataDirection.None
  length = 0
  /** For the channel. A closure that is made once. */
  readonly answered: (answer: RingPacket | undefined) => void

  /** @param finished is told what became of it. @param least bytes of an answer, now. */
  constructor(finished: (io: StorageIo, outcome: ScsiOutcome) => void, least: () => number) {
    // What is the same in all commands.
    this.packet[0] = VstorOperation.ExecuteSrb
    this.packet[4] = 1
    this.packet[place.senseInfoLength] = 20
    this.packet[place.queueTag] = 0xff
    this.packet[place.queueAction] = 0x20
    this.#view.setUint32(place.timeOutValue, 60, true)
    this.answered = (answer) => finished(this, outcomeOf(answer, this.#wanted, least()))
  }

  /** Bytes of data that the command moves. */
  get wanted(): number {
    return this.#wanted
  }

  /** Takes a command. */
  take(command: ScsiCommand): void {
    this.command = command
    this.retries = 0
    this.length = 0
    this.#wanted = bytesOf(command)
    this.#direction =
      this.#wanted === 0 ? DataDirection.None : isWrite(command) ? DataDirection.Write : DataDirection.Read
  }

  /** Lays the packet out as Linux storvsc_queuecommand does. @param packetSize as the protocol's version has it. */
  prepare(memory: GuestMemory, packetSize: number): void {
    const { command, packet } = this
    if (command === undefined) return
    this.#memory = memory
    const view = this.#view
    packet[place.length] = packetSize - VstorHeader.size
    packet[place.pathId] = command.path ?? 0
    packet[place.targetId] = command.target ?? 0
    packet[place.lun] = command.lun ?? 0
    packet[place.cdbLength] = command.cdb.length
    const direction = this.#direction
    packet[place.dataIn] = direction
    view.setUint32(place.dataTransferLength, this.#wanted, true)
    for (let i = 0; i < 4; i++) this.#words[place.cdb / 4 + i] = 0
    setBytes(packet, command.cdb, place.cdb)
    const way =
      direction === DataDirection.Read ? SrbFlags.dataIn : direction === DataDirection.Write ? SrbFlags.dataOut : 0
    view.setUint32(place.srbFlags, tagged | way, true)
  }

  /** Copies what the command brings into its pages. */
  gather(): void {
    const { command, buffer } = this
    const memory = this.#memory
    if (command === undefined || buffer === undefined || memory === undefined) return
    let to = buffer.run.first * PAGE_SIZE
    if (command.write !== undefined) memory.write(to, command.write, 0, command.write.byteLength)
    else if (command.direction === 'write') {
      for (const { gpa, length } of command.segments ?? []) {
        copyWithin(memory, gpa, to, length)
        to += length
      }
    }
  }

  /** Copies what was fetched to where it was wanted, if that is elsewhere. */
  scatter(transferred: number): void {
    const { command, buffer } = this
    const memory = this.#memory
    this.length = this.#direction === DataDirection.Read ? transferred : 0
    if (command?.segments === undefined || buffer === undefined || memory === undefined) return
    if (command.direction === 'write') return
    let from = buffer.run.first * PAGE_SIZE
    let left = transferred
    for (const { gpa, length } of command.segments) {
      const count = Math.min(length, left)
      copyWithin(memory, from, gpa, count)
      from += count
      left -= count
    }
  }

  copyTo(target: Uint8Array, offset: number): void {
    const { buffer, length } = this
    if (length === 0) return
    if (buffer !== undefined) {
      buffer.read(target, offset, length)
      return
    }
    let done = 0
    for (const segment of this.command?.segments ?? []) {
      const count = Math.min(segment.length, length - done)
      this.#memory?.read(segment.gpa, target, offset + done, count)
      done += count
    }
  }

  copy(): Uint8Array {
    const bytes = new Uint8Array(this.length)
    this.copyTo(bytes, 0)
    return bytes
  }
}

function isWrite({ write, segments, direction }: ScsiCommand): boolean {
  return write !== undefined || (segments !== undefined && direction === 'write')
}

function bytesOf({ read, write, segments }: ScsiCommand): number {
  if (segments !== undefined) return segments.reduce((sum, { length }) => sum + length, 0)
  return write?.byteLength ?? read ?? 0
}

function copyWithin(memory: GuestMemory, from: number, to: number, length: number): void {
  const bytes = new Uint8Array(length)
  memory.read(from, bytes, 0, length)
  memory.write(to, bytes, 0, length)
}
