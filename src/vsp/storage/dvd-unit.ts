import {
  AdditionalSense,
  Cdb,
  type Cdb as CdbValue,
  DiscInformation,
  FeatureHeader,
  MediaEvent,
  PeripheralType,
  ScsiOpcode,
  type Sense,
  SenseKey,
  TocData,
} from '../../devices/scsi/index.ts'
import { inquiryData } from './absent-unit.ts'
import { checkGeometry, type Disk } from './disk.ts'
import { modeSense } from './mode-data.ts'
import { illegalRequest, type ScsiTask } from './scsi-task.ts'
import { readCapacity10, ScsiUnit } from './scsi-unit.ts'
import { identityOf } from './vpd.ts'

const sectorSize = 2048
const notPresent: Sense = { key: SenseKey.NotReady, additional: AdditionalSense.MediumNotPresent }
/** Track number of the lead-out. */
const leadOut = 0xaa
const dvdRom = 0x10
const mediaClass = { bit: 0x10, number: 4 }
/** Events of the media class. */
const MediaEventCode = { None: 0, NewMedia: 2, Removed: 3 } as const

/** Mode page 2Ah: reads DVDs, has a tray that ejects. */
const capabilities = new Uint8Array([0x2a, 18, 0x08, 0, 0x71, 0x60, 0x29, 0, ...new Uint8Array(12)])

/**
 * A DVD drive, whose medium is a disk of blocks of 2048 bytes, or none. Source: T10 MMC-6.
 *
 * ```ts
 * const drive = new DvdUnit(new FileDisk('/path/of/image.iso', { blockSize: 2048, readOnly: true }))
 * ```
 */
export class DvdUnit extends ScsiUnit {
  #medium: Disk | undefined
  #event: number = MediaEventCode.None
  #isLocked = false

  /** Throws `RangeError` for a medium of other blocks. */
  constructor(medium?: Disk, identity = 'dvd') {
    super(inquiryData({ deviceType: PeripheralType.CdDvd, qualifier: 0 }, 'Virtual DVD-ROM', true), {
      deviceType: PeripheralType.CdDvd,
      identity: identityOf(identity),
    })
    if (medium !== undefined) this.#load(medium)
  }

  /** The disk that is in. */
  get medium(): Disk | undefined {
    return this.#medium
  }

  /** Whether the guest has asked that the medium stay in. */
  get isLocked(): boolean {
    return this.#isLocked
  }

  /** Puts a disk in, in place of the one that is in. The guest is told with its next command. */
  insert(medium: Disk): void {
    this.#load(medium)
    this.attention(AdditionalSense.MediumMayHaveChanged)
  }

  /** Takes the disk out, locked or not, and answers it. */
  eject(): Disk | undefined {
    const medium = this.#medium
    this.#medium = undefined
    this.#event = MediaEventCode.Removed
    return medium
  }

  protected override command(task: ScsiTask, opcode: number): void {
    const { cdb, cdbView } = task
    if (opcode === ScsiOpcode.Read10) this.#read(task, cdbView.getUint32(2), cdbView.getUint16(7))
    else if (opcode === ScsiOpcode.Read12) this.#read(task, cdbView.getUint32(2), cdbView.getUint32(6))
    else this.#other(task, Cdb.decode(cdb))
  }

  #load(medium: Disk): void {
    checkGeometry(medium)
    if (medium.blockSize !== sectorSize) throw new RangeError(`a DVD with blocks of ${medium.blockSize} bytes`)
    this.#medium = medium
    this.#event = MediaEventCode.NewMedia
  }

  #read(task: ScsiTask, lba: number, blocks: number): void {
    if (this.#medium === undefined) task.check(notPresent)
    else this.transfer(task, this.#medium, lba, blocks, false, false)
  }

  #other(task: ScsiTask, cdb: CdbValue): void {
    const medium = this.#medium
    switch (cdb.type) {
      case 'TestUnitReady':
        if (medium === undefined) task.check(notPresent)
        else task.good()
        break
      case 'ModeSense6':
      case 'ModeSense10':
        modeSense(task, cdb, {
          mediumType: 0,
          isReadOnly: true,
          blocks: medium?.blocks ?? 0,
          blockSize: sectorSize,
          pages: new Map([[0x2a, capabilities]]),
        })
        break
      case 'PreventAllowMediumRemoval':
        this.#isLocked = cdb.flags.prevent !== 0
        task.good()
        break
      case 'StartStopUnit':
        this.#startStop(task, cdb.power.loadEject && !cdb.power.start)
        break
      case 'GetConfiguration':
        task.reply(FeatureHeader.encode({ dataLength: 4, currentProfile: medium ? dvdRom : 0 }), cdb.allocationLength)
        break
      case 'GetEventStatusNotification':
        this.#events(task, cdb.flags.polled, cdb.classes, cdb.allocationLength)
        break
      default:
        if (medium !== undefined) this.#ofMedium(task, cdb, medium)
        else if (needsMedium(cdb)) task.check(notPresent)
        else this.common(task, cdb)
    }
  }

  /** What can only be answered with a medium in. */
  #ofMedium(task: ScsiTask, cdb: CdbValue, medium: Disk): void {
    const { blocks } = medium
    switch (cdb.type) {
      case 'ReadCapacity10':
        readCapacity10(task, medium)
        break
      case 'ReadToc':
        if (cdb.format.format > 1 || (cdb.format.format === 0 && cdb.track > 1 && cdb.track !== leadOut)) {
          task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
        } else task.reply(tocOf(blocks, cdb.flags.msf, cdb.format.format === 1, cdb.track), cdb.allocationLength)
        break
      case 'ReadDiscInformation':
        task.reply(
          DiscInformation.encode({
            dataLength: DiscInformation.size - 2,
            status: { discStatus: 2, lastSession: 3, erasable: false },
            firstTrack: 1,
            sessions: 1,
            firstTrackOfLastSession: 1,
            lastTrackOfLastSession: 1,
          }),
          cdb.allocationLength,
        )
        break
      default:
        this.common(task, cdb)
    }
  }

  #startStop(task: ScsiTask, isEjected: boolean): void {
    if (isEjected && this.#isLocked) {
      task.check(illegalRequest(AdditionalSense.MediumRemovalPrevented))
      return
    }
    if (isEjected) this.eject()
    task.good()
  }

  #events(task: ScsiTask, polled: boolean, classes: number, allocation: number): void {
    if (!polled) {
      task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
      return
    }
    const isAsked = (classes & mediaClass.bit) !== 0
    const code = isAsked ? this.#event : MediaEventCode.None
    if (isAsked) this.#event = MediaEventCode.None
    const event = MediaEvent.encode({
      dataLength: isAsked ? 6 : 2,
      notification: { class: isAsked ? mediaClass.number : 0, noEvent: !isAsked },
      supportedClasses: mediaClass.bit,
      event: { code },
      status: { trayOpen: false, mediaPresent: this.#medium !== undefined },
      startSlot: 0,
      endSlot: 0,
    })
    task.reply(isAsked ? event : event.subarray(0, 4), allocation)
  }
}

function needsMedium({ type }: CdbValue): boolean {
  return type === 'ReadCapacity10' || type === 'ReadToc' || type === 'ReadDiscInformation'
}

/** A table of contents with one data track. */
function tocOf(blocks: number, msf: boolean, sessions: boolean, track: number): Uint8Array {
  const entry = (number: number, lba: number) => ({
    kind: { control: 4, adr: 1 },
    track: number,
    address: msf ? minutes(lba) : lba,
  })
  const all = sessions ? [entry(1, 0)] : [entry(1, 0), entry(leadOut, Math.min(blocks, 0xffff_ffff))]
  const tracks = sessions ? all : all.filter((each) => each.track >= track)
  return TocData.encode({ dataLength: 2 + 8 * tracks.length, firstTrack: 1, lastTrack: 1, tracks })
}

/** An LBA as minutes, seconds and frames: 75 frames a second, the first two seconds before LBA 0. */
function minutes(lba: number): number {
  const frames = lba + 150
  return Math.min(255, Math.floor(frames / 4500)) * 0x1_0000 + (Math.floor(frames / 75) % 60) * 0x100 + (frames % 75)
}
