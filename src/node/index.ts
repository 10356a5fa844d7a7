/**
 * What needs Node: memory in files, and the process transport over Unix sockets.
 *
 * @module
 */
export { FileDisk, type FileDiskOptions } from './file-disk.ts'
export { FileMemory } from './file-memory.ts'
export * from './process-guest.ts'
export * from './process-host.ts'
export {
  type Acceptor,
  connectProcess,
  type ListenerOptions,
  type ProcessEndOptions,
  ProcessListener,
} from './process-listener.ts'
