import type { Extra, Infer, StructSchema, Structure } from '../wire/index.ts'
import {
  CpuidCpuManagement,
  CpuidFeatures,
  CpuidHardwareFeatures,
  CpuidInterface,
  CpuidIpt,
  CpuidIsolation,
  CpuidLimits,
  CpuidNestedFeatures,
  CpuidNestedVirtualization,
  CpuidRecommendations,
  CpuidStackInterface,
  CpuidStackProperties,
  CpuidStackVendor,
  CpuidSvm,
  CpuidVendor,
  CpuidVersion,
} from './cpuid-leaves.ts'

/** What CPUID leaves in the four registers. */
export interface CpuidResult {
  readonly eax: number
  readonly ebx: number
  readonly ecx: number
  readonly edx: number
}

/** The structure of each leaf, by number. Source: TLFS; 0x40000080 to 82 OpenVMM. */
export const cpuidLeaves: ReadonlyMap<number, StructSchema> = /* @__PURE__ */ new Map<number, StructSchema>([
  [0x4000_0000, CpuidVendor],
  [0x4000_0001, CpuidInterface],
  [0x4000_0002, CpuidVersion],
  [0x4000_0003, CpuidFeatures],
  [0x4000_0004, CpuidRecommendations],
  [0x4000_0005, CpuidLimits],
  [0x4000_0006, CpuidHardwareFeatures],
  [0x4000_0007, CpuidCpuManagement],
  [0x4000_0008, CpuidSvm],
  [0x4000_0009, CpuidNestedFeatures],
  [0x4000_000a, CpuidNestedVirtualization],
  [0x4000_000b, CpuidIpt],
  [0x4000_000c, CpuidIsolation],
  [0x4000_0080, CpuidStackVendor],
  [0x4000_0081, CpuidStackInterface],
  [0x4000_0082, CpuidStackProperties],
])

/** Leaf 1, ECX bit 31: a hypervisor is there. */
export const hypervisorPresent = 0x8000_0000
/** EAX of leaf 0x40000001, `Hv#1`: the interface that this package speaks. */
export const hypervisorInterface = 0x3123_7648
/** EAX of leaf 0x40000081, `VS#1`. */
export const stackInterface = 0x3123_5356

/** `Microsoft Hv` and `Microsoft VS` in EBX, ECX, EDX. */
const hypervisorVendor = { vendor1: 0x7263_694d, vendor2: 0x666f_736f, vendor3: 0x7648_2074 }
const stackVendor = { ...hypervisorVendor, vendor3: 0x5356_2074 }

/** What a hypervisor tells of itself by CPUID, one property a leaf. Absent: it has no such leaf, or nothing to say in it. */
export interface CpuidDescription {
  /** 0x40000002. */
  readonly version?: Infer<typeof CpuidVersion>
  /** 0x40000003. */
  readonly features?: Infer<typeof CpuidFeatures>
  /** 0x40000004. */
  readonly recommendations?: Infer<typeof CpuidRecommendations>
  /** 0x40000005. */
  readonly limits?: Infer<typeof CpuidLimits>
  /** 0x40000006. */
  readonly hardware?: Infer<typeof CpuidHardwareFeatures>
  /** 0x40000007. */
  readonly cpuManagement?: Infer<typeof CpuidCpuManagement>
  /** 0x40000008. */
  readonly svm?: Infer<typeof CpuidSvm>
  /** 0x40000009. */
  readonly nestedFeatures?: Infer<typeof CpuidNestedFeatures>
  /** 0x4000000A. */
  readonly nestedVirtualization?: Infer<typeof CpuidNestedVirtualization>
  /** 0x4000000B. */
  readonly ipt?: Infer<typeof CpuidIpt>
  /** 0x4000000C. */
  readonly isolation?: Infer<typeof CpuidIsolation>
  /** Leaves 0x40000080 to 0x40000082. */
  readonly stack?: Infer<typeof CpuidStackProperties>
}

/** The highest leaf that every hypervisor with this interface has. */
const leastMaximum = 0x4000_0005

/** The leaves that say this, by number, those of vendor and interface included; what is absent reads as zeros, up to the highest leaf. */
export function buildCpuid(description: CpuidDescription): ReadonlyMap<number, CpuidResult> {
  const leaves = new Map<number, CpuidResult>()
  const put = <T>(leaf: number, schema: Structure<T>, value: (T & Extra) | undefined) => {
    if (value !== undefined) leaves.set(leaf, toCpuidResult(schema.encode(value)))
  }
  put(0x4000_0001, CpuidInterface, { signature: hypervisorInterface })
  put(0x4000_0002, CpuidVersion, description.version)
  put(0x4000_0003, CpuidFeatures, description.features)
  put(0x4000_0004, CpuidRecommendations, description.recommendations)
  put(0x4000_0005, CpuidLimits, description.limits)
  put(0x4000_0006, CpuidHardwareFeatures, description.hardware)
  put(0x4000_0007, CpuidCpuManagement, description.cpuManagement)
  put(0x4000_0008, CpuidSvm, description.svm)
  put(0x4000_0009, CpuidNestedFeatures, description.nestedFeatures)
  put(0x4000_000a, CpuidNestedVirtualization, description.nestedVirtualization)
  put(0x4000_000b, CpuidIpt, description.ipt)
  put(0x4000_000c, CpuidIsolation, description.isolation)
  const maxFunction = Math.max(leastMaximum, ...leaves.keys())
  put(0x4000_0000, CpuidVendor, { maxFunction, ...hypervisorVendor })
  for (let leaf = 0x4000_0000; leaf <= maxFunction; leaf++) if (!leaves.has(leaf)) leaves.set(leaf, nothing)
  if (description.stack !== undefined) {
    put(0x4000_0080, CpuidStackVendor, { maxFunction: 0x4000_0082, ...stackVendor })
    put(0x4000_0081, CpuidStackInterface, { signature: stackInterface })
    put(0x4000_0082, CpuidStackProperties, description.stack)
  }
  return leaves
}

/** What leaves say, as `cpuid` reads them; `undefined` where no hypervisor with this interface answers. */
export function readCpuid(cpuid: (leaf: number) => CpuidResult): CpuidDescription | undefined {
  const { maxFunction } = decode(CpuidVendor, cpuid(0x4000_0000))
  if (maxFunction < leastMaximum || cpuid(0x4000_0001).eax !== hypervisorInterface) return undefined
  const at = <T>(leaf: number, schema: Structure<T>) => (leaf <= maxFunction ? decode(schema, cpuid(leaf)) : undefined)
  const description = {
    version: at(0x4000_0002, CpuidVersion),
    features: at(0x4000_0003, CpuidFeatures),
    recommendations: at(0x4000_0004, CpuidRecommendations),
    limits: at(0x4000_0005, CpuidLimits),
    hardware: at(0x4000_0006, CpuidHardwareFeatures),
    cpuManagement: at(0x4000_0007, CpuidCpuManagement),
    svm: at(0x4000_0008, CpuidSvm),
    nestedFeatures: at(0x4000_0009, CpuidNestedFeatures),
    nestedVirtualization: at(0x4000_000a, CpuidNestedVirtualization),
    ipt: at(0x4000_000b, CpuidIpt),
    isolation: at(0x4000_000c, CpuidIsolation),
    stack: cpuid(0x4000_0081).eax === stackInterface ? decode(CpuidStackProperties, cpuid(0x4000_0082)) : undefined,
  }
  return withoutAbsent(description)
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

function withoutAbsent<T extends object>(values: T): Present<T> {
  // Sound: only properties that are there with a value are left.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>
}

const nothing: CpuidResult = { eax: 0, ebx: 0, ecx: 0, edx: 0 }

function decode<T>(schema: Structure<T>, result: CpuidResult): T & Extra {
  return schema.decode(cpuidBytes(result))
}

/** The 16 bytes of EAX, EBX, ECX, EDX, little-endian: what the leaves' structures decode. */
export function cpuidBytes({ eax, ebx, ecx, edx }: CpuidResult): Uint8Array {
  const view = new DataView(new ArrayBuffer(16))
  for (const [index, register] of [eax, ebx, ecx, edx].entries()) view.setUint32(4 * index, register, true)
  return new Uint8Array(view.buffer)
}

/** The registers that hold these 16 bytes. Throws a `RangeError` for fewer. */
export function toCpuidResult(bytes: Uint8Array): CpuidResult {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = (offset: number) => view.getUint32(offset, true)
  return { eax: at(0), ebx: at(4), ecx: at(8), edx: at(12) }
}
