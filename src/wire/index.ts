/**
 * The schema language: describe a wire structure once, derive codec, layout, checks, printing and generators.
 *
 * @module
 */
export * from './array.ts'
export * from './bits.ts'
export * from './buffer.ts'
export * from './bytes.ts'
export { type Codec, type Codegen, setCodegen } from './codec.ts'
export * from './context.ts'
export * from './enum.ts'
export * from './error.ts'
export * from './flags.ts'
export * from './guid.ts'
export { type Guid, guid, isGuid, nilGuid } from './guid-text.ts'
export * from './int.ts'
export type { Fields, Node, Siblings } from './node.ts'
export * from './reserved.ts'
export { type Aliases, type Infer, WireSchema } from './schema.ts'
export * from './struct.ts'
export { type Extra, Structure } from './structure.ts'
export * from './text.ts'
export * from './union.ts'
