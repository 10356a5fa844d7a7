import type { WireBuffer } from './buffer.ts'
import { compile } from './compile.ts'
import type { WireContext } from './context.ts'
import { interpreter } from './interpret.ts'
import type { Node } from './node.ts'

/** Reads and writes one structure at an offset of a buffer. After a call `buffer.byteOffset` is where the structure ends. */
export interface Codec<T> {
  /** Decodes a fresh value. Throws `WireError`. */
  decodeAt(buffer: WireBuffer, at: number, context?: WireContext): T
  /** Checks and encodes a value; answers the end offset. Throws `WireError`, then the bytes from `at` on are undefined. */
  encodeAt(buffer: WireBuffer, at: number, value: T, context?: WireContext): number
  /** Like `encodeAt` for a value that is known to be in range (one that was decoded, or checked before): wrong numbers wrap. */
  encodeTrustedAt(buffer: WireBuffer, at: number, value: T, context?: WireContext): number
}

/** Whether codecs are compiled with `new Function` where the platform allows it, or never. */
export type Codegen = 'auto' | 'off'

let mode: Codegen = 'auto'
let allowed: boolean | undefined

/**
 * Turns code generation off (for coverage and fuzzing, which cannot see into generated code) or back on. Under a
 * Content-Security-Policy that forbids it the interpreter is used without asking. Counts for structures not used before the call.
 */
export function setCodegen(next: Codegen): void {
  mode = next
}

/** Whether this platform lets us compile. Asked once. */
function codegenAllowed(): boolean {
  if (allowed === undefined) {
    try {
      allowed = new Function('return true')() === true
    } catch {
      allowed = false
    }
  }
  return allowed
}

/** The codec of a node: compiled where possible, else interpreted. */
export function codecOf(node: Node): Codec<unknown> {
  return mode === 'auto' && codegenAllowed() ? compile(node) : interpreter(node)
}
