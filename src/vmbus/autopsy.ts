import { tryDecode, type WireFault } from '../wire/index.ts'
import { Packet, PacketDescriptor } from './packets.ts'
import { CONTROL_PAGE_SIZE, DESCRIPTOR_SIZE, RING_CONTROL, TRAILER_SIZE } from './ring/layout.ts'
import { u32At } from './u32.ts'

/** Bytes of a page, as dumps and GPADLs count them. */
const pageSize = 4096

/** One ring as found in memory. */
export interface RingImage {
  /** The control page; as much of it as there is. Absent: lost. */
  readonly control?: Uint8Array
  /** The data area; whole units of 8 bytes count. */
  readonly data: Uint8Array
  /** Pages of the data area (4096 bytes each, from 0) that were not found: their bytes in `data` mean nothing. */
  readonly missing?: ReadonlySet<number>
}

/** A page of a channel's ring memory, by its place in the GPADL. */
export interface RingPage {
  /** Place in the GPADL, from 0. */
  readonly number: number
  /** The page's 4096 bytes; a shorter one counts as lost. */
  readonly bytes: Uint8Array
}

/**
 * State of a packet: `pending`: written and not yet read; `consumed`: read, and its bytes are still there; `torn`: its beginning was
 * overwritten or lost, or it never was a good packet. Nothing can be found behind a torn one.
 */
export type FoundState = 'pending' | 'consumed' | 'torn'

/** A packet found in a ring. */
export interface FoundPacket {
  /** Read already, or not, or not whole. */
  readonly state: FoundState
  /** Byte offset of the descriptor in the data area. */
  readonly offset: number
  /** Bytes in the ring, trailer included; of a torn packet as far as its trailer tells, else 0. */
  readonly length: number
  /** The descriptor, where all of it could be read. */
  readonly descriptor?: PacketDescriptor
  /** The packet with its header and payload, where it could be decoded. */
  readonly packet?: Packet
  /** What is wrong with it. Offsets are byte offsets in the data area. */
  readonly faults: readonly WireFault[]
}

/** What is left of a ring. */
export interface RingAutopsy {
  /** The indices, in bytes; `undefined` when the control page does not have them. */
  readonly readIndex: number | undefined
  /** Where the writer would go on. */
  readonly writeIndex: number | undefined
  /** Packets still to be read, the next one first. */
  readonly pending: readonly FoundPacket[]
  /** Packets read already, the latest first. */
  readonly consumed: readonly FoundPacket[]
  /** What is wrong with the ring itself: indices, its size. Offsets are byte offsets in the control page. */
  readonly faults: readonly WireFault[]
}

/**
 * Lists what is in a ring: pending packets from the read index on to the write index, then consumed ones backwards by their trailers,
 * as far as they are intact. Never throws, always ends, takes any bytes.
 */
export function autopsy(image: RingImage): RingAutopsy {
  return new Examination(image).result()
}

/**
 * Puts the ring memory of a channel together from pages in any order, and examines both rings: the guest-to-host ring in pages
 * 0 … `downstreamPageOffset` - 1, the host-to-guest ring in the rest up to `pageCount`. Both counts are at most 65535; throws a
 * `RangeError` for others. Pages beside them are ignored, of a page that is there twice the last one counts.
 */
export function autopsyChannel(
  pages: Iterable<RingPage>,
  downstreamPageOffset: number,
  pageCount: number,
): { readonly guestToHost: RingAutopsy; readonly hostToGuest: RingAutopsy } {
  if (!(pageCount <= 0xffff && downstreamPageOffset <= pageCount && downstreamPageOffset >= 0)) {
    throw new RangeError(`a host-to-guest ring cannot begin at page ${downstreamPageOffset} of ${pageCount}`)
  }
  const all = [...pages]
  return {
    guestToHost: autopsy(ringFromPages(all, 0, downstreamPageOffset)),
    hostToGuest: autopsy(ringFromPages(all, downstreamPageOffset, pageCount - downstreamPageOffset)),
  }
}

/** One ring of `count` pages, the control page included, of which the first has the number `first`. */
function ringFromPages(pages: readonly RingPage[], first: number, count: number): RingImage {
  const dataPages = Math.max(0, count - 1)
  const data = new Uint8Array(dataPages * pageSize)
  const missing = new Set(Array.from({ length: dataPages }, (_, page) => page))
  let control: Uint8Array | undefined
  for (const { number, bytes } of pages) {
    const page = number - first - 1
    if (page === -1) control = bytes.subarray(0, pageSize)
    if (!missing.has(page) && !(page >= 0 && page < dataPages)) continue
    if (bytes.byteLength < pageSize) continue
    data.set(bytes.subarray(0, pageSize), page * pageSize)
    missing.delete(page)
  }
  return control === undefined ? { data, missing } : { control, data, missing }
}

/** Smallest packet in a ring: descriptor and trailer. */
const smallest = DESCRIPTOR_SIZE + TRAILER_SIZE

class Examination {
  readonly #data: Uint8Array
  readonly #size: number
  readonly #missing: ReadonlySet<number>
  readonly #control: Uint8Array
  readonly #faults: WireFault[] = []

  constructor({ control, data, missing }: RingImage) {
    this.#data = data
    this.#size = data.byteLength - (data.byteLength % 8)
    this.#missing = missing ?? new Set()
    this.#control = (control ?? new Uint8Array(0)).subarray(0, CONTROL_PAGE_SIZE)
  }

  result(): RingAutopsy {
    if (this.#size < pageSize || this.#size % pageSize !== 0 || this.#size !== this.#data.byteLength) {
      const why = `${this.#data.byteLength} bytes of data are no multiple of ${pageSize}`
      this.#faults.push({ code: 'LENGTH', path: '', offset: 0, why })
    }
    const writeIndex = this.#index('writeIndex')
    const readIndex = this.#index('readIndex')
    const read = this.#usable('readIndex', readIndex)
    const write = this.#usable('writeIndex', writeIndex)
    const pending = read === undefined || write === undefined ? [] : this.#forward(read, write)
    // Without a write index all of the data may be old packets.
    const room = read === undefined ? 0 : write === undefined || write === read ? this.#size : this.#span(write, read)
    const consumed = read === undefined ? [] : this.#backward(read, room)
    return { readIndex, writeIndex, pending, consumed, faults: this.#faults }
  }

  #index(name: 'readIndex' | 'writeIndex'): number | undefined {
    const offset = RING_CONTROL[name]
    if (this.#control.byteLength >= offset + 4) return u32At(this.#control, offset)
    this.#faults.push({ code: 'SHORT', path: name, offset, why: 'the control page does not have it' })
    return undefined
  }

  #usable(name: 'readIndex' | 'writeIndex', index: number | undefined): number | undefined {
    if (index === undefined || (index < this.#size && index % 8 === 0)) return index
    const why = `${index} is no multiple of 8 below ${this.#size}`
    this.#faults.push({ code: 'RANGE', path: name, offset: RING_CONTROL[name], why })
    return undefined
  }

  /** Bytes from `from` on to `to`. */
  #span(from: number, to: number): number {
    return to >= from ? to - from : this.#size - from + to
  }

  /** Each step takes at least {@link smallest} bytes of what is available, so this ends. */
  #forward(read: number, write: number): FoundPacket[] {
    const found: FoundPacket[] = []
    let at = read
    for (let available = this.#span(read, write); available > 0; ) {
      const fault = this.#lost(at, DESCRIPTOR_SIZE) ?? this.#badDescriptor(at, available)
      if (fault !== undefined) {
        found.push(this.#torn(at, 0, fault))
        break
      }
      const length = this.#lengthAt(at)
      found.push(this.#whole('pending', at, length))
      at = (at + length) % this.#size
      available -= length
    }
    return found
  }

  /** Each step takes at least {@link smallest} bytes of the room, so this ends. */
  #backward(read: number, room: number): FoundPacket[] {
    const found: FoundPacket[] = []
    let end = read
    for (let left = room; left >= smallest; ) {
      const trailer = (end - TRAILER_SIZE + this.#size) % this.#size
      if (this.#lost(trailer, TRAILER_SIZE) !== undefined) break
      const zero = this.#word(trailer)
      const start = this.#word(trailer + 4)
      // Not a trailer: what was there is overwritten, or nothing ever was.
      if (zero !== 0 || start >= this.#size || start % 8 !== 0) break
      const length = this.#span(start, end)
      if (length < smallest) break
      const fault = this.#badConsumed(start, length, left)
      if (fault !== undefined) {
        // Zeros look like the trailer of a packet at 0, but in memory never used they are none.
        if (start !== 0) found.push(this.#torn(start, length, fault))
        break
      }
      found.push(this.#whole('consumed', start, length))
      end = start
      left -= length
    }
    return found
  }

  /** A packet whose descriptor is good. */
  #whole(state: 'pending' | 'consumed', offset: number, length: number): FoundPacket {
    const lost = this.#lost(offset, length)
    if (lost !== undefined) return this.#torn(offset, length, lost)
    const bytes = this.#copy(offset, length - TRAILER_SIZE)
    const { value, faults: inside, ok } = tryDecode(Packet, bytes)
    const faults = inside.map((fault) => ({ ...fault, offset: (offset + fault.offset) % this.#size }))
    const trailer = (offset + length - TRAILER_SIZE) % this.#size
    if (this.#word(trailer) !== 0 || this.#word(trailer + 4) !== offset) {
      const why = `{${this.#word(trailer)}, ${this.#word(trailer + 4)}} instead of {0, ${offset}}; readers do not look at it`
      faults.push({ code: 'LENGTH', path: 'trailer', offset: trailer, why })
    }
    const found = { state, offset, length, descriptor: PacketDescriptor.decode(bytes.subarray(0, 16)), faults }
    return ok ? { ...found, packet: value } : found
  }

  #torn(offset: number, length: number, fault: WireFault): FoundPacket {
    const found = { state: 'torn', offset, length, faults: [fault] } as const
    if (this.#lost(offset, DESCRIPTOR_SIZE) !== undefined) return found
    return { ...found, descriptor: PacketDescriptor.decode(this.#copy(offset, DESCRIPTOR_SIZE)) }
  }

  /** What is wrong with the descriptor at `at`, of which the trailer must lie within `available` bytes. */
  #badDescriptor(at: number, available: number): WireFault | undefined {
    if (available < smallest) return fail('SHORT', at, `${available} bytes are no descriptor and trailer`)
    const dataOffset = (this.#word(at) >>> 16) * 8
    const length = this.#lengthAt(at)
    if (dataOffset >= DESCRIPTOR_SIZE && length >= smallest && dataOffset <= length - TRAILER_SIZE) {
      if (length <= available) return undefined
    }
    const why = `data at ${dataOffset}, length ${length} with the trailer, ${available} bytes available`
    return fail('LENGTH', at, why)
  }

  /** Why a packet that its trailer says is at `start` is not there any more. */
  #badConsumed(start: number, length: number, left: number): WireFault | undefined {
    if (length > left) {
      return fail('STATE', start, `written over: of ${length} bytes only the last ${left} are left`)
    }
    const fault = this.#lost(start, DESCRIPTOR_SIZE) ?? this.#badDescriptor(start, length)
    if (fault !== undefined || this.#lengthAt(start) === length) return fault
    return fail('LENGTH', start, `${length} bytes by its trailer, ${this.#lengthAt(start)} by its descriptor`)
  }

  /** Bytes that the descriptor at `at` claims, trailer included. */
  #lengthAt(at: number): number {
    return (this.#word((at + 4) % this.#size) & 0xffff) * 8 + TRAILER_SIZE
  }

  #word(at: number): number {
    return u32At(this.#data, at)
  }

  /** A fault when part of `length` bytes from `at` on lies in a page that was not found. */
  #lost(at: number, length: number): WireFault | undefined {
    if (this.#missing.size === 0) return undefined
    const last = at + length - 1
    for (let page = Math.floor(at / pageSize); page * pageSize <= last; page++) {
      const number = (page * pageSize) % this.#size === 0 ? 0 : page % (this.#size / pageSize)
      if (this.#missing.has(number)) return fail('ACCESS', at, `page ${number} of the data was not found`)
    }
    return undefined
  }

  #copy(at: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    const first = Math.min(length, this.#size - at)
    bytes.set(this.#data.subarray(at, at + first))
    bytes.set(this.#data.subarray(0, length - first), first)
    return bytes
  }
}

function fail(code: WireFault['code'], offset: number, why: string): WireFault {
  return { code, path: '', offset, why }
}
