import { BufferReader, BufferWriter, type ISerialInput, type ISerialOutput } from 'typed-binary'
import { WireError, type WireErrorCode } from './error.ts'

/** The bytes a codec works on: one DataView and one Uint8Array over the same range, and where it ends. Offset 0 is the first byte. */
export interface WireBuffer {
  /** The range as bytes. */
  readonly bytes: Uint8Array
  /** The same range as words. */
  readonly view: DataView
  /** First offset that is not part of the buffer; equals `bytes.byteLength`. */
  readonly end: number
  /** Cursor: where a variable-size decode or encode stopped. */
  byteOffset: number
}

/** The same memory as a plain array of bytes. Subclasses have methods of their own: there is one whose `slice` does not copy. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  if (Object.getPrototypeOf(bytes) === Uint8Array.prototype) return bytes
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function outOfBounds(code: WireErrorCode, buffer: WireBuffer, need: number): WireError {
  const why = `${need} bytes needed, ${Math.max(0, buffer.end - buffer.byteOffset)} left`
  return new WireError({ code, path: '', offset: buffer.byteOffset, why }, 'buffer')
}

/**
 * A typed-binary reader that keeps to its own bytes. typed-binary's reader over a `Uint8Array` view ignores where the view ends
 * and returns the neighbours' bytes; this one throws a {@link WireError} (`SHORT`) instead. Little-endian. Offsets count from the view's start.
 */
export class WireReader extends BufferReader implements ISerialInput, WireBuffer {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** First offset behind the bytes. */
  readonly end: number
  protected override readonly dataView: DataView
  declare byteOffset: number

  constructor(bytes: Uint8Array) {
    super(bytes.buffer, { endianness: 'little' })
    this.bytes = plainBytes(bytes)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.dataView = this.view
    this.end = bytes.byteLength
    this.byteOffset = 0
  }

  /** Bytes between the cursor and the end. */
  get remaining(): number {
    return this.end - this.byteOffset
  }

  #need(length: number): void {
    if (!(length >= 0 && length <= this.end - this.byteOffset)) throw outOfBounds('SHORT', this, length)
  }

  override readBool(): boolean {
    this.#need(1)
    return super.readBool()
  }
  override readByte(): number {
    this.#need(1)
    return super.readUint8()
  }
  override readInt8(): number {
    this.#need(1)
    return super.readInt8()
  }
  override readUint8(): number {
    this.#need(1)
    return super.readUint8()
  }
  override readInt16(): number {
    this.#need(2)
    return super.readInt16()
  }
  override readUint16(): number {
    this.#need(2)
    return super.readUint16()
  }
  override readInt32(): number {
    this.#need(4)
    return super.readInt32()
  }
  override readUint32(): number {
    this.#need(4)
    return super.readUint32()
  }
  override readFloat16(): number {
    this.#need(2)
    return super.readFloat16()
  }
  override readFloat32(): number {
    this.#need(4)
    return super.readFloat32()
  }
  /** NUL-terminated UTF-8, as typed-binary writes it; Hyper-V's structures do not use it. */
  override readString(): string {
    const start = this.byteOffset
    const length = this.bytes.subarray(start).indexOf(0)
    if (length < 0) throw outOfBounds('SHORT', this, this.end - start + 1)
    this.byteOffset = start + length + 1
    return new TextDecoder().decode(this.bytes.slice(start, start + length))
  }
  override readSlice(target: Parameters<BufferReader['readSlice']>[0], offset: number, byteLength: number): void {
    this.#need(byteLength)
    const into = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
    if (!(offset >= 0 && byteLength <= into.byteLength - offset)) throw outOfBounds('RANGE', this, byteLength)
    into.set(this.bytes.subarray(this.byteOffset, this.byteOffset + byteLength), offset)
    this.byteOffset += byteLength
  }
  override seekTo(offset: number): void {
    if (!(offset >= 0 && offset <= this.end)) throw outOfBounds('SHORT', this, offset - this.byteOffset)
    this.byteOffset = offset
  }
  override skipBytes(bytes: number): void {
    this.seekTo(this.byteOffset + bytes)
  }
}

/** The writing counterpart of {@link WireReader}: never writes outside its bytes, throws `SHORT` when they do not suffice. */
export class WireWriter extends BufferWriter implements ISerialOutput, WireBuffer {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly end: number
  protected override readonly dataView: DataView
  declare byteOffset: number

  constructor(bytes: Uint8Array) {
    super(bytes.buffer, { endianness: 'little' })
    this.bytes = plainBytes(bytes)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.dataView = this.view
    this.end = bytes.byteLength
    this.byteOffset = 0
  }

  #need(length: number): void {
    if (!(length >= 0 && length <= this.end - this.byteOffset)) throw outOfBounds('SHORT', this, length)
  }

  override writeBool(value: boolean): void {
    this.#need(1)
    super.writeBool(value)
  }
  override writeByte(value: number): void {
    this.#need(1)
    super.writeUint8(value)
  }
  override writeInt8(value: number): void {
    this.#need(1)
    super.writeInt8(value)
  }
  override writeUint8(value: number): void {
    this.#need(1)
    super.writeUint8(value)
  }
  override writeInt16(value: number): void {
    this.#need(2)
    super.writeInt16(value)
  }
  override writeUint16(value: number): void {
    this.#need(2)
    super.writeUint16(value)
  }
  override writeInt32(value: number): void {
    this.#need(4)
    super.writeInt32(value)
  }
  override writeUint32(value: number): void {
    this.#need(4)
    super.writeUint32(value)
  }
  override writeFloat16(value: number): void {
    this.#need(2)
    super.writeFloat16(value)
  }
  override writeFloat32(value: number): void {
    this.#need(4)
    super.writeFloat32(value)
  }
  /** NUL-terminated UTF-8, as typed-binary reads it; Hyper-V's structures do not use it. */
  override writeString(value: string): void {
    const text = new TextEncoder().encode(value)
    this.#need(text.byteLength + 1)
    this.bytes.set(text, this.byteOffset)
    this.byteOffset += text.byteLength
    super.writeUint8(0)
  }
  override writeSlice(source: Parameters<BufferWriter['writeSlice']>[0]): void {
    this.#need(source.byteLength)
    this.bytes.set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength), this.byteOffset)
    this.byteOffset += source.byteLength
  }
  override seekTo(offset: number): void {
    if (!(offset >= 0 && offset <= this.end)) throw outOfBounds('SHORT', this, offset - this.byteOffset)
    this.byteOffset = offset
  }
  override skipBytes(bytes: number): void {
    this.seekTo(this.byteOffset + bytes)
  }
}
