/**
 * The hypercall interface's structures: input and result values, SynIC pages and messages.
 *
 * @module
 */
export * from './input-value.ts'
export * from './synic.ts'
