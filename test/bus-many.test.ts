import { expect, it } from 'vitest'
import { createBus } from '../src/index.ts'
import { bytes, TestVsc, TestVsp } from './bus-rig.ts'

it('2,000 channels on one bus are opened, used and closed, and leave nothing behind', { timeout: 60_000 }, async () => {
  const count = 2000
  const bus = createBus({ memorySize: count * 16384 + (1 << 20) })
  const vsps = Array.from({ length: count }, (_, index) => new TestVsp(index + 1))
  for (const vsp of vsps) bus.host.offer(vsp)
  bus.settle()
  const free = bus.guest.pages.freePages
  const vscs = await Promise.all(vsps.map(() => bus.guest.attach(new TestVsc())))
  expect(free - bus.guest.pages.freePages).toBe(count * 4)
  const answers = await Promise.all(vscs.map((vsc, index) => vsc.ask(bytes(index))))
  expect(answers.every(([first], index) => first === index % 256)).toBe(true)
  for (const vsc of vscs) vsc.close()
  bus.settle()
  expect(bus.guest.pages.freePages).toBe(free)
  expect(vsps.every(({ channel }) => channel === undefined)).toBe(true)
  expect(bus.host.server.violations.total + bus.guest.client.violations.total).toBe(0)
  expect(bus.explain()).toEqual(['host: guest connected at 6.0'])
})
