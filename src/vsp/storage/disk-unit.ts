import {
  AdditionalSense,
  Cdb,
  type Cdb as CdbValue,
  PeripheralType,
  ReadCapacity16Data,
  ScsiOpcode,
  ServiceActionIn,
} from '../../devices/scsi/index.ts'
import { inquiryData } from './absent-unit.ts'
import { checkGeometry, type Disk, isWithin } from './disk.ts'
import { getLbaStatus, unmap, verify, writeSame } from './disk-commands.ts'
import { diskPages, type ModeFacts, modeSelect, modeSense } from './mode-data.ts'
import { isKeptOut, persistentReserveIn, persistentReserveOut } from './reservation-commands.ts'
import { Reservations } from './reservations.ts'
import { illegalRequest, type ScsiTask } from './scsi-task.ts'
import { readCapacity10, ScsiUnit } from './scsi-unit.ts'
import { identityOf } from './vpd.ts'

/** How a disk shows to the guest. */
export interface DiskUnitOptions {
  /** Product name of up to 16 characters. Default `Virtual Disk`. */
  readonly product?: string
  /** A text from which serial number and names are drawn. Default: the same for all. */
  readonly identity?: string
}

/** Blocks that one WRITE SAME may fill. */
const maxWriteSame = 0xffff

/** A disk as SCSI has it: a direct access block device. Source: T10 SPC-4 and SBC-3; texts and refusals as OpenVMM scsidisk. */
export class DiskUnit extends ScsiUnit {
  readonly #mode: ModeFacts
  /** Blocks can be given back: the disk is thinly provisioned, and what was given back reads as zeros. */
  readonly #isThin: boolean
  readonly #reservations: Reservations

  /** Throws `RangeError` for a disk of impossible measures. */
  constructor(
    readonly disk: Disk,
    { product = 'Virtual Disk', identity = '' }: DiskUnitOptions = {},
  ) {
    checkGeometry(disk)
    const isThin = disk.unmap !== undefined && disk.isReadOnly !== true
    super(inquiryData({ deviceType: PeripheralType.Disk, qualifier: 0 }, product), {
      deviceType: PeripheralType.Disk,
      identity: identityOf(identity),
      block: { canUnmap: isThin, maxWriteSame },
    })
    this.#isThin = isThin
    this.#reservations = Reservations.of(disk)
    this.#mode = {
      mediumType: 0,
      isReadOnly: disk.isReadOnly === true,
      blocks: disk.blocks,
      blockSize: disk.blockSize,
      pages: diskPages(disk.flush !== undefined),
    }
  }

  /** Who has reserved the disk: all units that have it share that. */
  get reservations(): Reservations {
    return this.#reservations
  }

  protected override command(task: ScsiTask, opcode: number): void {
    const { cdb, cdbView } = task
    if (this.#reservations.type !== 0 && isKeptOut(task, this.#reservations)) return
    switch (opcode) {
      case ScsiOpcode.Read10:
      case ScsiOpcode.Write10:
        this.#transfer(task, cdbView.getUint32(2), cdbView.getUint16(7), opcode === ScsiOpcode.Write10)
        break
      case ScsiOpcode.Read16:
      case ScsiOpcode.Write16:
        this.#transfer(task, lba16(cdbView), cdbView.getUint32(10), opcode === ScsiOpcode.Write16)
        break
      case ScsiOpcode.Read12:
      case ScsiOpcode.Write12:
        this.#transfer(task, cdbView.getUint32(2), cdbView.getUint32(6), opcode === ScsiOpcode.Write12)
        break
      case ScsiOpcode.Read6:
      case ScsiOpcode.Write6:
        this.#transfer(task, cdbView.getUint32(0) & 0x1f_ffff, cdb[4] || 256, opcode === ScsiOpcode.Write6, false)
        break
      default:
        this.#other(task, Cdb.decode(cdb))
    }
  }

  /** READ and WRITE of all lengths. @param hasFlags READ(6) and WRITE(6) have no FUA bit. */
  #transfer(task: ScsiTask, lba: number, blocks: number, isWrite: boolean, hasFlags = true): void {
    const isForced = isWrite && hasFlags && ((task.cdb[1] ?? 0) & 0x08) !== 0
    this.transfer(task, this.disk, lba, blocks, isWrite, isForced)
  }

  #other(task: ScsiTask, cdb: CdbValue): void {
    const { disk } = this
    switch (cdb.type) {
      case 'TestUnitReady':
      case 'StartStopUnit':
      case 'PreventAllowMediumRemoval':
        task.good()
        break
      case 'ModeSense6':
      case 'ModeSense10':
        modeSense(task, cdb, this.#mode)
        break
      case 'ModeSelect6':
      case 'ModeSelect10':
        modeSelect(task, cdb, this.#mode)
        break
      case 'ReadCapacity10':
        readCapacity10(task, disk)
        break
      case 'ServiceActionIn16':
        this.#serviceActionIn(task, cdb.action.serviceAction, cdb.lba, cdb.allocationLength)
        break
      case 'SynchronizeCache10':
      case 'SynchronizeCache16':
        this.#flush(task, Number(cdb.lba), cdb.length)
        break
      case 'Unmap':
        unmap(task, disk, cdb.parameterListLength)
        break
      case 'WriteSame10':
      case 'WriteSame16':
        if (cdb.length === 0 || cdb.length > maxWriteSame) {
          task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
        } else writeSame(task, disk, Number(cdb.lba), cdb.length, cdb.flags)
        break
      case 'Verify10':
      case 'Verify12':
      case 'Verify16':
        verify(task, disk, Number(cdb.lba), cdb.length, cdb.flags.byteCheck)
        break
      case 'WriteAndVerify10':
      case 'WriteAndVerify16':
        this.#transfer(task, Number(cdb.lba), cdb.length, true, false)
        break
      case 'PersistentReserveIn':
        persistentReserveIn(task, cdb, this.#reservations)
        break
      case 'PersistentReserveOut': {
        const { nexus } = task
        const attention = (additional: number): void => this.attention(additional, nexus)
        persistentReserveOut(task, cdb, disk, this.#reservations, { nexus, attention })
        break
      }
      default:
        this.common(task, cdb)
    }
  }

  #serviceActionIn(task: ScsiTask, action: number, lba: bigint, allocation: number): void {
    const { disk } = this
    if (action === ServiceActionIn.ReadCapacity16) {
      task.reply(
        ReadCapacity16Data.encode({
          lastLba: BigInt(disk.blocks - 1),
          blockLength: disk.blockSize,
          protection: { enabled: false, protectionType: 0, basis: 0 },
          exponents: { blocksPerPhysical: disk.blockSize === 512 ? 3 : 0, protectionIntervals: 0 },
          provisioning: { lowestAligned: 0, readsZeros: this.#isThin, thin: this.#isThin },
        }),
        allocation,
      )
    } else if (action !== ServiceActionIn.GetLbaStatus) {
      task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
    } else getLbaStatus(task, disk, Number(lba), allocation, this.#isThin)
  }

  #flush(task: ScsiTask, lba: number, blocks: number): void {
    const { disk } = this
    if (!isWithin(disk, lba, blocks)) task.check(illegalRequest(AdditionalSense.LbaOutOfRange))
    else if (disk.flush === undefined) task.good()
    else {
      task.prepare(lba, blocks, 0)
      disk.flush(task)
    }
  }
}

/** The LBA of a CDB of 16 bytes. Beyond 2^53 it is rounded, and outside any disk either way. */
function lba16(cdb: DataView): number {
  return cdb.getUint32(2) * 0x1_0000_0000 + cdb.getUint32(6)
}
