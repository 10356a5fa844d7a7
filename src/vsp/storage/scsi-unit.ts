import {
  AdditionalSense,
  type Cdb,
  fixedSense,
  ReadCapacity10Data,
  ScsiOpcode,
  type Sense,
  SenseKey,
} from '../../devices/scsi/index.ts'
import { DataDirection } from '../../devices/storage/index.ts'
import { type Disk, isWithin } from './disk.ts'
import type { LogicalUnit } from './logical-unit.ts'
import type { Nexus } from './nexus.ts'
import { illegalRequest, type ScsiTask } from './scsi-task.ts'
import { type VpdFacts, vpdPage } from './vpd.ts'

/** Attentions that wait at a time; the oldest goes when there are more. */
const mostAttentions = 16

/** What disks and drives have in common: what they say of themselves, attentions, and how blocks are moved. */
export abstract class ScsiUnit implements LogicalUnit {
  readonly #inquiry: Uint8Array
  readonly #vpd: VpdFacts
  /** What the next command is told instead, of any nexus or of one. */
  readonly #attentions: { readonly additional: number; readonly nexus: Nexus | undefined }[] = []

  /** @param inquiry standard INQUIRY data. */
  constructor(inquiry: Uint8Array, vpd: VpdFacts) {
    this.#inquiry = inquiry
    this.#vpd = vpd
  }

  /**
   * A UNIT ATTENTION for the next command that can have one, such as `AdditionalSense.CapacityDataHasChanged`.
   *
   * @param nexus whose command that must be; by default anybody's.
   */
  attention(additional: number, nexus?: Nexus): void {
    if (this.#attentions.some((known) => known.additional === additional && known.nexus === nexus)) return
    if (this.#attentions.length === mostAttentions) this.#attentions.shift()
    this.#attentions.push({ additional, nexus })
  }

  execute(task: ScsiTask): void {
    const opcode = task.cdb[0] ?? 0
    if (this.#attentions.length > 0 && canBeTold(opcode)) {
      const sense = this.#takeAttention(task)
      if (sense !== undefined) {
        task.check(sense)
        return
      }
    }
    this.command(task, opcode)
  }

  /** Executes a command. */
  protected abstract command(task: ScsiTask, opcode: number): void

  /** What all units answer alike: who they are, what there is to be told, and nothing to what they do not know. */
  protected common(task: ScsiTask, cdb: Cdb): void {
    switch (cdb.type) {
      case 'Inquiry': {
        const { pageCode, allocationLength } = cdb
        const standard = pageCode === 0 ? this.#inquiry : undefined
        const data = cdb.flags.vitalProductData ? vpdPage(pageCode, this.#vpd) : standard
        if (data === undefined) task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
        else task.reply(data, allocationLength)
        break
      }
      case 'RequestSense': {
        const sense = this.#takeAttention(task) ?? { key: SenseKey.NoSense, additional: AdditionalSense.None }
        task.reply(fixedSense(sense), cdb.allocationLength)
        break
      }
      default:
        task.check(illegalRequest(AdditionalSense.InvalidCommandOperationCode))
    }
  }

  /**
   * Has a disk read or write blocks.
   *
   * @param isForced the write is flushed as well.
   */
  protected transfer(
    task: ScsiTask,
    disk: Disk,
    lba: number,
    blocks: number,
    isWrite: boolean,
    isForced: boolean,
  ): void {
    const length = blocks * disk.blockSize
    if (!isWithin(disk, lba, blocks)) task.check(illegalRequest(AdditionalSense.LbaOutOfRange))
    else if (isWrite && disk.isReadOnly === true) task.failed('write-protected')
    else if (blocks === 0) task.good()
    else if (length > task.data.size || task.direction !== (isWrite ? DataDirection.Write : DataDirection.Read)) {
      task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
    } else {
      task.prepare(lba, blocks, length, isForced ? disk : undefined)
      if (isWrite) disk.write(task)
      else disk.read(task)
    }
  }

  #takeAttention({ nexus }: ScsiTask): Sense | undefined {
    const at = this.#attentions.findIndex((each) => each.nexus === undefined || each.nexus === nexus)
    const [attention] = at === -1 ? [] : this.#attentions.splice(at, 1)
    return attention && { key: SenseKey.UnitAttention, additional: attention.additional }
  }
}

/** Those that are none of these report an attention before anything else. */
function canBeTold(opcode: number): boolean {
  return (
    opcode !== ScsiOpcode.Inquiry &&
    opcode !== ScsiOpcode.RequestSense &&
    opcode !== ScsiOpcode.GetEventStatusNotification
  )
}

/** READ CAPACITY(10). */
export function readCapacity10(task: ScsiTask, { blocks, blockSize }: Disk): void {
  task.reply(ReadCapacity10Data.encode({ lastLba: Math.min(blocks - 1, 0xffff_ffff), blockLength: blockSize }))
}
