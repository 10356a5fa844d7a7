import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { IcStatus } from '../src/devices/ics/index.ts'
import { KeyboardMessageType } from '../src/devices/keyboard/index.ts'
import { SrbFlags, SrbStatus, VstorOperation } from '../src/devices/storage/index.ts'
import { VideoMessageType } from '../src/devices/video/index.ts'
import { DeviceId } from '../src/vmbus/device-ids.ts'
import { ChannelMessage, ChannelMessageType } from '../src/vmbus/messages.ts'
import { OfferFlags } from '../src/vmbus/offer.ts'
import { PacketType } from '../src/vmbus/packet-types.ts'
import { VmbusVersion } from '../src/vmbus/versions.ts'

const linux: {
  guids: Record<string, string>
  versions: Record<string, number[]>
  channelMessageTable: { type: number; minPayload: number; handled: boolean }[]
  enums: Record<string, Record<string, number>>
  constants: Record<string, number | string>
} = JSON.parse(readFileSync(new URL('fixtures/linux-constants.json', import.meta.url), 'utf8'))

/** `VM_PKT_DATA_INBAND` and `DataInBand` become the same. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

/** Values that both sides name, by Linux's names without the prefix. */
function shared(
  theirs: Record<string, number>,
  prefix: string,
  ours: Record<string, number>,
): [string, number, number][] {
  const byName = new Map(Object.entries(ours).map(([name, value]) => [plain(name), value]))
  return Object.entries(theirs).flatMap(([name, value]) => {
    const mine = byName.get(plain(name.replace(prefix, '')))
    return mine === undefined ? [] : [[name, mine, value] as [string, number, number]]
  })
}

describe('constants against the Linux compiler', () => {
  it('knows every status of an integration component', () => {
    const names = /^HV_(S_|E_|ERROR_|INVALIDARG$|GUID_NOTFOUND$)/
    const theirs = Object.entries(linux.constants).flatMap(([name, value]) => (names.test(name) ? [value] : []))
    expect(theirs).toHaveLength(10)
    expect(Object.values<number | string>(IcStatus)).toEqual(expect.arrayContaining(theirs))
  })

  it('knows every interface id that Linux knows', () => {
    const ours = new Set<string>(Object.values(DeviceId))
    expect(Object.values(linux.guids).filter((id) => !ours.has(id))).toEqual([])
  })

  it('knows every version that Linux tries', () => {
    const ours = new Set<number>(Object.values(VmbusVersion))
    expect(linux.versions.vmbus_versions?.filter((version) => !ours.has(version))).toEqual([])
  })

  it('has messages at least as long as Linux demands', () => {
    for (const { type, minPayload } of linux.channelMessageTable) {
      for (const { schema } of ChannelMessage.tagged(type))
        expect(schema.size, schema.name).toBeGreaterThanOrEqual(minPayload)
    }
  })

  const tables: [string, Record<string, number> | undefined, string, Record<string, number>, least: number][] = [
    ['packet types', linux.enums.vmbus_packet_type, 'VM_PKT_', PacketType, 5],
    ['message types', linux.enums.vmbus_channel_message_type, 'CHANNELMSG_', ChannelMessageType, 14],
    ['storage operations', linux.enums.vstor_packet_operation, 'VSTOR_OPERATION_', VstorOperation, 12],
    ['keyboard messages', linux.enums.synth_kbd_msg_type, 'SYNTH_KBD_', KeyboardMessageType, 4],
    ['video messages', linux.enums.synthvid_msg_type, 'SYNTHVID_', VideoMessageType, 13],
    ['offer flags', numbers(linux.constants), 'VMBUS_CHANNEL_', OfferFlags, 5],
    ['SRB flags', numbers(linux.constants), 'SRB_FLAGS_', SrbFlags, 10],
    ['SRB status', numbers(linux.constants), 'SRB_STATUS_', SrbStatus, 9],
  ]
  for (const [what, theirs, prefix, ours, least] of tables) {
    it(`has the same ${what}`, () => {
      const both = shared(theirs ?? {}, prefix, ours)
      expect(both.length).toBeGreaterThanOrEqual(least)
      expect(both.filter(([, mine, value]) => mine !== value)).toEqual([])
    })
  }
})

function numbers(constants: Record<string, number | string>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(constants).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value]] : [])),
  )
}
