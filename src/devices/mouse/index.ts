/**
 * The synthetic mouse's protocol (synthhid): HID reports over VMBus.
 *
 * @module
 */
export * from './buttons.ts'
export * from './decoder.ts'
export * from './messages.ts'
export * from './report-descriptors.ts'
