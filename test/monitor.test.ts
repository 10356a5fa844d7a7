import { describe, expect, it } from 'vitest'
import { BufferMemory, CopyOnlyMemory, type GuestMemory, MemoryFault } from '../src/memory/index.ts'
import { MonitorTriggers, monitorIdOf, monitorTrigger } from '../src/vmbus/monitor.ts'
import { MonitorPage } from '../src/vmbus/monitor-page.ts'

const page = 0x2000
const memories: readonly (readonly [string, () => GuestMemory])[] = [
  ['one buffer', () => new BufferMemory(new ArrayBuffer(0x4000))],
  ['a shared buffer', () => new BufferMemory(new SharedArrayBuffer(0x4000))],
  ['memory without a direct view', () => new CopyOnlyMemory(new BufferMemory(new ArrayBuffer(0x4000)))],
]

const contents = (memory: GuestMemory) => {
  const bytes = new Uint8Array(4096)
  memory.read(page, bytes, 0, 4096)
  return bytes
}
const taken = (triggers: MonitorTriggers) => {
  const ids: number[] = []
  triggers.take((monitorId) => ids.push(monitorId))
  return ids
}

describe('a monitor id', () => {
  it('[B123] n is bit n % 32 of group n / 32', () => {
    expect([0, 31, 32, 95, 127].map(monitorTrigger)).toEqual([
      { group: 0, bit: 0 },
      { group: 0, bit: 31 },
      { group: 1, bit: 0 },
      { group: 2, bit: 31 },
      { group: 3, bit: 31 },
    ])
    for (let id = 0; id < 128; id++) expect(monitorIdOf(monitorTrigger(id))).toBe(id)
    for (const id of [-1, 128, 0xff, 1.5]) expect(() => monitorTrigger(id)).toThrow(RangeError)
  })
})

for (const [name, make] of memories) {
  describe(`the triggers of a monitor page in ${name}`, () => {
    it('[B123] are set in the group’s pending word, and nowhere else', () => {
      const memory = make()
      const triggers = new MonitorTriggers(memory, page)
      for (const id of [0, 33, 127]) triggers.set(id)
      const expected = new Uint8Array(4096)
      expected[8] = 1
      expected[16] = 2
      expected[8 + 24 + 3] = 0x80
      expect(contents(memory)).toEqual(expected)
      expect(MonitorPage.decode(contents(memory)).triggerGroups.map(({ pending }) => pending)).toEqual([
        1, 2, 0, 0x8000_0000,
      ])
    })

    it('[B124] are each taken once, also when one write sets several, whatever the rest of the page says', () => {
      const memory = make()
      const noise = new Uint8Array(4096).fill(0xff)
      noise.fill(0, 8, 40)
      memory.write(page, noise, 0, 4096)
      const triggers = new MonitorTriggers(memory, page)
      expect(triggers.isPending).toBe(false)
      memory.store32(page + 8, 0x8000_0005)
      memory.store32(page + 16, 1)
      expect(triggers.isPending).toBe(true)
      expect(taken(triggers)).toEqual([0, 2, 31, 32])
      expect(taken(triggers)).toEqual([])
      expect(contents(memory)).toEqual(noise)
    })

    it('that are set while others are taken are seen next time', () => {
      const triggers = new MonitorTriggers(make(), page)
      triggers.set(5)
      const ids: number[] = []
      triggers.take((monitorId) => {
        ids.push(monitorId)
        triggers.set(4)
      })
      expect([ids, taken(triggers)]).toEqual([[5], [4]])
    })

    it('[B128] lie in one page of memory, and belong to ids that exist', () => {
      const memory = make()
      expect(() => new MonitorTriggers(memory, page + 8)).toThrow(MemoryFault)
      expect(() => new MonitorTriggers(memory, 0x4000)).toThrow(MemoryFault)
      expect(() => new MonitorTriggers(memory, page).set(128)).toThrow(RangeError)
      expect(contents(memory)).toEqual(new Uint8Array(4096))
    })
  })
}
