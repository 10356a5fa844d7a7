import {
  AdditionalSense,
  Cdb,
  type Cdb as CdbValue,
  fixedSense,
  LbaStatusData,
  PeripheralType,
  ProvisioningStatus,
  ReadCapacity10Data,
  ReadCapacity16Data,
  ScsiOpcode,
  type Sense,
  SenseKey,
  ServiceActionIn,
} from '../../devices/scsi/index.ts'
import { DataDirection } from '../../devices/storage/index.ts'
import { inquiryData } from './absent-unit.ts'
import { checkGeometry, type Disk, isWithin } from './disk.ts'
import { unmap, verify, writeSame } from './disk-commands.ts'
import type { LogicalUnit } from './logical-unit.ts'
import { diskPages, type ModeFacts, modeSelect, modeSense } from './mode-data.ts'
import { illegalRequest, type ScsiTask } from './scsi-task.ts'
import { identityOf, type VpdFacts, vpdPage } from './vpd.ts'

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
export class DiskUnit implements LogicalUnit {
  readonly #inquiry: Uint8Array
  readonly #vpd: VpdFacts
  readonly #mode: ModeFacts
  /** What the next command but INQUIRY and REPORT LUNS is told instead. */
  #attention: Sense | undefined
  readonly #blockSize: number

  constructor(
    readonly disk: Disk,
    { product = 'Virtual Disk', identity = '' }: DiskUnitOptions = {},
  ) {
    checkGeometry(disk)
    this.#blockSize = disk.blockSize
    this.#inquiry = inquiryData({ deviceType: PeripheralType.Disk, qualifier: 0 }, product)
    this.#vpd = {
      deviceType: PeripheralType.Disk,
      identity: identityOf(identity),
      block: { canUnmap: disk.unmap !== undefined && disk.isReadOnly !== true, maxWriteSame },
    }
    this.#mode = {
      mediumType: 0,
      isReadOnly: disk.isReadOnly === true,
      blocks: disk.blocks,
      blockSize: disk.blockSize,
      pages: diskPages(disk.flush !== undefined),
    }
  }

  /** A UNIT ATTENTION for the next command that can have one, such as `AdditionalSense.CapacityDataHasChanged`. */
  attention(additional: number): void {
    this.#attention = { key: SenseKey.UnitAttention, additional }
  }

  execute(task: ScsiTask): void {
    const { cdb, cdbView } = task
    const opcode = cdb[0] ?? 0
    if (this.#attention !== undefined && opcode !== ScsiOpcode.Inquiry && opcode !== ScsiOpcode.RequestSense) {
      const sense = this.#attention
      this.#attention = undefined
      task.check(sense)
      return
    }
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
    const { disk } = this
    const length = blocks * this.#blockSize
    if (!isWithin(disk, lba, blocks)) {
      task.check(illegalRequest(AdditionalSense.LbaOutOfRange))
      return
    }
    if (isWrite && disk.isReadOnly === true) {
      task.failed('write-protected')
      return
    }
    if (blocks === 0) {
      task.good()
      return
    }
    if (length > task.data.size || task.direction !== (isWrite ? DataDirection.Write : DataDirection.Read)) {
      task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
      return
    }
    const isForced = isWrite && hasFlags && ((task.cdb[1] ?? 0) & 0x08) !== 0
    task.prepare(lba, blocks, length, isForced ? disk : undefined)
    if (isWrite) disk.write(task)
    else disk.read(task)
  }

  #other(task: ScsiTask, cdb: CdbValue): void {
    const { disk } = this
    switch (cdb.type) {
      case 'TestUnitReady':
      case 'StartStopUnit':
      case 'PreventAllowMediumRemoval':
        task.good()
        break
      case 'RequestSense': {
        const sense = this.#attention ?? { key: SenseKey.NoSense, additional: AdditionalSense.None }
        this.#attention = undefined
        task.reply(fixedSense(sense), cdb.allocationLength)
        break
      }
      case 'Inquiry':
        this.#inquire(task, cdb.flags.vitalProductData, cdb.pageCode, cdb.allocationLength)
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
        task.reply(
          ReadCapacity10Data.encode({
            lastLba: Math.min(disk.blocks - 1, 0xffff_ffff),
            blockLength: disk.blockSize,
          }),
        )
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
      default:
        task.check(illegalRequest(AdditionalSense.InvalidCommandOperationCode))
    }
  }

  #inquire(task: ScsiTask, isVpd: boolean, pageCode: number, allocation: number): void {
    const data = isVpd ? vpdPage(pageCode, this.#vpd) : pageCode === 0 ? this.#inquiry : undefined
    if (data === undefined) task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
    else task.reply(data, allocation)
  }

  #serviceActionIn(task: ScsiTask, action: number, lba: bigint, allocation: number): void {
    const { disk } = this
    if (action === ServiceActionIn.ReadCapacity16) {
      const canUnmap = this.#vpd.block?.canUnmap === true
      task.reply(
        ReadCapacity16Data.encode({
          lastLba: BigInt(disk.blocks - 1),
          blockLength: disk.blockSize,
          protection: { enabled: false, protectionType: 0, basis: 0 },
          exponents: { blocksPerPhysical: disk.blockSize === 512 ? 3 : 0, protectionIntervals: 0 },
          provisioning: { lowestAligned: 0, readsZeros: canUnmap, thin: canUnmap },
        }),
        allocation,
      )
    } else if (action !== ServiceActionIn.GetLbaStatus) {
      task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
    } else if (lba >= BigInt(disk.blocks)) task.check(illegalRequest(AdditionalSense.LbaOutOfRange))
    else {
      // Which blocks are in use only the disk knows; that all are is always a right answer.
      const count = Math.min(disk.blocks - Number(lba), 0xffff_ffff)
      const descriptors = [{ lba, count, status: ProvisioningStatus.Mapped }]
      task.reply(LbaStatusData.encode({ dataLength: 20, descriptors }), allocation)
    }
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
