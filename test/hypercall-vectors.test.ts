import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  CpuidNestedVirtualization,
  callCoded,
  EventFlags,
  FlushFlags,
  HvCallAssertVirtualInterrupt,
  HvCallCreatePortDeprecated,
  HvCallCreateVp,
  HvCallFlushVirtualAddressSpaceEx,
  HvCallPostMessage,
  HvCallRetargetDeviceInterrupt,
  HvCallSendSyntheticClusterIpi,
  HvCallSetVpRegisters,
  HvCallSignalEvent,
  HvCallStartVirtualProcessor,
  HypercallInputValue,
  HypercallResultValue,
  isOpenSource,
  isValidVpSet,
  LinuxTscPage,
  MessageType,
  msrsNumbered,
  OpenSourceGuestOsId,
  OpenSourceOs,
  PartitionPrivileges,
  readCpuid,
  SynicMessage,
  toCpuidResult,
  VpSet,
  vpSetOf,
  vpsIn,
  X64CpuidInterceptMessage,
} from '../src/hypercall/index.ts'
import { type StructSchema, toHex } from '../src/wire/index.ts'

interface Vector {
  readonly name: string
  readonly kind: string
  readonly hex: string
  readonly fields: Readonly<Record<string, unknown>>
}

const { vectors }: { vectors: readonly Vector[] } = JSON.parse(
  readFileSync(new URL('fixtures/hypercall-vectors.json', import.meta.url), 'utf8'),
)

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
}

function vectorNamed(name: string): Vector {
  const vector = vectors.find((candidate) => candidate.name === name)
  if (vector === undefined) throw new Error(`no vector ${name}`)
  return vector
}

/** The bytes of a vector, checked to come out again from what they decode to. */
function decoded<T>(schema: { decode(bytes: Uint8Array): T; encode(value: T): Uint8Array }, name: string): T {
  const { hex } = vectorNamed(name)
  const value = schema.decode(fromHex(hex))
  expect(toHex(schema.encode(value))).toBe(hex)
  return value
}

describe('input and result values', () => {
  for (const { name, fields, hex } of vectors.filter(({ kind }) => kind === 'input-value')) {
    it(name, () => {
      const control = {
        callCode: Number(fields.callCode),
        isFast: fields.fast === 1,
        variableHeaderSize: Number(fields.variableHeaderSize),
        isNested: fields.nested === 1,
        repCount: Number(fields.repCount),
        repStartIndex: Number(fields.repStartIndex),
      }
      expect(HypercallInputValue.decode(fromHex(hex))).toEqual({ control })
      expect(toHex(HypercallInputValue.encode({ control }))).toBe(hex)
    })
  }

  for (const { name, fields, hex } of vectors.filter(({ kind }) => kind === 'result-value')) {
    it(name, () => {
      const result = { status: Number(fields.status), repsCompleted: Number(fields.repsComplete) }
      expect(HypercallResultValue.decode(fromHex(hex))).toEqual({ result })
      expect(toHex(HypercallResultValue.encode({ result }))).toBe(hex)
    })
  }
})

describe('input blocks', () => {
  for (const { name, fields, hex } of vectors) {
    const call = fields.call === undefined ? undefined : callCoded(Number(fields.call))
    if (call === undefined || name === 'create-event-port-2008') continue
    it(`${name}: header and elements come out as they went in`, () => {
      if (call.input === undefined) throw new Error('no input')
      const bytes = fromHex(hex)
      const header = call.input.size + 8 * Number(fields.variableHeaderSize ?? 0)
      let out = toHex(call.input.encode(call.input.decode(bytes.subarray(0, header))))
      let at = header
      for (; call.element !== undefined && at < bytes.byteLength; at += call.element.size)
        out += toHex(call.element.encode(call.element.decode(bytes.subarray(at, at + call.element.size))))
      expect(hex.startsWith(out)).toBe(true)
      // Behind the block in registers stand registers that carry nothing.
      expect(hex.slice(out.length)).toMatch(/^0*$/)
    })
  }

  it('PostMessage', () => {
    const { payload, ...rest } = decoded(HvCallPostMessage.input, 'post-message-hello')
    expect(rest).toEqual({ connectionId: { id: 1 }, messageType: 1, payloadSize: 5 })
    expect(new TextDecoder().decode(payload.subarray(0, 5))).toBe('hello')
  })

  it('SignalEvent', () => {
    expect(HvCallSignalEvent.input.decode(fromHex(vectorNamed('signal-event-fast-max').hex).subarray(0, 8))).toEqual({
      connectionId: { id: 0xff_ffff },
      flagNumber: 2047,
    })
  })

  it('CreateVp', () => {
    expect(decoded(HvCallCreateVp.input, 'create-vp-2')).toMatchObject({
      partitionId: 3n,
      vpIndex: 2,
      subnodeType: 3,
      subnodeId: 0x12n,
      proximityDomainInfo: { id: 1, flags: { proximityPreferred: true, proximityInfoValid: true } },
    })
  })

  it('SetVpRegisters', () => {
    const bytes = fromHex(vectorNamed('set-vp-registers-1').hex)
    expect(HvCallSetVpRegisters.input.decode(bytes.subarray(0, 16))).toMatchObject({ partitionId: 3n, vpIndex: 0 })
    expect(HvCallSetVpRegisters.element.decode(bytes.subarray(16))).toEqual({
      registerName: 0x2_0010,
      registerValue: { low: 0xffff_fff0n, high: 0n },
    })
  })

  it('RetargetDeviceInterrupt with a processor set', () => {
    const { interruptEntry, interruptTarget } = decoded(HvCallRetargetDeviceInterrupt.input, 'retarget-processor-set')
    expect(interruptEntry.data).toMatchObject({ type: 'MsiEntry', data: { vector: 0x49 } })
    expect(interruptTarget).toMatchObject({
      vector: 0x41,
      flags: 2,
      target: { type: 'ProcessorSetTarget', format: 0n, validBanksMask: 3n, banks: [0x2n, 0x40n] },
    })
  })

  it('StartVirtualProcessor', () => {
    const { vpContext } = decoded(HvCallStartVirtualProcessor.input, 'start-vp-reset-context')
    expect(vpContext).toMatchObject({
      rip: 0xfff0n,
      rflags: 2n,
      cr0: 0x6000_0010n,
      msrCrPat: 0x7_0406_0007_0406n,
      cs: { base: 0xffff_0000n, limit: 0xffff, selector: 0xf000 },
    })
  })

  it('CreatePort of 2008', () => {
    expect(decoded(HvCallCreatePortDeprecated.input, 'create-event-port-2008')).toMatchObject({
      portPartition: 2n,
      portId: { id: 0x11 },
      connectionPartition: 3n,
      portInfo: { portType: 2, info: { type: 'EventPortInfo', targetSint: 5, baseFlagNumber: 64, flagCount: 16 } },
    })
  })

  it('AssertVirtualInterrupt', () => {
    expect(decoded(HvCallAssertVirtualInterrupt.input, 'assert-virtual-interrupt')).toMatchObject({
      targetPartition: 3n,
      interruptControl: { interruptType: 0, flags: { x86LevelTriggered: true } },
      destinationAddress: 2n,
      requestedVector: 0x30,
      targetVtl: 0,
    })
  })

  it('SendSyntheticClusterIpi', () => {
    expect(decoded(HvCallSendSyntheticClusterIpi.input, 'ipi-vector-0xef-mask-0x1e')).toMatchObject({
      vector: 0xef,
      processorMask: 0x1en,
    })
  })

  it('FlushVirtualAddressSpaceEx', () => {
    const bytes = fromHex(vectorNamed('xmm-flush-space-ex-48-bytes').hex)
    const { addressSpace, flags, processorSet } = HvCallFlushVirtualAddressSpaceEx.input.decode(bytes.subarray(0, 48))
    expect({ addressSpace, flags }).toEqual({ addressSpace: 0xdea_d000n, flags: 0n })
    expect(flags & FlushFlags.allProcessors).toBe(0n)
    expect(vpsIn(processorSet)).toEqual([0, 5, 130])
  })
})

describe('sets of VPs', () => {
  for (const { name, fields, hex } of vectors.filter(({ kind }) => kind === 'vp-set')) {
    it(name, () => {
      const set = decoded(VpSet, name)
      expect(vpsIn(set)).toEqual(fields.vps)
      expect(isValidVpSet(set, set.banks.length)).toBe(true)
      expect(hex).toBe(toHex(VpSet.encode(set)))
    })
  }

  it('has no more banks than its VPs need', () => {
    expect(vpSetOf([4095])).toEqual(decoded(VpSet, 'vpset-4095'))
    expect(vpSetOf([130, 0, 5])).toEqual({ format: 0n, validBanksMask: 0x5n, banks: [0x21n, 0x4n] })
  })
})

describe('messages, registers and leaves', () => {
  it('a CPUID intercept in its slot', () => {
    const { header, payload } = decoded(SynicMessage, 'slot-cpuid-intercept')
    expect(header).toMatchObject({ messageType: MessageType.X64CpuidIntercept, payloadSize: 104, sender: 5n })
    expect(X64CpuidInterceptMessage.decode(payload.subarray(0, header.payloadSize))).toMatchObject({
      header: {
        vpIndex: 3,
        instruction: { instructionLength: 2 },
        executionState: { cr0Pe: true, cr0Am: true, eferLma: true },
        rip: 0xffff_f800_1234_5678n,
      },
      rax: 0x4000_0000n,
      rcx: 0n,
      defaultResultRax: 0x4000_0006n,
      defaultResultRbx: 0x7263_694dn,
    })
  })

  it('the guest OS id of Linux 6.12', () => {
    const { contents } = decoded(OpenSourceGuestOsId, 'guest-os-id-linux-6.12.0')
    expect(contents).toMatchObject({ osType: OpenSourceOs.Linux, osId: 0, version: 0x06_0c00, isOpenSource: true })
    expect(isOpenSource(0x8100_060c_0000_0000n)).toBe(true)
  })

  const msrValues: readonly (readonly [vector: string, contents: object])[] = [
    ['simp-msr', { enable: true, gpaPageNumber: 0xabcd1n }],
    ['stimer-periodic-sint2', { enable: true, periodic: true, lazy: false, directMode: false, sintIndex: 2 }],
    ['reenlightenment-control', { vector: 0xee, enabled: true, targetVp: 2 }],
  ]
  it.each(msrValues)('%s', (name, contents) => {
    const schema: StructSchema | undefined = msrsNumbered(Number(vectorNamed(name).fields.msr))[0]?.contents
    if (schema === undefined) throw new Error('no contents')
    expect(decoded(schema, name)).toMatchObject({ contents })
  })

  it('the reference TSC page', () => {
    const { hex } = vectorNamed('tsc-invalid-sequence')
    expect(LinuxTscPage.decode(fromHex(hex).subarray(0, 24))).toEqual({
      tscSequence: 0,
      tscScale: 0x147_ae14_7ae1_47aen,
      tscOffset: 0n,
    })
  })

  it('features of a guest', () => {
    const { fields, hex } = vectorNamed('cpuid-features-guest')
    const leaf = (number: number) => {
      if (number === 0x4000_0000) return { eax: 0x4000_0005, ebx: 0, ecx: 0, edx: 0 }
      return number === 0x4000_0003 ? toCpuidResult(fromHex(hex)) : { eax: 0x3123_7648, ebx: 0, ecx: 0, edx: 0 }
    }
    const features = readCpuid(leaf)?.features
    if (features === undefined) throw new Error('no features')
    const granted = Object.entries(PartitionPrivileges).filter(([, mask]) => (features.privileges & mask) !== 0n)
    const expected = [fields.privilegesLow, fields.privilegesHigh].flat().map(String)
    expect(granted.map(([name]) => name.toLowerCase())).toEqual(expected.map((name) => name.toLowerCase()))
    expect(features.features).toBe(0xa8_bed0)
  })

  it('nested virtualization', () => {
    expect(decoded(CpuidNestedVirtualization, 'cpuid-nested')).toMatchObject({
      eax: {
        enlightenedVmcsVersionLow: 1,
        enlightenedVmcsVersionHigh: 1,
        flushGuestPhysicalHypercall: true,
        msrBitmap: true,
      },
      ebx: { perfGlobalCtrl: true },
    })
  })

  it('event flag 77', () => {
    const { flags } = decoded(EventFlags, 'event-flags-sint1-flag77')
    expect(flags[77 >> 3]).toBe(1 << (77 & 7))
  })
})
