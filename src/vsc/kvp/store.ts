import type { KvpIpInfo } from '../../devices/kvp/ip-info.ts'
import { type KvpAutoKey, KvpPool, kvpAutoKeys } from '../../devices/kvp/messages.ts'
import type { KvpData, KvpPair } from '../../devices/kvp/values.ts'

/** Where a partition keeps its pairs. Pools are those of KvpPool; others may be asked for. */
export interface KvpStore {
  get(pool: number, key: string): KvpData | undefined
  /** False: it is not taken, and the host is told so. */
  set(pool: number, key: string, value: KvpData): boolean
  /** False: there is none. */
  delete(pool: number, key: string): boolean
  /** The pair at a place, 0 … 2^32 − 1. The host asks for one after the other until there is none. */
  at(pool: number, index: number): KvpPair | undefined
}

/** The adapters' IP settings. */
export interface KvpAdapters {
  /** `undefined`: there is no such adapter. @param adapterId a GUID or a MAC address. */
  get(adapterId: string): KvpIpInfo | undefined
  /** False: there is no such adapter, or it cannot be set. @param adapterId a GUID. */
  set(adapterId: string, info: KvpIpInfo): boolean
}

/** How a store in memory is made. */
export interface MemoryKvpStoreOptions {
  /** What the partition says of itself in the pool Auto; what is left out is empty text. */
  readonly auto?: Readonly<Partial<Record<KvpAutoKey, string>>>
  /** Most pairs of a pool, so that a host cannot fill the memory. Default 1024. */
  readonly maxPairs?: number
}

/**
 * Pairs in memory, in the order in which they were set. The pool Auto has the ten keys of Linux's daemon, and cannot be written; the pool
 * AutoInternal is not for the host. Source: Linux tools/hv/hv_kvp_daemon.c.
 */
export class MemoryKvpStore implements KvpStore {
  /** What is in the pool Auto: change it as it changes. */
  readonly auto: Map<string, KvpData>
  readonly #pools: ReadonlyMap<number, Map<string, KvpData>>
  readonly #maxPairs: number

  constructor({ auto = {}, maxPairs = 1024 }: MemoryKvpStoreOptions = {}) {
    this.auto = new Map(kvpAutoKeys.map((key) => [key, auto[key] ?? '']))
    this.#pools = new Map([
      [KvpPool.External, new Map()],
      [KvpPool.Guest, new Map()],
      [KvpPool.Auto, this.auto],
      [KvpPool.AutoExternal, new Map()],
    ])
    this.#maxPairs = maxPairs
  }

  get(pool: number, key: string): KvpData | undefined {
    return this.#pools.get(pool)?.get(key)
  }

  set(pool: number, key: string, value: KvpData): boolean {
    const pairs = this.#writable(pool)
    if (pairs === undefined || (pairs.size >= this.#maxPairs && !pairs.has(key))) return false
    pairs.set(key, value)
    return true
  }

  delete(pool: number, key: string): boolean {
    return this.#writable(pool)?.delete(key) ?? false
  }

  at(pool: number, index: number): KvpPair | undefined {
    const pairs = this.#pools.get(pool)
    if (pairs === undefined || index >= pairs.size) return undefined
    let left = index
    for (const [key, value] of pairs) if (left-- === 0) return { key, value }
    return undefined
  }

  #writable(pool: number): Map<string, KvpData> | undefined {
    return pool === KvpPool.Auto ? undefined : this.#pools.get(pool)
  }
}
