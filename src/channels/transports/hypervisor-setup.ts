import {
  type CallObserver,
  childPrivileges,
  HypercallCaller,
  Hypervisor,
  type Information,
  type ModelDispatcher,
  modelDispatcher,
  type PageMode,
  type Partition,
  PartitionCaller,
  privilegeMask,
  type RegisterArchitecture,
  SynicGuest,
  type VirtualProcessor,
} from '../../hypervisor/index.ts'
import { BufferMemory, type GuestMemory, PAGE_SIZE } from '../../memory/index.ts'
import { JoinedMemory } from './joined-memory.ts'

/** Guest OS ids: a Windows for the root, a Linux 6.12 for the child. Source: TLFS 2.6. */
const osIds = { root: 0x0001_0400_0a00_4f7cn, child: 0x8100_0006_0c00_0000n } as const

/** Pages of the root's own: for its calls and its SynIC, a pool, and what it gives to the child. */
const rootPages = { calls: 2, synic: 2, pool: 96, perVp: 20 } as const

/** What a child that only talks VMBus needs. */
const vmbusPrivileges = childPrivileges | privilegeMask(['postMessages', 'signalEvents'])

/** A VP and the software on it. */
export interface PlayedVp {
  /** The VP. */
  readonly vp: VirtualProcessor
  /** Its SynIC, as its software uses it. */
  readonly synic: SynicGuest
  /** Makes its hypercalls. */
  readonly caller: HypercallCaller
}

/** How the machine is made. */
export interface MachineSetup {
  /** The guest's memory, from its first byte on. */
  readonly memory: GuestMemory
  readonly vps: number
  /** Guest physical address of the first byte, a multiple of 4096. Default 0. */
  readonly base?: number
  /** Default x64. */
  readonly architecture?: RegisterArchitecture | undefined
  /** Default `overlay`. */
  readonly pageMode?: PageMode | undefined
  /** The child's. Default: what VMBus needs. */
  readonly privileges?: bigint | undefined
  readonly information?: Information | undefined
  /** Machine time in units of 100 ns. */
  readonly now?: (() => bigint) | undefined
  readonly onCall?: CallObserver | undefined
}

/** A machine with a running root and a running child. */
export interface RootAndChild {
  /** The model. */
  readonly hypervisor: Hypervisor
  readonly dispatcher: ModelDispatcher
  /** The root's one VP. */
  readonly root: PlayedVp
  /** The child. */
  readonly childPartition: Partition
  readonly rootCalls: PartitionCaller
  /** Bytes of the guest's memory: whole pages. */
  readonly guestBytes: number
  readonly onCall: CallObserver | undefined
  /** A page of the root's that nothing uses, if there is one left. */
  takeRootPage(): number | undefined
}

/**
 * Makes a machine of the guest's memory and some pages more for the root, and a child that has the memory at `base`, all by hypercalls of
 * the root. The root is interrupted by its SINT0 only, whose vector is {@link vectorOf}(0).
 */
export function setUpRootAndChild(setup: MachineSetup): RootAndChild {
  const { memory, vps, base = 0, architecture = 'x64', pageMode = 'overlay', now = () => 0n, onCall } = setup
  const guestPages = Math.floor(memory.size / PAGE_SIZE)
  const guestBytes = guestPages * PAGE_SIZE
  const ownPages = rootPages.calls + rootPages.synic + rootPages.pool + rootPages.perVp * (vps + 1)
  const own = new BufferMemory(new ArrayBuffer(ownPages * PAGE_SIZE))
  const machineMemory = new JoinedMemory(memory, own, guestBytes)
  const { pool: rootPool } = rootPages
  const information = setup.information ?? new Map()
  const hypervisor = new Hypervisor({
    ...{ memory: machineMemory, rootPool, messageBuffers: 0 },
    ...{ architecture, pageMode, now, information },
  })
  const dispatcher = modelDispatcher({ architecture })
  const { root: rootPartition } = hypervisor

  const rootVp = vpOf(rootPartition, 0)
  const rootSynic = new SynicGuest(rootVp, {
    messages: guestPages + rootPages.calls,
    events: guestPages + rootPages.calls + 1,
  })
  rootSynic.start(osIds.root, (sint) => (sint === 0 ? vectorOf(0) : 'polled'))
  const root = { vp: rootVp, synic: rootSynic, caller: callerOf(dispatcher, rootVp, guestPages, onCall) }
  const rootCalls = new PartitionCaller(root.caller)

  let next = guestPages + rootPages.calls + rootPages.synic
  const end = guestPages + ownPages - rootPages.pool
  const takeRootPage = () => (next < end ? next++ : undefined)
  const pool = Array.from({ length: 2 + vps }, () => takeRootPage() ?? Number.NaN)
  const childId = rootCalls.createChild(pool, [], setup.privileges ?? vmbusPrivileges)
  const childPartition = hypervisor.partition(childId)
  if (childPartition === undefined) throw new Error('the child that was created is not there')
  rootCalls.map(childId, base / PAGE_SIZE, 0, guestPages)
  for (let index = 0; index < vps; index++) rootCalls.startVp(childId, index)
  return { hypervisor, dispatcher, root, childPartition, rootCalls, guestBytes, onCall, takeRootPage }
}

/**
 * Puts software on the child's VPs: each has its SynIC on, every SINT from 1 on with its vector. Behind the guest's memory, which begins at
 * address `base`, each gets two pages for its calls, and the places of its SynIC pages.
 */
export function playChild(machine: RootAndChild, base = 0): PlayedVp[] {
  const { childPartition, dispatcher, guestBytes, rootCalls, takeRootPage, onCall } = machine
  return childPartition.processors().map((vp) => {
    const first = (base + guestBytes) / PAGE_SIZE + vp.index * 4
    for (const page of [first, first + 1]) rootCalls.map(childPartition.id, page, takeRootPage() ?? Number.NaN, 1)
    const synic = new SynicGuest(vp, { messages: first + 2, events: first + 3 })
    synic.start(osIds.child, (sint) => (sint === 0 ? undefined : vectorOf(sint)))
    return { vp, synic, caller: callerOf(dispatcher, vp, first, onCall) }
  })
}

/** Vector of a SINT. */
export function vectorOf(sint: number): number {
  return 0x40 + sint
}

function callerOf(
  dispatcher: ModelDispatcher,
  vp: VirtualProcessor,
  page: number,
  onCall: CallObserver | undefined,
): HypercallCaller {
  const pages = { inputGpa: page * PAGE_SIZE, outputGpa: (page + 1) * PAGE_SIZE }
  return new HypercallCaller(dispatcher, vp, pages, onCall)
}

function vpOf(partition: Partition, index: number): VirtualProcessor {
  const vp = partition.vps.get(index)
  if (vp === undefined) throw new Error(`VP ${index} that was created is not there`)
  return vp
}
