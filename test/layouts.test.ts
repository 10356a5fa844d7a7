import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { allSchemas } from '../src/schemas.ts'
import { layoutOf } from '../src/wire/index.ts'

interface LinuxField {
  readonly name: string
  readonly offset: number
  readonly size: number
  readonly bitOffset?: number
  readonly bitWidth?: number
}
interface LinuxStruct {
  readonly size: number
  readonly fields: readonly LinuxField[]
}

const linux: { structs: Record<string, LinuxStruct> } = JSON.parse(
  readFileSync(new URL('fixtures/linux-layouts.json', import.meta.url), 'utf8'),
)

/** What Linux has at a place, as `offset+size`, with bits behind it where it is a bit field. */
function place({ offset, size, bitOffset, bitWidth }: LinuxField): string {
  return `${offset}+${size}${bitWidth === undefined ? '' : `[${bitOffset}:${bitWidth}]`}`
}

/** Members of Linux that we describe otherwise, and why. */
const exceptions: Record<string, string> = {
  'ndis_tcp_ip_checksum_info.receive': "the host's reading of the same word: ReceiveChecksumInfo",
  'ndis_tcp_lso_info.transmit': 'a reading of the same word that names less',
  'ndis_tcp_lso_info.lso_v1_transmit': 'the same bits under another version',
  'ndis_tcp_lso_info.lso_v1_transmit_complete': 'what a host may write back; none does',
  'ndis_tcp_lso_info.lso_v2_transmit_complete': 'what a host may write back; none does',
  'hv_kvp_exchg_msg_value.value_u32': 'a reading of `value` as a number',
  'hv_kvp_exchg_msg_value.value_u64': 'a reading of `value` as a number',
  'hv_vss_msg.error': 'what the daemon in a Linux guest answers, to its kernel',
  'heartbeat_msg_data.reserved': 'OpenVMM knows its first word',
  'hv_message_header.port': 'a second reading of `sender`: a port id in its low half',
  'vmscsi_request.cdb': 'a second reading of `cdbOrSense`, which is 4 bytes longer',
  'vstor_packet.storage_channel_properties': 'another message in the same bytes',
  'vstor_packet.version': 'another message in the same bytes',
  'vstor_packet.wwn_packet': 'another message in the same bytes',
  'vstor_packet.sub_channel_count': 'another message in the same bytes',
}

/** Whether a member, or something that it is in or stands in, is an exception. A second reading may be deep inside (`header.port`). */
function isException(alias: string, name: string): boolean {
  const known = Object.keys(exceptions)
  const parts = name.split('.')
  return parts.some((_, from) =>
    parts.some((_, to) => {
      const part = parts.slice(from, to + 1).join('.')
      return (
        known.includes(`${alias}.${part}`) || (from > 0 && known.some((exception) => exception.endsWith(`.${part}`)))
      )
    }),
  )
}

describe('layouts against the Linux compiler', () => {
  for (const schema of allSchemas) {
    const names = schema.aliases.linux
    for (const alias of names === undefined ? [] : typeof names === 'string' ? [names] : names) {
      const theirs = linux.structs[alias]
      if (theirs === undefined) continue
      it(`${schema.name} is ${alias}`, () => {
        const ours = layoutOf(schema)
        // The structure itself counts: Linux gives whole unions a second reading as one word.
        const places = new Set([`0+${ours.size}`, ...ours.fields.map(place)])
        const missing = theirs.fields
          .filter((field) => field.size > 0 && !places.has(place(field)) && !isException(alias, field.name))
          .map((field) => `${alias}.${field.name} ${place(field)}`)
        expect(missing).toEqual([])
        expect(ours.size).toBe(theirs.size)
      })
    }
  }
})
