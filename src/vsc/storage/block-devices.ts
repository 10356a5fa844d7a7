import {
  Inquiry,
  InquiryData,
  PeripheralType,
  Read10,
  Read16,
  ReadCapacity10,
  ReadCapacity10Data,
  ReadCapacity16Data,
  ReportLuns,
  ReportLunsData,
  ServiceActionIn,
  ServiceActionIn16,
  SynchronizeCache10,
  textOf,
  Unmap,
  UnmapParameters,
  Write10,
  Write16,
} from '../../devices/scsi/index.ts'
import type { StorageProperties } from './initialization.ts'
import { ScsiError } from './outcome.ts'
import type { ScsiCommand } from './storage-io.ts'

/** Where a unit stands; each 0 by default. */
export interface UnitAddress {
  readonly path?: number
  readonly target?: number
  readonly lun?: number
}

/** Blocks of a unit. */
export interface BlockRange extends UnitAddress {
  /** First block; a number must be a safe integer. */
  readonly lba: number | bigint
  readonly blocks: number
}

/** Blocks to be written. */
export interface BlockWrite extends UnitAddress {
  readonly lba: number | bigint
  /** A multiple of the unit's block size. */
  readonly data: Uint8Array
}

/** Size of a unit. */
export interface Capacity {
  readonly blocks: number
  /** Bytes. */
  readonly blockSize: number
}

/** What a unit says of itself. */
export interface UnitInfo {
  readonly lun: number
  /** See PeripheralType. */
  readonly deviceType: number
  readonly vendor: string
  readonly product: string
  readonly revision: string
  readonly isRemovable: boolean
  /** Of disks and drives with a medium. */
  readonly capacity?: Capacity
}

/** What is needed of the driver. */
export interface CommandSender {
  readonly properties: StorageProperties | undefined
  submit(command: ScsiCommand): void
  promise<T>(what: string, start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T>
}

const transferFlags = { protect: 0, dpo: false, fua: false }
const group = { group: 0 }
const allLunsBytes = 8 + 8 * 256

/** Blocks by SCSI commands: capacity, reading, writing, and what units there are. */
export class BlockDevices {
  readonly #driver: CommandSender
  readonly #capacities = new Map<string, Promise<Capacity>>()

  constructor(driver: CommandSender) {
    this.#driver = driver
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#capacities.clear()
  }

  capacity(unit: UnitAddress): Promise<Capacity> {
    const key = `${unit.path ?? 0}:${unit.target ?? 0}:${unit.lun ?? 0}`
    const known = this.#capacities.get(key)
    if (known !== undefined) return known
    const asked = this.#askCapacity(unit)
    this.#capacities.set(key, asked)
    asked.catch(() => {
      if (this.#capacities.get(key) === asked) this.#capacities.delete(key)
    })
    return asked
  }

  async read({ lba, blocks, ...unit }: BlockRange): Promise<Uint8Array> {
    const { blockSize } = await this.capacity(unit)
    const data = new Uint8Array(blocks * blockSize)
    await this.#inParts(`read of ${blocks} blocks at ${lba}`, BigInt(lba), blocks, blockSize, (at, count, offset) => ({
      ...unit,
      cdb: transferCdb(false, at, count),
      read: count * blockSize,
      done: (_outcome, fetched) => fetched.copyTo(data, offset),
    }))
    return data
  }

  async write({ lba, data, ...unit }: BlockWrite): Promise<void> {
    const { blockSize } = await this.capacity(unit)
    if (data.byteLength % blockSize !== 0)
      throw new RangeError(`${data.byteLength} bytes are no blocks of ${blockSize}`)
    const blocks = data.byteLength / blockSize
    await this.#inParts(`write of ${blocks} blocks at ${lba}`, BigInt(lba), blocks, blockSize, (at, count, offset) => ({
      ...unit,
      cdb: transferCdb(true, at, count),
      write: data.subarray(offset, offset + count * blockSize),
      done: () => {},
    }))
  }

  async flush(unit: UnitAddress): Promise<void> {
    const cdb = SynchronizeCache10.encode({ flags: { immediate: false }, lba: 0, group, length: 0, control: 0 })
    await this.#command('flush', { ...unit, cdb })
  }

  async unmap({ lba, blocks, ...unit }: BlockRange): Promise<void> {
    const list = UnmapParameters.encode({
      dataLength: 22,
      descriptorDataLength: 16,
      descriptors: [{ lba: BigInt(lba), count: blocks }],
    })
    const cdb = Unmap.encode({ flags: { anchor: false }, group, parameterListLength: list.byteLength, control: 0 })
    await this.#command(`unmap of ${blocks} blocks at ${lba}`, { ...unit, cdb, write: list })
  }

  async units(target: Omit<UnitAddress, 'lun'>): Promise<UnitInfo[]> {
    const cdb = ReportLuns.encode({ selectReport: 0, allocationLength: allLunsBytes, control: 0 })
    const list = await this.#command('report of LUNs', { ...target, cdb, read: allLunsBytes })
    const found: UnitInfo[] = []
    if (list.byteLength < 8) return found
    for (const { lun } of ReportLunsData.decode(list).luns) {
      const info = await this.#inquire({ ...target, lun })
      if (info !== undefined) found.push(info)
    }
    return found
  }

  async #inquire(unit: UnitAddress & { readonly lun: number }): Promise<UnitInfo | undefined> {
    const cdb = Inquiry.encode({
      flags: { vitalProductData: false },
      pageCode: 0,
      allocationLength: InquiryData.size,
      control: 0,
    })
    const data = await this.#command('inquiry', { ...unit, cdb, read: InquiryData.size })
    if (data.byteLength < InquiryData.size) return undefined
    const { peripheral, removable, vendor, product, revision } = InquiryData.decode(data)
    if (peripheral.qualifier !== 0) return undefined
    const { deviceType } = peripheral
    const hasBlocks = deviceType === PeripheralType.Disk || deviceType === PeripheralType.CdDvd
    const capacity = hasBlocks ? await this.capacity(unit).catch(() => undefined) : undefined
    return {
      lun: unit.lun,
      deviceType,
      vendor: textOf(vendor),
      product: textOf(product),
      revision: textOf(revision),
      isRemovable: removable.removable,
      ...(capacity === undefined ? {} : { capacity }),
    }
  }

  async #askCapacity(unit: UnitAddress): Promise<Capacity> {
    const short = ReadCapacity10.encode({ lba: 0, flags: { partialMedium: false }, control: 0 })
    const data = await this.#command('read capacity', { ...unit, cdb: short, read: ReadCapacity10Data.size })
    const { lastLba, blockLength } = ReadCapacity10Data.decode(data)
    if (lastLba !== 0xffff_ffff) return { blocks: lastLba + 1, blockSize: blockLength }
    const cdb = ServiceActionIn16.encode({
      action: { serviceAction: ServiceActionIn.ReadCapacity16 },
      lba: 0n,
      allocationLength: ReadCapacity16Data.size,
      flags: { partialMedium: false },
      control: 0,
    })
    const long = await this.#command('read capacity', { ...unit, cdb, read: ReadCapacity16Data.size })
    const all = ReadCapacity16Data.decode(long)
    return { blocks: Number(all.lastLba) + 1, blockSize: all.blockLength }
  }

  /** One command; answers a copy of what it fetched. */
  #command(what: string, command: Omit<ScsiCommand, 'done'>): Promise<Uint8Array> {
    return this.#driver.promise(what, (resolve, reject) => {
      this.#driver.submit({
        ...command,
        done: (outcome, data) => {
          if (outcome.kind === 'good') resolve(data.copy())
          else reject(new ScsiError(outcome, what))
        },
      })
    })
  }

  /** Blocks in commands of at most the device's length, all under way at once. */
  #inParts(
    what: string,
    lba: bigint,
    blocks: number,
    blockSize: number,
    command: (lba: bigint, count: number, offset: number) => ScsiCommand,
  ): Promise<void> {
    const most = Math.max(1, Math.floor((this.#driver.properties?.maxTransferBytes ?? blockSize) / blockSize))
    return this.#driver.promise(what, (resolve, reject) => {
      let open = 1
      const done = () => {
        open -= 1
        if (open === 0) resolve()
      }
      for (let at = 0; at < blocks; at += most) {
        const count = Math.min(most, blocks - at)
        const part = command(lba + BigInt(at), count, at * blockSize)
        open += 1
        this.#driver.submit({
          ...part,
          done: (outcome, data) => {
            if (outcome.kind !== 'good') reject(new ScsiError(outcome, what))
            else part.done(outcome, data)
            done()
          },
        })
      }
      done()
    })
  }
}

function transferCdb(isWrite: boolean, lba: bigint, length: number): Uint8Array {
  if (lba + BigInt(length) <= 0x1_0000_0000n && length <= 0xffff) {
    const value = { flags: transferFlags, lba: Number(lba), group, length, control: 0 }
    return isWrite ? Write10.encode(value) : Read10.encode(value)
  }
  const value = { flags: transferFlags, lba, group, length, control: 0 }
  return isWrite ? Write16.encode(value) : Read16.encode(value)
}
