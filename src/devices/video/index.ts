/**
 * The synthetic video device's protocol: a framebuffer in guest memory, its modes, its pointer.
 *
 * @module
 */
export * from './decoder.ts'
export * from './encode.ts'
export * from './messages.ts'
export * from './mode.ts'
export * from './pointer.ts'
export * from './rect.ts'
