import type { Step } from './steps.ts'

/** Reads a word whose first byte is the highest. */
export function readBigEndian({ size, min, bigMin }: Step, view: DataView, at: number): number | bigint {
  if (size === 8) return bigMin < 0n ? view.getBigInt64(at) : view.getBigUint64(at)
  if (size === 4) return min < 0 ? view.getInt32(at) : view.getUint32(at)
  return min < 0 ? view.getInt16(at) : view.getUint16(at)
}
