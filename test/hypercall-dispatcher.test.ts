import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  advances,
  allCalls,
  arm64SmcccConvention,
  type CallPages,
  type Convention,
  call,
  callCoded,
  conventions,
  decodeCall,
  executeToEnd,
  HvCallAssertVirtualInterrupt,
  HvCallFlushVirtualAddressListEx,
  HvCallFlushVirtualAddressSpaceEx,
  HvCallGetPartitionId,
  HvCallGetVpRegisters,
  HvCallGetVpSetFromMda,
  HvCallPostMessage,
  HvCallRestorePartitionState,
  HvCallRestorePartitionTime,
  HvCallRetargetDeviceInterrupt,
  HvCallSendSyntheticClusterIpiEx,
  HvCallSetVpRegisters,
  HvCallSetVpState,
  HvCallSignalEvent,
  HvCallVtlCall,
  HvCallVtlReturn,
  HvExtCallQueryCapabilities,
  HvStatus,
  type HypercallDefinition,
  HypercallDispatcher,
  HypercallRegisters,
  openVmmAnswers,
  placeCall,
  vpSetOf,
  x64Convention,
  x86Convention,
} from '../src/hypercall/index.ts'
import { BufferMemory, MemoryFault } from '../src/memory/index.ts'
import { arbitraryOf } from '../src/testing/index.ts'
import { reserved, type Structure, u32, u64 } from '../src/wire/index.ts'
import { onEach } from './hypercall-architectures.ts'
import { seeded } from './seed.ts'

const inputGpa = 0x1000
const outputGpa = 0x2000
const filler = 0x19

/** Calls of our own, small enough for every convention. */
const Sum = /* @__PURE__ */ call(0x7001, 'HvCallTestSum', 'simple', {
  input: { a: u32, b: u32 },
  output: { sum: u64 },
})
const Double = /* @__PURE__ */ call(0x7002, 'HvCallTestDouble', 'rep', {
  input: { factor: u64 },
  element: { value: u64 },
  outputElement: { value: u64 },
})
const Touch = /* @__PURE__ */ call(0x7003, 'HvCallTestTouch', 'rep', { element: { value: u64 } })

/** Memory and registers of a caller, filled so that every change is seen. */
class Caller {
  readonly memory = new BufferMemory(new Uint8Array(0x4000).fill(filler).buffer)
  readonly registers: HypercallRegisters
  readonly pages: CallPages | undefined

  constructor(convention: Convention = x64Convention, isFast = false) {
    this.registers = new HypercallRegisters(convention)
    const from = convention.functionId === undefined ? 0 : 8
    this.registers.bytes.fill(filler, from)
    this.pages = isFast ? undefined : { memory: this.memory, inputGpa, outputGpa }
  }

  bytesAt(gpa: number, length: number): number[] {
    const bytes = new Uint8Array(length)
    this.memory.read(gpa, bytes, 0, length)
    return [...bytes]
  }

  /** Where registers and output page changed, as offsets. */
  changes(during: () => void): { registers: string[]; output: number[] } {
    const before = this.registers.bytes.slice()
    const page = this.bytesAt(outputGpa, 4096)
    during()
    const { convention, bytes } = this.registers
    const registers = convention.registers
      .filter(({ at, size }) => !bytes.subarray(at, at + size).every((byte, index) => byte === before[at + index]))
      .map(({ name }) => name)
    const after = this.bytesAt(outputGpa, 4096)
    return { registers, output: after.flatMap((byte, at) => (byte === page[at] ? [] : [at])) }
  }
}

/** Everything a test may want a handler for. */
function dispatcher(options: ConstructorParameters<typeof HypercallDispatcher<undefined>>[0] = {}) {
  return new HypercallDispatcher<undefined>(options)
    .on(Sum, ({ input }) => ({ status: 0, output: { sum: BigInt(input.a + input.b) } }))
    .on(Double, ({ input, element }) => ({ status: 0, output: { value: element.value * input.factor } }))
    .on(Touch, () => HvStatus.Success)
}

const matrix = conventions.flatMap((convention) =>
  [false, true].map((isFast) => [`${convention.name}, ${isFast ? 'fast' : 'by memory'}`, convention, isFast] as const),
)
const resultNames = ({ result, registers }: Convention) =>
  registers.filter(({ at }) => at >= result && at < result + 8).map(({ name }) => name)
/** What became of a call with this input value. */
function statusOf(control: bigint, options: Parameters<typeof dispatcher>[0] = {}, gpas: readonly bigint[] = []) {
  const { registers, memory } = new Caller()
  registers.control = control
  registers.set('RDX', gpas[0] ?? BigInt(inputGpa))
  registers.set('R8', gpas[1] ?? BigInt(outputGpa))
  const outcome = dispatcher(options).dispatch(registers, memory, undefined)
  return outcome.kind === 'refused' ? [outcome.rule, registers.status] : [outcome.kind]
}
const openVmm = { answers: openVmmAnswers }
const double = (factor: bigint, values: readonly bigint[], repStart = 0) => ({
  input: { factor },
  elements: values.map((value) => ({ value })),
  repStart,
})

describe('codes and input values', () => {
  it.each(conventions.map((convention) => [convention.name, convention] as const))(
    '[B234] an unknown code on %s: status 2, memory untouched, the instruction pointer moves on',
    (_name, convention) => {
      const caller = new Caller(convention)
      const { registers, memory } = caller
      registers.control = 0xffffn
      const before = caller.bytesAt(0, memory.size)
      const outcome = dispatcher().dispatch(registers, memory, undefined)
      expect(outcome).toMatchObject({ kind: 'refused', status: 2, rule: 'unknown-code' })
      expect(advances(outcome)).toBe(true)
      expect(registers.result).toBe(2n)
      expect(caller.bytesAt(0, memory.size)).toEqual(before)
    },
  )

  it('[B235] a simple call with reps, or with a variable header', () => {
    expect(statusOf(0x3_0000_7001n)).toEqual(['simple-with-reps', 3])
    expect(statusOf(0x1_0000_0000_7001n)).toEqual(['simple-with-reps', 3])
    expect(statusOf(0x2_7001n)).toEqual(['variable-header', 3])
  })

  it('[B236] a rep call without reps, or that starts behind its end: nothing is processed', () => {
    expect(statusOf(0x7002n)).toEqual(['no-reps', 3])
    const { registers, memory } = new Caller()
    registers.control = 0x2_0002_0000_7002n
    expect(dispatcher().dispatch(registers, memory, undefined)).toMatchObject({ rule: 'start-beyond-count' })
    expect(registers.result).toBe(3n)
  })

  it('[B237] addresses that are not aligned, that cross a page, that are not mapped', () => {
    expect(statusOf(0x7001n, {}, [0x1004n])).toEqual(['misaligned', 4])
    expect(statusOf(0x7001n, {}, [0x1000n, 0x2004n])).toEqual(['misaligned', 4])
    // 8 bytes of header, 8 of a list, at the end of a page.
    expect(statusOf(0x1_0000_7002n, {}, [0x1ff8n])).toEqual(['straddle', 4])
    expect(statusOf(0x1_0000_7002n, openVmm, [0x1ff8n])).toEqual(['straddle', 3])
    expect(statusOf(0x2_0000_7002n, openVmm, [0x1000n, 0x2ff8n])).toEqual(['straddle', 3])
    expect(statusOf(0x7001n, {}, [0x9000n])).toEqual(['intercepted'])
    expect(statusOf(0x7001n, openVmm, [0x9000n])).toEqual(['unreachable', 3])
    // What there is nothing of is not looked at.
    expect(statusOf(0x1_0000_7003n, {}, [0x1000n, 0xffff_ffff_ffff_fff1n])).toEqual(['completed'])
  })

  it('[B246] reserved bits and the nested bit: refused, but where OpenVMM answers they are ignored', () => {
    for (const bits of [0x0800_7001n, 0x1000_0000_7001n, 0x1000_0000_0000_7001n]) {
      expect(statusOf(bits)).toEqual(['reserved-bits', 3])
      expect(statusOf(bits, openVmm)).toEqual(['completed'])
    }
    expect(statusOf(0x8000_7001n)).toEqual(['nested', 3])
    expect(statusOf(0x8000_7001n, openVmm)).toEqual(['completed'])
  })

  it('registers of SMCCC that ask for another function are nobody’s hypercall', () => {
    const { registers, memory } = new Caller(arm64SmcccConvention)
    registers.set('X0', 0x8400_0000n)
    const before = registers.bytes.slice()
    expect(dispatcher().dispatch(registers, memory, undefined)).toEqual({ kind: 'not-a-hypercall' })
    expect(registers.bytes).toEqual(before)
  })
})

describe.each(matrix.filter(([, { fastOutput }, isFast]) => !isFast || fastOutput !== 'none'))(
  'on %s',
  (_name, convention, isFast) => {
    const place = <D extends HypercallDefinition>(definition: D, request: Parameters<typeof placeCall<D>>[2]) => {
      const caller = new Caller(convention, isFast)
      return { caller, call: placeCall(caller.registers, definition, request, caller.pages) }
    }
    /** Registers that hold these bytes of the output. */
    const outputNames = (at: number, length: number) =>
      convention.registers.filter((one) => one.at < at + length && one.at + one.size > at).map(({ name }) => name)
    // On x86 the result may happen to be what was there.
    const results = resultNames(convention)
    const sorted = (names: readonly string[]) => [...new Set(names)].sort()

    it('[B238][B244] a simple call that succeeds writes its output, its result, and nothing else', () => {
      const { caller, call } = place(Sum, { input: { a: 2, b: 3 } })
      const changed = caller.changes(() => {
        expect(dispatcher().dispatch(caller.registers, caller.memory, undefined)).toEqual({ kind: 'completed' })
      })
      expect(call.answer()).toEqual({ status: 0, repsCompleted: 0, output: { sum: 5n } })
      const output = isFast ? outputNames(call.blocks.outputAt, 8) : []
      expect(sorted([...changed.registers, ...results])).toEqual(sorted([...results, ...output]))
      expect(changed.output).toEqual(isFast ? [] : [0, 1, 2, 3, 4, 5, 6, 7])
    })

    it('[B238] a simple call that fails writes its status only', () => {
      const { caller, call } = place(Sum, { input: { a: 2, b: 3 } })
      const failing = new HypercallDispatcher().on(Sum, () => ({ status: 0x1d, output: { sum: 7n } }))
      const changed = caller.changes(() => failing.dispatch(caller.registers, caller.memory, undefined))
      expect(call.answer()).toEqual({ status: 0x1d, repsCompleted: 0 })
      expect(sorted([...changed.registers, ...results])).toEqual(sorted(results))
      expect(changed.output).toEqual([])
    })

    it.each([0, 1])('[B239][B244] a rep call from %i of 3 writes the outputs from there on', (start) => {
      const { caller, call } = place(Double, double(2n, [1n, 2n, 3n], start))
      const changed = caller.changes(() => dispatcher().dispatch(caller.registers, caller.memory, undefined))
      const outputs = [{ value: 2n }, { value: 4n }, { value: 6n }].slice(start)
      expect(call.answer()).toEqual({ status: 0, repsCompleted: 3, outputs })
      const output = isFast ? outputNames(call.blocks.outputAt + start * 8, 24 - start * 8) : []
      expect(sorted([...changed.registers, ...results])).toEqual(sorted([...results, ...output]))
      const bytes = Array.from({ length: 24 }, (_, at) => at).slice(start * 8)
      expect(changed.output).toEqual(isFast ? [] : bytes)
    })

    it.each([0, 1])('[B240] a rep call from %i of 3 that fails at 2 writes the outputs before', (start) => {
      const { caller, call } = place(Double, double(2n, [1n, 2n, 3n], start))
      const failing = new HypercallDispatcher().on(Double, ({ element, index }) =>
        index === 2 ? HvStatus.InvalidParameter : { status: 0, output: { value: element.value * 2n } },
      )
      const changed = caller.changes(() => failing.dispatch(caller.registers, caller.memory, undefined))
      const outputs = [{ value: 2n }, { value: 4n }].slice(start)
      expect(call.answer()).toEqual({ status: 5, repsCompleted: 2, outputs })
      expect(changed.output).toEqual(isFast ? [] : Array.from({ length: 16 }, (_, at) => at).slice(start * 8))
    })

    it('[B241][B244] a rep call whose time is up goes on where it was, from an odd element too', () => {
      const { caller, call } = place(Double, double(3n, [1n, 2n, 3n]))
      const { registers, memory } = caller
      const calls = dispatcher()
      const control = registers.control
      const [low, high] = [registers.result, convention.result === convention.control]
      expect(calls.dispatch(registers, memory, undefined, () => true)).toEqual({ kind: 'continued' })
      expect(registers.control).toBe(control | (1n << 48n))
      if (!high) expect(registers.result).toBe(low)
      expect(calls.dispatch(registers, memory, undefined, () => true)).toEqual({ kind: 'continued' })
      expect(registers.control).toBe(control | (2n << 48n))
      expect(calls.dispatch(registers, memory, undefined, () => true)).toEqual({ kind: 'completed' })
      expect(call.answer()).toEqual({
        status: 0,
        repsCompleted: 3,
        outputs: [{ value: 3n }, { value: 6n }, { value: 9n }],
      })
    })

    it('[B241] a handler that answers a timeout has the element again', () => {
      const { caller } = place(Touch, { elements: [{ value: 1n }, { value: 2n }] })
      const { registers, memory } = caller
      const seen: number[] = []
      let patience = 2
      const calls = new HypercallDispatcher().on(Touch, ({ index }) => {
        seen.push(index)
        return index === 1 && patience-- > 0 ? HvStatus.Timeout : HvStatus.Success
      })
      const outcome = executeToEnd(registers, () => calls.dispatch(registers, memory, undefined))
      expect(outcome).toEqual({ kind: 'completed' })
      expect(seen).toEqual([0, 1, 1, 1])
      expect([registers.status, registers.repsCompleted]).toEqual([0, 2])
    })

    it('[HC-32] a call that never gets further is given up', () => {
      const { caller } = place(Touch, { elements: [{ value: 1n }] })
      let executions = 0
      const calls = new HypercallDispatcher().on(Touch, () => {
        executions++
        return HvStatus.Timeout
      })
      const outcome = executeToEnd(
        caller.registers,
        () => calls.dispatch(caller.registers, caller.memory, undefined),
        10,
      )
      expect(outcome).toEqual({ kind: 'continued' })
      expect(executions).toBe(10)
    })
  },
)

describe('fast calls', () => {
  it('[B242] x64: one element more than fits is refused', () => {
    const fits = new Caller(x64Convention, true)
    const placed = placeCall(fits.registers, Double, double(2n, [1n, 2n, 3n, 4n, 5n, 6n]))
    expect(placed.blocks.outputAt).toBe(x64Convention.parameters + 64)
    expect(dispatcher().dispatch(fits.registers, fits.memory, undefined)).toEqual({ kind: 'completed' })
    const control = fits.registers.control
    expect(statusOf(control + (1n << 32n))).toEqual(['too-big-for-registers', 3])
  })

  it('[B243] x86: no output', () => {
    const { registers, memory } = new Caller(x86Convention, true)
    registers.control = 0x1_7001n
    expect(dispatcher().dispatch(registers, memory, undefined)).toMatchObject({ rule: 'no-fast-output', status: 3 })
  })

  it('XMM registers without the feature are no instruction; where OpenVMM answers, refused', () => {
    for (const [features, control] of [
      [{ xmmInput: false }, 0x2_0001_7003n + (1n << 32n)],
      [{ xmmOutput: false }, 0x1_7001n],
    ] as const) {
      const { registers, memory } = new Caller(x64Convention, true)
      registers.control = control
      const before = registers.bytes.slice()
      const outcome = dispatcher(features)
        .on(Touch, () => 0)
        .dispatch(registers, memory, undefined)
      expect(outcome).toMatchObject({ kind: 'undefined-instruction', rule: 'xmm-not-granted' })
      expect(advances(outcome)).toBe(false)
      expect(registers.bytes).toEqual(before)
      const refusing = dispatcher({ ...features, ...openVmm })
      expect(refusing.dispatch(registers, memory, undefined)).toMatchObject({ rule: 'xmm-not-granted', status: 3 })
    }
  })
})

describe('brief calls, which go straight from the registers', () => {
  const signal = (block: bigint, options: Parameters<typeof dispatcher>[0] = {}, status = 0) => {
    const { registers, memory } = new Caller(x64Convention, true)
    registers.control = 0x1_005dn
    registers.set('RDX', block)
    const seen: unknown[] = []
    const calls = new HypercallDispatcher(options).on(HvCallSignalEvent, ({ input, index, element }) => {
      seen.push(input, index, element)
      return status
    })
    const before = registers.result
    const { kind } = calls.dispatch(registers, memory, undefined)
    return [kind, registers.result === before ? 'untouched' : registers.status, ...seen]
  }

  it('are answered as all others', () => {
    const input = { connectionId: { id: 0xff_ffff }, flagNumber: 2047 }
    expect(signal(0x07ff_00ff_ffffn)).toEqual(['completed', 0, input, 0, undefined])
    expect(signal(0x07ff_00ff_ffffn, {}, HvStatus.Timeout)).toEqual(['continued', 'untouched', input, 0, undefined])
    expect(signal(0x07ff_00ff_ffffn, {}, 0.5)).toEqual(['fault', 'untouched', input, 0, undefined])
  })

  it('are refused as all others', () => {
    expect(signal(0x0001_0000_0000_0001n)).toEqual(['refused', 5])
    expect(signal(0x0001_0000_0000_0001n, openVmm).slice(0, 2)).toEqual(['completed', 0])
    expect(signal(1n, { allows: () => false })).toEqual(['refused', 6])
  })
})

describe('headers of variable size', () => {
  const flush = { addressSpace: 0x1000n, flags: 0n, processorSet: vpSetOf([1, 70]) }

  it('[B245] are counted in qwords, before the list', () => {
    const { registers, memory, pages } = new Caller()
    const elements = [{ gvaRange: { additionalPages: 1, gvaPageNumber: 5n } }]
    placeCall(registers, HvCallFlushVirtualAddressListEx, { input: flush, elements }, pages)
    expect(registers.control).toBe(0x1_0004_0014n)
    const seen: unknown[] = []
    const calls = new HypercallDispatcher().on(HvCallFlushVirtualAddressListEx, ({ input, element }) => {
      seen.push(input, element)
      return HvStatus.Success
    })
    calls.dispatch(registers, memory, undefined)
    expect(seen).toEqual([flush, elements[0]])
    expect(registers.result).toBe(0x1_0000_0000n)
  })

  /** Status of a flush whose set says one thing and whose header another. */
  const statusOfFlush = (format: bigint, validBanksMask: bigint, qwords: bigint, options = {}) => {
    const { registers, memory, pages } = new Caller()
    const processorSet = { format: 0n, validBanksMask: 0n, banks: [] }
    placeCall(registers, HvCallFlushVirtualAddressSpaceEx, { input: { ...flush, processorSet } }, pages)
    new DataView(memory.buffer).setBigUint64(inputGpa + 16, format, true)
    new DataView(memory.buffer).setBigUint64(inputGpa + 24, validBanksMask, true)
    registers.control |= qwords << 17n
    const calls = new HypercallDispatcher(options).on(HvCallFlushVirtualAddressSpaceEx, () => HvStatus.Success)
    calls.dispatch(registers, memory, undefined)
    return registers.status
  }

  it('[B248][HC-28] of a VP set with more or fewer banks than its mask has bits', () => {
    expect(statusOfFlush(0n, 0b111n, 3n)).toBe(0)
    expect(statusOfFlush(0n, 0b111n, 1n)).toBe(5)
    expect(statusOfFlush(0n, 0b111n, 4n)).toBe(5)
  })

  it('[HC-29] of a VP set with banks and no mask, and with all the banks there are', () => {
    expect(statusOfFlush(0n, 0n, 2n)).toBe(5)
    expect(statusOfFlush(0n, 0xffff_ffff_ffff_ffffn, 64n)).toBe(0)
    expect(statusOfFlush(0n, 0xffff_ffff_ffff_ffffn, 65n)).toBe(5)
  })

  it('[B248] of a VP set of all VPs, which OpenVMM refuses, and of a form that is none', () => {
    expect(statusOfFlush(1n, 0b11n, 2n)).toBe(0)
    expect(statusOfFlush(1n, 0n, 0n)).toBe(0)
    expect(statusOfFlush(1n, 0n, 0n, openVmm)).toBe(5)
    expect(statusOfFlush(2n, 0n, 0n)).toBe(5)
  })
})

describe('blobs of state', () => {
  it('[HC-31] that announce more bytes than their block has are refused before anyone copies them', () => {
    const restore = (restoreDataCount: number) => {
      const { registers, memory, pages } = new Caller()
      const input = { partitionId: 3n, flags: 0, restoreDataCount, restoreData: new Uint8Array(4080) }
      placeCall(registers, HvCallRestorePartitionState, { input }, pages)
      const { fault } = decodeCall(registers, memory, callCoded)
      let copied = -1
      new HypercallDispatcher()
        .on(HvCallRestorePartitionState, ({ input }) => {
          copied = input.restoreData.subarray(0, input.restoreDataCount).byteLength
          return { status: 0, output: { restoreState: 0, restoreDataConsumed: copied } }
        })
        .dispatch(registers, memory, undefined)
      return [registers.status, copied, fault?.path]
    }
    expect(restore(4080)).toEqual([0, 4080, undefined])
    expect(restore(4081)).toEqual([5, -1, 'restoreDataCount'])
    expect(restore(0xffff_ffff)).toEqual([5, -1, 'restoreDataCount'])
  })

  it('[HC-31] in a header that is longer than a page are not read at all', () => {
    const { registers, memory } = new Caller()
    const reads: number[] = []
    const watched = {
      read: (gpa: number) => reads.push(gpa),
      write: memory.write.bind(memory),
    }
    const calls = new HypercallDispatcher().on(HvCallSetVpState, () => 0)
    registers.set('RDX', BigInt(inputGpa))
    // 32 bytes of fixed header and 1023 qwords.
    registers.control = 0xe4n | (0x3ffn << 17n)
    expect(calls.dispatch(registers, watched, undefined)).toMatchObject({ rule: 'straddle', status: 4 })
    registers.control |= 0x1_0000n
    expect(calls.dispatch(registers, watched, undefined)).toMatchObject({ rule: 'too-big-for-registers', status: 3 })
    expect(reads).toEqual([])
  })
})

describe('reserved fields', () => {
  const cases: readonly (readonly [HypercallDefinition, number])[] = [
    [HvCallAssertVirtualInterrupt, 29],
    [HvCallRetargetDeviceInterrupt, 32],
    [HvCallSendSyntheticClusterIpiEx, 6],
    [HvCallRestorePartitionTime, offsetOfReserved(HvCallRestorePartitionTime)],
  ]

  it.each(cases)('[B248] of $name are refused when not zero, or left to its handler', (definition, at) => {
    const statuses = [{}, openVmm].map((options) => {
      const { registers, memory } = new Caller()
      memory.write(inputGpa, new Uint8Array(4096), 0, 4096)
      memory.write(inputGpa + at, Uint8Array.of(1), 0, 1)
      registers.control = BigInt(definition.code)
      registers.set('RDX', BigInt(inputGpa))
      const calls = new HypercallDispatcher(options).on(definition, () => 0x1d)
      calls.dispatch(registers, memory, undefined)
      return registers.status
    })
    expect(statuses).toEqual([5, 0x1d])
  })

  it('of an element fail that element', () => {
    const { registers, memory, pages } = new Caller()
    const input = { partitionId: 1n, vpIndex: 0, inputVtl: { targetVtl: 0, useTargetVtl: false } }
    const registerValue = { low: 0n, high: 0n }
    const elements = [
      { registerName: 1, registerValue },
      { registerName: 2, rsvdZ: new Uint8Array(12).fill(1), registerValue },
    ]
    placeCall(registers, HvCallSetVpRegisters, { input, elements }, pages)
    new HypercallDispatcher().on(HvCallSetVpRegisters, () => 0).dispatch(registers, memory, undefined)
    expect([registers.status, registers.repsCompleted]).toEqual([5, 1])
  })

  it('that are only padding are not looked at', () => {
    const Padded = call(0x7004, 'HvCallTestPadded', 'simple', { input: { value: u32, padding: reserved(4) } })
    const { registers, memory } = new Caller()
    registers.control = 0x1_7004n
    new HypercallDispatcher()
      .on(Padded, ({ input }) => (input.padding === undefined ? 5 : 0x1d))
      .dispatch(registers, memory, undefined)
    expect(registers.status).toBe(0x1d)
  })
})

/** Where a call's header has its first reserved field. */
function offsetOfReserved({ name, input }: HypercallDefinition): number {
  const offset = input?.layout.find(
    (field) => field.schema.kind === 'reserved' && !field.name.startsWith('padding'),
  )?.offset
  if (offset === undefined) throw new Error(`${name} has no reserved field`)
  return offset
}

describe('VTL switches', () => {
  const switchOn = (convention: Convention, control: bigint, word: bigint, isPossible = true) => {
    const { registers, memory } = new Caller(convention)
    registers.control = control
    const { vtlControl } = convention
    if (vtlControl !== undefined) registers.set(vtlControl.name, word)
    const seen: boolean[] = []
    const handler = ({ isFast }: { readonly isFast: boolean }) => seen.push(isFast) > 0 && isPossible
    const calls = new HypercallDispatcher().onVtlSwitch(HvCallVtlCall, handler).onVtlSwitch(HvCallVtlReturn, handler)
    const before = registers.bytes.slice()
    const outcome = calls.dispatch(registers, memory, undefined)
    expect(registers.bytes).toEqual(before)
    return [outcome.kind, advances(outcome), ...seen]
  }
  const refused = ['undefined-instruction', false]

  it.each([x64Convention, x86Convention].map((convention) => [convention.name, convention] as const))(
    '[B247] on %s are done or are no instruction, and have no status',
    (_name, convention) => {
      expect(switchOn(convention, 0x12n, 0n)).toEqual(['switched', true, false])
      expect(switchOn(convention, 0x12n, 1n)).toEqual(['switched', true, true])
      expect(switchOn(convention, 0x11n, 0n)).toEqual(['switched', true, false])
      expect(switchOn(convention, 0x12n, 2n)).toEqual(refused)
      expect(switchOn(convention, 0x11n, 1n)).toEqual(refused)
      expect(switchOn(convention, 0x1_0012n, 0n)).toEqual(refused)
      expect(switchOn(convention, 0x12n, 0n, false)).toEqual([...refused, false])
    },
  )

  it('[B247] on ARM64 have nothing but the code', () => {
    expect(switchOn(arm64SmcccConvention, 0x12n, 0n)).toEqual(['switched', true, false])
    expect(switchOn(arm64SmcccConvention, 0x1_0000_0000_0012n, 0n)).toEqual(refused)
  })
})

describe('memory', () => {
  it('[HC-13] input that lies where the output goes is copied before', () => {
    const { registers, memory } = new Caller()
    const values = [1n, 2n, 3n, 4n]
    const placed = placeCall(registers, Double, double(2n, values), { memory, inputGpa, outputGpa: inputGpa + 8 })
    dispatcher().dispatch(registers, memory, undefined)
    expect(placed.answer().outputs).toEqual(values.map((value) => ({ value: 2n * value })))
  })

  it('input is read once, whatever its owner does meanwhile', () => {
    const { registers, memory, pages } = new Caller()
    const placed = placeCall(registers, Double, double(2n, [1n, 2n]), pages)
    const reads: number[] = []
    const watched = {
      read(gpa: number, target: Uint8Array, offset: number, length: number) {
        reads.push(gpa, length)
        memory.read(gpa, target, offset, length)
        memory.write(gpa, new Uint8Array(length).fill(0xff), 0, length)
      },
      write: (gpa: number, source: Uint8Array, offset: number, length: number) =>
        memory.write(gpa, source, offset, length),
    }
    dispatcher().dispatch(registers, watched, undefined)
    expect(reads).toEqual([inputGpa, 24])
    expect(placed.answer().outputs).toEqual([{ value: 2n }, { value: 4n }])
  })

  it('a fast call’s input stays what it was when its handler changes the registers', () => {
    const { registers, memory } = new Caller(x64Convention, true)
    placeCall(registers, Touch, { elements: [{ value: 1n }, { value: 2n }] })
    const seen: bigint[] = []
    const calls = new HypercallDispatcher().on(Touch, ({ element }) => {
      seen.push(element.value)
      registers.set('R8', 99n)
      return HvStatus.Success
    })
    calls.dispatch(registers, memory, undefined)
    expect(seen).toEqual([1n, 2n])
  })

  it('that cannot be read, or written, is an intercept: no status, and the call is made again', () => {
    const { registers, memory } = new Caller()
    placeCall(registers, Sum, { input: { a: 1, b: 2 } }, { memory, inputGpa, outputGpa: 0x8000 })
    const before = registers.bytes.slice()
    const outcome = dispatcher().dispatch(registers, memory, undefined)
    expect(outcome).toEqual({ kind: 'intercepted', access: 'write', gpa: 0x8000, length: 8 })
    expect(advances(outcome)).toBe(false)
    registers.set('RDX', 0x8000n)
    expect(dispatcher().dispatch(registers, memory, undefined)).toMatchObject({ access: 'read', gpa: 0x8000 })
    registers.set('RDX', BigInt(inputGpa))
    expect(registers.bytes).toEqual(before)
  })

  it('that tells beforehand that it cannot be written spares the handler', () => {
    const { registers, memory, pages } = new Caller()
    placeCall(registers, Sum, { input: { a: 1, b: 2 } }, pages)
    const readOnly = {
      read: memory.read.bind(memory),
      write: () => {
        throw new MemoryFault(outputGpa, 8, 'read only')
      },
      canWrite: () => false,
    }
    let calls = 0
    const counting = new HypercallDispatcher().on(Sum, () => {
      calls++
      return { status: 0, output: { sum: 0n } }
    })
    expect(counting.dispatch(registers, readOnly, undefined)).toMatchObject({ kind: 'intercepted', access: 'write' })
    expect(calls).toBe(0)
  })

  it('that breaks down otherwise is its owner’s matter', () => {
    const { registers, pages } = new Caller()
    placeCall(registers, Sum, { input: { a: 1, b: 2 } }, pages)
    const broken = () => {
      throw new TypeError('broken')
    }
    expect(() => dispatcher().dispatch(registers, { read: broken, write: broken }, undefined)).toThrow('broken')
  })
})

describe('handlers', () => {
  it('are asked only by callers with the privilege, before anything of the block is read', () => {
    const asked: string[] = []
    const calls = new HypercallDispatcher<string>({
      allows: (caller, { name }) => {
        asked.push(name)
        return caller === 'root'
      },
    })
      .on(HvCallPostMessage, () => 0)
      .on(HvExtCallQueryCapabilities, () => ({ status: 0, output: { capabilities: 1n } }))
      .on(HvCallGetVpSetFromMda, () => 0x1d)
    const ask = (code: number, caller: string) => {
      const { registers, memory } = new Caller()
      registers.control = BigInt(code)
      registers.set('RDX', 0x9000n)
      registers.set('R8', BigInt(outputGpa))
      const { kind } = calls.dispatch(registers, memory, caller)
      return kind === 'intercepted' ? kind : registers.status
    }
    expect([ask(0x5c, 'guest'), ask(0x5c, 'root'), ask(0x8001, 'guest'), ask(0x8001, 'root')]).toEqual([
      6,
      'intercepted',
      6,
      0,
    ])
    expect(ask(HvCallGetVpSetFromMda.code, 'guest')).toBe('intercepted')
    expect(asked).toEqual(['HvCallPostMessage', 'HvCallPostMessage', ...Array(2).fill('HvExtCallQueryCapabilities')])
  })

  it('may make calls themselves', () => {
    const outer = new Caller()
    const inner = new Caller()
    const placed = placeCall(outer.registers, Double, double(2n, [1n, 2n]), outer.pages)
    const within = placeCall(inner.registers, Sum, { input: { a: 40, b: 2 } }, inner.pages)
    const calls = dispatcher().on(Double, ({ element }) => {
      calls.dispatch(inner.registers, inner.memory, undefined)
      return { status: 0, output: { value: element.value } }
    })
    calls.dispatch(outer.registers, outer.memory, undefined)
    expect(placed.answer().outputs).toEqual([{ value: 1n }, { value: 2n }])
    expect(within.answer().output).toEqual({ sum: 42n })
  })

  it('that answer a list do it at once, from the start index on', () => {
    const { registers, memory, pages } = new Caller()
    const placed = placeCall(registers, Double, double(5n, [1n, 2n, 3n], 1), pages)
    const calls = new HypercallDispatcher().onList(Double, (list) => {
      expect([list.start, list.count, list.expired()]).toEqual([1, 3, false])
      expect(() => list.element(0)).toThrow(RangeError)
      for (let index = list.start; index < list.count; index++) {
        list.answer(index, { value: list.element(index).value * list.input.factor })
      }
      return { status: 0, completed: 3 }
    })
    calls.dispatch(registers, memory, undefined)
    expect(placed.answer()).toEqual({ status: 0, repsCompleted: 3, outputs: [{ value: 10n }, { value: 15n }] })
  })

  it('of a list may stop when the time is up', () => {
    const { registers, memory, pages } = new Caller()
    placeCall(registers, Touch, { elements: [{ value: 1n }, { value: 2n }] }, pages)
    const calls = new HypercallDispatcher().onList(Touch, ({ start, expired }) => ({
      status: expired() ? HvStatus.Timeout : 0,
      completed: start + 1,
    }))
    expect(calls.dispatch(registers, memory, undefined, () => true)).toEqual({ kind: 'continued' })
    expect(registers.control).toBe(0x1_0002_0000_7003n)
  })

  it.each([
    ['more than there are', 0, 3],
    ['fewer than there were', 5, 0],
    ['success with something left', 0, 1],
    ['a timeout with nothing left', HvStatus.Timeout, 2],
    ['half an element', 0, 1.5],
    ['a status that is none', 0x1_0000, 2],
  ])('[HC-17] that report %s are at fault, and the caller sees nothing of it', (_what, status, completed) => {
    const { registers, memory, pages } = new Caller()
    placeCall(registers, Touch, { elements: [{ value: 1n }, { value: 2n }], repStart: 1 }, pages)
    const before = registers.bytes.slice()
    const calls = new HypercallDispatcher().onList(Touch, () => ({ status, completed }))
    const outcome = calls.dispatch(registers, memory, undefined)
    expect(outcome).toMatchObject({ kind: 'fault', call: 'HvCallTestTouch' })
    expect(advances(outcome)).toBe(false)
    expect(registers.bytes).toEqual(before)
  })

  it('[HC-17] that give no output, or one that does not fit, are at fault', () => {
    const faults = [
      new HypercallDispatcher().on(Sum, () => 0),
      new HypercallDispatcher().on(Sum, () => ({ status: 0, output: { sum: -1n } })),
      new HypercallDispatcher().on(Sum, () => -1),
      new HypercallDispatcher().on(Double, () => 0),
      new HypercallDispatcher().onList(Double, () => ({ status: 0, completed: 2 })),
    ].map((calls) => {
      const caller = new Caller()
      const { registers, memory, pages } = caller
      placeCall(registers, Sum, { input: { a: 1, b: 2 } }, pages)
      const first = calls.dispatch(registers, memory, undefined)
      if (first.kind === 'refused') placeCall(registers, Double, double(1n, [1n, 2n]), pages)
      const changed = caller.changes(() => {
        const outcome = first.kind === 'refused' ? calls.dispatch(registers, memory, undefined) : first
        expect(outcome.kind).toBe('fault')
      })
      return changed
    })
    expect(faults).toEqual(Array(5).fill({ registers: [], output: [] }))
  })

  it('of calls that cannot be dispatched so are not taken', () => {
    expect(() => new HypercallDispatcher().onList(Sum, () => ({ status: 0, completed: 0 }))).toThrow(RangeError)
  })

  it('[HC-19] may answer a status without a name', () => {
    const { registers, memory } = new Caller()
    registers.control = 0x1_005dn
    registers.bytes.fill(0, 8, 24)
    new HypercallDispatcher().on(HvCallSignalEvent, () => 0xffff).dispatch(registers, memory, undefined)
    expect(registers.result).toBe(0xffffn)
  })

  it('take five lines', () => {
    const calls = new HypercallDispatcher<bigint>().on(HvCallGetPartitionId, ({ caller }) => ({
      status: HvStatus.Success,
      output: { partitionId: caller },
    }))
    const { registers, memory } = new Caller(x64Convention, true)
    const placed = placeCall(registers, HvCallGetPartitionId, {})
    calls.dispatch(registers, memory, 7n)
    expect(placed.answer().output).toEqual({ partitionId: 7n })
    expect(registers.get('RDX')).toBe(7n)
  })

  it('answer a stock Linux kernel’s read of a register in X6 and X7', () => {
    const registers = new HypercallRegisters(arm64SmcccConvention)
    registers.control = 0x1_0001_0050n
    registers.set('X2', -1n)
    registers.set('X3', 0xffff_fffen)
    registers.set('X4', 0x90003n)
    const calls = new HypercallDispatcher().on(HvCallGetVpRegisters, ({ element }) => {
      expect(element.registerName).toBe(0x90003)
      return { status: 0, output: { registerValue: { low: 3n, high: 4n } } }
    })
    calls.dispatch(registers, new Caller().memory, undefined)
    expect([registers.get('X0'), registers.get('X6'), registers.get('X7')]).toEqual([1n << 32n, 3n, 4n])
  })
})

describe('every call with a layout, answered in every convention that can carry it', () => {
  const plain = (schema: Structure<object>) =>
    arbitraryOf(schema).map((value) => {
      const { extra: _, ...rest } = value
      return rest
    })
  const known = allCalls.filter(({ layout, kind }) => layout !== 'unknown' && kind !== 'unknown')
  it.each(onEach(known))('%s', (_name, definition, architectures) => {
    const { input, element, output, outputElement, kind } = definition
    const isRep = kind === 'rep' || kind === 'variable-rep'
    const count = isRep ? 3 : 0
    const answer = output ?? outputElement
    const values = fc.record({
      input: input === undefined ? fc.constant(undefined) : plain(input),
      elements: fc.array(element === undefined ? fc.constant({}) : plain(element), {
        minLength: count,
        maxLength: count,
      }),
      outputs: answer === undefined ? fc.constant([]) : fc.array(plain(answer), { minLength: 3, maxLength: 3 }),
    })
    const property = fc.property(values, ({ input: value, elements, outputs }) => {
      const request = element === undefined ? { input: value, repCount: count } : { input: value, elements }
      const calls = new HypercallDispatcher({ answers: { ...openVmmAnswers, vpSets: 'sparse or all' } })
      let invocations = 0
      calls.on<HypercallDefinition>(definition, ({ index }) => {
        invocations++
        return answer === undefined ? 0 : { status: 0, output: outputs[index] }
      })
      for (const [, convention, isFast] of matrix) {
        if (!architectures.includes(convention.architecture)) continue
        const { registers, memory, pages } = new Caller(convention, isFast)
        let placed: ReturnType<typeof placeCall<HypercallDefinition>>
        try {
          placed = placeCall<HypercallDefinition>(registers, definition, request, pages)
        } catch (error) {
          // That it is right to refuse is tested with the conventions.
          if (error instanceof RangeError) continue
          throw error
        }
        invocations = 0
        const outcome = calls.dispatch(registers, memory, undefined)
        if (outcome.kind === 'refused') {
          expect(outcome.rule).toMatch(/^(vp-set-format|chunk-size|too-big-for-registers|straddle)$/)
          continue
        }
        expect(outcome).toEqual({ kind: 'completed' })
        expect(invocations).toBe(isRep ? count : 1)
        const got = placed.answer()
        expect([got.status, got.repsCompleted]).toEqual([0, count])
        if (outputElement !== undefined) expect(got.outputs).toEqual(outputs)
        else if (output !== undefined && !output.variable) expect(got.output).toEqual(outputs[0])
      }
    })
    fc.assert(property, { ...seeded, numRuns: Math.max(5, Math.ceil(seeded.numRuns / 20)) })
  })
})
