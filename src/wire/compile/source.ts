import type { WireBuffer } from '../buffer.ts'
import type { WireContext } from '../context.ts'
import type { Node, Siblings } from '../node.ts'
import type { FieldLayout } from '../struct.ts'

/** A compiled decoder. `undefined` means: not the usual case, ask the interpreter. Leaves the end in `buffer.byteOffset`. */
export type FastDecode = (buffer: WireBuffer, at: number, context: WireContext) => unknown
/** A compiled encoder: the end offset, or -1 for: not the usual case, ask the interpreter. */
export type FastEncode = (buffer: WireBuffer, at: number, value: unknown, context: WireContext) => number

/** The compiled functions of one structure as a union's member. */
export interface Part {
  /** Decodes the member. */
  decode: FastDecode
  /** Encodes it, checking the value. */
  encode: FastEncode
  /** Encodes it, trusting the value. */
  encodeTrusted: FastEncode
}

/** How generated code finds a union's member. */
export interface UnionParts {
  /** By what is on the wire, or by the fields before it. */
  readonly onWire: (buffer: WireBuffer, at: number, siblings: Siblings, context: WireContext) => Part | undefined
  /** By a value's `type`. */
  readonly ofValue: (value: unknown) => Part | undefined
}

/** The siblings of whatever has none, and the value of a structure that was left out. */
export const nothing: Siblings = Object.freeze({})

/**
 * The text of a function under construction. Only names made here, quoted property names and checked integers enter the text;
 * everything else (count functions, type names, helpers) is captured: handed to the function from outside.
 */
export class Source {
  readonly #lines: string[] = []
  readonly #captured = new Map<unknown, string>()
  #names = 0

  constructor(
    /** The statement that leaves the fast path. */
    readonly leave: string,
    /** What that statement knows as `slow`. */
    slow?: unknown,
  ) {
    if (slow !== undefined) this.#captured.set(slow, 'slow')
  }

  /** Adds a line. */
  add(...lines: string[]): void {
    this.#lines.push(...lines)
  }

  /** Leaves the fast path if `condition` holds. */
  leaveIf(condition: string): void {
    this.#lines.push(`if (${condition}) ${this.leave}`)
  }

  /** A local variable's name that is not in use. */
  fresh(): string {
    return `x${this.#names++}`
  }

  /** Declares a constant and answers its name. */
  constant(expression: string): string {
    const name = this.fresh()
    this.#lines.push(`const ${name} = ${expression}`)
    return name
  }

  /** The name under which generated code sees a value from outside. */
  capture(value: unknown): string {
    const known = this.#captured.get(value)
    if (known !== undefined) return known
    const name = `k${this.#captured.size}`
    this.#captured.set(value, name)
    return name
  }

  /** The finished function. The caller states its type, which the parameters and the return statements must agree with. */
  build<F>(...parameters: string[]): F {
    const text = `'use strict'\nreturn function (${parameters.join(', ')}) {\n${this.#lines.join('\n')}\n}`
    return new Function(...this.#captured.values(), text)(...this.#captured.keys())
  }
}

/** An integer as source text. */
export function int(value: number): string {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer`)
  return String(value)
}

/** A property name as source text. */
export function quote(name: string): string {
  return JSON.stringify(name)
}

/** The offset expression `base + distance`. */
export function place(base: string, distance: number): string {
  return distance === 0 ? base : `${base} + ${int(distance)}`
}

/** Whether a node has a fixed size and nothing in it depends on context or siblings: its fields stand at constant offsets. */
export function isPlain(node: Node): boolean {
  if (node.variable || node.kind === 'union') return false
  if (node.kind === 'array') return isPlain(node.element)
  return node.kind !== 'struct' || node.layout.every((field) => isPlain(field.schema))
}

/** Whether a field is absent from the values of the fast path, which leaves non-zero reserved space and gaps to the interpreter. */
export function isAbsent(field: FieldLayout): boolean {
  const { schema } = field
  if (!field.optional) return false
  return schema.kind !== 'struct' || schema.layout.every(isAbsent)
}

/** Reserved space and zeros are handled in words up to this many bytes, in bulk above. */
export const wordwise = 64

/** Cuts `size` bytes into the largest words: offset and size of each. */
export function words(size: number): { at: number; size: 1 | 2 | 4 }[] {
  const cut: { at: number; size: 1 | 2 | 4 }[] = []
  let at = 0
  while (at < size) {
    const word = size - at >= 4 ? 4 : size - at >= 2 ? 2 : 1
    cut.push({ at, size: word })
    at += word
  }
  return cut
}
