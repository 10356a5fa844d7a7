import { KvpPool } from '../src/devices/kvp/index.ts'
import { createBus } from '../src/index.ts'
import { KvpVsc, MemoryKvpStore } from '../src/vsc/kvp/index.ts'
import { KvpVsp } from '../src/vsp/kvp.ts'

/** The host asks the guest what it is, and tells it something. */
export async function main(): Promise<string[]> {
  const bus = createBus()
  const kvp = new KvpVsp()
  bus.host.offer(kvp)
  const store = new MemoryKvpStore({ auto: { OSName: 'Example', OSVersion: '1.0' } })
  await bus.guest.attach(new KvpVsc({ store }))

  const told: string[] = []
  for await (const { key, value } of kvp.enumerate(KvpPool.Auto)) {
    if (value !== '') told.push(`${key} is ${value}`)
  }
  await kvp.set(KvpPool.External, 'colour', 'blue')
  told.push(`the guest has ${store.get(KvpPool.External, 'colour')}`)
  bus.close()
  return told
}
