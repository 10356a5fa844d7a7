/**
 * The host's end of VMBus: offers, channels, GPADLs, as a state machine without I/O.
 *
 * @module
 */
export type { ChannelState } from './channel.ts'
export * from './effects.ts'
export type { ChannelInfo } from './explain.ts'
export { type HvsocketOffer, hvsocketOffer } from './hvsocket.ts'
export type { ServerOptions } from './options.ts'
export { RestoreError, type RestoreErrorCode } from './restore.ts'
export { type ServerRule, serverRules } from './rules.ts'
export type * from './saved-state.ts'
export { VmbusServer } from './server.ts'
