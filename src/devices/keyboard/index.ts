/**
 * The synthetic keyboard's protocol, keys and layouts.
 *
 * @module
 */
export * from './decoder.ts'
export * from './keys.ts'
export * from './layout.ts'
export { deLayout } from './layouts/de.ts'
export { keyboardLayouts } from './layouts/index.ts'
export { ukLayout } from './layouts/uk.ts'
export { usLayout } from './layouts/us.ts'
export * from './messages.ts'
