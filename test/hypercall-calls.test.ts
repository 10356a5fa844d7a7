import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allCalls,
  allVps,
  buildCpuid,
  type CpuidDescription,
  type CpuidResult,
  callCoded,
  callNamed,
  HvCallFlushVirtualAddressSpaceEx,
  HvCallInstallIntercept,
  HvCallMapGpaPages,
  HvCallMapStatsPage,
  hasPrivilege,
  isExtended,
  isValidVpSet,
  namesOfCall,
  PartitionPrivileges,
  privilegeMask,
  readCpuid,
  StatsObjectType,
  schemasOfCall,
  VpSet,
  VpSetFormat,
  vpSetOf,
  vpsIn,
} from '../src/hypercall/index.ts'
import { allSchemas } from '../src/schemas.ts'
import { seeded } from './seed.ts'

interface CallFact {
  readonly code: number
  readonly name: string
  readonly kind: string
  readonly layout: string
  readonly variable?: true
  readonly privilege?: string
  readonly statuses?: readonly string[]
  readonly architecture?: string
}

const { calls: facts }: { calls: readonly CallFact[] } = JSON.parse(
  readFileSync(new URL('fixtures/hypercall-layouts.json', import.meta.url), 'utf8'),
)

describe('the list of calls', () => {
  it('has every code once, in order', () => {
    expect(allCalls.map(({ code }) => code)).toEqual(facts.map(({ code }) => code))
    expect(allCalls).toHaveLength(292)
    expect(new Set(allCalls.map(({ name }) => name)).size).toBe(292)
  })

  it.each(facts.map((fact) => [fact.name, fact] as const))('%s: kind, layout, privilege, statuses', (_, fact) => {
    const call = callCoded(fact.code)
    const kind = fact.variable ? { simple: 'variable', rep: 'variable-rep' }[fact.kind] : fact.kind
    expect(call?.kind).toBe(kind)
    if (kind !== 'reserved') {
      expect(call?.layout).toBe(fact.layout === 'full' ? undefined : fact.layout === 'partial' ? 'partial' : 'unknown')
    }
    expect(call?.privilege?.toLowerCase()).toBe(fact.privilege?.split(' ')[0]?.toLowerCase())
    expect(call?.architecture).toBe(fact.architecture?.slice(0, 5).split(' ')[0])
    // One status that two calls can answer has no code in any source.
    const coded = (fact.statuses ?? []).filter((status) => status !== 'HV_STATUS_HYPERCALL_INTERCEPT')
    expect(call?.statuses?.length ?? 0).toBe(coded.length)
  })

  it('names the privileges that there are', () => {
    const unknown = allCalls.filter(({ privilege }) => privilege !== undefined && !(privilege in PartitionPrivileges))
    expect(unknown.map(({ name }) => name)).toEqual([])
  })

  it('has a variable header exactly where the kind says so', () => {
    for (const { name, kind, input } of allCalls) {
      const variable = kind === 'variable' || kind === 'variable-rep'
      // The set of an interrupt's target, the parameters of an intercept's result, and a blob without a layout depend on other fields.
      if (input?.variable && !variable) expect(['HvCallUnregisterInterceptResult']).toContain(name)
      if (variable) expect(input?.variable, name).toBe(true)
    }
  })

  it('is found by code, and by name and alias in any case', () => {
    expect(callCoded(0x4b)).toBe(HvCallMapGpaPages)
    expect(callCoded(0x2000)).toBeUndefined()
    expect(callNamed('hvcallmapgpapages')).toBe(HvCallMapGpaPages)
    expect(callNamed('HVCALL_MAP_GPA_PAGES')).toBe(HvCallMapGpaPages)
    expect(callNamed('HvCallNotifyStandbyTransition')?.code).toBe(0x85)
    expect(namesOfCall(HvCallMapGpaPages)).toEqual(['HvCallMapGpaPages', 'HVCALL_MAP_GPA_PAGES'])
    expect([0x5c, 0x8001].map(isExtended)).toEqual([false, true])
  })

  it('names the structures of a call after it', () => {
    expect(schemasOfCall(HvCallMapGpaPages).map(({ name }) => name)).toEqual([
      'HvCallMapGpaPages',
      'HvCallMapGpaPages.element',
    ])
    const listed = new Set<unknown>(allSchemas)
    for (const call of allCalls) for (const schema of schemasOfCall(call)) expect(listed.has(schema)).toBe(true)
  })

  it('reads what a field before tells', () => {
    const at = { partitionId: 3n, accessType: 3 }
    const parameters = (interceptType: number, ...bytes: number[]) => {
      const encoded = HvCallInstallIntercept.input.encode({
        ...at,
        interceptType,
        interceptParameter: { type: 'OtherInterceptParameters', parameter: 0n },
      })
      encoded.set(bytes, 16)
      return HvCallInstallIntercept.input.decode(encoded).interceptParameter
    }
    expect(parameters(0x8, 0x34, 0x12)).toEqual({ type: 'OtherInterceptParameters', parameter: 0x1234n })
    expect(parameters(0x0, 0xf8, 0x03)).toEqual({ type: 'IoPortParameters', ioPort: 0x3f8 })
    expect(parameters(0x11, 0x60, 0, 0x64, 0)).toEqual({ type: 'IoPortRangeParameters', base: 0x60, end: 0x64 })
    const page = {
      statsType: StatsObjectType.Vp,
      objectIdentity: { type: 'VpStats', partitionId: 3n, vpIndex: 1, flags: 0 },
    } as const
    expect(HvCallMapStatsPage.input.decode(HvCallMapStatsPage.input.encode(page))).toEqual(page)
  })
})

describe('sets of VPs', () => {
  it('hold what was put in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 4095 })), (vps) => {
        const set = vpSetOf(vps)
        expect(vpsIn(VpSet.decode(VpSet.encode(set)))).toEqual([...vps].sort((a, b) => a - b))
        expect(isValidVpSet(set, set.banks.length)).toBe(true)
        expect(set.banks).not.toContain(0n)
      }),
      seeded,
    )
  })

  it('refuse VPs beyond 4095', () => {
    for (const vp of [-1, 4096, 1.5]) expect(() => vpSetOf([vp])).toThrow(RangeError)
  })

  it('[HC-28] need a qword a bank', () => {
    const sparse = { format: VpSetFormat.Sparse4k, validBanksMask: 0b111n }
    expect([1, 2, 3, 4].map((qwords) => isValidVpSet(sparse, qwords))).toEqual([false, false, true, false])
  })

  it('[HC-29] without banks take no header; banks that are not announced are not read', () => {
    expect(isValidVpSet({ format: VpSetFormat.Sparse4k, validBanksMask: 0n }, 1)).toBe(false)
    expect(isValidVpSet({ format: VpSetFormat.Sparse4k, validBanksMask: 0n }, 0)).toBe(true)
    expect(vpsIn({ format: VpSetFormat.Sparse4k, validBanksMask: 0n, banks: [1n] })).toEqual([])
    expect(vpsIn({ format: VpSetFormat.Sparse4k, validBanksMask: 1n << 63n, banks: [] })).toEqual([])
    const header = HvCallFlushVirtualAddressSpaceEx.input
    const { processorSet, extra } = header.decode(new Uint8Array(40))
    expect({ banks: processorSet.banks, extra: extra?.byteLength }).toEqual({ banks: [], extra: 8 })
    expect(() => header.decode(Uint8Array.of(...new Uint8Array(24), 1, 0, 0, 0, 0, 0, 0, 0))).toThrow(
      'processorSet.banks',
    )
  })

  it('may be all, whatever mask and banks say', () => {
    expect(isValidVpSet({ ...allVps, validBanksMask: 7n }, 0)).toBe(true)
    expect(vpsIn(allVps)).toBeUndefined()
    expect(isValidVpSet({ format: 2n, validBanksMask: 0n }, 0)).toBe(false)
    expect(vpsIn({ format: 2n, validBanksMask: 0n, banks: [] })).toBeUndefined()
  })
})

describe('CPUID', () => {
  const read = (leaves: ReadonlyMap<number, CpuidResult>) => (leaf: number) =>
    leaves.get(leaf) ?? { eax: 0, ebx: 0, ecx: 0, edx: 0 }
  const features = {
    privileges: privilegeMask(['postMessages', 'signalEvents', 'accessSynicRegs']),
    ecx: {
      maxSupportedCState: 0,
      hpetNeededForC3PowerStateDeprecated: false,
      invariantMperfAvailable: true,
      supervisorShadowStackAvailable: false,
      archPmuAvailable: false,
      exceptionTrapInterceptAvailable: false,
      vpDispatchInterruptInjectionAvailable: false,
      vpGhcbRootMappingAvailable: false,
    },
    features: 0x0000_8010,
  }

  it('builds the leaves that say what was asked, and reads them again', () => {
    const description: CpuidDescription = {
      features,
      limits: { maxVirtualProcessorCount: 64, maxLogicalProcessorCount: 64, maxInterruptMappingCount: 0 },
      stack: {
        eax: {
          isPortable: true,
          debugDevicePresent: false,
          extendedIoapicRte: true,
          confidentialVmbusAvailable: false,
        },
      },
    }
    const leaves = buildCpuid(description)
    expect(leaves.get(0x4000_0000)).toEqual({ eax: 0x4000_0005, ebx: 0x7263_694d, ecx: 0x666f_736f, edx: 0x7648_2074 })
    expect(leaves.get(0x4000_0001)?.eax).toBe(0x3123_7648)
    expect(leaves.get(0x4000_0003)).toEqual({ eax: 0x4, ebx: 0x30, ecx: 0x20, edx: 0x8010 })
    expect(leaves.get(0x4000_0004)).toEqual({ eax: 0, ebx: 0, ecx: 0, edx: 0 })
    expect(leaves.get(0x4000_0080)).toEqual({ eax: 0x4000_0082, ebx: 0x7263_694d, ecx: 0x666f_736f, edx: 0x5356_2074 })
    expect(leaves.get(0x4000_0082)?.eax).toBe(0b101)
    expect(readCpuid(read(leaves))).toMatchObject(description)
    expect(buildCpuid(readCpuid(read(leaves)) ?? {})).toEqual(leaves)
  })

  it('reports the highest leaf', () => {
    const isolation = {
      eax: { paravisorPresent: true },
      ebx: { isolationType: 2, sharedGpaBoundaryActive: true, sharedGpaBoundaryBits: 46 },
    }
    const leaves = buildCpuid({ isolation })
    expect(leaves.get(0x4000_0000)?.eax).toBe(0x4000_000c)
    expect(leaves.has(0x4000_000a)).toBe(true)
    expect(readCpuid(read(leaves))?.isolation).toEqual(isolation)
  })

  it('is silent about what is not this interface', () => {
    const leaves = new Map(buildCpuid({ features }))
    leaves.set(0x4000_0001, { eax: 0x766e_6258, ebx: 0, ecx: 0, edx: 0 })
    expect(readCpuid(read(leaves))).toBeUndefined()
    expect(readCpuid(read(new Map()))).toBeUndefined()
  })

  it('grants privileges', () => {
    expect(hasPrivilege(features.privileges, 'postMessages')).toBe(true)
    expect(hasPrivilege(features.privileges, 'createPartitions')).toBe(false)
  })
})
