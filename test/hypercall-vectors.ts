import { readFileSync } from 'node:fs'

/** Bytes of a hypercall, or of what belongs to one, and what they mean. */
export interface HypercallVector {
  readonly name: string
  readonly kind: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly hex: string
  /** Status that the call answers. */
  readonly expect?: string
}

const { vectors }: { readonly vectors: readonly HypercallVector[] } = JSON.parse(
  readFileSync(new URL('fixtures/hypercall-vectors.json', import.meta.url), 'utf8'),
)

/** The vector of that name. */
export function hypercallVector(name: string): HypercallVector {
  const vector = vectors.find((one) => one.name === name)
  if (vector === undefined) throw new Error(`no vector ${name}`)
  return vector
}
