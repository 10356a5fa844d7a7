import type { BitField, BitsSchema } from './bits.ts'
import { type WireBuffer, WireReader } from './buffer.ts'
import type { BytesSchema } from './bytes.ts'
import type { EnumSchema } from './enum.ts'
import { WireError } from './error.ts'
import type { Flags64Schema, FlagsSchema } from './flags.ts'
import type { GuidSchema } from './guid.ts'
import { readGuid, writeGuid } from './guid-text.ts'
import type { Int64Schema, IntSchema } from './int.ts'

/** Where a view stands; shared by all views nested in it. */
export class Cursor {
  /** The buffer, as words. */
  view: DataView = new DataView(new ArrayBuffer(0))
  /** The buffer. */
  bytes: Uint8Array = new Uint8Array(0)
  /** Where the structure begins. */
  offset = 0
  /** First offset behind the buffer. */
  end = 0
  /** What it was pointed at. */
  input: Uint8Array | WireBuffer | undefined

  constructor(
    /** The structure's name, and bytes of its fixed part. */
    readonly name: string,
    readonly size: number,
  ) {}

  /** Goes to another buffer, unless the structure does not fit there: then it stays where it was. */
  move(input: Uint8Array | WireBuffer, offset: number): void {
    const buffer: WireBuffer = 'end' in input ? input : new WireReader(input)
    if (!(offset >= 0 && offset <= buffer.end - this.size && Number.isInteger(offset))) this.refuse(buffer.end, offset)
    this.view = buffer.view
    this.bytes = buffer.bytes
    this.end = buffer.end
    this.input = input
  }

  /** Throws `RangeError` for what is no offset, `WireError` (`SHORT`) for a structure that does not fit. */
  refuse(end: number, offset: number): never {
    if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`offset ${offset}`)
    const why = `${this.size} bytes needed, ${Math.max(0, end - offset)} left`
    throw new WireError({ code: 'SHORT', path: '', offset, why }, this.name)
  }
}

/**
 * A getter and a setter. Both are closures over the cursor and a constant offset: however many kinds of view a process has, the
 * engine sees one kind of cursor, and inlines the access. (Through `this` it costs twenty times as much.)
 */
export interface Accessors<T> {
  readonly get: () => T
  readonly set: (value: T) => void
}

/** Accessors of an unsigned word. */
export function word(to: Cursor, size: 1 | 2 | 4, at: number, bigEndian = false): Accessors<number> {
  if (bigEndian && size > 1) return bigEndianWord(to, size, at)
  if (size === 1) {
    return {
      get: () => to.view.getUint8(to.offset + at),
      set: (value) => to.view.setUint8(to.offset + at, value),
    }
  }
  if (size === 2) {
    return {
      get: () => to.view.getUint16(to.offset + at, true),
      set: (value) => to.view.setUint16(to.offset + at, value, true),
    }
  }
  return {
    get: () => to.view.getUint32(to.offset + at, true),
    set: (value) => to.view.setUint32(to.offset + at, value, true),
  }
}

/** A closure of its own: which byte is first is then no question at each access. */
function bigEndianWord(to: Cursor, size: 1 | 2 | 4, at: number): Accessors<number> {
  if (size === 2) {
    return {
      get: () => to.view.getUint16(to.offset + at),
      set: (value) => to.view.setUint16(to.offset + at, value),
    }
  }
  return {
    get: () => to.view.getUint32(to.offset + at),
    set: (value) => to.view.setUint32(to.offset + at, value),
  }
}

function signedWord(to: Cursor, { size, bigEndian }: IntSchema, at: number): Accessors<number> {
  const { get, set } = word(to, size, at, bigEndian)
  const unused = 32 - 8 * size
  return {
    get: () => (get() << unused) >> unused,
    set,
  }
}

function bigWord(to: Cursor, signed: boolean, at: number, bigEndian = false): Accessors<bigint> {
  if (bigEndian) {
    return {
      get: () => (signed ? to.view.getBigInt64(to.offset + at) : to.view.getBigUint64(to.offset + at)),
      set: (value) => to.view.setBigUint64(to.offset + at, BigInt.asUintN(64, value)),
    }
  }
  return {
    get() {
      const { view, offset } = to
      return signed ? view.getBigInt64(offset + at, true) : view.getBigUint64(offset + at, true)
    },
    set: (value) => to.view.setBigUint64(to.offset + at, BigInt.asUintN(64, value), true),
  }
}

/** A field that a view shows as one property. */
export type ViewField = IntSchema | EnumSchema | FlagsSchema | Int64Schema | Flags64Schema | GuidSchema | BytesSchema

/** Accessors of a field `at` bytes behind the cursor; `path` names it in errors. */
export function accessorsOf(
  to: Cursor,
  node: ViewField,
  at: number,
  structure: string,
  path: string,
): Accessors<number> | Accessors<bigint> | Accessors<string> | Accessors<Uint8Array> {
  switch (node.kind) {
    case 'int':
      return node.signed ? signedWord(to, node, at) : word(to, node.size, at, node.bigEndian)
    case 'enum':
      return node.base.signed ? signedWord(to, node.base, at) : word(to, node.size, at, node.base.bigEndian)
    case 'flags':
      return word(to, node.size, at, node.base.bigEndian)
    case 'int64':
      return bigWord(to, node.signed, at, node.bigEndian)
    case 'flags64':
      return bigWord(to, false, at, node.base.bigEndian)
    case 'guid':
      return {
        get: () => readGuid(to.view, to.offset + at),
        set(value: string) {
          const offset = to.offset + at
          if (writeGuid(to.view, offset, value)) return
          throw new WireError(
            { code: 'RANGE', path, offset, why: 'a GUID in lower-case canonical form expected' },
            structure,
          )
        },
      }
    case 'bytes':
      return {
        get() {
          const offset = to.offset + at
          return to.bytes.subarray(offset, offset + node.size)
        },
        set(value: Uint8Array) {
          const offset = to.offset + at
          if (value.byteLength !== node.size) {
            const why = `${node.size} bytes expected, not ${value.byteLength}`
            throw new WireError({ code: 'LENGTH', path, offset, why }, structure)
          }
          to.bytes.set(value, offset)
        },
      }
  }
}

/** Accessors of one bit field of a word `at` bytes behind the cursor. Writing changes no other bits of the word. */
export function bitAccessors(
  to: Cursor,
  node: BitsSchema,
  field: BitField,
  at: number,
): Accessors<boolean> | Accessors<number> | Accessors<bigint> {
  const { shift, width, as } = field
  const crossing = shift < 32 && shift + width > 32
  if (crossing || width > 32) return wideBits(to, field, at)
  // Of a 64-bit word only the half in which the field lies is touched.
  const half = node.size === 8 ? word(to, 4, shift < 32 ? at : at + 4) : word(to, node.size, at, node.base.bigEndian)
  const by = shift % 32
  const low = width === 32 ? 0xffffffff : 2 ** width - 1
  const mask = (low << by) >>> 0
  const get = () => (half.get() & mask) >>> by
  const set = (value: number) => half.set((half.get() & ~mask) | ((value << by) & mask))
  if (as === 'boolean') {
    return {
      get: () => get() === 1,
      set: (value: boolean) => set(value ? 1 : 0),
    }
  }
  if (as === 'number') {
    return {
      get: () => get(),
      set: (value: number) => set(value),
    }
  }
  return {
    get: () => BigInt(get()),
    set: (value: bigint) => set(Number(BigInt.asUintN(width, value))),
  }
}

/** A field that lies in both halves of a 64-bit word. */
function wideBits(to: Cursor, { shift, width, as }: BitField, at: number): Accessors<number> | Accessors<bigint> {
  const all = bigWord(to, false, at)
  const by = BigInt(shift)
  const mask = BigInt.asUintN(width, -1n) << by
  const set = (value: bigint) => all.set((all.get() & ~mask) | ((value << by) & mask))
  if (as === 'bigint') {
    return {
      get: () => BigInt.asUintN(width, all.get() >> by),
      set: (value: bigint) => set(value),
    }
  }
  const low = word(to, 4, at)
  const high = word(to, 4, at + 4)
  return {
    get: () => (((low.get() >>> shift) | (high.get() << (32 - shift))) & ((2 ** width - 1) | 0)) >>> 0,
    set: (value: number) => set(BigInt.asUintN(64, BigInt(value))),
  }
}
