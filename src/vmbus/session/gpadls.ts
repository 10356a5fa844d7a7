import { GpaRanges } from '../gpa-ranges.ts'
import type { GpadlRange } from '../server/effects.ts'

/** A GPADL as its messages tell it. */
export interface GpadlInfo {
  readonly channelId: number
  readonly gpadlId: number
  /** Whether header and bodies so far make up all of it. */
  readonly complete: boolean
  /** Bytes of range data that are still to come. */
  readonly missing: number
  /** Bytes of memory that it names; 0 until complete. */
  readonly byteCount: number
  /** Pages of 4096 bytes that it names; 0 until complete. */
  readonly pageCount: number
  /** Its ranges, once complete and good. Of very many pages in all they are not kept. */
  readonly ranges?: readonly GpadlRange[]
  /** What is wrong with the ranges, in words. */
  readonly fault?: string
}

interface Assembly {
  readonly channelId: number
  readonly gpadlId: number
  readonly rangeCount: number
  readonly list: Uint8Array
  filled: number
}

/** GPADLs in the middle of their bodies at one time. Each holds up to 64 KiB. */
const maxAssemblies = 256
/** Complete GPADLs that are remembered. */
const maxComplete = 16_384
/** Pages of complete GPADLs that are remembered. */
const maxPages = 1 << 20

/** The GPADLs of a connection: joins bodies to headers and remembers the result, within bounds. */
export class Gpadls {
  readonly #assemblies = new Map<number, Assembly>()
  /** By channel, then by id. */
  readonly #complete = new Map<number, Map<number, GpadlInfo>>()
  #count = 0
  #pages = 0

  /** A complete GPADL. */
  get(channelId: number, gpadlId: number): GpadlInfo | undefined {
    return this.#complete.get(channelId)?.get(gpadlId)
  }

  /** Takes a header with the range data behind it. Answers `undefined` when there are too many at a time. */
  header(
    channelId: number,
    gpadlId: number,
    length: number,
    rangeCount: number,
    data: Uint8Array,
  ): GpadlInfo | undefined {
    if (!this.#assemblies.has(gpadlId) && this.#assemblies.size >= maxAssemblies) return undefined
    const assembly = { channelId, gpadlId, rangeCount, list: new Uint8Array(length), filled: 0 }
    this.#assemblies.set(gpadlId, assembly)
    return this.#fill(assembly, data)
  }

  /** Takes a body. Answers `undefined` when no header waits for it. */
  body(gpadlId: number, data: Uint8Array): GpadlInfo | undefined {
    const assembly = this.#assemblies.get(gpadlId)
    return assembly === undefined ? undefined : this.#fill(assembly, data)
  }

  /** Forgets a GPADL. */
  delete(channelId: number, gpadlId: number): void {
    const known = this.#complete.get(channelId)
    const info = known?.get(gpadlId)
    if (known === undefined || info === undefined) return
    known.delete(gpadlId)
    if (known.size === 0) this.#complete.delete(channelId)
    this.#count--
    this.#pages -= pagesKept(info)
  }

  /** Forgets all GPADLs of a channel. */
  deleteChannel(channelId: number): void {
    for (const gpadlId of this.#complete.get(channelId)?.keys() ?? []) this.delete(channelId, gpadlId)
    for (const [id, assembly] of this.#assemblies) if (assembly.channelId === channelId) this.#assemblies.delete(id)
  }

  /** What is longer than announced is ignored: firmware always sends full bodies (OK-02). */
  #fill(assembly: Assembly, data: Uint8Array): GpadlInfo {
    const { list, channelId, gpadlId } = assembly
    const count = Math.min(data.length, list.length - assembly.filled)
    list.set(data.subarray(0, count), assembly.filled)
    assembly.filled += count
    const missing = list.length - assembly.filled
    if (missing > 0) return { channelId, gpadlId, complete: false, missing, byteCount: 0, pageCount: 0 }
    this.#assemblies.delete(gpadlId)
    return this.#finish(assembly)
  }

  #finish({ channelId, gpadlId, rangeCount, list }: Assembly): GpadlInfo {
    const walk = new GpaRanges().reset(list, 0, list.length, rangeCount)
    const ranges: GpadlRange[] = []
    let byteCount = 0
    let pageCount = 0
    while (walk.next()) {
      byteCount += walk.byteCount
      pageCount += walk.pageCount
      ranges.push({ byteCount: walk.byteCount, byteOffset: walk.byteOffset, pfns: [...walk.pageNumbers()] })
    }
    const base = { channelId, gpadlId, complete: true, missing: 0, byteCount, pageCount }
    if (walk.fault !== undefined) return { ...base, fault: `${walk.fault.code}: ${walk.fault.why}` }
    this.delete(channelId, gpadlId)
    const kept = this.#pages + pageCount <= maxPages
    const info: GpadlInfo = kept ? { ...base, ranges } : base
    if (this.#count >= maxComplete) return info
    const known = this.#complete.get(channelId) ?? new Map<number, GpadlInfo>()
    this.#complete.set(channelId, known.set(gpadlId, info))
    this.#count++
    this.#pages += pagesKept(info)
    return info
  }
}

function pagesKept(info: GpadlInfo): number {
  return info.ranges === undefined ? 0 : info.pageCount
}
