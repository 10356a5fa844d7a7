import {
  type CallObserver,
  childPrivileges,
  HypercallCaller,
  Hypervisor,
  modelDispatcher,
  type Partition,
  PartitionCaller,
  SynicGuest,
  type VirtualProcessor,
} from '../hypervisor/index.ts'
import { BufferMemory, type GuestMemory, PAGE_SIZE } from '../memory/index.ts'
import { JoinedMemory } from './joined-memory.ts'

/** Guest OS ids: a Windows for the root, a Linux 6.12 for the child. Source: TLFS 2.6. */
const osIds = { root: 0x0001_0400_0a00_4f7cn, child: 0x8100_0006_0c00_0000n } as const

/** Pages of the root's own: two for its calls, a pool, and what it gives to the child. */
const rootPages = { calls: 2, pool: 96, perVp: 20 } as const

/** A VP and the software on it. */
export interface PlayedVp {
  readonly vp: VirtualProcessor
  readonly synic: SynicGuest
  readonly caller: HypercallCaller
}

/** A machine with a running root and a running child. */
export interface RootAndChild {
  readonly hypervisor: Hypervisor
  readonly root: PlayedVp
  readonly childPartition: Partition
  /** By number. */
  readonly children: readonly PlayedVp[]
  readonly rootCalls: PartitionCaller
  /** Bytes of the guest's memory: whole pages. */
  readonly guestBytes: number
  /** A page of the root's that nothing uses, if there is one left. */
  takeRootPage(): number | undefined
}

/**
 * Makes a machine of `memory` and some pages more for the root, and a child that has `memory` at the same addresses, all by hypercalls of
 * the root. Interrupts: of the root only SINT0, whose vector is {@link vectorOf}(0); of the child every SINT from 1 on.
 */
export function setUpRootAndChild(memory: GuestMemory, vps: number, onCall?: CallObserver): RootAndChild {
  const guestPages = Math.floor(memory.size / PAGE_SIZE)
  const guestBytes = guestPages * PAGE_SIZE
  const ownPages = rootPages.calls + rootPages.pool + rootPages.perVp * (vps + 1)
  const own = new BufferMemory(new ArrayBuffer(ownPages * PAGE_SIZE))
  const machineMemory = new JoinedMemory(memory, own, guestBytes)
  const hypervisor = new Hypervisor({ memory: machineMemory, rootPool: rootPages.pool, messageBuffers: 0 })
  const dispatcher = modelDispatcher()
  const { root: rootPartition } = hypervisor

  const rootVp = vpOf(rootPartition, 0)
  const machinePages = guestPages + ownPages
  const rootSynic = new SynicGuest(rootVp, { messages: machinePages, events: machinePages + 1 })
  rootSynic.start(osIds.root, (sint) => (sint === 0 ? vectorOf(0) : 'polled'))
  const rootCaller = callerOf(rootVp, guestPages)
  const rootCalls = new PartitionCaller(rootCaller)

  let next = guestPages + rootPages.calls
  const end = machinePages - rootPages.pool
  const takeRootPage = () => (next < end ? next++ : undefined)
  const take = (count: number) => Array.from({ length: count }, () => takeRootPage() ?? Number.NaN)

  const childId = rootCalls.createChild(take(2 + vps), ['postMessages', 'signalEvents'], childPrivileges)
  const childPartition = hypervisor.partition(childId)
  if (childPartition === undefined) throw new Error('the child that was created is not there')
  rootCalls.map(childId, 0, 0, guestPages)
  const children = Array.from({ length: vps }, (_, index): PlayedVp => {
    // Behind its memory each VP has two pages for its calls, and the places of its SynIC pages.
    const first = guestPages + index * 4
    for (const [at, page] of take(2).entries()) rootCalls.map(childId, first + at, page, 1)
    rootCalls.startVp(childId, index)
    const vp = vpOf(childPartition, index)
    const synic = new SynicGuest(vp, { messages: first + 2, events: first + 3 })
    synic.start(osIds.child, (sint) => (sint === 0 ? undefined : vectorOf(sint)))
    return { vp, synic, caller: callerOf(vp, first) }
  })
  const root = { vp: rootVp, synic: rootSynic, caller: rootCaller }
  return { hypervisor, root, childPartition, children, rootCalls, guestBytes, takeRootPage }

  function callerOf(vp: VirtualProcessor, page: number): HypercallCaller {
    const pages = { inputGpa: page * PAGE_SIZE, outputGpa: (page + 1) * PAGE_SIZE }
    return new HypercallCaller(dispatcher, vp, pages, onCall)
  }
}

/** Vector of a SINT. */
export function vectorOf(sint: number): number {
  return 0x40 + sint
}

function vpOf(partition: Partition, index: number): VirtualProcessor {
  const vp = partition.vps.get(index)
  if (vp === undefined) throw new Error(`VP ${index} that was created is not there`)
  return vp
}
