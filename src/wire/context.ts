/** Which end wrote the bytes. */
export type Sender = 'host' | 'guest'

/**
 * What a structure's form can depend on beside its own bytes. Decoders, encoders, arbitraries, printer and dissector all take it;
 * whatever is left out is not assumed: the newest form that fits the bytes is taken, and `alternatives` lists the others.
 */
export interface WireContext {
  /** Negotiated protocol version, `major << 16 | minor` for VMBus; a device's own numbering for a device's messages. */
  readonly version?: number
  /** Negotiated feature flags (VMBus 6.0 and later). */
  readonly features?: number
  /** Who sent the bytes. */
  readonly from?: Sender
}

/** Nothing known: the newest version, either direction. */
export const anyContext: WireContext = Object.freeze({})
