import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as hypercall from '../src/hypercall/index.ts'
import { allSchemas } from '../src/schemas.ts'
import { type Layout, layoutOf, StructSchema } from '../src/wire/index.ts'

/** Name, offset, size; of a bit field first bit and width; 1 where it is one of several readings. Behind `|` in a name a reading begins. */
type Fact = [name: string, offset: number, size: number, bit?: number | null, bits?: number | null, second?: 1]
interface Block {
  readonly size: number | null
  readonly fields: readonly Fact[]
}
type Part = 'input' | 'inputArm64' | 'element' | 'output' | 'outputElement'
interface CallFact extends Partial<Record<Part, Block>> {
  readonly code: number
  readonly name: string
  readonly kind: string
  readonly layout: string
  readonly variable?: true
  readonly privilege?: string
  readonly statuses?: readonly string[]
}

const facts: {
  calls: readonly CallFact[]
  structs: Readonly<Record<string, Block>>
  arm64: Readonly<Record<string, Block>>
  linux: Readonly<Record<string, Block>>
} = JSON.parse(readFileSync(new URL('fixtures/hypercall-layouts.json', import.meta.url), 'utf8'))

/** Reserved space is checked by the places of what is not reserved, and by the size. */
const reserved = /(^|[._])(reserved|rsvd|mbz|res|pad)[a-z]*(_?[a-z]*\d+)*(_?\d+)*$|\|Padding$/i

/** Where we differ from the facts, and why. */
const deviations: readonly (readonly [what: RegExp, why: string])[] = [
  [/ConnectionId\.Scope /, 'bits that the TLFS and Linux reserve, and symbols name'],
  [/^HV_X64_PENDING_(EXT_INT|SHADOW_IPT)_EVENT\.Value\.BitField1 /, 'reserved bits counted in a wider word'],
  [/^HV_X64_MSR_GUEST_OS_ID_CONTENTS\.Value\.VendorId /, 'bit 63 tells open source systems: 15 bits are left'],
  [/^HV_REGISTER_X64_CPUID_RESULT_PARAMETERS\.(Input|Result) /, 'the fields stand in one structure'],
  [/^HvCallConfigureDeviceDomain\.DomainId\.(Id|Type) /, 'the same bits as two words'],
  [
    /^HvCallMapDeviceInterrupt\.InterruptDescriptor\.Target /,
    'of a processor set only the format is in the fixed header',
  ],
  [/^hv_x64_xsave_xfem_register\.(low|high)_uint32 /, 'halves of the word'],
  [/^hv_message_header\.port /, 'a second reading of `sender`: a port id in its low half'],
  [/^hv_vp_signal_bitset_scheduler_message\.vp_bitset\.bitset /, 'a second reading of the bits'],
]

/** Bytes with several readings of which we have one, or none, and what tells them apart. */
const oneReading: readonly (readonly [what: RegExp, why: string])[] = [
  [/DeviceId\||^HV_DEVICE_ID\./, 'its top bits: PciDeviceId, IoapicDeviceId, AcpiDeviceId stand beside'],
  [
    /^HvCall[GS]etPerfRegister\.Register\||^HV_PPM_PERF_STATE_REGISTER\./,
    'its top bits: PpmMsrRegister, PpmIoRegister',
  ],
  [/^HvCallRequestProcessorHalt\.Config\||^HV_PPM_IDLE_STATE_CONFIG\./, 'its method'],
  [/^HV_X64_PENDING_EVENT\./, 'its type: each event stands beside'],
  [/^HV_REGISTER_VALUE\./, 'the register: each stands beside'],
  [/^HV_MESSAGE\.Union\|/, 'the message type: each payload stands beside'],
  [/^HV_MESSAGE_HEADER\.Union\|/, 'what sent it'],
  [/^HvCall[GS]etSystemProperty\.(output\.Value|Property)\|/, 'the property, which an answer does not repeat'],
  [/^HvCallGetPartitionPropertyEx\.output\.PropertyValue\|/, 'the property, which an answer does not repeat'],
  [/^HvCall[GS]etPowerProperty\.(output\.Value|Union)\|/, 'the property'],
  [/^HvCallGetPhysicalDeviceProperty\.output\.Value\|/, 'the property, which an answer does not repeat'],
  [/^HvCallQueryImageInfo\.(Union|output\.Value)\|/, 'the query, whose types no source numbers'],
  [/^HvCallQueryDeviceInterruptTarget\.output\.Union\|/, 'the size'],
  [/^HvCallCompleteIsolatedImport\.ImportData\|/, 'the isolation type; the SNP form is taken'],
  [/^HvCallGetVpState\.output\.Value\|/, 'the state type, which the answer does not repeat'],
  [/^HvCallReadSystemMemory\.output\.Value\|/, 'the size of the read'],
  [/^HvCallRegisterInterceptResult\.Parameters\|/, 'the intercept type'],
  [
    /CpuGroupAffinity\||AssociatedLp|^HV_VP_SIGNAL_BITSET_SCHEDULER_MESSAGE\.VpBitset\|/,
    'a set of processors as its words',
  ],
  [/^HvCallQueryPartitionReservedPages\.output\.Union\|/, 'one reading has a name'],
  [/GpaRange\|Large|^HV_GPA_PAGE_RANGE\.Value\|/, 'its large page bit: GpaRangeExtendedLargePage stands beside'],
  [/\.(Host|Target)Ip\|/, 'an IPv6 address as bytes'],
  [/States\||^HV_X64_XSAVE_XFEM_REGISTER\./, 'halves of a word'],
  [/^HV_EVENTLOG_BUFFER_HEADER\.Union1\|/, 'the age of the log'],
  [/^HV_MACHINE_CHECK_PROPERTY_INFO\.Union\||^HV_MEMORY_RANGE_INFO\.Union\|/, 'what the range or property is'],
  [/^HV_PCI_ID\.Value\|/, 'PciBdf stands beside'],
  [/^HV_RESOURCE_CONTROL_VALUES?_PROPERTY\.Union\|/, 'the resource'],
  [/^HV_X64_(FP|XMM)_CONTROL_STATUS_REGISTER\./, 'the mode of the processor'],
  [/^HV_X64_PROXY_INTERRUPT_MESSAGE_PAYLOAD\.Union\|/, 'one vector or many'],
  [/^HV_X64_MSR_POWER_STATE_CONFIG\.Value\|/, 'its change type'],
]

/** Structures of the facts that have no schema of that name, and why. */
const elsewhere: readonly (readonly [what: RegExp, why: string])[] = [
  [/^HV_X64_(HYPERVISOR_|ENLIGHTENMENT_)/, 'CPUID leaves, under the names that both architectures share'],
  [/^HV_X64_INVALID_VP_REGISTER_MESSAGE$/, 'InvalidVpRegisterMessage'],
  [/^hv_x64_sint_deliverable_message$/, 'X64SynicSintDeliverableMessage'],
  [/^hv_x64_gpa_attribute_intercept_message$/, 'GpaAttributeInterceptMessage'],
  [/^HV_NOTIFICATION_MESSAGE_PAYLOAD$/, 'SintNotificationMessagePayload'],
  [/^HV_VMX_ENLIGHTENED_VMCS$/, 'EnlightenedVmcs, by its Linux name'],
  [/^HV_MONITOR_/, 'MonitorPage, with VMBus'],
  [/^HV_CONNECTION_ID$|^HV_MESSAGE_FLAGS$|^HV_DEVICE_INTERRUPT_TARGET_FLAGS$|^HV_FAULT_DEVICE_ID$/, 'words in others'],
  [/^HV_X64_HYPERCALL_(INPUT|OUTPUT)$/, 'HypercallInputValue, HypercallResultValue'],
  [/^HV_VIRTUAL_APIC_ASSIST$|^HV_PARTITION_INFO_PAGE$/, 'the first word of its page'],
  [
    /_(DELIVERABILITY_NOTIFICATIONS|INSTRUCTION_EMULATION_HINTS)_REGISTER$|_REGISTER_VSM_CAPABILITIES$/,
    'named without x64',
  ],
  [
    /^HV_(GPA|GVA)_RANGE$|_INTERCEPT_PARAMETERS(_EX)?$|_RESULT_PARAMETERS|^HV_STATS_OBJECT_IDENTITY$|_EVENT_INPUT$/,
    'one of several readings: each stands by itself',
  ],
  [
    /^HV_CPUID_RESULT$|^HV_PARTITION_PROPERTY_EX$|_ISOLATED_IMPORT_DATA$|_PENDING_EVENT$|_REGISTER_ACCESS_INFO$/,
    'one of several readings: each stands by itself',
  ],
  [/LOGICAL_PROCESSOR_(PROPERTY$|REGISTER_)/, 'one of several readings, in the calls that carry it'],
  [/^HV_X64_(FP_MMX_REGISTER|FX_REGISTERS|X_REGISTERS|XSAVE_HEADER)$/, 'processor state that calls carry as bytes'],
  [/^HV_VIRTUALIZATION_FAULT_INFORMATION$/, 'a page of the guest, of #VE, not of the interface'],
  [/^HV_GUEST_MAPPING_FLUSH_LIST$/, 'the input of HvCallFlushGuestPhysicalAddressList'],
  [/^HV_PARTITION_CREATION_PROPERTIES_V[12]$/, 'beginnings of PartitionCreationProperties'],
  [
    /^HV_(PSP_DEVICE|SNP_PSP_DEVICES|PCI_PATH|SEC_FW_VERSION|HYPERVISOR_LAUNCH_STATS|SCHEDULING_CONTROL|EMULATED_TIMER_PERIOD)$/,
    'values of properties, carried as words or bytes',
  ],
  [
    /^HV_PARTITION_(DEPOSIT_STATUS|ISOLATION_POLICY)$|_EXPERIMENTAL$|^HV_VTL_PERMISSION_SET$|^HV_SYNMC_/,
    'words in others',
  ],
  [/^HV_IPV6_ADDRESS$|^HV_EVENTLOG_ENTRY_TIME$/, 'an address as bytes, a time as a word'],
  [
    /^HV_(X64|ARM64)_VOLATILE_GP_REGS$|^HV_EXT_EPF_COMPLETION_QUEUE$|^HV_MINIMAL_INTERCEPT_INFORMATION$/,
    'in no call, page or message',
  ],
  [/^hv_pfn_range$|^hv_partition_property_arg$/, 'of a driver, not of the interface'],
]

/** Fields that the facts have and ours lacks, in place and width. */
function missing(name: string, block: Block, ours: Layout): string[] {
  const places = new Set(
    ours.fields.map(({ offset, size, bitOffset, bitWidth }) => place(offset, size, bitOffset, bitWidth)),
  )
  places.add(place(0, ours.size))
  return block.fields
    .filter(([field, , size]) => size > 0 && !reserved.test(field))
    .filter(([, offset, size, bit, bits]) => !places.has(place(offset, size, bit, bits)))
    .map(([field, offset, size, bit, bits]) => `${name}.${field} ${place(offset, size, bit, bits)}`)
    .filter((text) => ![...deviations, ...(text.includes('|') ? oneReading : [])].some(([what]) => what.test(text)))
}

function place(offset: number, size: number, bit?: number | null, bits?: number | null): string {
  if (bit === undefined || bit === null) return `${offset}+${size}`
  return `${offset}+${size}[${bit}:${bits}]`
}

const values: readonly unknown[] = Object.values(hypercall)
const exported: readonly StructSchema[] = values.filter((value) => value instanceof StructSchema)
const namedBy = (dialect: string) =>
  exported.flatMap((schema) => [schema.aliases[dialect] ?? []].flat().map((alias) => ({ alias, schema })))

describe('calls against the facts', () => {
  for (const fact of facts.calls) {
    it(`${fact.name} 0x${fact.code.toString(16)}`, () => {
      const call = hypercall.callCoded(fact.code)
      if (call === undefined) throw new Error('no such call')
      expect(call.name).toBe(fact.name)
      for (const part of ['input', 'inputArm64', 'element', 'output', 'outputElement'] as const) {
        const block = fact[part]
        const schema = call[part]
        if (block === undefined) continue
        if (schema === undefined) throw new Error(`no ${part}`)
        expect(missing(schema.name, block, layoutOf(schema))).toEqual([])
        if (block.size !== null) expect(`${schema.name} ${schema.size}`).toBe(`${schema.name} ${block.size}`)
      }
    })
  }
})

describe('structures against the facts', () => {
  const cases = [
    ...[...namedBy('mile'), ...namedBy('mshv')].map((named) => ({ ...named, block: facts.structs[named.alias] })),
    ...namedBy('mileArm64').map((named) => ({ ...named, block: facts.arm64[named.alias] })),
  ]
  for (const { alias, schema, block } of cases) {
    if (block === undefined) continue
    it(`${schema.name} is ${alias}`, () => {
      expect(missing(alias, block, layoutOf(schema))).toEqual([])
      expect(schema.size).toBe(block.size)
    })
  }
})

describe('the structures that there are', () => {
  const named = new Set(allSchemas.flatMap(({ aliases }) => Object.values(aliases).flat()))
  const absent = Object.keys(facts.structs).filter((name) => !named.has(name))

  it('have a schema, or stand elsewhere', () => {
    expect(absent.filter((name) => !elsewhere.some(([what]) => what.test(name)))).toEqual([])
  })

  it.each(elsewhere.map(([what, why]) => [`${what}`, why, what] as const))('%s: %s', (_, _why, what) => {
    expect(absent.some((name) => what.test(name))).toBe(true)
  })
})

describe('structures against the Linux compiler', () => {
  const blocks = hypercall.allCalls.flatMap(hypercall.schemasOfCall)
  const ofCalls = blocks.flatMap((schema) => [schema.aliases.linux ?? []].flat().map((alias) => ({ alias, schema })))
  for (const { alias, schema } of [...namedBy('linux'), ...ofCalls]) {
    const block = facts.linux[alias]
    if (block === undefined) continue
    it(`${schema.name} is ${alias}`, () => {
      expect(missing(alias, block, layoutOf(schema))).toEqual([])
      expect(schema.size).toBe(block.size)
    })
  }
})
