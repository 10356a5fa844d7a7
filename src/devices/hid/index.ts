/**
 * Human interface devices: HID descriptors, report descriptors taken apart and put together, reports read and written by them.
 *
 * @module
 */
export * from './build.ts'
export * from './descriptor.ts'
export * from './items.ts'
export * from './report.ts'
export * from './report-descriptor.ts'
export * from './usages.ts'
