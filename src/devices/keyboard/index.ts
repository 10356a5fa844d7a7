/**
 * The synthetic keyboard's protocol.
 *
 * @module
 */
export * from './decoder.ts'
export * from './messages.ts'
