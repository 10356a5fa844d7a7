import {
  AdditionalSense,
  LbaStatusData,
  ProvisioningStatus,
  SenseKey,
  UnmapParameters,
} from '../../devices/scsi/index.ts'
import { DataDirection } from '../../devices/storage/index.ts'
import { tryDecode } from '../../wire/index.ts'
import { type Disk, type DiskError, type DiskExtent, isWithin } from './disk.ts'
import { dataOf, noData, PartRequest } from './part-request.ts'
import { illegalRequest, type ScsiTask } from './scsi-task.ts'

// Commands that are several requests to the disk.

/** Bytes that a command of this kind handles at a time. */
const chunkBytes = 0x1_0000

/**
 * Does one thing after another until there is none left, or one fails. What is done at once takes no stack.
 *
 * @param next starts the next, and answers whether there was one.
 */
function inTurn(
  task: ScsiTask,
  next: (done: (error: DiskError | undefined) => void) => boolean,
  finished: () => void,
): void {
  let isLooping = false
  let isDue = true
  const run = () => {
    isDue = true
    if (isLooping) return
    isLooping = true
    while (isDue) {
      isDue = false
      const isMore = next((error) => {
        if (error === undefined) run()
        else task.failed(error)
      })
      if (!isMore) finished()
    }
    isLooping = false
  }
  run()
}

/** Descriptors in one answer to GET LBA STATUS. */
const mostDescriptors = 1024

/** GET LBA STATUS: what takes room from a block on, in as many runs as are wanted. A disk that is not thin is mapped everywhere. */
export function getLbaStatus(task: ScsiTask, disk: Disk, lba: number, allocation: number, isThin: boolean): void {
  if (!isWithin(disk, lba, 1)) {
    task.check(illegalRequest(AdditionalSense.LbaOutOfRange))
    return
  }
  const wanted = Math.floor((Math.min(allocation, task.data.size) - 8) / 16)
  const all = [{ blocks: disk.blocks - lba, isMapped: true }]
  const extents = isThin ? disk.extents?.(lba) : undefined
  const descriptors = lbaStatusOf(disk, lba, extents ?? all, Math.max(1, Math.min(wanted, mostDescriptors)))
  task.reply(LbaStatusData.encode({ dataLength: 4 + 16 * descriptors.length, descriptors }), allocation)
}

/** Runs as descriptors: those that are alike are one, up to 2^32 - 1 blocks. */
function lbaStatusOf(disk: Disk, lba: number, extents: Iterable<DiskExtent>, most: number) {
  const descriptors: { lba: bigint; count: number; status: number }[] = []
  let at = lba
  for (const { blocks, isMapped } of extents) {
    const status = isMapped ? ProvisioningStatus.Mapped : ProvisioningStatus.Deallocated
    let left = Math.min(blocks, disk.blocks - at)
    while (left > 0) {
      let last = descriptors.at(-1)
      if (last === undefined || last.status !== status || last.count === 0xffff_ffff) {
        if (descriptors.length === most) return descriptors
        last = { lba: BigInt(at), count: 0, status }
        descriptors.push(last)
      }
      const count = Math.min(left, 0xffff_ffff - last.count)
      last.count += count
      left -= count
      at += count
    }
    if (at === disk.blocks) break
  }
  return descriptors
}

/** UNMAP: every range is checked before the first is given back. */
export function unmap(task: ScsiTask, disk: Disk, parameterListLength: number): void {
  const give = disk.unmap?.bind(disk)
  if (give === undefined) {
    task.check(illegalRequest(AdditionalSense.InvalidCommandOperationCode))
    return
  }
  if (disk.isReadOnly === true) {
    task.failed('write-protected')
    return
  }
  if (parameterListLength === 0) {
    task.good()
    return
  }
  const list = task.received(parameterListLength)
  const { value } = tryDecode(UnmapParameters, list)
  const length = value?.descriptorDataLength ?? 0
  if (
    list.byteLength < 8 ||
    list.byteLength < parameterListLength ||
    length % 16 !== 0 ||
    length > list.byteLength - 8
  ) {
    task.check(illegalRequest(AdditionalSense.ParameterListLengthError))
    return
  }
  const { descriptors } = UnmapParameters.decode(list.subarray(0, 8 + length))
  if (descriptors.some(({ lba, count }) => !isWithin(disk, Number(lba), count))) {
    task.check(illegalRequest(AdditionalSense.LbaOutOfRange))
    return
  }
  const left = descriptors.filter(({ count }) => count > 0)
  inTurn(
    task,
    (done) => {
      const range = left.shift()
      if (range !== undefined) give(new PartRequest(Number(range.lba), range.count, noData, done))
      return range !== undefined
    },
    () => task.good(list.byteLength),
  )
}

/** WRITE SAME: the block that came, or zeros, over and over; with `unmap` the blocks are given back, if they are to be zeros. */
export function writeSame(
  task: ScsiTask,
  disk: Disk,
  lba: number,
  blocks: number,
  flags: { readonly unmap: boolean; readonly anchor: boolean; readonly noDataOut: boolean },
): void {
  const { blockSize } = disk
  if (!isWithin(disk, lba, blocks)) {
    task.check(illegalRequest(AdditionalSense.LbaOutOfRange))
    return
  }
  if (disk.isReadOnly === true) {
    task.failed('write-protected')
    return
  }
  const block = flags.noDataOut ? new Uint8Array(blockSize) : task.received(blockSize)
  if (block.byteLength < blockSize || flags.anchor) {
    task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
    return
  }
  const moved = flags.noDataOut ? 0 : blockSize
  if (flags.unmap && disk.unmap !== undefined && block.every((byte) => byte === 0)) {
    disk.unmap(
      new PartRequest(lba, blocks, noData, (error) => (error === undefined ? task.good(moved) : task.failed(error))),
    )
    return
  }
  const chunk = Math.max(1, Math.min(blocks, chunkBytes / blockSize))
  const pattern = new Uint8Array(chunk * blockSize)
  for (let at = 0; at < chunk; at++) pattern.set(block, at * blockSize)
  let at = 0
  inTurn(
    task,
    (done) => {
      const count = Math.min(chunk, blocks - at)
      if (count === 0) return false
      const data = dataOf(count === chunk ? pattern : pattern.slice(0, count * blockSize))
      disk.write(new PartRequest(lba + at, count, data, done))
      at += count
      return true
    },
    () => task.good(moved),
  )
}

/** VERIFY: with byte check 1 the disk's blocks are compared with what came, else they are just read. */
export function verify(task: ScsiTask, disk: Disk, lba: number, blocks: number, byteCheck: number): void {
  const { blockSize } = disk
  if (!isWithin(disk, lba, blocks)) {
    task.check(illegalRequest(AdditionalSense.LbaOutOfRange))
    return
  }
  const isCompared = byteCheck === 1
  const misses = isCompared && (task.data.size < blocks * blockSize || task.direction !== DataDirection.Write)
  if (byteCheck > 1 || (misses && blocks > 0)) {
    task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
    return
  }
  let at = 0
  inTurn(
    task,
    (done) => {
      const count = Math.min(blocks - at, chunkBytes / blockSize)
      if (count === 0) return false
      const found = new Uint8Array(count * blockSize)
      const from = at * blockSize
      const compare = (error: DiskError | undefined) => {
        if (error === undefined && isCompared && !equals(task, from, found)) {
          task.check({ key: SenseKey.Miscompare, additional: AdditionalSense.MiscompareDuringVerify })
        } else done(error)
      }
      disk.read(new PartRequest(lba + at, count, dataOf(found), compare))
      at += count
      return true
    },
    () => task.good(isCompared ? blocks * blockSize : 0),
  )
}

function equals(task: ScsiTask, from: number, found: Uint8Array): boolean {
  const given = new Uint8Array(found.byteLength)
  task.data.read(from, given, 0, given.byteLength)
  return given.every((byte, at) => byte === found[at])
}
