import { describe, expect, it } from 'vitest'
import { StorageVsc } from '../src/vsc/storage/index.ts'

describe('the queue of the storage driver', () => {
  it('goes on after a caller’s `done` has thrown', () => {
    const vsc = new StorageVsc()
    const cdb = new Uint8Array(6)
    const submit = () =>
      vsc.submit({
        cdb,
        done: () => {
          throw new Error('mine')
        },
      })
    expect(submit).toThrow('mine')
    const outcomes: string[] = []
    vsc.submit({ cdb, done: ({ kind }) => outcomes.push(kind) })
    expect(outcomes).toEqual(['closed'])
    expect([vsc.inFlight, vsc.waiting]).toEqual([0, 0])
  })
})
