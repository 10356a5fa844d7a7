import {
  type IMeasurer,
  type ISerialInput,
  type ISerialOutput,
  type MaxValue,
  Measurer,
  type Parsed,
  Schema,
} from 'typed-binary'
import { type WireBuffer, WireReader, WireWriter } from './buffer.ts'
import { anyContext } from './context.ts'
import { WireError } from './error.ts'
import { interpretDecode, interpretEncode, measureValue } from './interpret.ts'
import { nodeOf } from './node.ts'

/**
 * The names a structure or call goes by elsewhere, by dialect: `{ linux: 'vmbus_channel_offer_channel' }`. Under `like` stands one that is
 * declared a little differently, such as Linux's `vmdata_gpa_direct`, which includes the first range.
 */
export type Aliases = Readonly<Record<string, string | readonly string[]>>

/**
 * The common base of all wire types. It is a typed-binary `Schema`, so it composes with a user's own typed-binary schemas,
 * and at the same time plain layout data (`kind`, `size`, …) that compiler, interpreter, views, printer and arbitraries walk.
 */
export abstract class WireSchema<T> extends Schema<T> {
  /** Tells the kinds apart; each kind is one class. */
  abstract readonly kind: string
  /** Size in bytes of the fixed part. */
  abstract readonly size: number
  /** Whether more bytes than `size` can follow, as the values or the input's length say. */
  readonly variable: boolean = false

  /** typed-binary's contract. From a {@link WireReader} at its cursor, from any other reader only for fixed sizes. */
  override read(input: ISerialInput): Parsed<T> {
    let buffer: WireBuffer
    let at = 0
    if (input instanceof WireReader) {
      buffer = input
      at = input.byteOffset
    } else {
      if (this.variable) {
        const why = 'a structure of variable size needs a WireReader, which knows where its bytes end'
        throw new WireError({ code: 'LENGTH', path: '', offset: input.currentByteOffset, why }, this.kind)
      }
      const bytes = new Uint8Array(this.size)
      input.readSlice(bytes, 0, bytes.byteLength)
      buffer = new WireReader(bytes)
    }
    // Sound: T holds plain values, no schemas, and typed-binary's Parsed<> is the identity on those; generic code cannot show it.
    return interpretDecode(nodeOf(this), buffer, at, anyContext) as Parsed<T>
  }

  /** typed-binary's contract. Values are checked before anything is written. */
  override write(output: ISerialOutput, value: Parsed<T>): void {
    const bytes = new Uint8Array(measureValue(nodeOf(this), value, anyContext))
    interpretEncode(nodeOf(this), new WireWriter(bytes), 0, value, anyContext)
    output.writeSlice(bytes)
  }

  /** typed-binary's contract. */
  override measure(value: Parsed<T> | MaxValue, measurer?: IMeasurer): IMeasurer {
    const into = measurer ?? new Measurer()
    if (typeof value === 'symbol') return this.variable ? into.unbounded : into.add(this.size)
    return into.add(measureValue(nodeOf(this), value, anyContext))
  }
}

/** The TypeScript value of a schema. Field comments survive, so that editors show them. */
export type Infer<S> = S extends WireSchema<infer T> ? T : never
