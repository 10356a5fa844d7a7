import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PartitionProperty } from '../src/hypercall/enums/partition.ts'
import { StatsObjectType } from '../src/hypercall/enums/statistics.ts'
import { CommonRegister } from '../src/hypercall/registers/common.ts'
import {
  attachDevice,
  attachDeviceDomain,
  connectPort,
  createCpuGroup,
  createDeviceDomain,
  createPartition,
  createPort,
  createVp,
  type DeviceInterruptId,
  deleteCpuGroup,
  deletePartition,
  deletePort,
  deleteVp,
  depositMemory,
  detachDevice,
  deviceInterrupt,
  disablePartitionVtl,
  disableVpVtl,
  dmaWrite,
  enablePartitionVtl,
  enableVpVtl,
  finalizePartition,
  getMemoryBalance,
  Hypervisor,
  initializePartition,
  installIntercept,
  mapDeviceInterrupt,
  mapDevicePage,
  mapGpaPage,
  mapStatsPage,
  modifyVtlProtectionMask,
  type Partition,
  postMessage,
  register64,
  setPartitionProperty,
  setVpRegister,
  signalEvent,
  unmapDeviceInterrupt,
  unmapGpaPage,
  unmapStatsPage,
  type VirtualProcessor,
  vpRead,
  vpWrite,
  vtlCall,
  vtlReturn,
  withdrawMemory,
} from '../src/hypervisor/index.ts'
import { BufferMemory, PAGE_SIZE } from '../src/memory/index.ts'
import { rwx } from './hypervisor-rig.ts'
import { seeded } from './seed.ts'

const machinePages = 64

/** A step of the walk: what, by whom, on whom, with which small numbers. All of it may make no sense. */
const step = fc.tuple(
  fc.constantFrom(
    'create',
    'deposit',
    'deposit',
    'withdraw',
    'initialize',
    'initialize',
    'vp',
    'delete vp',
    'map',
    'map',
    'unmap',
    'port',
    'port',
    'connect',
    'connect',
    'delete port',
    'post',
    'domain',
    'attach device',
    'interrupt',
    'unmap interrupt',
    'detach device',
    'msi',
    'device page',
    'vtl',
    'vp vtl',
    'protect',
    'switch',
    'disable vtl',
    'group',
    'stats',
    'intercept',
    'suspend',
    'access',
    'finalize',
    'delete',
    'privileges',
  ),
  fc.oneof({ arbitrary: fc.constant(0), weight: 3 }, { arbitrary: fc.nat(7), weight: 1 }),
  fc.nat(3),
  fc.nat(machinePages - 1),
  fc.nat(machinePages - 1),
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Walk {
  readonly hypervisor = new Hypervisor({
    memory: new BufferMemory(new ArrayBuffer(machinePages * PAGE_SIZE)),
    rootPool: 8,
  })
  readonly root = this.hypervisor.root
  /** All that ever were, the root first. */
  readonly partitions: Partition[] = [this.root]
  readonly statuses = new Set<string>()
  /** Whatever devices could ever send. */
  readonly interrupts: { device: bigint; id: DeviceInterruptId }[] = []

  /** Begins with two children that run, so that a walk need not first find its way there. */
  constructor() {
    for (const first of [0, 10]) {
      this.run(['create', 0, 0, 0, 0])
      const on = this.partitions.length - 1
      for (let page = first; page < first + 6; page++) this.run(['deposit', 0, on, page, 0])
      this.run(['privileges', 0, on, 0, 0])
      this.run(['initialize', 0, on, 0, 0])
      this.run(['vp', 0, on, 0, 0])
      this.run(['map', 0, on, 3, first + 7])
      this.run(['port', 0, on, 0, 0])
      this.run(['connect', 0, 0, on, on])
      this.run(['vtl', on, on, 0, 0])
      this.run(['vp vtl', on, on, 0, 0])
    }
  }

  /** A partition of the walk; what is deleted too. */
  pick(n: number): Partition {
    return this.partitions[n % this.partitions.length] ?? this.root
  }

  run(one: Step): void {
    const status = this.#status(one)
    if (status !== undefined) this.statuses.add(`${one[0]} ${status}`)
  }

  #status([what, by, on, a, b]: Step): number | undefined {
    const caller = this.pick(by)
    const target = this.pick(on)
    const { id } = target
    switch (what) {
      case 'create': {
        const { value, status } = createPartition(caller)
        const made = value === undefined ? undefined : this.hypervisor.partition(value)
        if (made !== undefined) this.partitions.push(made)
        return status
      }
      case 'deposit':
        return depositMemory(caller, id, a)
      case 'withdraw':
        return withdrawMemory(caller, id).status
      case 'initialize':
        return initializePartition(caller, id)
      case 'vp':
        return createVp(caller, id, a % 3)
      case 'delete vp':
        return target === this.root ? 0 : deleteVp(caller, id, a % 3)
      case 'map':
        return mapGpaPage(caller, { partition: id, guestPage: a, sourcePage: b, flags: rwx })
      case 'unmap':
        return unmapGpaPage(caller, id, a)
      case 'port': {
        const port = { portPartition: id, portId: a % 2, connectionPartition: this.pick(b % 4).id }
        return createPort(caller, { ...port, target: { kind: 'message', sint: 2, vp: 0 } })
      }
      case 'connect': {
        const ids = {
          connectionPartition: id,
          connectionId: a % 2,
          portPartition: this.pick(b % 4).id,
          portId: (b >> 2) % 2,
        }
        return connectPort(caller, { ...ids, target: { kind: 'message' } })
      }
      case 'delete port':
        return deletePort(caller, id, a % 2)
      case 'post': {
        const payload = new Uint8Array(8)
        signalEvent(caller, a % 4, 0)
        return postMessage(caller, { connectionId: a % 4, messageType: 1, payloadSize: 8, payload })
      }
      case 'domain':
        return createDeviceDomain(caller, { partition: id, domain: { type: 0, id: a % 3 } })
      case 'attach device':
        return attachDevice(caller, { partition: id, device: BigInt(a % 4), logicalId: BigInt(8 + (b % 3)) })
      case 'detach device':
        return detachDevice(caller, id, BigInt(8 + (b % 3)))
      case 'interrupt': {
        const target = { vector: 0x40 + (b % 8), isMulticast: b % 2 === 0, vps: b % 3 === 0 ? undefined : [b % 3] }
        const call = { partition: id, device: BigInt(a % 12), type: 0, vectorCount: 1 + (b % 3), target }
        const { status, value } = mapDeviceInterrupt(caller, call)
        if (value !== undefined) this.interrupts.push({ device: call.device, id: value })
        return status
      }
      case 'unmap interrupt': {
        const one = this.interrupts[a % (this.interrupts.length + 1)]
        return one === undefined ? undefined : unmapDeviceInterrupt(caller, id, one.device, one.id)
      }
      case 'msi': {
        const one = this.interrupts[a % (this.interrupts.length + 1)]
        if (one !== undefined) this.deliver(BigInt(b % 4), one.id)
        return undefined
      }
      case 'device page': {
        const domain = { partition: id, domain: { type: 0, id: a % 3 } }
        attachDeviceDomain(caller, domain, BigInt(b % 12))
        dmaWrite(this.root, BigInt(b % 4), a * PAGE_SIZE, Uint8Array.of(1))
        return mapDevicePage(caller, domain, { devicePage: b, guestPage: a, flags: 3 })
      }
      case 'vtl':
        return this.#asVp(caller, a, (vp) => enablePartitionVtl(vp, id, 1 + (b % 2)))
      case 'vp vtl':
        return this.#asVp(caller, a, (vp) => enableVpVtl(vp, id, b % 3, 1 + (a % 2)))
      case 'disable vtl':
        return this.#asVp(caller, a, (vp) => {
          disableVpVtl(vp, id, b % 3, 1 + (a % 2), b % 5 === 0)
          return disablePartitionVtl(vp, id, 1 + (a % 2))
        })
      case 'protect':
        return this.#asVp(caller, a, (vp) => {
          const config = { caller: vp, partition: id, vp: b % 3, vtl: 1 }
          setVpRegister(config, CommonRegister.HvRegisterVsmPartitionConfig, register64(0x1fn))
          return modifyVtlProtectionMask(vp, { partition: id, vtl: 1, guestPage: b, flags: a % 2 })
        })
      case 'switch':
        return this.#asVp(caller, a, (vp) => (vtlCall(vp) || vtlReturn(vp, 1n) ? 0 : 1))
      case 'group': {
        const { value = 0n } = createCpuGroup(caller)
        setPartitionProperty(caller, id, PartitionProperty.CpuGroupId, value)
        return deleteCpuGroup(caller, BigInt(a % 4))
      }
      case 'stats': {
        const object = { type: StatsObjectType.Partition, partition: id }
        return b % 2 === 0 ? mapStatsPage(caller, object).status : unmapStatsPage(caller, object)
      }
      case 'intercept':
        return installIntercept(caller, id, 2, a % 2 === 0 ? 4 : 0, b)
      case 'suspend':
        return setPartitionProperty(caller, id, PartitionProperty.Suspend, BigInt(b % 2))
      case 'access': {
        const vp = target.vps.get(a % 3)
        if (vp === undefined) return undefined
        vp.isIntercepted = false
        vpWrite(vp, b * PAGE_SIZE, Uint8Array.of(1))
        vpRead(vp, a * PAGE_SIZE, 8)
        return undefined
      }
      case 'finalize':
        return finalizePartition(caller, id)
      case 'delete':
        return deletePartition(caller, id)
      case 'privileges': {
        const mask = caller.privileges & ((1n << 50n) - 1n)
        return setPartitionProperty(caller, id, PartitionProperty.PrivilegeFlags, mask)
      }
    }
  }

  #asVp(partition: Partition, index: number, act: (vp: VirtualProcessor) => number): number | undefined {
    const vp = partition.vps.get(index % 3)
    return vp === undefined ? undefined : act(vp)
  }

  /** A device raises an interrupt: only VPs of the partition that has it mapped may get one, and only while it is active. */
  deliver(device: bigint, id: DeviceInterruptId): void {
    const result = deviceInterrupt(this.root, device, id)
    if (result.outcome === 'stopped') return
    const owner = result.vps[0]?.partition
    expect(owner?.state).toBe('active')
    for (const vp of result.vps) {
      expect(vp.partition).toBe(owner)
      expect(owner?.vps.get(vp.index)).toBe(vp)
    }
  }

  /** What holds at any time. */
  check(): void {
    const { machine } = this.hypervisor
    const living = [...machine.partitions.values()]

    // Ids are unique for ever.
    expect(new Set(this.partitions.map(({ id }) => id)).size).toBe(this.partitions.length)

    // Each page is in one place: in one pool, once, or with the root.
    const pooled = living.flatMap(({ pool }) => pool.pages().map(({ machinePage }) => machinePage))
    expect(new Set(pooled).size).toBe(pooled.length)
    expect(machine.pages.pooledCount).toBe(pooled.length)
    for (let page = 0; page < machinePages; page++) {
      expect(this.root.space.mappedAccess(page) !== 0).toBe(!pooled.includes(page))
    }

    for (const partition of living) {
      const { pool, space } = partition
      expect(pool.available + pool.inUse).toBe(pool.pages().length)
      // No partition reaches a page of a pool, or one that its parent does not have.
      for (let page = 0; page < machinePages; page++) {
        const machinePage = space.machinePage(page)
        if (space.mappedAccess(page) !== 0) expect(pooled).not.toContain(machinePage)
      }
      for (const port of partition.ports.values()) expect(port.owner).toBe(partition)
      for (const vp of partition.vps.values()) {
        // A VP has the levels that its partition has, and runs in one of them.
        for (const vtl of vp.vtls.keys()) expect(partition.enabledVtls & (1 << vtl)).not.toBe(0)
        expect(vp.vtls.has(vp.vtl)).toBe(true)
      }
    }

    // Each device is attached once, and in one domain.
    const attached = living.flatMap(({ devices }) => [...devices.values()])
    expect(new Set(attached).size).toBe(attached.length)
    const inDomains = living.flatMap(({ domains }) => [...domains.values()].flatMap(({ devices }) => [...devices]))
    expect(new Set(inDomains).size).toBe(inDomains.length)

    for (const partition of this.partitions) {
      if (partition.state === 'active') continue
      // No interrupt leads to what does not run.
      for (const { device, id } of this.interrupts) {
        expect(machine.interrupts.find(device, id)?.entry.owner).not.toBe(partition)
      }
      expect(partition.devices.size + partition.statistics.size + partition.intercepts.size).toBe(0)
      expect([partition.enabledVtls, partition.protections.isEmpty]).toEqual([1, true])
      if (partition.state !== 'deleted') continue
      // Nothing of it is left, and nothing leads to it.
      expect(machine.partitions.has(partition.id)).toBe(false)
      expect(partition.space.mappedCount + partition.pool.pages().length).toBe(0)
      expect(partition.vps.size + partition.ports.size + partition.connections.size + partition.domains.size).toBe(0)
      expect(partition.children.size).toBe(0)
      for (const other of living) {
        expect(other.children.has(partition)).toBe(false)
        for (const { connection } of other.ports.values()) expect(connection?.owner).not.toBe(partition)
      }
      expect(getMemoryBalance(partition.parent ?? this.root, partition.id).status).not.toBe(0)
      expect(createPartition(partition).status).toBe(0x06)
    }
  }

  /** Takes everything down again. */
  end(): void {
    for (const partition of [...this.partitions].reverse()) {
      const { parent } = partition
      if (parent === undefined || partition.state === 'deleted') continue
      // Whoever lost the privilege gets it back for the end.
      parent.privileges = this.root.privileges
      if (partition.state === 'active') expect(finalizePartition(parent, partition.id)).toBe(0)
      while (withdrawMemory(parent, partition.id).status === 0);
      expect(deletePartition(parent, partition.id)).toBe(0)
    }
    while (this.root.pool.available > 0) expect(withdrawMemory(this.root, this.root.id).status).toBe(0)
  }
}

it('no sequence of calls loses a page, repeats an id, or leaves a way to what is deleted', () => {
  const statuses = new Set<string>()
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const walk = new Walk()
      for (const one of steps) walk.run(one)
      walk.check()
      walk.end()
      walk.check()
      // Only the root and what its one object and VP are made of are left.
      expect(walk.hypervisor.machine.partitions.size).toBe(1)
      expect(walk.hypervisor.machine.pages.pooledCount).toBe(walk.root.pool.inUse)
      for (const status of walk.statuses) statuses.add(status)
    }),
    seeded,
  )
  // The walk gets somewhere, given enough runs.
  if (seeded.numRuns < 100) return
  const reached = ['create', 'vp', 'map', 'port', 'connect', 'finalize', 'withdraw', 'delete', 'attach device']
  for (const what of [...reached, 'interrupt', 'unmap interrupt', 'vtl', 'vp vtl', 'group', 'stats', 'intercept']) {
    expect(statuses).toContain(`${what} 0`)
  }
})
