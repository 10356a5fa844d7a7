import type { WireBuffer } from './buffer.ts'
import type { Codec } from './codec.ts'
import { anyContext, type WireContext } from './context.ts'
import type { WireFault } from './error.ts'
import { decodeStep, noSiblings } from './interpret/decode.ts'
import { encodeStep } from './interpret/encode.ts'
import { type Step, stepOf } from './interpret/steps.ts'
import { Walk } from './interpret/walk.ts'
import type { Node } from './node.ts'

export { measureValue } from './interpret/measure.ts'

// The table interpreter: decodes and encodes by walking the schema, made ready as steps. It is the fallback where code generation
// is not allowed, the oracle that compiled codecs are tested against, what finds out and words every error, and what lenient decoding
// runs on.

/**
 * Decodes `node` at `at`. With a `sink`, faults go there and as much as can be read is returned (`undefined` if nothing can);
 * without, the first fault is thrown as a `WireError`. Non-zero reserved space is reported to a sink only: it is no error.
 */
export function interpretDecode(
  node: Node,
  buffer: WireBuffer,
  at: number,
  context: WireContext,
  sink?: (fault: WireFault) => void,
): unknown {
  return decodeFrom(stepOf(node), buffer, at, context, sink)
}

/** Checks and encodes a value at `at`; answers where it ends. Throws `WireError`. */
export function interpretEncode(
  node: Node,
  buffer: WireBuffer,
  at: number,
  value: unknown,
  context: WireContext,
): number {
  return encodeFrom(stepOf(node), buffer, at, value, context)
}

/** The interpreter as a codec. */
export function interpreter(node: Node): Codec<unknown> {
  const step = stepOf(node)
  const encodeAt: Codec<unknown>['encodeAt'] = (buffer, at, value, context = anyContext) =>
    encodeFrom(step, buffer, at, value, context)
  return {
    decodeAt: (buffer, at, context = anyContext) => decodeFrom(step, buffer, at, context, undefined),
    encodeAt,
    encodeTrustedAt: encodeAt,
  }
}

function decodeFrom(
  step: Step,
  buffer: WireBuffer,
  at: number,
  context: WireContext,
  sink: ((fault: WireFault) => void) | undefined,
): unknown {
  checkOffset(at)
  const walk = new Walk(buffer, context, step.node, sink)
  const value = decodeStep(walk, step, at, noSiblings)
  buffer.byteOffset = walk.position
  return value
}

function encodeFrom(step: Step, buffer: WireBuffer, at: number, value: unknown, context: WireContext): number {
  checkOffset(at)
  const walk = new Walk(buffer, context, step.node, undefined)
  const end = encodeStep(walk, step, at, value, noSiblings)
  buffer.byteOffset = end
  return end
}

function checkOffset(at: number): void {
  if (!Number.isSafeInteger(at) || at < 0) throw new RangeError(`offset ${at}`)
}
