import { describe, expect, it } from 'vitest'
import {
  Arm64HypercallInterceptMessage,
  Arm64MemoryInterceptMessage,
  Arm64ResetInterceptMessage,
  Arm64SynicSintDeliverableMessage,
} from '../src/hypercall/arm64-messages.ts'
import {
  HvCallCheckForIoIntercept,
  HvCallInstallIntercept,
  HvCallRegisterInterceptResult,
} from '../src/hypercall/calls/intercepts.ts'
import { HvCallNotifyLongSpinWait } from '../src/hypercall/calls/vp.ts'
import { arm64SmcccConvention, x64Convention, x86Convention } from '../src/hypercall/conventions/convention.ts'
import { placeCall } from '../src/hypercall/conventions/place-call.ts'
import { HypercallRegisters } from '../src/hypercall/conventions/registers.ts'
import { Arm64ResetType, InterceptType, MessageType } from '../src/hypercall/enums/messages.ts'
import { PartitionProperty } from '../src/hypercall/enums/partition.ts'
import { UnimplementedMsrAction } from '../src/hypercall/enums/vp.ts'
import { WellKnownVp } from '../src/hypercall/ids.ts'
import { Arm64CoreRegister } from '../src/hypercall/registers/arm64-core.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import { X64Register } from '../src/hypercall/registers/x64.ts'
import {
  X64CpuidInterceptMessage,
  X64ExceptionInterceptMessage,
  X64HypercallInterceptMessage,
  X64UnrecoverableExceptionMessage,
} from '../src/hypercall/x64-messages.ts'
import {
  checkForIoIntercept,
  HypercallCaller,
  installIntercept,
  modelDispatcher,
  type Partition,
  postMessageDirect,
  register64,
  registerCpuidResult,
  registerMsrResult,
  setPartitionProperty,
  setVpRegister,
  sintDeliverable,
  type VirtualProcessor,
  vpCpuid,
  vpException,
  vpHypercall,
  vpIn,
  vpOut,
  vpRead,
  vpReadMsr,
  vpReset,
  vpUnrecoverable,
  vpWriteMsr,
} from '../src/hypervisor/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { child, enableSynic, machine, msr, ok, takeMessage, vpOf, write } from './hypervisor-rig.ts'

const execute = 4

/** A child and its parent's VP with a SINT0 that gets its messages. */
function rig() {
  const made = machine()
  const partition = child(made.root)
  enableSynic(made.rootVp, { simp: 100, siefp: 101, sints: { 0: 0x50n } })
  const vp = vpOf(partition, 0)
  const message = () => {
    const { type, payload, sender } = takeMessage(made.rootVp, 0, 100)
    vp.isIntercepted = false
    return { type, sender, payload: Uint8Array.from(payload) }
  }
  return { ...made, partition, vp, message }
}

function install(parent: Partition, partition: Partition, type: number, mask: number, parameter = 0) {
  return installIntercept(parent, partition.id, type, mask, parameter)
}

/** Registers of a VP, as its parent sets them. */
function set(caller: VirtualProcessor, vp: VirtualProcessor, name: number, low: bigint, high = 0n) {
  const target = { caller, partition: vp.partition.id, vp: vp.index }
  expect(setVpRegister(target, name, { low, high })).toBe(ok)
}

describe('intercepts of x64', () => {
  it('an exception: vector, error code, address, and the registers', () => {
    const { root, rootVp, partition, vp, message } = rig()
    expect(vpException(vp, 14, 2, 0x1234n).outcome).toBe('done')
    expect(install(root, partition, InterceptType.Exception, execute, 14)).toBe(ok)
    expect(install(root, partition, InterceptType.Exception, execute, 32)).toBe(0x05)
    set(rootVp, vp, X64Register.HvX64RegisterRip, 0x10_0000n)
    set(rootVp, vp, X64Register.HvX64RegisterRsi, 0x77n)
    // SS of ring 3: attributes in the top 16 bits.
    set(rootVp, vp, X64Register.HvX64RegisterSs, 0n, 0x00f3_002b_ffff_ffffn)
    expect(vpException(vp, 13, 0).outcome).toBe('done')
    expect(vpException(vp, 14, 2, 0x1234n).outcome).toBe('intercepted')
    expect(vpRead(vp, 0, 1).outcome).toBe('stopped')
    const { type, sender, payload } = message()
    expect([type, sender]).toEqual([MessageType.ExceptionIntercept, partition.id])
    expect(X64ExceptionInterceptMessage.decode(payload)).toMatchObject({
      header: { vpIndex: 0, rip: 0x10_0000n, executionState: { cpl: 3, vtl: 0 } },
      exceptionVector: 14,
      exceptionInfo: { errorCodeValid: true, softwareException: false },
      errorCode: 2,
      exceptionParameter: 0x1234n,
      rsi: 0x77n,
      ssSegment: { selector: 0x2b, limit: 0xffff_ffff },
    })
    expect(vpException(vp, 14).outcome).toBe('intercepted')
    expect(X64ExceptionInterceptMessage.decode(message().payload)).toMatchObject({
      exceptionInfo: { errorCodeValid: false },
      errorCode: 0,
    })
    expect(install(root, partition, InterceptType.Exception, 0, 14)).toBe(ok)
    expect(vpException(vp, 14).outcome).toBe('done')
  })

  it('a triple fault, which nobody has to ask for', () => {
    const { vp, message } = rig()
    expect(vpUnrecoverable(vp).outcome).toBe('intercepted')
    const { type, payload } = message()
    expect(type).toBe(MessageType.UnrecoverableException)
    expect(X64UnrecoverableExceptionMessage.decode(payload).header.vpIndex).toBe(0)
  })

  it('CPUID: one leaf, or all; the message has what the VP would have had', () => {
    const { root, partition, vp, message } = rig()
    const hardware = { eax: 1, ebx: 2, ecx: 3, edx: 0xffff_ffff }
    expect(vpCpuid(vp, 1, 0, hardware)).toEqual({ outcome: 'done', value: hardware })
    expect(install(root, partition, InterceptType.X64GlobalCpuid, execute)).toBe(ok)
    expect(vpCpuid(vp, 7, 1, hardware).outcome).toBe('intercepted')
    const { type, payload } = message()
    expect(type).toBe(MessageType.X64CpuidIntercept)
    expect(X64CpuidInterceptMessage.decode(payload)).toMatchObject({
      rax: 7n,
      rcx: 1n,
      defaultResultRax: 1n,
      defaultResultRbx: 2n,
      defaultResultRcx: 3n,
      defaultResultRdx: 0xffff_ffffn,
    })
  })

  it('CPUID results that were laid down are put over it, and spare the intercept', () => {
    const { root, partition, vp } = rig()
    install(root, partition, InterceptType.X64Cpuid, execute, 1)
    const zero = { eax: 0, ebx: 0, ecx: 0, edx: 0 }
    const override = { result: { ...zero, ecx: 0x8000_0000 }, mask: { ...zero, ecx: 0xf000_0000, edx: 1 } }
    expect(registerCpuidResult(root, partition.id, 0, 1, undefined, override)).toBe(ok)
    expect(registerCpuidResult(root, partition.id, 5, 1, undefined, override)).toBe(0x0e)
    expect(registerCpuidResult(partition, partition.id, 0, 1, undefined, override)).toBe(0x06)
    const hardware = { eax: 1, ebx: 2, ecx: 0x7000_0003, edx: 3 }
    const value = { eax: 1, ebx: 2, ecx: 0x8000_0003, edx: 2 }
    expect(vpCpuid(vp, 1, 5, hardware)).toEqual({ outcome: 'done', value })
    const mask = { ...zero, eax: 0xffff_ffff }
    expect(registerCpuidResult(root, partition.id, WellKnownVp.Any, 1, 5, { result: { ...zero, eax: 9 }, mask })).toBe(
      ok,
    )
    expect(vpCpuid(vp, 1, 5, hardware)).toEqual({ outcome: 'done', value: { ...hardware, eax: 9 } })
  })

  it('an MSR that is not there does as was laid down: #GP, or nothing', () => {
    const { root, partition, vp } = rig()
    const missing = 0x1234
    expect(vpReadMsr(vp, missing).outcome).toBe('fault')
    const action = UnimplementedMsrAction.IgnoreWriteReadZero
    expect(registerMsrResult(root, partition.id, 0, missing, 1, action)).toBe(ok)
    expect(registerMsrResult(root, partition.id, 0, missing, 4, action)).toBe(0x05)
    expect(registerMsrResult(root, partition.id, 0, missing, 1, 7)).toBe(0x05)
    expect(vpReadMsr(vp, missing)).toEqual({ outcome: 'done', value: 0n })
    expect(vpWriteMsr(vp, missing, 1n).outcome).toBe('fault')
    // The property speaks for all that nothing was laid down for.
    const property = PartitionProperty.UnimplementedMsrAction
    expect(setPartitionProperty(root, partition.id, property, BigInt(action))).toBe(ok)
    expect(vpWriteMsr(vp, missing, 1n).outcome).toBe('done')
    expect(registerMsrResult(root, partition.id, 0, missing, 2, UnimplementedMsrAction.Fault)).toBe(ok)
    expect(vpWriteMsr(vp, missing, 1n).outcome).toBe('fault')
    // One that is there, and read-only, still faults.
    expect(vpWriteMsr(vp, 0x4000_0020, 1n).outcome).toBe('fault')
  })

  it('a range of ports; an access that reaches into it counts', () => {
    const { root, partition, vp, message } = rig()
    expect(install(root, partition, InterceptType.X64IoPortRange, 1, 0x64_0060)).toBe(ok)
    expect(install(root, partition, InterceptType.X64IoPortRange, 1, 0x60_0064)).toBe(0x05)
    expect(vpIn(vp, 0x5d, 4).outcome).toBe('intercepted')
    expect(message().type).toBe(MessageType.X64IoPortIntercept)
    expect(vpIn(vp, 0x5e, 1)).toEqual({ outcome: 'done', value: 0xff })
    expect(vpOut(vp, 0x60, 1, 0).outcome).toBe('done')
    const ask = (port: number, size: number, isWrite: boolean) =>
      checkForIoIntercept(root, partition.id, 0, { port, size, isWrite })
    expect([ask(0x5d, 4, false).value, ask(0x64, 1, true).value, ask(0x65, 1, false).value]).toEqual([
      true,
      false,
      false,
    ])
    expect([ask(0x64, 3, true).status, ask(0xffff, 2, true).status]).toEqual([0x05, 0x05])
  })

  it('hypercalls: the parent has the registers, and the call is not made', () => {
    const { root, partition, vp, message } = rig()
    write(vp, msr.guestOsId, 1n)
    expect(install(root, partition, InterceptType.Hypercall, execute)).toBe(ok)
    const registers = new HypercallRegisters(x64Convention)
    placeCall(registers, HvCallNotifyLongSpinWait, { input: { initialLongSpinWait: 0x1234n } })
    registers.set('XMM1', (7n << 64n) | 6n)
    expect(vpHypercall(modelDispatcher(), vp, registers)).toEqual({ kind: 'handed over' })
    const { type, payload } = message()
    expect(type).toBe(MessageType.HypercallIntercept)
    const told = X64HypercallInterceptMessage.decode(payload)
    expect(told).toMatchObject({ rcx: 0x1_0008n, rdx: 0x1234n, r8: 0n, rbx: 0n })
    expect(told.xmmregisters[1]).toEqual({ low: 6n, high: 7n })
    // A 32-bit caller.
    const small = new HypercallRegisters(x86Convention)
    placeCall(small, HvCallNotifyLongSpinWait, { input: { initialLongSpinWait: 0x1_0000_0002n } })
    expect(vpHypercall(modelDispatcher(), vp, small)).toEqual({ kind: 'handed over' })
    expect(X64HypercallInterceptMessage.decode(message().payload)).toMatchObject({ rax: 0x1_0008n, rbx: 1n, rcx: 2n })
  })

  it('a flood of intercepts is bounded', () => {
    const { root, partition } = rig()
    let status = 0
    for (let leaf = 0; leaf < 100_000 && status === 0; leaf++) {
      status = install(root, partition, InterceptType.X64Cpuid, execute, leaf)
    }
    expect(status).toBe(0x0b)
    expect(install(root, partition, InterceptType.X64Cpuid, 0, 0)).toBe(ok)
    expect(install(root, partition, InterceptType.X64Cpuid, execute, 0)).toBe(ok)
    const zero = { eax: 0, ebx: 0, ecx: 0, edx: 0 }
    status = 0
    for (let leaf = 0; leaf < 100_000 && status === 0; leaf++) {
      status = registerCpuidResult(root, partition.id, 0, leaf, undefined, { result: zero, mask: zero })
    }
    expect(status).toBe(0x0b)
  })

  it('the calls: install, lay results down, check', () => {
    const { rootVp, partition, vp } = rig()
    write(rootVp, msr.guestOsId, 1n)
    const caller = new HypercallCaller(modelDispatcher(), rootVp, { inputGpa: 0, outputGpa: PAGE_SIZE })
    const intercept = { partitionId: partition.id, accessType: 3 }
    const installs = [
      {
        ...intercept,
        interceptType: InterceptType.X64IoPortRange,
        interceptParameter: { type: 'IoPortRangeParameters' as const, base: 0x3f8, end: 0xffff },
      },
      {
        ...intercept,
        accessType: execute,
        interceptType: InterceptType.Exception,
        interceptParameter: { type: 'ExceptionParameters' as const, exceptionVector: 1 },
      },
    ]
    for (const input of installs) expect(caller.call(HvCallInstallIntercept, { input }).status).toBe(ok)
    expect(vpException(vp, 1).outcome).toBe('intercepted')
    vp.isIntercepted = false

    const port = { partitionId: partition.id, vpIndex: 0, targetVtl: { targetVtl: 0, useTargetVtl: false } }
    const check = { ...port, port: 0xffff, size: 1, isWrite: 1 }
    expect(caller.call(HvCallCheckForIoIntercept, { input: check }).output).toEqual({ intercept: 1 })

    const zeros = { ebx: 0, ebxMask: 0, ecx: 0, ecxMask: 0, edx: 0, edxMask: 0 }
    const cpuid = { leaf: 0x80, subleaf: 0, subleafSpecific: 0, alwaysOverride: 0, eax: 5, eaxMask: 0xff, ...zeros }
    const result = { partitionId: partition.id, vpIndex: 0, interceptType: InterceptType.X64Cpuid }
    const input = { ...result, parameters: { type: 'CpuidResultParameters' as const, ...cpuid } }
    expect(caller.call(HvCallRegisterInterceptResult, { input }).status).toBe(ok)
    expect(vpCpuid(vp, 0x80)).toMatchObject({ value: { eax: 5 } })
    const parameters = { type: 'MsrResultParameters' as const, msrIndex: 0x99, accessType: 3, action: 1 }
    const msrResult = { ...result, interceptType: InterceptType.X64MsrIndex, parameters }
    expect(caller.call(HvCallRegisterInterceptResult, { input: msrResult }).status).toBe(ok)
    expect(vpReadMsr(vp, 0x99)).toEqual({ outcome: 'done', value: 0n })
    const odd = { ...msrResult, interceptType: InterceptType.Exception }
    expect(caller.call(HvCallRegisterInterceptResult, { input: odd }).status).toBe(0x05)
  })
})

describe('intercepts of ARM64', () => {
  function arm() {
    const made = machine({ architecture: 'arm64' })
    const partition = child(made.root)
    const vp = vpOf(partition, 0)
    const registers: [number, bigint][] = [
      [CommonRegister.HvRegisterGuestOsId, 1n],
      [CommonRegister.HvRegisterSipp, (100n << 12n) | 1n],
      [CommonRegister.HvRegisterSint0, 0x50n],
      [CommonRegister.HvRegisterScontrol, 1n],
    ]
    for (const [name, value] of registers) {
      const target = { caller: made.rootVp, partition: made.root.id, vp: 0 }
      expect(setVpRegister(target, name, register64(value))).toBe(ok)
    }
    set(made.rootVp, vp, CommonRegister.HvRegisterGuestOsId, 1n)
    set(made.rootVp, vp, Arm64CoreRegister.HvArm64RegisterPc, 0x8_0000n)
    set(made.rootVp, vp, Arm64CoreRegister.HvArm64RegisterPstate, 0x5n)
    const message = () => {
      const at = 100 * PAGE_SIZE
      const slot = new Uint8Array(256)
      made.root.memory(2 ** 40).read(at, slot, 0, 256)
      made.root.memory(2 ** 40).store32(at, 0)
      vp.isIntercepted = false
      return { type: new DataView(slot.buffer).getUint32(0, true), payload: slot.slice(16, 16 + (slot[4] ?? 0)) }
    }
    return { ...made, partition, vp, message }
  }

  it('memory: PC, PSTATE, address', () => {
    const { vp, message } = arm()
    expect(vpRead(vp, 99 * PAGE_SIZE, 4).outcome).toBe('intercepted')
    const { type, payload } = message()
    expect([type, payload.length]).toEqual([MessageType.UnmappedGpa, 64])
    expect(Arm64MemoryInterceptMessage.decode(payload)).toMatchObject({
      header: {
        vpIndex: 0,
        instructionLength: 4,
        interceptAccessType: 0,
        executionState: { cpl: 1, vtl: 0 },
        pc: 0x8_0000n,
        cpsr: 5n,
      },
      guestPhysicalAddress: BigInt(99 * PAGE_SIZE),
    })
  })

  it('hypercalls, by the immediate of HVC', () => {
    const { root, partition, vp, message } = arm()
    expect(install(root, partition, InterceptType.Hypercall, execute)).toBe(ok)
    expect(install(root, partition, InterceptType.X64Cpuid, execute)).toBe(0x05)
    const registers = new HypercallRegisters(arm64SmcccConvention)
    placeCall(registers, HvCallNotifyLongSpinWait, { input: { initialLongSpinWait: 3n } })
    expect(vpHypercall(modelDispatcher(), vp, registers).kind).toBe('handed over')
    const told = Arm64HypercallInterceptMessage.decode(message().payload)
    expect([told.immediate, told.x.slice(0, 4)]).toEqual([0, [0x4600_0001n, 0x1_0008n, 3n, 0n]])
  })

  it('reset and power off, and what it cannot handle', () => {
    const { vp, message } = arm()
    expect(vpReset(vp, Arm64ResetType.Reboot, 7).outcome).toBe('intercepted')
    const { type, payload } = message()
    expect(type).toBe(MessageType.Arm64ResetIntercept)
    expect(Arm64ResetInterceptMessage.decode(payload)).toMatchObject({ resetType: 1, resetCode: 7 })
    expect(vpUnrecoverable(vp).outcome).toBe('intercepted')
    expect(message()).toMatchObject({ type: MessageType.UnrecoverableException })
  })

  it('a slot that is free again, in the form of its architecture', () => {
    const { root, rootVp, partition, vp, message } = arm()
    const own = { caller: rootVp, partition: partition.id, vp: 0 }
    const registers: [number, bigint][] = [
      [CommonRegister.HvRegisterSipp, (8n << 12n) | 1n],
      [CommonRegister.HvRegisterScontrol, 1n],
    ]
    for (const [name, value] of registers) expect(setVpRegister(own, name, register64(value))).toBe(ok)
    const direct = { partition: partition.id, vp: 0, sint: 3, messageType: 1, payload: Uint8Array.of(1) }
    expect(postMessageDirect(root, direct)).toBe(ok)
    expect(setVpRegister(own, CommonRegister.HvRegisterDeliverabilityNotifications, register64(1n << 51n))).toBe(ok)
    partition.memory(2 ** 40).store32(8 * PAGE_SIZE + 3 * 256, 0)
    expect(setVpRegister(own, CommonRegister.HvRegisterEom, register64(0n))).toBe(ok)
    const { type, payload } = message()
    expect([type, payload.length]).toEqual([MessageType.SynicSintDeliverable, 32])
    expect(Arm64SynicSintDeliverableMessage.decode(payload).deliverableSints).toBe(8)
    expect(sintDeliverable({ messageType: type, sender: partition.id, payload })).toEqual({ vp: 0, sints: [3] })
    expect(vp.isRunning).toBe(true)
  })
})
