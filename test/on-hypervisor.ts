import { readdirSync, readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import type { Pump } from '../src/channels/index.ts'
import type { GuestMemory } from '../src/memory/index.ts'

/** Test files that say how the memory transport itself, or another one, is made or behaves. */
const ofTransports = /^(transport-|foreign-|on-hypervisor)/

/** Test files whose buses are joined by the transport that a bus has by default. */
export function busTests(): { bus: string[]; devices: string[] } {
  const names = readdirSync('test').flatMap((file) =>
    file.endsWith('.test.ts') ? [file.slice(0, -'.test.ts'.length)] : [],
  )
  const found = names.filter(
    (name) =>
      !ofTransports.test(name) && /createBus|bus-rig|v(sp|sc)Suite/.test(readFileSync(`test/${name}.test.ts`, 'utf8')),
  )
  // Two about equal parts, for two workers: buses, suites and the two simplest devices; all other devices.
  const isBus = (name: string) => /^(bus-|suites|faulty|echo|keyboard)/.test(name)
  return { bus: found.filter(isBus), devices: found.filter((name) => !isBus(name)) }
}

/**
 * Registers the tests of these files once more, with buses that run on a hypervisor: each message and signal is a hypercall there.
 */
export async function runOnHypervisor(names: readonly string[]): Promise<void> {
  vi.doMock('../src/channels/transports/memory-transport.ts', async () => {
    const { HypervisorTransport } = await import('../src/channels/transports/hypervisor-transport.ts')
    class OnHypervisor extends HypervisorTransport {
      constructor(memory: GuestMemory, pump: Pump, vps = 1) {
        super(memory, pump, { vps })
      }
    }
    return { MemoryTransport: OnHypervisor }
  })
  const { createBus } = await import('../src/index.ts')
  const { HypervisorTransport } = await import('../src/channels/index.ts')
  it('is where the bus is', () => expect(createBus().transport).toBeInstanceOf(HypervisorTransport))
  for (const name of names) await import(`./${name}.test.ts`)
}
