/**
 * The key-value pair exchange integration component's driver.
 *
 * @module
 */
export * from './kvp-vsc.ts'
export * from './store.ts'
