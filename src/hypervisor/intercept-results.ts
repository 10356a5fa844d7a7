import type { CpuidResult } from '../hypercall/cpuid.ts'
import { PartitionProperty } from '../hypercall/enums/partition.ts'
import { UnimplementedMsrAction } from '../hypercall/enums/vp.ts'
import { WellKnownVp } from '../hypercall/ids.ts'
import { HvStatus } from '../hypercall/status.ts'
import { maxInterceptResults, OurStatus } from './choices.ts'
import type { Partition } from './partition.ts'
import { done, type Result } from './result.ts'
import { targetOf, vpOf } from './target.ts'
import type { VirtualProcessor } from './virtual-processor.ts'

/** What a CPUID leaf says instead: of each register the bits in the mask. */
export interface CpuidOverride {
  /** The registers that the VP sees. */
  readonly result: CpuidResult
  /** Which of their bits. */
  readonly mask: CpuidResult
}

/** CPUID of a processor that says nothing. */
export const noCpuid: CpuidResult = { eax: 0, ebx: 0, ecx: 0, edx: 0 }

/** What HvCallRegisterInterceptResult lays down for a VP. */
export class InterceptResults {
  readonly #cpuid = new Map<string, CpuidOverride>()
  readonly #msrs = new Map<string, number>()

  /** Results that are laid down. */
  get size(): number {
    return this.#cpuid.size + this.#msrs.size
  }

  /** @param subleaf `undefined`: every one. */
  setCpuid(leaf: number, subleaf: number | undefined, override: CpuidOverride): void {
    this.#cpuid.set(`${leaf} ${subleaf ?? '*'}`, override)
  }

  /** What was laid down for a leaf: of that subleaf, else of all. */
  cpuid(leaf: number, subleaf: number): CpuidOverride | undefined {
    return this.#cpuid.get(`${leaf} ${subleaf}`) ?? this.#cpuid.get(`${leaf} *`)
  }

  /** @param access `MsrAccess`, one bit. */
  setMsr(msr: number, access: number, action: number): void {
    this.#msrs.set(`${msr} ${access}`, action)
  }

  /** What was laid down for an MSR and access: HV_UNIMPLEMENTED_MSR_ACTION. */
  msr(msr: number, access: number): number | undefined {
    return this.#msrs.get(`${msr} ${access}`)
  }
}

/** HvCallRegisterInterceptResult of a CPUID leaf. `vp`: one VP of a child, or HV_ANY_VP for all that it has. Answers its HV_STATUS. */
export function registerCpuidResult(
  caller: Partition,
  partition: bigint,
  vp: number,
  leaf: number,
  subleaf: number | undefined,
  override: CpuidOverride,
): number {
  const vps = vpsOf(caller, partition, vp)
  if (vps.value === undefined) return vps.status
  for (const { results } of vps.value) results.setCpuid(leaf, subleaf, override)
  return HvStatus.Success
}

/** HvCallRegisterInterceptResult of an MSR that is not there. `access`: `MsrAccess` bits. Answers its HV_STATUS. */
export function registerMsrResult(
  caller: Partition,
  partition: bigint,
  vp: number,
  msr: number,
  access: number,
  action: number,
): number {
  const vps = vpsOf(caller, partition, vp)
  if (vps.value === undefined) return vps.status
  const isAction = action === UnimplementedMsrAction.Fault || action === UnimplementedMsrAction.IgnoreWriteReadZero
  if (!isAction || access < 1 || access > 3) return HvStatus.InvalidParameter
  for (const { results } of vps.value) {
    for (const bit of [1, 2]) if ((access & bit) !== 0) results.setMsr(msr, bit, action)
  }
  return HvStatus.Success
}

/** What CPUID says to a VP; `overrides`: a result was laid down, so that the parent need not be asked. */
export function cpuidResult(vp: VirtualProcessor, leaf: number, subleaf: number, hardware: CpuidResult) {
  const override = vp.results.cpuid(leaf, subleaf)
  if (override === undefined) return { value: hardware, overrides: false }
  const { result, mask } = override
  const mix = (name: keyof CpuidResult) => ((hardware[name] & ~mask[name]) | (result[name] & mask[name])) >>> 0
  return { value: { eax: mix('eax'), ebx: mix('ebx'), ecx: mix('ecx'), edx: mix('edx') }, overrides: true }
}

/** What an access to an MSR that is not there does: as laid down for the VP, else as the property of its partition says. */
export function msrResult(vp: VirtualProcessor, msr: number, access: number): number {
  const fallback = vp.partition.properties.get(PartitionProperty.UnimplementedMsrAction) ?? 0n
  return vp.results.msr(msr, access) ?? Number(fallback)
}

function vpsOf(caller: Partition, partition: bigint, vp: number): Result<readonly VirtualProcessor[]> {
  const target = targetOf(caller, partition, { target: 'child', states: ['active'] })
  if (target.value === undefined) return target
  if (target.value.machine.architecture !== 'x64') return { status: OurStatus.interceptKind }
  const one = vp === WellKnownVp.Any ? undefined : vpOf(target.value, vp)
  if (one !== undefined && one.value === undefined) return one
  const vps = one?.value === undefined ? target.value.processors() : [one.value]
  return vps.some(({ results }) => results.size >= maxInterceptResults)
    ? { status: HvStatus.InsufficientMemory }
    : done(vps)
}
