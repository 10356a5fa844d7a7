import { describe, expect, it } from 'vitest'
import { VmbusVersion, vmbusVersions } from '../src/vmbus/index.ts'
import { contactBytes, id, TestEnv } from './server-env.ts'

const { V0_13, V1_1, V2_4, V3_0, V4_0, V4_1, V5_0, V5_1, V5_3, V6_0 } = VmbusVersion

/** VersionResponse that says no. */
const no = { type: 'VersionResponse', versionSupported: 0, connectionState: 0, versionOrConnectionId: 0 }
const yes = (versionOrConnectionId: number) => ({
  type: 'VersionResponse',
  versionSupported: 1,
  connectionState: 0,
  versionOrConnectionId,
})
const yes6 = (supportedFeatures: number) => ({ ...yes(1), type: 'VersionResponse2', supportedFeatures })

/** Bytes of the next message. */
function nextBytes(env: TestEnv): string {
  return Array.from(env.server.peekMessage()?.bytes ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('')
}

describe('version negotiation', () => {
  it('[B1] answers 5.0 and later with the connection to post to', () => {
    const env = new TestEnv()
    env.contact({ version: V5_3 })
    expect(nextBytes(env)).toBe('0f00000000000000' + '01000000' + '01000000')
    expect(env.heard()).toEqual([yes(1)])
    expect(env.effects()).toEqual([{ kind: 'connected', version: V5_3, features: 0, monitorPages: undefined }])
    expect(env.rules()).toEqual([])
  })

  it.each([V2_4, V3_0, V4_0, V4_1])('[B2] answers up to 4.1 with the version: %i', (version) => {
    const env = new TestEnv()
    env.contact({ version })
    expect(env.heard()).toEqual([yes(version)])
  })

  it('[B2] splits at 5.0', () => {
    const env = new TestEnv({ messageConnectionId: 9 })
    env.contact({ version: V5_0 })
    expect(env.heard()).toEqual([yes(9)])
  })

  it.each([0, 0xffff_ffff, 0x0006_0001, 0x0000_000c, 0x0005_0004, 0x0007_0000])(
    '[B3][B5][SV-04] refuses version %i: no such version, whatever lies around it',
    (version) => {
      const env = new TestEnv()
      env.contact({ version })
      expect(nextBytes(env)).toBe('0f00000000000000' + '0000000000000000')
      expect(env.heard()).toEqual([no])
      expect(env.effects()).toEqual([])
      expect(env.rules()).toEqual(['version-unsupported'])
      env.post('RequestOffers', {})
      env.expectIgnored('not-connected')
    },
  )

  it('[B4] agrees to a lower version after any number of refusals', () => {
    const env = new TestEnv({ maxVersion: V4_0 })
    for (const version of [0x0007_0000, V6_0, V5_3, V5_1, V4_1]) {
      env.contact({ version })
      expect(env.heard()).toEqual([no])
    }
    env.contact({ version: V4_0 })
    expect(env.heard()).toEqual([yes(V4_0)])
  })

  it('knows the eleven versions', () => {
    for (const version of vmbusVersions) {
      const env = new TestEnv()
      env.contact({ version })
      expect(env.heard()).toMatchObject([{ versionSupported: 1 }])
    }
    expect(vmbusVersions).toHaveLength(11)
  })

  it('[B6][B7][SV-10] grants at 6.0 what was asked for and is known', () => {
    for (const [asked, granted] of [
      [0x2f & ~0x8, 0x27],
      [0xf000_0001, 1],
      [0, 0],
      [0xffff_ff00, 0],
    ] as const) {
      const env = new TestEnv()
      env.contact({ features: asked })
      expect(env.server.peekMessage()?.bytes).toHaveLength(20)
      expect(env.heard()).toEqual([yes6(granted)])
      expect(env.effects()).toEqual([{ kind: 'connected', version: V6_0, features: granted, monitorPages: undefined }])
    }
  })

  it('[B6] grants no more than the host has', () => {
    const env = new TestEnv({ features: 0x4 })
    env.contact({ features: 0x27 })
    expect(env.heard()).toEqual([yes6(0x4)])
  })

  it('[B8] refuses 6.0 in the short form', () => {
    const env = new TestEnv({ maxVersion: V5_3 })
    env.contact({ version: V6_0, features: 0x2f })
    expect(nextBytes(env)).toBe('0f00000000000000' + '0000000000000000')
  })

  it('[B9] ignores features below 6.0, and then messages 25 to 29', () => {
    const env = new TestEnv()
    env.contact({ version: V5_3, features: 0xff })
    expect(env.heard()).toEqual([yes(1)])
    expect(env.effects()).toEqual([{ kind: 'connected', version: V5_3, features: 0, monitorPages: undefined }])
    for (const type of [25, 26, 27, 28, 29]) {
      const bytes = new Uint8Array(24)
      bytes[0] = type
      env.postBytes(bytes)
    }
    env.expectIgnored(...new Array<string>(5).fill('type-not-allowed'))
  })

  it('[B10] ignores a contact with the clientId feature but without the id', () => {
    const env = new TestEnv()
    env.contact({ features: 0x8 })
    expect(env.heard()).toEqual([])
    expect(env.violations()).toEqual([
      {
        rule: 'contact-without-client-id',
        code: 'SHORT',
        field: 'clientId',
        offset: 40,
        why: 'the clientId feature needs the long form',
      },
    ])
    env.contact({ features: 0x8, clientId: id(5) })
    expect(env.heard()).toEqual([yes6(0x8)])
    expect(env.effects()).toEqual([
      { kind: 'connected', version: V6_0, features: 8, monitorPages: undefined, clientId: id(5) },
    ])
  })

  it('[B11] takes the long form without the feature, and no id from it', () => {
    const env = new TestEnv()
    env.contact({ features: 0x1, clientId: id(5) })
    expect(env.heard()).toEqual([yes6(0x1)])
    expect(env.effects()).toEqual([{ kind: 'connected', version: V6_0, features: 1, monitorPages: undefined }])
  })

  it('[B12][SV-06] fails when one monitor page of two is missing', () => {
    const failed = (versionOrConnectionId: number) => ({ ...yes(versionOrConnectionId), connectionState: 2 })
    for (const [version, response] of [
      [V6_0, { ...failed(1), type: 'VersionResponse2', supportedFeatures: 4 }],
      [V5_3, failed(1)],
      [V2_4, failed(V2_4)],
      [V1_1, no],
    ] as const) {
      for (const pages of [{ parentToChildMonitorPage: 0x1000n }, { childToParentMonitorPage: 0x1000n }]) {
        const env = new TestEnv()
        env.contact({ version, features: 4, ...pages })
        expect(env.heard()).toEqual([response])
        expect(env.violations()).toMatchObject([{ rule: 'monitor-pages-incomplete', code: 'RANGE' }])
        env.post('RequestOffers', {})
        env.expectIgnored('not-connected')
      }
    }
  })

  it('[B13] ignores a contact that is too short', () => {
    const env = new TestEnv()
    env.postBytes(contactBytes({}).subarray(0, 39))
    expect(env.heard()).toEqual([])
    expect(env.violations()).toMatchObject([{ rule: 'malformed', code: 'SHORT', offset: 32 }])
  })

  it('[B14][SV-07] refuses another SINT on the shared port, at that SINT, and changes nothing', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.contact({ version: V5_0, sint: 3, targetVp: 5 }, { connectionId: 4 })
    expect(env.heard()).toEqual([{ vp: 5, sint: 3, message: no }])
    expect(env.effects()).toEqual([])
    expect(env.rules()).toEqual(['contact-sint'])
    env.gpadl(1, 10)
    expect(env.effects()).toMatchObject([{ kind: 'gpadl', offer }])
  })

  it('[B14] answers such a contact even while its own guest has paused', () => {
    const env = new TestEnv()
    env.offered(1, { features: 0x20 })
    env.post('Pause', {})
    env.heard()
    env.contact({ version: V5_0, sint: 3 }, { connectionId: 4 })
    expect(env.heard()).toEqual([{ vp: 0, sint: 3, message: no }])
    env.offer(2)
    expect(env.heard()).toEqual([])
  })

  it('[B14] ignores the SINT elsewhere, and sends nothing to a SINT that cannot be', () => {
    const env = new TestEnv()
    env.contact({ version: V5_3, sint: 3 })
    expect(env.heard()).toEqual([yes(1)])
    env.effects()
    env.contact({ version: V5_3, sint: 16 }, { connectionId: 4 })
    env.expectIgnored('contact-sint')
  })

  it('[B15] hands a contact for another VTL on, from 5.1', () => {
    const env = new TestEnv()
    const origin = { connectionId: 4 }
    const bytes = contactBytes({ version: V5_1, vtl: 2 })
    env.postBytes(bytes, origin)
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([{ kind: 'forward-contact', vtl: 2, bytes, origin }])
    env.contact({ version: V5_0, vtl: 2 }, origin)
    expect(env.heard()).toEqual([yes(1)])
  })

  it('[B16] sends to the VP asked for, from 3.0', () => {
    for (const [version, vp] of [
      [V3_0, 3],
      [V6_0, 3],
      [V2_4, 0],
    ] as const) {
      const env = new TestEnv()
      env.contact({ version, targetVp: 3 })
      expect(env.server.peekMessage()).toMatchObject({ vp, sint: 2 })
      env.heard()
      env.post('RequestOffers', {})
      expect(env.server.peekMessage()).toMatchObject({ vp, sint: 2 })
    }
  })

  it('[B17][OK-05] takes the third field for the interrupt page below 2.4 only', () => {
    const page = (version: number, interruptPage: bigint) => {
      const env = new TestEnv()
      env.contact({ version, interruptPage })
      expect(env.heard()).toMatchObject([{ versionSupported: 1 }])
      const [connected] = env.effects()
      return connected?.kind === 'connected' ? connected.interruptPage : 'not connected'
    }
    expect(page(V0_13, 0x5000n)).toBe(0x5000n)
    expect(page(V1_1, 0x5000n)).toBe(0x5000n)
    expect(page(V1_1, 0n)).toBeUndefined()
    expect(page(V2_4, 0x5000n)).toBeUndefined()
    expect(page(V4_1, 0x5001n)).toBeUndefined()
  })

  it('[B18] refuses an unaligned interrupt page', () => {
    const env = new TestEnv()
    env.contact({ version: V1_1, interruptPage: 0x5008n })
    expect(env.heard()).toEqual([no])
    expect(env.violations()).toMatchObject([{ rule: 'page-unaligned', code: 'ALIGN', field: 'target', offset: 16 }])
  })

  it('[B19][SV-09] a contact while connected ends the connection without a word, then negotiates', () => {
    const env = new TestEnv()
    const [first, second] = env.two()
    env.opened(first, 1)
    env.accepted(second, 2, 11)
    env.contact({ version: V4_0 })
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([
      { kind: 'close', offer: first, channelId: 1 },
      { kind: 'gpadl-teardown', offer: second, gpadlId: 11 },
    ])
    env.server.closeComplete(first)
    expect(env.effects()).toEqual([{ kind: 'gpadl-teardown', offer: first, gpadlId: 10 }])
    env.server.gpadlTeardownComplete(second, 11)
    expect(env.heard()).toEqual([])
    env.server.gpadlTeardownComplete(first, 10)
    expect(env.effects()).toEqual([
      { kind: 'disconnected' },
      { kind: 'connected', version: V4_0, features: 0, monitorPages: undefined },
    ])
    expect(env.heard()).toEqual([yes(V4_0)])
    expect(env.rules()).toEqual([])
  })

  it('[B19] a reserved channel survives that', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.openedReserved(offer, 1)
    env.contact({ version: V5_3 })
    expect(env.effects()).toMatchObject([{ kind: 'disconnected' }, { kind: 'connected' }])
    expect(env.server.channels()).toMatchObject([{ state: 'open', reserved: true, gpadls: 1 }])
  })

  it('[B20] two contacts at once: first answer, forced disconnect, second answer', () => {
    const env = new TestEnv()
    env.contact({ version: V5_3 })
    env.contact({ version: V4_1 })
    expect(env.effects()).toMatchObject([{ kind: 'connected', version: V5_3 }])
    expect(env.heard()).toEqual([yes(1), yes(V4_1)])
    expect(env.effects()).toMatchObject([{ kind: 'disconnected' }, { kind: 'connected', version: V4_1 }])
  })

  it('[B20][TR-07] contacts while the old connection ends: the last is answered, once', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.opened(offer, 1)
    for (const version of [V5_3, V4_0, V4_1]) env.contact({ version })
    env.server.closeComplete(offer)
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.heard()).toEqual([yes(V4_1)])
    expect(env.rules()).toEqual([])
  })

  it('[TR-07] a contact after Unload takes the place of UnloadComplete', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.opened(offer, 1)
    env.post('Unload', {})
    env.contact({ version: V4_1 })
    env.server.closeComplete(offer)
    env.server.gpadlTeardownComplete(offer, 10)
    expect(env.heard()).toEqual([yes(V4_1)])
  })

  describe('monitor pages', () => {
    const monitorPages = { parentToChild: 0n, childToParent: 0x7000n }
    const guestPages = { parentToChildMonitorPage: 0x1000n, childToParentMonitorPage: 0x2000n }

    it('[B21] are those of the host where asked for', () => {
      const env = new TestEnv({ monitorPages })
      env.contact({ features: 0x40, ...guestPages })
      expect(env.server.peekMessage()?.bytes).toHaveLength(40)
      expect(env.heard()).toEqual([
        {
          ...yes6(0x40),
          type: 'VersionResponse3',
          parentToChildMonitorPage: 0n,
          childToParentMonitorPage: 0x7000n,
        },
      ])
      expect(env.effects()).toEqual([{ kind: 'connected', version: V6_0, features: 0x40, monitorPages }])
    })

    it('[B21] are those of the guest when the host has none, or was not asked', () => {
      const guests = { parentToChild: 0x1000n, childToParent: 0x2000n }
      for (const [options, features] of [
        [{}, 0x40],
        [{ monitorPages }, 0],
      ] as const) {
        const env = new TestEnv(options)
        env.contact({ features, ...guestPages })
        expect(env.heard()).toEqual([yes6(0)])
        expect(env.effects()).toEqual([{ kind: 'connected', version: V6_0, features: 0, monitorPages: guests }])
      }
    })

    it('[B21] are none when the host insists on its own', () => {
      const env = new TestEnv({ monitorPages, ownMonitorPagesOnly: true })
      env.contact(guestPages)
      env.offer(1, { monitorLatency: 100 })
      env.post('RequestOffers', {})
      expect(env.heard()).toMatchObject([
        yes6(0),
        { type: 'OfferChannel', monitorId: 0xff, monitor: { allocated: false } },
        { type: 'AllOffersDelivered' },
      ])
    })

    it.each(['parentToChildMonitorPage', 'childToParentMonitorPage'] as const)(
      '[B128] a misaligned %s fails the contact',
      (field) => {
        const env = new TestEnv()
        env.contact({ ...guestPages, [field]: 0x1008n })
        expect(env.heard()).toEqual([{ ...yes6(0), connectionState: 2 }])
        expect(env.violations()).toMatchObject([{ rule: 'page-unaligned', code: 'ALIGN', field }])
        expect(env.effects()).toEqual([])
      },
    )
  })

  it('[B22] grants confidential channels over the trusted path only, and then listens to nothing else', () => {
    const env = new TestEnv()
    const trusted = { connectionId: 1, trusted: true }
    env.contact({ features: 0x10 })
    expect(env.heard()).toEqual([yes6(0)])
    env.contact({ features: 0x10 }, trusted)
    expect(env.heard()).toEqual([yes6(0x10)])
    env.effects()
    env.post('RequestOffers', {})
    env.expectIgnored('untrusted')
    env.origin = trusted
    env.post('RequestOffers', {})
    expect(env.heard()).toEqual([{ type: 'AllOffersDelivered' }])
  })

  it('[B22] grants pinning only when told to', () => {
    for (const [features, granted] of [
      [undefined, 0],
      [0xff, 0x80],
    ] as const) {
      const env = new TestEnv(features === undefined ? {} : { features })
      env.contact({ features: 0x80 })
      expect(env.heard()).toEqual([yes6(granted)])
    }
  })

  it('[B23][SV-01] before a contact, only types 14 and 19 are looked at', () => {
    const env = new TestEnv()
    const offer = env.one()
    env.openedReserved(offer, 1)
    env.post('Unload', {})
    env.heard()
    env.effects()
    for (let type = 1; type <= 29; type++) {
      if (type === 14 || type === 19) continue
      const bytes = new Uint8Array(240)
      bytes[0] = type
      env.postBytes(bytes)
      expect(env.violations()).toMatchObject([{ code: 'TYPE', field: 'header.messageType', offset: 0 }])
    }
    expect(env.heard()).toEqual([])
    expect(env.effects()).toEqual([])
    env.post('CloseReservedChannel', { channelId: 1, targetVp: 1, targetSint: 2 })
    expect(env.effects()).toEqual([{ kind: 'close', offer, channelId: 1 }])
    env.contact({ version: V5_3 })
    expect(env.heard()).toEqual([yes(1)])
  })

  it('[B104] a lower maximum may wait for the first Unload', () => {
    const env = new TestEnv({ maxVersion: V5_3, delayMaxVersion: true })
    env.contact({ version: V6_0 })
    expect(env.heard()).toEqual([yes6(0)])
    env.post('Unload', {})
    expect(env.heard()).toEqual([{ type: 'UnloadComplete' }])
    env.contact({ version: V6_0 })
    expect(env.heard()).toEqual([no])
    env.contact({ version: V5_3 })
    expect(env.heard()).toEqual([yes(1)])
  })
})
