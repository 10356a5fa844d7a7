import { WireSchema } from './schema.ts'

/** An integer of 1, 2 or 4 bytes; a JavaScript number, or a flavour of number for ids (see {@link idField}). */
export class IntSchema<T extends number = number> extends WireSchema<T> {
  readonly kind = 'int'
  /** Smallest value. */
  readonly min: number
  /** Largest value. */
  readonly max: number

  constructor(
    readonly size: 1 | 2 | 4,
    readonly signed: boolean,
    /** Whether its first byte is the highest, as in SCSI and Ethernet; all of Hyper-V's own words are little-endian. */
    readonly bigEndian = false,
  ) {
    super()
    const range = 2 ** (8 * size)
    this.min = signed ? -range / 2 : 0
    this.max = signed ? range / 2 - 1 : range - 1
  }
}

/** An integer of 8 bytes; a bigint. */
export class Int64Schema extends WireSchema<bigint> {
  readonly kind = 'int64'
  readonly size = 8
  /** Smallest value. */
  readonly min: bigint
  /** Largest value. */
  readonly max: bigint

  constructor(
    readonly signed: boolean,
    /** Whether its first byte is the highest. */
    readonly bigEndian = false,
  ) {
    super()
    this.min = signed ? -(1n << 63n) : 0n
    this.max = signed ? (1n << 63n) - 1n : (1n << 64n) - 1n
  }
}

/** Unsigned, 1 byte: 0 … 255. */
export const u8: IntSchema = /* @__PURE__ */ new IntSchema(1, false)
/** Unsigned, 2 bytes, little-endian. */
export const u16: IntSchema = /* @__PURE__ */ new IntSchema(2, false)
/** Unsigned, 4 bytes, little-endian. */
export const u32: IntSchema = /* @__PURE__ */ new IntSchema(4, false)
/** Signed, 1 byte. */
export const i8: IntSchema = /* @__PURE__ */ new IntSchema(1, true)
/** Signed, 2 bytes, little-endian. */
export const i16: IntSchema = /* @__PURE__ */ new IntSchema(2, true)
/** Signed, 4 bytes, little-endian. */
export const i32: IntSchema = /* @__PURE__ */ new IntSchema(4, true)
/** Unsigned, 8 bytes, little-endian; a bigint. */
export const u64: Int64Schema = /* @__PURE__ */ new Int64Schema(false)
/** Signed, 8 bytes, little-endian; a bigint. */
export const i64: Int64Schema = /* @__PURE__ */ new Int64Schema(true)
/** Unsigned, 2 bytes, big-endian. */
export const u16be: IntSchema = /* @__PURE__ */ new IntSchema(2, false, true)
/** Unsigned, 4 bytes, big-endian. */
export const u32be: IntSchema = /* @__PURE__ */ new IntSchema(4, false, true)
/** Unsigned, 8 bytes, big-endian; a bigint. */
export const u64be: Int64Schema = /* @__PURE__ */ new Int64Schema(false, true)

declare const idKind: unique symbol

/**
 * A number that identifies one kind of thing. Plain numbers are accepted as ids, but an id of one kind is not accepted where
 * another kind is meant: `Id<'channel'>` and `Id<'gpadl'>` cannot be mixed up.
 */
export type Id<K extends string> = number & {
  /** Tells the kinds apart; there is no such property. */
  readonly [idKind]?: K
}

/** A 32-bit field that holds an id: `idField<ChannelId>()`. */
export function idField<T extends number>(): IntSchema<T> {
  return new IntSchema<T>(4, false)
}
