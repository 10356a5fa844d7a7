import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  allCalls,
  arm64HvcConvention,
  arm64HvcOpenVmmConvention,
  arm64SmcccConvention,
  type Convention,
  callCoded,
  conventions,
  decodeCall,
  HvCallFlushVirtualAddressList,
  HvCallFlushVirtualAddressSpaceEx,
  HvCallGetPartitionId,
  HvCallGetVpRegisters,
  HvCallPostMessage,
  HvCallSendSyntheticClusterIpi,
  HvCallSetVpRegisters,
  HvCallSignalEvent,
  type HypercallDefinition,
  HypercallInputValue,
  HypercallRegisters,
  HypercallResultValue,
  placeCall,
  vpSetOf,
  WellKnownPartition,
  WellKnownVp,
  x64Convention,
  x86Convention,
} from '../src/hypercall/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { arbitraryOf } from '../src/testing/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { parseTranscript } from '../src/trace/index.ts'
import { type Structure, toHex, tryDecode } from '../src/wire/index.ts'
import { onEach } from './hypercall-architectures.ts'
import { hypercallVector } from './hypercall-vectors.ts'
import { seeded } from './seed.ts'
import { recordings, recordingText } from './transcripts.ts'

const inputGpa = 0x1000
const outputGpa = 0x2000
const newMemory = () => new BufferMemory(new ArrayBuffer(0x4000))
const bytesAt = (memory: BufferMemory, gpa: number, length: number) => {
  const bytes = new Uint8Array(length)
  memory.read(gpa, bytes, 0, length)
  return bytes
}
/** What is seen of a call of which only the input value matters. */
const decodeControl = (control: bigint, convention: Convention = x64Convention, input = 0n) => {
  const registers = new HypercallRegisters(convention)
  registers.control = control
  registers.view.setBigUint64(convention.parameters, input, true)
  return decodeCall(registers, newMemory(), callCoded)
}
const refusalOf = (control: bigint, convention?: Convention, input?: bigint) => {
  const { refusal } = decodeControl(control, convention, input)
  return refusal === undefined ? undefined : [refusal.rule, refusal.kind === 'refused' ? refusal.status : undefined]
}

describe('register files', () => {
  it('name their registers, of 32, 64 and 128 bits', () => {
    const x64 = new HypercallRegisters(x64Convention)
    x64.set('RCX', 0x1_0005_005dn)
    x64.set('XMM5', (0x1111n << 64n) | 0x2222n)
    expect([x64.get('RCX'), x64.control]).toEqual([0x1_0005_005dn, 0x1_0005_005dn])
    expect(x64.get('XMM5')).toBe((0x1111n << 64n) | 0x2222n)
    expect(toHex(x64.bytes.subarray(104, 120))).toBe('22220000000000001111000000000000')
    const x86 = new HypercallRegisters(x86Convention)
    x86.set('EDX', 0xffff_ffff_0000_0003n)
    x86.set('EAX', 0x50n)
    expect(x86.get('EDX')).toBe(3n)
    expect(x86.control).toBe(0x3_0000_0050n)
    expect(() => x86.get('RAX')).toThrow(new RangeError('x86 has no register RAX'))
  })

  it('have the parameters in a row, where each convention has them', () => {
    const place = (convention: Convention, offset: number) =>
      convention.registers.find(({ at }) => at === convention.parameters + offset)?.name
    const places = [x64Convention, x86Convention, arm64SmcccConvention, arm64HvcConvention].map((convention) => [
      place(convention, 0),
      place(convention, 8),
      convention.registers.find(({ at }) => at === convention.control)?.name,
      convention.registers.find(({ at }) => at === convention.result)?.name,
      convention.fastSize,
    ])
    expect(places).toEqual([
      ['RDX', 'R8', 'RCX', 'RAX', 112],
      ['ECX', 'ESI', 'EAX', 'EAX', 16],
      ['X2', 'X3', 'X1', 'X0', 128],
      ['X1', 'X2', 'X0', 'X0', 128],
    ])
  })

  it('lie over bytes of the owner, and need enough of them', () => {
    const mailbox = new Uint8Array(144)
    new HypercallRegisters(arm64SmcccConvention, mailbox).set('X3', 7n)
    expect(mailbox[24]).toBe(7)
    expect(() => new HypercallRegisters(arm64SmcccConvention, new Uint8Array(143))).toThrow(RangeError)
  })
})

describe('vectors', () => {
  const registersOf = (name: string) => {
    const { fields, hex } = hypercallVector(name)
    return { hex, rcx: BigInt(String(fields.rcx)) }
  }

  it('signal an event by RDX', () => {
    const { hex, rcx } = registersOf('signal-event-fast-max')
    const registers = new HypercallRegisters(x64Convention)
    placeCall(registers, HvCallSignalEvent, { input: { connectionId: { id: 0xff_ffff }, flagNumber: 2047 } })
    expect(registers.control).toBe(rcx)
    expect(toHex(registers.bytes.subarray(8, 24))).toBe(hex)
  })

  it('send an IPI by RDX and R8', () => {
    const { hex, rcx } = registersOf('ipi-vector-0xef-mask-0x1e')
    const registers = new HypercallRegisters(x64Convention)
    const input = { vector: 0xef, targetVtl: { targetVtl: 0, useTargetVtl: false }, flags: 0, processorMask: 0x1en }
    placeCall(registers, HvCallSendSyntheticClusterIpi, { input })
    expect(registers.control).toBe(rcx)
    expect(toHex(registers.bytes.subarray(8, 24))).toBe(hex)
  })

  it('flush an address space by XMM registers', () => {
    const { hex, rcx } = registersOf('xmm-flush-space-ex-48-bytes')
    const registers = new HypercallRegisters(x64Convention)
    const input = { addressSpace: 0xdea_d000n, flags: 0n, processorSet: vpSetOf([0, 5, 130]) }
    placeCall(registers, HvCallFlushVirtualAddressSpaceEx, { input })
    expect(registers.control).toBe(rcx)
    expect(toHex(registers.bytes.subarray(8, 120))).toBe(hex)
    expect(decodeCall(registers, undefined, callCoded)).toMatchObject({ input, refusal: undefined, fault: undefined })
  })

  it.each(['post-message-hello', 'post-message-too-long'])('%s by memory', (name) => {
    const { hex, fields } = hypercallVector(name)
    const memory = newMemory()
    const registers = new HypercallRegisters(arm64SmcccConvention)
    const payload = new Uint8Array(240)
    payload.set(fromHex(String(fields.payload)).subarray(0, 240))
    const input = { connectionId: { id: 1 }, messageType: 1, payloadSize: Number(fields.payloadSize), payload }
    placeCall(registers, HvCallPostMessage, { input }, { memory, inputGpa })
    expect([registers.get('X0'), registers.get('X1'), registers.get('X2')]).toEqual([0x4600_0001n, 0x5cn, 0x1000n])
    expect(toHex(bytesAt(memory, inputGpa, 256))).toBe(hex)
    expect(decodeCall(registers, memory, callCoded).input).toEqual(input)
  })

  it('put a list behind its header', () => {
    const { hex } = hypercallVector('flush-list-max-range')
    const memory = newMemory()
    const registers = new HypercallRegisters(x64Convention)
    const input = { addressSpace: 0x2000n, flags: 0n, processorMask: 1n }
    // The header of 24 bytes is followed by the list at once.
    const elements = [{ gvaRange: { additionalPages: 0xfff, gvaPageNumber: 0xffff_8000_0000_0n } }]
    placeCall(registers, HvCallFlushVirtualAddressList, { input, elements }, { memory, inputGpa })
    expect(registers.control).toBe(0x1_0000_0003n)
    expect(toHex(bytesAt(memory, inputGpa, 32))).toBe(hex)
  })

  it.each([
    'create-vp-2',
    'set-vp-registers-1',
    'flush-gpa-list-2',
    'retarget-processor-set',
    'start-vp-reset-context',
    'create-event-port-2008',
    'assert-virtual-interrupt',
  ])('%s decodes, and goes back to the same bytes', (name) => {
    const { hex, fields } = hypercallVector(name)
    const block = fromHex(hex)
    const code = Number(fields.call)
    const definition = callCoded(code)
    if (definition === undefined) throw new Error(`no call ${fields.call}`)
    const { input, element } = definition
    const fixed = input?.size ?? 0
    const reps = element === undefined ? 0 : (block.byteLength - fixed) / element.size
    const qwords = Number(fields.variableHeaderSize ?? 0)
    const memory = newMemory()
    memory.write(inputGpa, block, 0, block.byteLength)
    const registers = new HypercallRegisters(x64Convention)
    registers.control = BigInt(code) | (BigInt(qwords) << 17n) | (BigInt(reps) << 32n)
    registers.set('RDX', BigInt(inputGpa))
    const decoded = decodeCall(registers, memory, callCoded)
    expect(decoded).toMatchObject({ refusal: undefined, fault: undefined, inputGpa })
    expect(decoded.block).toEqual(block)
    expect(decoded.elements).toHaveLength(reps)

    const again = newMemory()
    const placed = new HypercallRegisters(x64Convention)
    const request = { input: decoded.input, elements: decoded.elements }
    placeCall<HypercallDefinition>(placed, definition, request, { memory: again, inputGpa })
    expect(placed.control).toBe(registers.control)
    expect(toHex(bytesAt(again, inputGpa, block.byteLength))).toBe(hex)
  })

  it.each(['bad-rep-start-on-simple', 'bad-reserved-bit-27', 'bad-variable-header-on-plain-call'])('%s', (name) => {
    const { fields, expect: status } = hypercallVector(name)
    expect(refusalOf(BigInt(String(fields.value)))?.[1]).toBe(Number(status))
  })
})

describe('what a stock Linux kernel on ARM64 calls', () => {
  it('asks for one register in X2 … X4 and reads it from X6 and X7', () => {
    const registers = new HypercallRegisters(arm64SmcccConvention)
    const call = placeCall(registers, HvCallGetVpRegisters, {
      input: { partitionId: WellKnownPartition.Self, vpIndex: WellKnownVp.Self, inputVtl: noVtl },
      elements: [{ registerName: 0x200 }],
    })
    expect(['X0', 'X1', 'X2', 'X3', 'X4', 'X5'].map((name) => registers.get(name))).toEqual([
      0x4600_0001n,
      0x1_0001_0050n,
      0xffff_ffff_ffff_ffffn,
      0xffff_fffen,
      0x200n,
      0n,
    ])
    registers.set('X6', 0x30_0000_0066n)
    registers.set('X7', 0x100n)
    registers.result = 1n << 32n
    expect(call.answer()).toEqual({
      status: 0,
      repsCompleted: 1,
      outputs: [{ registerValue: { low: 0x30_0000_0066n, high: 0x100n } }],
    })
  })

  it.each(recordings)('has the input values of %s', (name) => {
    let calls = 0
    for (const event of parseTranscript(recordingText(name)).events) {
      if (!('ctl' in event) || event.ctl === undefined) continue
      calls++
      const memory = newMemory()
      const registers = new HypercallRegisters(arm64SmcccConvention)
      const input = { partitionId: WellKnownPartition.Self, vpIndex: WellKnownVp.Self, inputVtl: noVtl }
      if (event.kind === 'setvpreg') {
        const low = BigInt(event.value)
        const elements = [{ registerName: 0x90002, registerValue: { low, high: 0n } }]
        placeCall(registers, HvCallSetVpRegisters, { input, elements })
        expect([registers.get('X4'), registers.get('X5'), registers.get('X6')]).toEqual([0x90002n, 0n, low])
      } else if (event.kind === 'getvpreg') {
        placeCall(registers, HvCallGetVpRegisters, { input, elements: [{ registerName: 0x90003 }] })
      } else if (event.kind === 'postmessage') {
        const bytes = fromHex(event.hex)
        const payload = new Uint8Array(240)
        payload.set(bytes)
        const post = {
          connectionId: { id: event.connection_id },
          messageType: 1,
          payloadSize: bytes.byteLength,
          payload,
        }
        placeCall(registers, HvCallPostMessage, { input: post }, { memory, inputGpa })
      } else continue
      expect(registers.control).toBe(BigInt(event.ctl))
      expect(decodeCall(registers, memory, callCoded)).toMatchObject({ refusal: undefined, fault: undefined })
    }
    expect(calls).toBeGreaterThan(10)
  })
})

const noVtl = { targetVtl: 0, useTargetVtl: false }

describe('where fast output goes', () => {
  const input = { partitionId: 1n, vpIndex: 0, inputVtl: noVtl }
  const outputAt = (convention: Convention, count: number) => {
    const elements = Array.from({ length: count }, (_, index) => ({ registerName: index }))
    const { blocks } = placeCall(new HypercallRegisters(convention), HvCallGetVpRegisters, { input, elements })
    return convention.registers.find(({ at }) => at === blocks.outputAt)?.name
  }

  it('[B242] is the pair after the input, with all 112 bytes of x64 in use', () => {
    expect([1, 2, 4].map((count) => outputAt(x64Convention, count))).toEqual(['XMM1', 'XMM1', 'XMM1'])
    expect(() => outputAt(x64Convention, 5)).toThrow(RangeError)
  })

  it('[B243] is nowhere on x86, and in eight pairs on ARM64', () => {
    const id = (convention: Convention) => placeCall(new HypercallRegisters(convention), HvCallGetPartitionId, {})
    expect(() => id(x86Convention)).toThrow(RangeError)
    expect(id(arm64HvcConvention).blocks.outputAt).toBe(8)
    expect(outputAt(arm64SmcccConvention, 5)).toBe('X8')
    expect(() => outputAt(arm64SmcccConvention, 6)).toThrow(RangeError)
    expect(outputAt(arm64HvcConvention, 1)).toBe('X5')
  })

  it('is in the last pairs of HVC #1 where OpenVMM answers', () => {
    expect(outputAt(arm64HvcOpenVmmConvention, 1)).toBe('X15')
    expect(outputAt(arm64HvcOpenVmmConvention, 2)).toBe('X13')
  })
})

describe('bad input values', () => {
  it('[HC-01] reserved bit 27: refused, and the decoder reports it', () => {
    expect(refusalOf(0x0800_005cn)).toEqual(['reserved-bits', 0x0003])
    const { faults } = tryDecode(HypercallInputValue, fromHex('5c00000800000000'))
    expect(faults).toMatchObject([{ code: 'RSVD', path: 'control' }])
  })

  it('[HC-02] reserved bit 44', () => {
    expect(refusalOf(0x1000_0000_005cn)).toEqual(['reserved-bits', 0x0003])
  })

  it('[HC-04] a simple call with a rep count', () => {
    expect(refusalOf(0x1_0000_005cn)).toEqual(['simple-with-reps', 0x0003])
  })

  it('[HC-05] a simple call with a start index', () => {
    expect(refusalOf(0x1_0000_0000_005cn)).toEqual(['simple-with-reps', 0x0003])
  })

  it('[HC-07] a rep call that starts behind its end', () => {
    expect(refusalOf(0x2_0002_0000_0003n)).toEqual(['start-beyond-count', 0x0003])
  })

  it('[HC-08] a variable header where there is none', () => {
    expect(refusalOf(0x2_005cn)).toEqual(['variable-header', 0x0003])
  })

  it('[HC-10] an input that is not aligned', () => {
    expect(refusalOf(0x5cn, x64Convention, 0x1004n)).toEqual(['misaligned', 0x0004])
  })

  it('[HC-11] an input that crosses a page is not read', () => {
    expect(refusalOf(0x5cn, x64Convention, 0x1f08n)).toEqual(['straddle', 0x0004])
  })

  it('an address of more than 52 bits', () => {
    expect(refusalOf(0x5cn, x64Convention, 1n << 52n)).toEqual(['beyond-memory', 0x0004])
  })

  it('[HC-14] a block that is too big for the registers', () => {
    for (const convention of conventions) {
      expect(refusalOf(0x1_005cn, convention)).toEqual(['too-big-for-registers', 0x0003])
    }
  })

  it('[HC-16] a list longer than a page, before there is any buffer for it', () => {
    expect(refusalOf(0xfff_0000_0003n)).toEqual(['straddle', 0x0004])
    expect(refusalOf(0xfff_0001_0003n)).toEqual(['too-big-for-registers', 0x0003])
  })

  it('[HC-34] the nested bit has its name', () => {
    const { control, refusal } = decodeControl(0x8000_005cn)
    expect(control).toMatchObject({ isNested: true })
    expect(control).not.toHaveProperty('value')
    expect(refusal).toMatchObject({ rule: 'nested', status: 0x0003 })
  })

  it('an unknown code', () => {
    expect(refusalOf(0xffffn)).toEqual(['unknown-code', 0x0002])
  })
})

it('[HC-19] a status without a name stays the number that it is', () => {
  const registers = new HypercallRegisters(x64Convention)
  registers.result = 0x2_0000_ffffn
  expect([registers.status, registers.repsCompleted]).toEqual([0xffff, 2])
  expect(HypercallResultValue.decodeAt(registers.reader, x64Convention.result).result).toEqual({
    status: 0xffff,
    repsCompleted: 2,
  })
})

describe('a call of which nobody knows the layout', () => {
  const unknown = allCalls.find(({ kind, layout }) => kind === 'unknown' && layout === 'unknown')
  if (unknown === undefined) throw new Error('all layouts are known')

  it('shows what its block could be', () => {
    const registers = new HypercallRegisters(x86Convention)
    registers.control = BigInt(unknown.code) | 0x1_0000n
    registers.set('EBX', 5n)
    expect(decodeCall(registers, undefined, callCoded)).toMatchObject({ definition: unknown, input: undefined })
    expect(toHex(decodeCall(registers, undefined, callCoded).block)).toBe('00000000050000000000000000000000')
    registers.control = BigInt(unknown.code)
    registers.set('EBX', 0n)
    registers.set('ECX', 0x1ff8n)
    expect(decodeCall(registers, newMemory(), callCoded).block).toHaveLength(8)
    registers.set('ECX', 0x9000n)
    expect(decodeCall(registers, newMemory(), callCoded).refusal).toMatchObject({ rule: 'unreachable' })
  })
})

/** Values of a structure with nothing behind it. */
function valuesOf(schema: Structure<object> | undefined): fc.Arbitrary<object | undefined> {
  if (schema === undefined) return fc.constant(undefined)
  return arbitraryOf(schema).map((value) => {
    const { extra: _, ...plain } = value
    return plain
  })
}

const pair = (size: number) => Math.ceil(size / 16) * 16

/** Whether a convention can carry a call with blocks of these sizes. */
function carries({ fastSize, fastOutput }: Convention, isFast: boolean, input: number, output: number): boolean {
  if (!isFast) return input <= 4096 && output <= 4096
  if (output > 0 && fastOutput === 'none') return false
  return input <= fastSize && (output === 0 || pair(input) + pair(output) <= fastSize)
}

describe('every call with a layout, in every convention that can carry it', () => {
  const known = allCalls.filter(({ layout }) => layout !== 'unknown')
  it.each(onEach(known))('%s', (_name, definition, architectures) => {
    const { input, element, output, outputElement, kind } = definition
    const isRep = kind === 'rep' || kind === 'variable-rep'
    const request = fc.record({
      input: valuesOf(input),
      elements: fc.array(valuesOf(element), isRep ? { minLength: 1, maxLength: 5 } : { maxLength: 0 }),
    })
    const property = fc.property(request, ({ input: value, elements }) => {
      const header = input === undefined ? new Uint8Array(0) : input.encode(value ?? {})
      // Only partly known calls have more than the input value can tell.
      if (kind === 'simple' && header.byteLength > (input?.size ?? 0)) return
      const reps = isRep ? elements.length : 0
      const inputSize = Math.ceil(header.byteLength / 8) * 8 + reps * (element?.size ?? 0)
      const exact = element === undefined && header.byteLength === (input?.size ?? 0) ? header.byteLength : inputSize
      const outputSize = (output?.size ?? 0) + reps * (outputElement?.size ?? 0) + (output?.variable ? 8 : 0)
      const given =
        element === undefined ? { input: value, repCount: reps } : { input: value, elements: elements.map(Object) }
      for (const convention of conventions) {
        if (!architectures.includes(convention.architecture)) continue
        for (const isFast of [true, false]) {
          const memory = newMemory()
          const registers = new HypercallRegisters(convention)
          const place = () =>
            placeCall<HypercallDefinition>(
              registers,
              definition,
              given,
              isFast ? undefined : { memory, inputGpa, outputGpa },
            )
          if (!carries(convention, isFast, exact, outputSize)) {
            expect(place).toThrow(RangeError)
            expect(registers.bytes).toEqual(new HypercallRegisters(convention).bytes)
            continue
          }
          place()
          const decoded = decodeCall(registers, memory, callCoded)
          expect([decoded.definition?.name, decoded.refusal]).toEqual([definition.name, undefined])
          expect(decoded.control).toMatchObject({ isFast, repCount: reps, callCode: definition.code })
          if (input === undefined) expect(decoded.input).toBeUndefined()
          else {
            const padded = new Uint8Array(input.variable ? Math.ceil(header.byteLength / 8) * 8 : header.byteLength)
            padded.set(header)
            expect(toHex(decoded.block.subarray(0, padded.byteLength))).toBe(toHex(padded))
            const known = input.encode(decoded.input ?? {})
            expect(toHex(known)).toBe(toHex(padded.subarray(0, known.byteLength)))
            expect(known.byteLength).toBeGreaterThanOrEqual(header.byteLength)
          }
          // Only a set of VPs of a form that is none, or a count beyond what it counts.
          if (decoded.fault !== undefined) expect(decoded.fault.why).toMatch(/format that is none|more bytes announced/)
          else if (element !== undefined) expect(decoded.elements).toEqual(elements)
        }
      }
    })
    fc.assert(property, { ...seeded, numRuns: Math.max(5, Math.ceil(seeded.numRuns / 10)) })
  })
})
