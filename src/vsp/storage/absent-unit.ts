import {
  AdditionalSense,
  Cdb,
  InquiryData,
  inquiryText,
  LunAddress,
  ReportLunsData,
  ScsiOpcode,
} from '../../devices/scsi/index.ts'
import { DataDirection, SrbStatus } from '../../devices/storage/index.ts'
import type { LogicalUnit } from './logical-unit.ts'
import { illegalRequest, type ScsiTask } from './scsi-task.ts'

/** What all devices here call themselves, as Hyper-V's disks do: Linux knows them by that. */
export const vendor = 'Msft'

/** Peripheral qualifier and type that say: no unit can be here. */
const notPresent = { deviceType: 0x1f, qualifier: 3 }

/** Bytes of standard INQUIRY data without the texts. */
const inquiryHeaderSize = 8

/**
 * Standard INQUIRY data of a kind of device. Source: what Hyper-V's disks say, by OpenVMM scsidisk.
 *
 * @param product `undefined`: no texts at all.
 */
export function inquiryData(
  peripheral: { readonly deviceType: number; readonly qualifier: number },
  product: string | undefined,
  removable = false,
): Uint8Array {
  const text = (value: string, length: number) =>
    product === undefined ? new Uint8Array(length) : inquiryText(value, length)
  return InquiryData.encode({
    peripheral,
    removable: { removable },
    version: 6,
    response: { responseDataFormat: 2, hierarchicalLuns: false, normalAca: false },
    additionalLength: InquiryData.size - 5,
    protect: { protect: false, thirdPartyCopy: false, targetPortGroups: 0, sccs: false },
    ports: { multiPort: false, enclosureServices: false },
    queueing: { commandQueueing: true, synchronousTransfer: false, wideBus: false },
    vendor: text(vendor, 8),
    product: text(product ?? '', 16),
    revision: text('1.0', 4),
  })
}

/**
 * An address where no unit stands. INQUIRY succeeds, and says so: Linux takes a failed one for an empty disk (behaviours 173, 174).
 * Everything else has SRB status InvalidLun.
 */
export class AbsentUnit implements LogicalUnit {
  execute(task: ScsiTask): void {
    if (task.cdb[0] !== ScsiOpcode.Inquiry) {
      task.fail(SrbStatus.InvalidLun)
      return
    }
    const cdb = Cdb.decode(task.cdb)
    if (cdb.type !== 'Inquiry') return
    const { allocationLength, flags, pageCode } = cdb
    const fits = allocationLength >= inquiryHeaderSize && task.data.size >= allocationLength
    if (!fits || flags.vitalProductData || pageCode !== 0 || task.direction !== DataDirection.Read) {
      task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
      return
    }
    task.reply(inquiryData(notPresent, task.lun === 0 ? 'Virtual Disk' : undefined), allocationLength)
  }
}

/** REPORT LUNS: what stands at a target, ascending. It succeeds where nothing does (behaviour 175, OK-20). */
export function reportLuns(task: ScsiTask, luns: readonly number[]): void {
  const allocation = task.cdbView.getUint32(6)
  const list = luns.map((lun) => ({ lun }))
  const bytes = ReportLunsData.encode({ lunListLength: LunAddress.size * list.length, luns: list })
  if (Math.min(allocation, task.data.size) < 8) task.good(0)
  else task.reply(bytes, allocation)
}
