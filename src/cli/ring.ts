import { type Call, type ExitStatus, InputError } from './command.ts'

/** Decodes a whole ring: control page and data. */
export function decodeRing(_call: Call, bytes: Uint8Array): ExitStatus {
  throw new InputError(`${bytes.byteLength} bytes are no ring`)
}
