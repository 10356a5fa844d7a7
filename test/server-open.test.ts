import { describe, expect, it } from 'vitest'
import { FAIL, openEffect, TestEnv } from './server-env.ts'

describe('open and close', () => {
  it('[B43] asks the device, then answers with the open id', () => {
    const env = new TestEnv()
    const [offer] = env.offered()
    if (offer === undefined) throw new Error()
    env.accepted(offer, 1, 10)
    env.open(1)
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([openEffect(offer, 1)])
    env.server.openComplete(offer, true)
    expect(env.heard()).toEqual([{ type: 'OpenResult', channelId: 1, openId: 7, status: 0 }])
  })
})
