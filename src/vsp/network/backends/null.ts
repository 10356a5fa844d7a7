import type { NetworkBackend } from './backend.ts'

/** A cable to nowhere: takes every frame, brings none. */
export class NullBackend implements NetworkBackend {
  transmit(): void {}
}
