import { WireReader } from '../../wire/index.ts'
import type { Convention, RegisterPlace } from './convention.ts'

/** Registers of zeros, but for the function that a convention asks for. */
function fresh({ size, functionId = 0 }: Convention): Uint8Array {
  const bytes = new Uint8Array(size)
  new DataView(bytes.buffer).setUint32(0, functionId, true)
  return bytes
}

/**
 * The registers of one hypercall as plain bytes, see {@link Convention}. Over bytes of the owner's (a mailbox page that holds X0 … X17
 * in a row), reading and writing goes straight there.
 */
export class HypercallRegisters {
  /** Over the register file. */
  readonly view: DataView
  /** Over the same bytes, for codecs. */
  readonly reader: WireReader
  /** The convention's places, at hand: {@link Convention.control}, `parameters`, `result` and `functionId`. */
  readonly controlAt: number
  /** Byte offset of the parameters. */
  readonly parametersAt: number
  /** Byte offset of the result value. */
  readonly resultAt: number
  /** What the first register must hold, where another call could be meant. */
  readonly functionId: number | undefined

  /** Throws a `RangeError` when `bytes` are fewer than the convention's registers. */
  constructor(
    readonly convention: Convention,
    readonly bytes: Uint8Array = fresh(convention),
  ) {
    if (bytes.byteLength < convention.size) {
      throw new RangeError(`${convention.name}: registers need ${convention.size} bytes, not ${bytes.byteLength}`)
    }
    this.reader = new WireReader(bytes)
    this.view = this.reader.view
    this.controlAt = convention.control
    this.parametersAt = convention.parameters
    this.resultAt = convention.result
    this.functionId = convention.functionId
  }

  /** A register by its name, unsigned. Throws a `RangeError` for one that the convention does not use. */
  get(name: string): bigint {
    const { at, size } = this.#place(name)
    if (size === 4) return BigInt(this.view.getUint32(at, true))
    const low = this.view.getBigUint64(at, true)
    return size === 8 ? low : (this.view.getBigUint64(at + 8, true) << 64n) | low
  }

  /** Sets a register; bits beyond its width are dropped. Throws a `RangeError` for one that the convention does not use. */
  set(name: string, value: bigint): void {
    const { at, size } = this.#place(name)
    if (size === 4) this.view.setUint32(at, Number(BigInt.asUintN(32, value)), true)
    else this.view.setBigUint64(at, value, true)
    if (size === 16) this.view.setBigUint64(at + 8, value >> 64n, true)
  }

  /** The input value (`HypercallInputValue`). */
  get control(): bigint {
    return this.view.getBigUint64(this.controlAt, true)
  }
  set control(value: bigint) {
    this.view.setBigUint64(this.controlAt, value, true)
  }

  /** The result value (`HypercallResultValue`). */
  get result(): bigint {
    return this.view.getBigUint64(this.resultAt, true)
  }
  set result(value: bigint) {
    this.view.setBigUint64(this.resultAt, value, true)
  }

  /** HV_STATUS of the result value; one without a name is kept as it is. */
  get status(): number {
    return this.view.getUint16(this.resultAt, true)
  }

  /** Elements that the result value says are done, counted from element 0; 0 for a simple call. */
  get repsCompleted(): number {
    return this.view.getUint16(this.resultAt + 4, true) & 0xfff
  }

  #place(name: string): RegisterPlace {
    const place = this.convention.registers.find((register) => register.name === name)
    if (place === undefined) throw new RangeError(`${this.convention.name} has no register ${name}`)
    return place
  }
}
