import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VmbusVersion } from '../src/vmbus/versions.ts'
import { Conversation, guestSteps, honestSteps, hostSteps, prologue, type Step } from './client-conversation.ts'
import { connectedClient, offered } from './client-messages.ts'
import { seeded } from './seed.ts'

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.oneof(...hostSteps) },
  { weight: 4, arbitrary: fc.oneof(...guestSteps) },
  { weight: 5, arbitrary: fc.oneof(...honestSteps) },
)
const versions = fc.constantFrom(VmbusVersion.V6_0, VmbusVersion.V5_3, VmbusVersion.V5_2, VmbusVersion.V4_0)
/** Milliseconds: half a second on an idle machine. */
const timeout = 60_000

const play = (version: number, run: readonly Step[]): Conversation => {
  const conversation = new Conversation(version)
  for (const step of run) step.run(conversation)
  return conversation
}
const named = fc.array(steps, { minLength: 10, maxLength: 120, size: 'max' })

describe('a client in any conversation', { timeout }, () => {
  it('[TR-01][TR-02] never throws, releases no relid that is not rescinded or twice, and answers every request exactly once', () => {
    fc.assert(
      fc.property(versions, named, (version, run) => {
        const conversation = play(version, [...prologue, ...run])
        conversation.finish()
        const waiting = [...conversation.requested].filter(([about]) => / \d|connect|socket|connection/.test(about))
        expect(conversation.problems).toEqual([])
        expect(Object.fromEntries(conversation.answered)).toEqual(Object.fromEntries(waiting))
      }),
      seeded,
    )
  })

  it('ends with nothing kept', () => {
    fc.assert(
      fc.property(versions, named, (version, run) => {
        const conversation = play(version, [...prologue, ...run])
        conversation.finish()
        expect([conversation.client.state, conversation.client.explain()]).toEqual(['disconnected', []])
      }),
      seeded,
    )
  })

  it('keeps a bounded amount of what a host sends that nobody has asked for', () => {
    const flood = fc.array(fc.oneof(...hostSteps), { minLength: 50, maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(flood, (run) => {
        const conversation = play(VmbusVersion.V6_0, [...prologue, ...run])
        const { client } = conversation
        // At most 4 small relids and 2047, each with one RelIdReleased and two lines of what it waits for.
        expect(client.explain().length).toBeLessThan(16)
        expect(client.violations.kept.length).toBeLessThanOrEqual(8 * client.violations.counts.size)
        expect(client.violations.counts.size).toBeLessThan(40)
      }),
      seeded,
    )
  })

  it('[B40][MS-11] holds no more than 2047 channels, however many are offered', () => {
    const client = connectedClient()
    for (let relid = 1; relid <= 5000; relid++) client.receive(offered(relid))
    expect(client.takeEvents().length).toBe(2047)
    expect(client.violations.counts).toEqual(new Map([['offer-relid', 5000 - 2047]]))
    for (let relid = 1; relid <= 2047; relid++) client.receive(offered(relid))
    expect(client.takeEvents().length).toBe(0)
    expect(client.violations.kept.length).toBe(16)
  })
})
