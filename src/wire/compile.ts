import type { Codec } from './codec.ts'
import { interpreter } from './interpret.ts'
import type { Node } from './node.ts'

/** Compiles a node's codec. */
export function compile(node: Node): Codec<unknown> {
  return interpreter(node)
}
