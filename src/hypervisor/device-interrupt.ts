import type { Partition } from './partition.ts'

/** Which interrupt of a device: what its MSI carries (source 1), or the entry of an interrupt controller. See `InterruptSource`. */
export interface DeviceInterruptId {
  /** `InterruptSource`. */
  readonly source: number
  /** Address of an MSI; 0 for other sources. */
  readonly address: bigint
  /** Data of an MSI, 32 bits; else the controller's entry, 64 bits. */
  readonly data: bigint
}

/** Where an interrupt of a device goes. */
export interface DeviceInterruptTarget {
  /** 16 … 255. */
  readonly vector: number
  /** All VPs of the set get it, not only one. */
  readonly isMulticast: boolean
  /** VPs by number; `undefined`: all of the partition. */
  readonly vps: readonly number[] | undefined
}

/** An entry of the interrupt remapping table: a run of interrupts of one device, whose data and vectors count up together. */
export interface DeviceInterrupt {
  /** The partition whose VPs get it. */
  readonly owner: Partition
  /** The physical device. */
  readonly device: bigint
  /** Of the first interrupt. */
  readonly id: DeviceInterruptId
  /** HV_INTERRUPT_TYPE. */
  readonly type: number
  /** Interrupts of the run, 1 … 32. */
  readonly count: number
  /** Vector of the first, and the VPs. */
  target: DeviceInterruptTarget
}

/** Handles of entries have 16 bits. Source: Intel VT-d 9.10. */
const handleCount = 0x1_0000

/** The interrupt remapping table of a machine: what is not in it does not reach a processor. */
export class InterruptTable {
  /** By device and what it sends: the entry, and which of its interrupts. */
  readonly #bySent = new Map<string, { readonly entry: DeviceInterrupt; readonly nth: number }>()
  readonly #entries = new Map<number, DeviceInterrupt>()
  #nextHandle = 0

  /** Entries that are there. */
  get size(): number {
    return this.#entries.size
  }

  /** A handle that no entry has; `undefined` when all are taken. Handles are used again as late as can be. */
  freeHandle(): number | undefined {
    if (this.#entries.size === handleCount) return undefined
    while (this.#entries.has(this.#nextHandle)) this.#nextHandle = (this.#nextHandle + 1) % handleCount
    const handle = this.#nextHandle
    this.#nextHandle = (handle + 1) % handleCount
    return handle
  }

  /** Lets the interrupts of an entry through, which take this handle. */
  add(handle: number, entry: DeviceInterrupt): void {
    this.#entries.set(handle, entry)
    for (let nth = 0; nth < entry.count; nth++) this.#bySent.set(sentKey(entry.device, entry.id, nth), { entry, nth })
  }

  /** Which entry allows what a device sends, and which of the entry's interrupts it is. */
  find(device: bigint, id: DeviceInterruptId): { readonly entry: DeviceInterrupt; readonly nth: number } | undefined {
    return this.#bySent.get(sentKey(device, id, 0))
  }

  /** Removes the entries for which `goes` is true. */
  remove(goes: (entry: DeviceInterrupt) => boolean): void {
    for (const [handle, entry] of [...this.#entries]) {
      if (!goes(entry)) continue
      this.#entries.delete(handle)
      for (let nth = 0; nth < entry.count; nth++) this.#bySent.delete(sentKey(entry.device, entry.id, nth))
    }
  }

  /** Whether a device has an entry in a partition. */
  has(owner: Partition, device: bigint): boolean {
    for (const entry of this.#entries.values()) if (entry.owner === owner && entry.device === device) return true
    return false
  }
}

function sentKey(device: bigint, { source, address, data }: DeviceInterruptId, nth: number): string {
  return `${device} ${source} ${address} ${data + BigInt(nth)}`
}
