import { expect } from 'vitest'
import { PartitionProperty } from '../src/hypercall/enums/partition.ts'
import { MapGpaFlags } from '../src/hypercall/flags.ts'
import { type PartitionPrivilege, privilegeMask } from '../src/hypercall/privileges.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import type { RegisterArchitecture } from '../src/hypercall/registers/index.ts'
import { SynicMessage } from '../src/hypercall/synic.ts'
import {
  createPartition,
  createVp,
  depositMemory,
  Hypervisor,
  initializePartition,
  mapGpaPage,
  type PageMode,
  type Partition,
  register64,
  setPartitionProperty,
  setVpRegister,
  type VirtualProcessor,
  vpWriteMsr,
} from '../src/hypervisor/index.ts'
import { BufferMemory, PAGE_SIZE } from '../src/memory/index.ts'

export const ok = 0
export const rwx =
  MapGpaFlags.readable | MapGpaFlags.writable | MapGpaFlags.kernelExecutable | MapGpaFlags.userExecutable

/** SynIC MSRs. */
export const msr = {
  guestOsId: 0x4000_0000,
  scontrol: 0x4000_0080,
  sversion: 0x4000_0081,
  siefp: 0x4000_0082,
  simp: 0x4000_0083,
  eom: 0x4000_0084,
  sint: 0x4000_0090,
  stimer: 0x4000_00b0,
} as const

/** A machine of 256 pages whose clock the test sets. */
export function machine(
  options: {
    pageMode?: PageMode
    pages?: number
    rootPool?: number
    rootVps?: number
    architecture?: RegisterArchitecture
    tscFrequency?: bigint
  } = {},
) {
  const { pages = 256, ...rest } = options
  const memory = new BufferMemory(new ArrayBuffer(pages * PAGE_SIZE))
  const clock = { time: 0n }
  const hypervisor = new Hypervisor({ memory, now: () => clock.time, ...rest })
  const { root } = hypervisor
  const rootVp = vpOf(root, 0)
  return { memory, clock, hypervisor, root, rootVp }
}

export function vpOf(partition: Partition, index: number): VirtualProcessor {
  const vp = partition.vps.get(index)
  if (vp === undefined) throw new Error(`no VP ${index}`)
  return vp
}

/**
 * A child with `vps` running VPs: the parent's pages from 16 on are its pages from 0 on, 16 of them, and the 8 pages before are its pool.
 */
export function child(
  parent: Partition,
  options: { vps?: number; privileges?: PartitionPrivilege[]; firstPage?: number } = {},
): Partition {
  const { vps = 1, privileges = ['postMessages', 'signalEvents', 'accessVpRegisters'], firstPage = 16 } = options
  const created = createPartition(parent)
  const partition = parent.machine.partitions.get(created.value ?? 0n)
  if (partition === undefined) throw new Error(`create: 0x${created.status.toString(16)}`)
  const { id } = partition
  for (let page = firstPage - 8; page < firstPage; page++) expect(depositMemory(parent, id, page)).toBe(ok)
  const mask = partition.privileges | privilegeMask(privileges)
  expect(setPartitionProperty(parent, id, PartitionProperty.PrivilegeFlags, mask)).toBe(ok)
  expect(initializePartition(parent, id)).toBe(ok)
  for (let page = 0; page < 16; page++) {
    expect(mapGpaPage(parent, { partition: id, guestPage: page, sourcePage: firstPage + page, flags: rwx })).toBe(ok)
  }
  const caller = vpOf(parent, 0)
  for (let vp = 0; vp < vps; vp++) {
    expect(createVp(parent, id, vp)).toBe(ok)
    const target = { caller, partition: id, vp }
    expect(setVpRegister(target, CommonRegister.HvRegisterExplicitSuspend, register64(0n))).toBe(ok)
  }
  return partition
}

/** Turns a VP's SynIC on: message page and event page as given, SINTs with vectors. */
export function enableSynic(
  vp: VirtualProcessor,
  { simp = 8, siefp = 9, sints = { 2: 0x52n } }: { simp?: number; siefp?: number; sints?: Record<number, bigint> } = {},
): void {
  write(vp, msr.simp, (BigInt(simp) << 12n) | 1n)
  write(vp, msr.siefp, (BigInt(siefp) << 12n) | 1n)
  for (const [sint, value] of Object.entries(sints)) write(vp, msr.sint + Number(sint), value)
  write(vp, msr.scontrol, 1n)
}

/** WRMSR that must work. */
export function write(vp: VirtualProcessor, number: number, value: bigint): void {
  expect(vpWriteMsr(vp, number, value)).toEqual({ outcome: 'done', value: undefined })
}

/** A message slot as the guest sees it. */
export function slotOf(vp: VirtualProcessor, sint: number, simp = 8) {
  const bytes = new Uint8Array(256)
  vp.partition.memory(2 ** 40, vp.vtl).read(simp * PAGE_SIZE + sint * 256, bytes, 0, 256)
  const { header, payload } = SynicMessage.decode(bytes)
  return {
    type: header.messageType,
    pending: header.messageFlags.messagePending,
    sender: header.sender,
    payload: [...payload.subarray(0, header.payloadSize)],
  }
}

/** The guest's part: takes the message out of a slot, and writes EOM if more waits. */
export function takeMessage(vp: VirtualProcessor, sint: number, simp = 8) {
  const message = slotOf(vp, sint, simp)
  vp.partition.memory(2 ** 40, vp.vtl).store32(simp * PAGE_SIZE + sint * 256, 0)
  if (message.pending) write(vp, msr.eom, 0n)
  return message
}

/** Event flags of a SINT that are set. */
export function flagsOf(vp: VirtualProcessor, sint: number, siefp = 9): number[] {
  const bytes = new Uint8Array(256)
  vp.partition.memory(2 ** 40, vp.vtl).read(siefp * PAGE_SIZE + sint * 256, bytes, 0, 256)
  const set: number[] = []
  for (let flag = 0; flag < 2048; flag++) if (((bytes[flag >> 3] ?? 0) >> (flag & 7)) & 1) set.push(flag)
  return set
}
