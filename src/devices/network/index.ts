/**
 * The synthetic network adapter's protocol: NVSP, and RNDIS within it.
 *
 * @module
 */
export * from './checksum.ts'
export * from './config-parameter.ts'
export * from './decoder.ts'
export * from './flow-hash.ts'
export * from './frame-layout.ts'
export * from './internet.ts'
export * from './large-send.ts'
export * from './message-parts.ts'
export * from './ndis.ts'
export * from './nvsp.ts'
export * from './nvsp-header.ts'
export * from './nvsp-pd.ts'
export * from './nvsp-version.ts'
export * from './oid.ts'
export * from './oid-values.ts'
export * from './packet-header.ts'
export * from './packet-reader.ts'
export * from './per-packet-info.ts'
export * from './rndis.ts'
export * from './rndis-condis.ts'
export { rndisMessagesIn } from './rndis-decoder.ts'
export * from './rndis-header.ts'
export * from './toeplitz.ts'
