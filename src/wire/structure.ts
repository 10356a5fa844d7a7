import { type WireBuffer, WireReader, WireWriter } from './buffer.ts'
import { type Codec, codecOf } from './codec.ts'
import { anyContext, type WireContext } from './context.ts'
import { WireError } from './error.ts'
import { measureValue } from './interpret.ts'
import { nodeOf } from './node.ts'
import { property, show } from './property.ts'
import { WireSchema } from './schema.ts'

/** Bytes behind the known form of a structure: legal (newer peers append fields), kept, and written back. */
export interface Extra {
  /** Absent when there are none. */
  extra?: Uint8Array
}

const noBytes: Uint8Array = /* @__PURE__ */ new Uint8Array(0)

/** What structs and unions have in common: a name, and whole-input decoding and encoding. */
export abstract class Structure<T> extends WireSchema<T> implements Codec<T> {
  /** The canonical name. */
  abstract readonly name: string

  // Own properties that replace themselves on first use: a call then costs no more than calling the compiled function.
  decodeAt: Codec<T>['decodeAt'] = (buffer, at, context) => this.#codec().decodeAt(buffer, at, context)
  encodeAt: Codec<T>['encodeAt'] = (buffer, at, value, context) => this.#codec().encodeAt(buffer, at, value, context)
  encodeTrustedAt: Codec<T>['encodeTrustedAt'] = (buffer, at, value, context) =>
    this.#codec().encodeTrustedAt(buffer, at, value, context)

  #codec(): Codec<T> {
    // Sound: the codec was derived from this very schema, whose type parameter is T.
    const codec = codecOf(nodeOf(this)) as Codec<T>
    this.decodeAt = codec.decodeAt
    this.encodeAt = codec.encodeAt
    this.encodeTrustedAt = codec.encodeTrustedAt
    return codec
  }

  /**
   * Decodes a whole input. Bytes behind the structure become `extra`. Give a {@link WireReader} to save making one per call.
   * Throws `WireError` and nothing else.
   */
  decode(input: Uint8Array | WireReader, context: WireContext = anyContext): T & Extra {
    const buffer: WireBuffer = input instanceof WireReader ? input : new WireReader(input)
    const value: T & Extra = Object.assign(Object(this.decodeAt(buffer, 0, context)))
    if (buffer.byteOffset < buffer.end) value.extra = buffer.bytes.slice(buffer.byteOffset, buffer.end)
    return value
  }

  /** Encodes a value into fresh bytes, `extra` behind it. Throws `WireError` for a value that does not fit its fields. */
  encode(value: T & Extra, context: WireContext = anyContext): Uint8Array {
    const length = measureValue(nodeOf(this), value, context)
    const extra = property(value, 'extra') ?? noBytes
    if (!(extra instanceof Uint8Array)) {
      throw new WireError(
        { code: 'RANGE', path: 'extra', offset: length, why: `bytes expected, not ${show(extra)}` },
        this.name,
      )
    }
    const bytes = new Uint8Array(length + extra.byteLength)
    this.encodeAt(new WireWriter(bytes), 0, value, context)
    bytes.set(extra, length)
    return bytes
  }
}
