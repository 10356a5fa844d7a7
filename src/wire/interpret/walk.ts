import type { WireBuffer } from '../buffer.ts'
import type { WireContext } from '../context.ts'
import { WireError, type WireErrorCode, type WireFault } from '../error.ts'
import type { Node } from '../node.ts'

/** One walk over a structure: where it is, in the bytes and in the schema, and what becomes of faults. */
export class Walk {
  /** The bytes walked over, as words. */
  readonly view: DataView
  /** The bytes walked over. */
  readonly bytes: Uint8Array
  /** First offset behind the bytes. */
  readonly end: number
  /** Decoding only: where the last step ended, so where the next one begins. */
  position = 0
  /** Lenient only: whether the input's end has cut a field off, so that nothing behind it can be read. */
  cut = false
  /** Names and indices of what is around the step at hand, `depth` of them in use. */
  private readonly path: (string | number)[] = []
  private depth = 0

  constructor(
    readonly buffer: WireBuffer,
    readonly context: WireContext,
    /** What is being decoded or encoded. */
    readonly node: Node,
    /** Receives faults instead of their being thrown. */
    readonly sink: ((fault: WireFault) => void) | undefined,
  ) {
    this.view = buffer.view
    this.bytes = buffer.bytes
    this.end = buffer.end
  }

  /** Goes into something that has fields or elements. */
  enter(name: string | number): void {
    this.path[this.depth++] = name
  }

  /** Comes back out. */
  leave(): void {
    this.depth--
  }

  /** Reports a fault of the step of that name; goes on only when there is a sink. */
  fault(name: string, code: WireErrorCode, offset: number, why: string): void {
    if (this.sink === undefined) this.refuse(name, code, offset, why)
    this.cut ||= code === 'SHORT'
    this.sink({ code, path: this.where(name), offset, why })
  }

  /** Throws a fault of the step of that name. */
  refuse(name: string, code: WireErrorCode, offset: number, why: string): never {
    throw new WireError({ code, path: this.where(name), offset, why }, nameOf(this.node))
  }

  /** Reports that `size` bytes are not there. */
  short(name: string, size: number, at: number): void {
    this.fault(name, 'SHORT', at, `${size} bytes needed, ${Math.max(0, this.end - at)} left`)
  }

  private where(name: string): string {
    let path = ''
    for (const part of [...this.path.slice(0, this.depth), name]) {
      if (typeof part === 'number') path += `[${part}]`
      else path += path === '' || part === '' ? part : `.${part}`
    }
    return path
  }
}

function nameOf(node: Node): string {
  return 'name' in node ? node.name : node.kind
}
