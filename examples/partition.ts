import {
  HypercallCaller,
  Hypervisor,
  modelDispatcher,
  PartitionCaller,
  vpRead,
  vpWrite,
  vpWriteMsr,
} from '../src/hypervisor/index.ts'
import { BufferMemory } from '../src/memory/index.ts'

/** A root partition creates a child by hypercalls, and gives it memory and a processor. */
export function main(): string[] {
  const memory = new BufferMemory(new ArrayBuffer(64 * 4096))
  const hypervisor = new Hypervisor({ memory })
  const { root } = hypervisor

  const calls: string[] = []
  const [rootVp] = root.processors()
  if (rootVp === undefined) throw new Error('the root has a processor')
  // No hypercalls before HV_X64_MSR_GUEST_OS_ID is set.
  vpWriteMsr(rootVp, 0x4000_0000, 0x0001_0400_0a00_4f7cn)
  // Its calls are encoded into two pages of its own.
  const pages = { inputGpa: 0x1000, outputGpa: 0x2000 }
  const caller = new HypercallCaller(modelDispatcher(), rootVp, pages, (_vp, { name }, status) =>
    calls.push(`${name} ${status}`),
  )
  const rootCalls = new PartitionCaller(caller)
  const id = rootCalls.createChild([8, 9, 10, 11], ['postMessages', 'signalEvents'], 0n)
  rootCalls.map(id, 0, 16, 4)
  rootCalls.startVp(id, 0)

  // The child's page 1 is the root's page 17. Where it has no memory, it waits, and its parent is told.
  const [childVp] = hypervisor.partition(id)?.processors() ?? []
  if (childVp === undefined) throw new Error('the child has a processor')
  vpWrite(childVp, 0x1000, Uint8Array.of(42))
  const seen = vpRead(rootVp, 17 * 4096, 1)
  const stray = vpRead(childVp, 0x8000, 1)
  return [...calls, `root reads ${seen.outcome === 'done' ? seen.value : seen.outcome}`, `child is ${stray.outcome}`]
}
