/**
 * The stable codes of everything that can be wrong with bytes or with a value that is to become bytes.
 *
 * SHORT: input ends too early · LENGTH: a length or count disagrees with the data · RANGE: value out of range ·
 * ALIGN: misaligned · RSVD: reserved bits set · TYPE: unknown type, or not allowed in this version or direction ·
 * STATE: not now · DUP: already there · UNKNOWN-ID: no such id · LIMIT: a bound of ours · OVERFLOW: arithmetic would wrap ·
 * ACCESS: guest memory.
 */
export const wireErrorCodes = [
  'SHORT',
  'LENGTH',
  'RANGE',
  'ALIGN',
  'RSVD',
  'TYPE',
  'STATE',
  'DUP',
  'UNKNOWN-ID',
  'LIMIT',
  'OVERFLOW',
  'ACCESS',
] as const

/** One of {@link wireErrorCodes}. */
export type WireErrorCode = (typeof wireErrorCodes)[number]

/** One thing wrong with some bytes: which field, where, why. Plain data, so it can be collected, printed and compared. */
export interface WireFault {
  /** Stable code, for programs. */
  readonly code: WireErrorCode
  /** Dotted path of the field inside the structure, such as `ranges[2].byteCount`; empty for the structure itself. */
  readonly path: string
  /** Byte offset of that field from the start of the input. */
  readonly offset: number
  /** The reason, for people. */
  readonly why: string
}

/** What every decoder and encoder throws, and nothing else. */
export class WireError extends Error implements WireFault {
  override readonly name = 'WireError'
  readonly code: WireErrorCode
  readonly path: string
  readonly offset: number
  readonly why: string

  constructor(
    fault: WireFault,
    /** The structure that was being decoded or encoded. */
    readonly structure: string,
  ) {
    const where = fault.path === '' ? structure : `${structure}.${fault.path}`
    super(`${where} at offset ${fault.offset}: ${fault.why} (${fault.code})`)
    this.code = fault.code
    this.path = fault.path
    this.offset = fault.offset
    this.why = fault.why
  }
}

/** Recognises a {@link WireError} by its name and shape, so that two copies of this package agree. */
export function isWireError(error: unknown): error is WireError {
  return error instanceof Error && error.name === 'WireError' && 'code' in error && 'offset' in error
}
