import type { RingFault } from './ring-fault.ts'

/** Why a packet was not written. The ring is unchanged. */
export type WriteRefusal =
  /** No room now; there may be once the peer has read. */
  | { readonly status: 'full' }
  /** Never: `InvalidMessageLength` (the ring goes on), or the ring is faulted. */
  | { readonly status: 'error'; readonly error: RingFault }

/** Answer of `RingWriter.write`; `signal` says whether the peer must be signalled. */
export type WriteResult = { readonly status: 'written'; readonly signal: boolean } | WriteRefusal

// Shared, so that no write allocates its answer.
/** Written; the peer reads on by itself. */
export const WRITTEN: WriteResult = { status: 'written', signal: false }
/** Written, and the peer must be signalled. */
export const WRITTEN_SIGNAL: WriteResult = { status: 'written', signal: true }
/** No room now. */
export const FULL: WriteRefusal = { status: 'full' }
