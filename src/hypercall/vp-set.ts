import { type Count, counted, type Infer, struct, u64 } from '../wire/index.ts'
import type { VpIndex } from './ids.ts'

/** Forms of a set of VPs. Source: TLFS (HV_GENERIC_SET_FORMAT). */
export const VpSetFormat = {
  /** Up to 4096 VPs in banks of 64, of which only those in the mask are there. */
  Sparse4k: 0n,
  /** All VPs; mask and banks are ignored. */
  All: 1n,
} as const

/** Most VPs that a sparse set can name. */
export const maxSparseVps = 4096
const vpsPerBank = 64
const banksMost = maxSparseVps / vpsPerBank

/** Banks as the mask announces them. An all-set has none; what a caller sends all the same is left over. */
const bankCount: Count = {
  get: ({ format, validBanksMask }) => (format === VpSetFormat.All ? 0 : countOnes(validBanksMask)),
  set: (fields, count) => ({
    ...fields,
    format: VpSetFormat.Sparse4k,
    validBanksMask: (1n << BigInt(Math.min(count, banksMost))) - 1n,
  }),
  text: 'bits set in validBanksMask',
}

/** Banks of a set of which the format stands elsewhere, as in `DeviceInterruptTarget`. */
export const vpSetBanks: Count = { ...bankCount, get: ({ validBanksMask }) => countOnes(validBanksMask) }

function countOnes(mask: unknown): number {
  let count = 0
  for (let rest = typeof mask === 'bigint' ? mask : 0n; rest !== 0n; rest &= rest - 1n) count++
  return count
}

/**
 * A set of VPs. Format and mask belong to the fixed part of a call's header, the banks are its variable part: one qword a bank, ascending.
 * A bank may be there and empty. Source: TLFS (HV_VP_SET), Linux hv_vpset.
 */
export const VpSet = /* @__PURE__ */ struct(
  'VpSet',
  {
    /** {@link VpSetFormat}. */
    format: u64,
    /** Bit b: there is a bank for VPs 64 b … 64 b + 63. */
    validBanksMask: u64,
    /** Bit v of a bank: its VP v. */
    banks: counted(u64, bankCount),
  },
  { size: 16, aliases: { linux: 'hv_vpset', mile: ['HV_GENERIC_SET_HEADER'], like: ['HV_VP_SET', 'HV_GENERIC_SET'] } },
)
export interface VpSet extends Infer<typeof VpSet> {}

/** The set of all VPs. */
export const allVps: VpSet = { format: VpSetFormat.All, validBanksMask: 0n, banks: [] }

/** The sparse set of these VPs, with no more banks than needed. Throws a `RangeError` for a VP beyond 4095. */
export function vpSetOf(vps: Iterable<VpIndex>): VpSet {
  const byBank = new Map<number, bigint>()
  for (const vp of vps) {
    if (!Number.isInteger(vp) || vp < 0 || vp >= maxSparseVps)
      throw new RangeError(`VP ${vp}: a sparse set holds 0 … 4095`)
    const bank = Math.floor(vp / vpsPerBank)
    byBank.set(bank, (byBank.get(bank) ?? 0n) | (1n << BigInt(vp % vpsPerBank)))
  }
  const banks = [...byBank].sort(([a], [b]) => a - b)
  return {
    format: VpSetFormat.Sparse4k,
    validBanksMask: banks.reduce((mask, [bank]) => mask | (1n << BigInt(bank)), 0n),
    banks: banks.map(([, bits]) => bits),
  }
}

/** The VPs in a sparse set, ascending; `undefined` for all, or a format that is none. Banks that the mask does not announce do not count. */
export function vpsIn({ format, validBanksMask, banks }: VpSet): VpIndex[] | undefined {
  if (format !== VpSetFormat.Sparse4k) return undefined
  const vps: VpIndex[] = []
  let next = 0
  for (let bank = 0; bank < banksMost; bank++) {
    if ((validBanksMask & (1n << BigInt(bank))) === 0n) continue
    const bits = banks[next++] ?? 0n
    for (let vp = 0; vp < vpsPerBank; vp++) if ((bits & (1n << BigInt(vp))) !== 0n) vps.push(bank * vpsPerBank + vp)
  }
  return vps
}

/** The VPs in a mask of VPs 0 … 63, ascending. */
export function vpsInMask(mask: bigint): VpIndex[] {
  return vpsIn({ format: VpSetFormat.Sparse4k, validBanksMask: 1n, banks: [mask] }) ?? []
}

/**
 * Whether a hypercall may carry this set, its variable header `qwords` long: a known format, and for a sparse set one qword a bank
 * (HC-28, HC-29). Where it may not, the call answers HV_STATUS_INVALID_PARAMETER. Source: TLFS, OpenVMM hv1_hypercall.
 */
export function isValidVpSet(
  { format, validBanksMask }: Pick<VpSet, 'format' | 'validBanksMask'>,
  qwords: number,
): boolean {
  if (format === VpSetFormat.All) return true
  return format === VpSetFormat.Sparse4k && countOnes(validBanksMask) === qwords
}
