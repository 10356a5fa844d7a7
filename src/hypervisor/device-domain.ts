import type { Partition } from './partition.ts'

/** An address space for DMA: device pages mapped to guest pages of the partition that owns it. */
export class DeviceDomain {
  /** Devices in it, by physical id. */
  readonly devices = new Set<bigint>()
  /** By device page: guest page × 16 + access. */
  readonly #mapped = new Map<number, number>()

  /** @param id type and number, as HV_DEVICE_DOMAIN_ID has them. */
  constructor(
    readonly owner: Partition,
    readonly id: DeviceDomainKey,
  ) {}

  /** Maps a device page to a guest page; page numbers, access as in `PageAccess`. */
  map(devicePage: number, guestPage: number, access: number): void {
    this.#mapped.set(devicePage, guestPage * 16 + access)
  }

  /** Ends a mapping, if there is one. */
  unmap(devicePage: number): void {
    this.#mapped.delete(devicePage)
  }

  /** Guest page and access behind a device page. */
  lookup(devicePage: number): { readonly guestPage: number; readonly access: number } | undefined {
    const word = this.#mapped.get(devicePage)
    return word === undefined ? undefined : { guestPage: Math.floor(word / 16), access: word % 16 }
  }

  /** Device pages mapped. */
  get mappedCount(): number {
    return this.#mapped.size
  }
}

/** HV_DEVICE_DOMAIN_ID: `type` 0 … 15, `id` 32 bits. */
export interface DeviceDomainKey {
  /** 0 … 15. */
  readonly type: number
  /** 32 bits. */
  readonly id: number
}

/** As a key of a table. */
export function domainKey({ type, id }: DeviceDomainKey): string {
  return `${type}:${id}`
}
