/**
 * The key-value pair exchange (KVP) integration component's protocol: pairs in pools, and IP settings.
 *
 * @module
 */
export { isAdapterId, isGuidLike, type KvpAdapter, type KvpIpAddress, type KvpIpInfo, noIpInfo } from './ip-info.ts'
export * from './messages.ts'
export { type KvpData, type KvpPair, kvpKeyOf, kvpValueOf, readKvpKey, readKvpPair, readKvpValue } from './values.ts'
