/**
 * The synthetic keyboard's protocol.
 *
 * @module
 */
export * from './messages.ts'
