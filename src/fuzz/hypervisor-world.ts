import { PartitionProperty } from '../hypercall/enums/partition.ts'
import { MapGpaFlags } from '../hypercall/flags.ts'
import {
  arm64SmcccConvention,
  HvStatus,
  HypercallRegisters,
  isMemoryFault,
  type RegisterArchitecture,
  x64Convention,
} from '../hypercall/index.ts'
import {
  createPartition,
  createVp,
  depositMemory,
  Hypervisor,
  hypercallMemory,
  initializePartition,
  type ModelDispatcher,
  mapGpaPage,
  modelDispatcher,
  type PageMode,
  type Partition,
  privilegeMask,
  setPartitionProperty,
  type VirtualProcessor,
  vpExecute,
  vpHypercall,
  vpRead,
  vpReadMsr,
  vpWrite,
  vpWriteMsr,
} from '../hypervisor/index.ts'
import { BufferMemory, PAGE_SIZE } from '../memory/index.ts'
import { expect } from './target.ts'

/** Pages of the machine; the last {@link rootPool} are in the root's pool. */
export const machinePages = 96
const rootPool = 16
/** Times that a call may want to be executed again. */
const mostAgain = 8
const rwx = MapGpaFlags.readable | MapGpaFlags.writable | MapGpaFlags.kernelExecutable | MapGpaFlags.userExecutable

/** A machine with a root and two children, of which the first may have children of its own; and what must hold of it at any time. */
export class HypervisorWorld {
  readonly #hypervisor: Hypervisor
  readonly #dispatcher: ModelDispatcher
  readonly #memory = new BufferMemory(new ArrayBuffer(machinePages * PAGE_SIZE))
  /** Every partition that ever was, by id. */
  readonly #known = new Map<bigint, Partition>()
  #time = 0n
  /** What came of each step, a line each. */
  readonly log: string[] = []

  constructor(architecture: RegisterArchitecture, pageMode: PageMode) {
    const now = () => this.#time
    this.#hypervisor = new Hypervisor({ memory: this.#memory, rootPool, architecture, pageMode, now })
    this.#dispatcher = modelDispatcher({ architecture })
    const { root } = this.#hypervisor
    root.guestOsId = 1n
    this.#addChild(0, privilegeMask(['createPartitions', 'accessMemoryPool', 'createPort', 'connectPort', 'accessVsm']))
    this.#addChild(24, 0n)
  }

  get memory(): Uint8Array {
    const bytes = new Uint8Array(this.#memory.size)
    this.#memory.read(0, bytes, 0, bytes.byteLength)
    return bytes
  }

  /** A child with a running VP: of 24 pages of the root's from `first` on 8 are its pool, the others its own from address 0 on. */
  #addChild(first: number, privileges: bigint): void {
    const { root } = this.#hypervisor
    const id = createPartition(root).value ?? 0n
    const child = this.#hypervisor.partition(id)
    if (child === undefined) throw new Error('no child')
    for (let page = first; page < first + 8; page++) depositMemory(root, id, page)
    const mask = child.privileges | privileges | privilegeMask(['postMessages', 'signalEvents', 'accessVpRegisters'])
    setPartitionProperty(root, id, PartitionProperty.PrivilegeFlags, mask)
    initializePartition(root, id)
    for (let page = 0; page < 16; page++) {
      mapGpaPage(root, { partition: id, guestPage: page, sourcePage: first + 8 + page, flags: rwx })
    }
    createVp(root, id, 0)
    child.guestOsId = 1n
    for (const vp of child.vps.values()) vp.isExplicitlySuspended = false
  }

  /** A VP of those that there are. */
  #vp(number: number): VirtualProcessor | undefined {
    const vps = [...this.#hypervisor.machine.partitions.values()].flatMap((partition) => partition.processors())
    return vps[number % Math.max(1, vps.length)]
  }

  /** Whether the model answers a call: tried by the root. */
  knows(code: number): boolean {
    this.hypercall(0, BigInt(code), new Uint8Array(0), [0, 0])
    return this.log.at(-1) !== `refused ${HvStatus.InvalidHypercallCode} 0`
  }

  /** A VP makes a hypercall; `gpas`: of its input and its output, by memory. */
  hypercall(number: number, control: bigint, block: Uint8Array, gpas: readonly [number, number]): void {
    const vp = this.#vp(number)
    if (vp === undefined) return
    const isX64 = vp.partition.machine.architecture === 'x64'
    const registers = new HypercallRegisters(isX64 ? x64Convention : arm64SmcccConvention)
    registers.control = control
    const { parametersAt, view, convention } = registers
    if ((control & 0x1_0000n) !== 0n) registers.bytes.set(block.subarray(0, convention.fastSize), parametersAt)
    else {
      for (const [index, gpa] of gpas.entries()) view.setBigUint64(parametersAt + 8 * index, BigInt(gpa), true)
      this.#store(vp, gpas[0], block)
    }
    let outcome = vpHypercall(this.#dispatcher, vp, registers)
    for (let left = mostAgain; outcome.kind === 'continued' && left > 0; left--) {
      outcome = vpHypercall(this.#dispatcher, vp, registers)
    }
    const { kind } = outcome
    expect(kind !== 'fault', 'handler-fault', `a handler broke its contract: ${JSON.stringify(outcome)}`)
    expect(kind !== 'continued', 'endless', `call 0x${(control & 0xffffn).toString(16)} gets no further`)
    this.log.push(`${kind} ${registers.status} ${registers.repsCompleted}`)
  }

  /** A program puts the block where its VP can write; elsewhere it stays away. */
  #store(vp: VirtualProcessor, gpa: number, block: Uint8Array): void {
    try {
      if (block.byteLength > 0) hypercallMemory(vp).write(gpa, block, 0, block.byteLength)
    } catch (error) {
      if (!isMemoryFault(error)) throw error
    }
  }

  /** A VP accesses memory or an MSR. */
  access(number: number, what: string, at: number, value: bigint): void {
    const vp = this.#vp(number)
    if (vp === undefined) return
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigUint64(0, value, true)
    const outcome =
      what === 'read'
        ? vpRead(vp, at, 8)
        : what === 'write'
          ? vpWrite(vp, at, bytes)
          : what === 'execute'
            ? vpExecute(vp, at)
            : what === 'rdmsr'
              ? vpReadMsr(vp, at)
              : vpWriteMsr(vp, at, value)
    this.log.push(`${what} ${outcome.outcome}`)
  }

  /** Who plays the VPs lets all go on and takes their interrupts; time passes. */
  play(ticks: number): void {
    this.#time += BigInt(ticks)
    this.#hypervisor.tick()
    for (const vp of this.#hypervisor.takeInterrupted()) {
      while (vp.controller.acknowledge() !== undefined) vp.controller.endOfInterrupt()
    }
    for (const { vps } of this.#hypervisor.machine.partitions.values()) {
      for (const vp of vps.values()) {
        vp.isIntercepted = false
        vp.isExplicitlySuspended = false
      }
    }
  }

  /** What holds at any time. */
  check(): void {
    const { machine, root } = this.#hypervisor
    const living = [...machine.partitions.values()]
    for (const partition of living) {
      const known = this.#known.get(partition.id)
      expect(known === undefined || known === partition, 'id-again', `partition ${partition.id} is another one now`)
      this.#known.set(partition.id, partition)
    }

    const pooled = new Set<number>()
    for (const { pool, id } of living) {
      const pages = pool.pages()
      expect(pages.length === pool.available + pool.inUse, 'pool', `the pool of ${id} does not add up`)
      for (const { machinePage } of pages) {
        expect(!pooled.has(machinePage), 'page-twice', `page ${machinePage} is in two places`)
        pooled.add(machinePage)
      }
    }
    expect(machine.pages.pooledCount === pooled.size, 'page-lost', `${machine.pages.pooledCount}, not ${pooled.size}`)
    for (const { space, id } of living) {
      for (let page = 0; page < machinePages; page++) {
        const machinePage = space.machinePage(page)
        if (space.mappedAccess(page) === 0 || machinePage === undefined) continue
        expect(!pooled.has(machinePage), 'page-reached', `${id} reaches page ${machinePage} of a pool`)
      }
    }

    for (const partition of this.#known.values()) this.#checkLinks(partition, partition === root)
  }

  #checkLinks(partition: Partition, isRoot: boolean): void {
    const { machine } = this.#hypervisor
    const { id, parent, children, vps, ports, connections, domains } = partition
    if (machine.partitions.get(id) === partition) {
      for (const port of ports.values()) {
        const { connection } = port
        expect(port.owner === partition, 'owner', `a port of ${id} is another's`)
        if (connection === undefined) continue
        const { owner } = connection
        expect(machine.partitions.get(owner.id) === owner, 'left-over', `a connection of ${owner.id}, which is gone`)
      }
      expect(isRoot || parent?.children.has(partition) === true, 'parent', `${id} is not among its parent's children`)
      return
    }
    const left = children.size + vps.size + ports.size + connections.size + domains.size
    expect(left === 0, 'left-over', `${left} things of partition ${id}, which is gone`)
    const pages = partition.space.mappedCount + partition.pool.pages().length
    expect(pages === 0, 'left-over', `${pages} pages of partition ${id}, which is gone`)
    expect(parent?.children.has(partition) !== true, 'left-over', `${id} is gone, and still a child`)
  }
}
