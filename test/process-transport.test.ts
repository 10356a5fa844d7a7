import { describe, expect, it } from 'vitest'
import { Pump } from '../src/channels/index.ts'
import { createBus } from '../src/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { type TestApi, transportSuite } from '../src/testing/index.ts'
import { EchoVsc } from '../src/vsc/echo.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { EchoVsp } from '../src/vsp/echo.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { frameEnds, framePair } from './process-rig.ts'

const api: TestApi = { describe, it: (name, body) => it(name, body), expect }
const memory = () => new BufferMemory(new ArrayBuffer(0x1_0000))

function transport(pump: Pump, begins: 'host' | 'guest') {
  return { ends: frameEnds(memory(), pump, 1, begins), settle: () => void pump.settle() }
}

describe('the process transport', () => transportSuite(api, () => transport(new Pump(), 'guest')))
describe('the process transport, the host connects', () => transportSuite(api, () => transport(new Pump(), 'host')))
describe('the process transport, scheduled', () =>
  transportSuite(api, () => transport(new Pump({ scheduling: 'scheduled', seed: 5 }), 'guest')))

describe('a bus on the process transport', () => {
  for (const version of ['6.0', '5.2', '4.0', '2.4', '1.1']) {
    it(`carries requests, completions and keystrokes at ${version}`, async () => {
      using bus = createBus({ version, transport: (memory, pump, vps) => frameEnds(memory, pump, vps) })
      const keyboard = new KeyboardVsp()
      bus.host.offer(new EchoVsp())
      bus.host.offer(keyboard)
      const echo = await bus.guest.attach(EchoVsc)
      expect(await echo.echo('hello')).toBe('hello')
      const keys: number[] = []
      const driver = new KeyboardVsc()
      driver.on('key', ({ code }) => keys.push(code))
      await bus.guest.attach(driver)
      keyboard.type(0x1e, 0x30)
      bus.settle()
      expect(keys).toEqual([0x1e, 0x1e, 0x30, 0x30])
    })
  }
})

describe('a guest whose memory does not begin at 0', () => {
  it('says so, and all addresses are its own', () => {
    const pump = new Pump()
    const { made } = framePair(memory(), pump, { base: 0x4000_0000 })
    made.guest?.memory.store32(0x4000_1000, 7)
    expect(made.host?.memory.load32(0x4000_1000)).toBe(7)
    expect(() => made.host?.memory.load32(0x1000)).toThrow('below guest memory')
    expect(made.hello).toMatchObject({ memoryBase: 0x4000_0000n, memorySize: 0x1_0000n })
  })
})
