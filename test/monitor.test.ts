import { describe, expect, it } from 'vitest'
import { monitorGroupCount, monitorIdOf, monitorTrigger, pendingWordAt } from '../src/vmbus/monitor.ts'
import { MonitorPage } from '../src/vmbus/monitor-page.ts'

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

  it('[B123] has its bit in the pending word of its group, as the schema of the page has it', () => {
    const page = new Uint8Array(4096)
    for (let group = 0; group < monitorGroupCount; group++) {
      new DataView(page.buffer).setUint32(pendingWordAt(group), 1 << group, true)
    }
    expect(MonitorPage.decode(page).triggerGroups.map(({ pending }) => pending)).toEqual([1, 2, 4, 8])
  })
})
