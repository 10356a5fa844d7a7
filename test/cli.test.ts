import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const main = new URL('../dist/cli/main.js', import.meta.url).pathname

/** Runs the built command. */
function vmbus(args: readonly string[], input: string | Uint8Array = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { input, maxBuffer: 1 << 28 })
  return { status, out: stdout.toString(), err: stderr.toString() }
}

interface Event {
  readonly kind: string
  readonly hex: string
}

function recorded(...kinds: readonly string[]): string[] {
  const folder = new URL('fixtures/transcripts/', import.meta.url)
  return readdirSync(folder).flatMap((file) => {
    const { events }: { events: readonly Event[] } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
    return events.filter((event) => kinds.includes(event.kind)).map((event) => event.hex)
  })
}

const contact = '0e00000000000000030005000000000002000000000000000030aa43000000000040aa4300000000'
const bytes = Uint8Array.from(contact.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

describe('vmbus decode and encode', () => {
  it('prints JSON as the contract says', () => {
    const { status, out } = vmbus(['decode', 'message', contact, '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      type: 'InitiateContact',
      version: { value: 0x50003, name: 'V5_3' },
      targetVp: 0,
      target: { type: 'TargetInfo', sint: 2, vtl: 0, featureFlags: { modifyConnection: false } },
      parentToChildMonitorPage: '0x43aa3000',
    })
  })

  it('prints a tree with offsets, and the bytes beside it', () => {
    expect(vmbus(['decode', 'message', contact]).out).toContain('0008    version                   V5_3 (327683)')
    expect(vmbus(['decode', 'message', contact, '--hex']).out).toMatch(/0008 {2}03 00 05 00 +\| {3}version +\| V5_3/)
  })

  for (const [kind, ...kinds] of [
    ['message', 'postmessage', 'msg'],
    ['packet', 'packet'],
  ] as const) {
    it(`encodes back every recorded ${kind} from what decode printed`, () => {
      const lines = recorded(...kinds)
      expect(lines.length).toBeGreaterThan(400)
      const decoded = vmbus(['decode', kind, '--each'], lines.join('\n'))
      expect(decoded.status).toBe(0)
      const encoded = vmbus(['encode', kind, '--each'], decoded.out)
      expect(encoded.status).toBe(0)
      expect(encoded.out.trim().split('\n')).toEqual(lines)
    })
  }

  it('finds structures by Linux name', () => {
    const { out } = vmbus(['decode', 'vmbus_channel_rescind_offer', '020000000000000003000000', '--json'])
    expect(JSON.parse(out)).toEqual({
      header: { messageType: { value: 2, name: 'RescindChannelOffer' } },
      channelId: 3,
    })
  })

  it('takes the version, features and sender into account', () => {
    const open = `05${'00'.repeat(155)}`
    const type = (...args: string[]) => JSON.parse(vmbus(['decode', 'message', open, '--json', ...args]).out).type
    expect(type()).toBe('OpenChannel2')
    expect(type('--version', '5.3')).toBe('OpenChannel')
    expect(type('--version', '6.0', '--features', '0')).toBe('OpenChannel')
    expect(type('--version', '6.0', '--features', 'channelInterruptRedirection')).toBe('OpenChannel2')
    expect(vmbus(['decode', 'message', open, '--from', 'host'])).toMatchObject({ status: 1 })
  })

  it('decodes the payload of a packet when told the device, and still encodes to the same bytes', () => {
    const hex = '06000200040000000000000000000000030000001600000002000000ab000000'
    const { out } = vmbus(['decode', 'packet', hex, '--json', '--device', 'keyboard'])
    expect(JSON.parse(out).decoded).toMatchObject({
      type: 'Keystroke',
      makeCode: 0x16,
      flags: { break: true, e0: false },
    })
    expect(vmbus(['encode', 'packet'], out).out.trim()).toBe(hex)
  })

  it('knows every device of the package, and whoever sent it', () => {
    const response = '06000200050000000000000000000000010000000d00000001000000050000000000020001000000'
    const { out } = vmbus(['decode', 'packet', response, '--json', '--device', 'mouse'])
    expect(JSON.parse(out).decoded.message).toMatchObject({ type: 'MouseProtocolResponse', accepted: 1 })
    const request = '06000200050000000000000000000000010000000c000000010000000c0000000300050000000000'
    expect(vmbus(['decode', 'packet', request, '--device', 'video']).out).toMatch(/VersionRequest[\s\S]*V3_5/)
    expect(vmbus(['decode', 'packet', request, '--device', 'toaster'])).toMatchObject({
      status: 2,
      err: expect.stringMatching(/^vmbus: --device takes keyboard, mouse, network, .*, not toaster\n$/),
    })
  })

  it('says in one line which field is bad, at which offset and why, and exits with 1', () => {
    const { status, out, err } = vmbus(['decode', 'message', contact.slice(0, 60)])
    expect(status).toBe(1)
    expect(out).toBe('')
    expect(err).toBe('vmbus: ChannelMessage.parentToChildMonitorPage at offset 24: 8 bytes needed, 6 left (SHORT)\n')
  })

  it('prints what could be read of bad input with --lenient, and still exits with 1', () => {
    const { status, out } = vmbus(['decode', 'message', contact.slice(0, 60), '--lenient', '--json'])
    expect(status).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ type: 'InitiateContact', targetVp: 0, target: { sint: 2 } })
  })

  it('reports reserved bits that are set, and exits with 0', () => {
    const { status, err, out } = vmbus(['decode', 'message', '020000000700000003000000', '--json'])
    expect(status).toBe(0)
    expect(err).toContain('header.padding at offset 4: reserved space is not zero (RSVD)')
    expect(JSON.parse(out).header.padding).toBe(7)
  })

  it('exits with 2 for wrong usage', () => {
    for (const args of [
      [],
      ['nonsense'],
      ['decode'],
      ['decode', 'NoSuchThing', '00'],
      ['decode', 'message', '--wrong'],
      ['layout', 'x'],
    ]) {
      expect(vmbus(args), args.join(' ')).toMatchObject({ status: 2, out: '' })
    }
  })

  const dumps: Record<string, string> = {
    'hex with spaces and 0x': contact.replace(/../g, '0x$& '),
    xxd: '00000000: 0e00 0000 0000 0000 0300 0500 0000 0000  ................\n00000010: 0200 0000 0000 0000 0030 aa43 0000 0000  .........0.C....\n00000020: 0040 aa43 0000 0000                      .@.C....\n',
    'hexdump -C':
      '00000000  0e 00 00 00 00 00 00 00  03 00 05 00 00 00 00 00  |................|\n00000010  02 00 00 00 00 00 00 00  00 30 aa 43 00 00 00 00  |.........0.C....|\n00000020  00 40 aa 43 00 00 00 00                           |.@.C....|\n00000028\n',
    'WinDbg db':
      'ffffa402`1c3e5f40  0e 00 00 00 00 00 00 00-03 00 05 00 00 00 00 00  ................\nffffa402`1c3e5f50  02 00 00 00 00 00 00 00-00 30 aa 43 00 00 00 00  .........0.C....\nffffa402`1c3e5f60  00 40 aa 43 00 00 00 00                          .@.C....\n',
    'WinDbg dq':
      'ffffa402`1c3e5f40  00000000`0000000e 00000000`00050003\nffffa402`1c3e5f50  00000000`00000002 00000000`43aa3000\nffffa402`1c3e5f60  00000000`43aa4000\n',
    printk:
      '[   12.345678] hv_vmbus: msg: 00000000: 0e 00 00 00 00 00 00 00 03 00 05 00 00 00 00 00  ................\n[   12.345679] hv_vmbus: msg: 00000010: 02 00 00 00 00 00 00 00 00 30 aa 43 00 00 00 00  .........0.C....\n[   12.345680] hv_vmbus: msg: 00000020: 00 40 aa 43 00 00 00 00                          .@.C....\n',
  }
  for (const [name, text] of Object.entries(dumps)) {
    it(`reads ${name}`, () => {
      const decoded = vmbus(['decode', 'message', '--json'], text)
      expect(vmbus(['encode', 'message', '-'], decoded.out).out.trim()).toBe(contact)
    })
  }

  it('reads raw bytes', () => {
    const { out } = vmbus(['decode', 'message', '-', '--in', 'bin', '--json'], bytes)
    expect(JSON.parse(out).type).toBe('InitiateContact')
  })

  it('decodes a hypercall: input value, header, elements; and what it carries', () => {
    const size = contact.length / 2
    const header = `5c${'00'.repeat(7)}040000000000000001000000`
    const hex = `${header}${size.toString(16).padStart(2, '0')}000000${contact.padEnd(480, '0')}`
    const { status, out } = vmbus(['decode', 'hypercall', hex, '--json'])
    expect(status).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      type: 'HvCallPostMessage',
      control: { callCode: 0x5c, isFast: false },
      input: { connectionId: { id: 4 }, payloadSize: size },
      decoded: { type: 'InitiateContact' },
    })
    expect(vmbus(['encode', 'hypercall'], out).out.trim()).toBe(hex)
    const map = `4b00000002000000${'11'.repeat(8)}${'22'.repeat(8)}0300000000000000${'33'.repeat(8)}${'44'.repeat(8)}`
    const decoded = JSON.parse(vmbus(['decode', 'hypercall', map, '--json']).out)
    expect(decoded).toMatchObject({ type: 'HvCallMapGpaPages', control: { repCount: 2 } })
    expect(decoded.elements).toHaveLength(2)
  })

  it('guesses what bytes could be, best first', () => {
    const found = JSON.parse(vmbus(['decode', 'auto', contact, '--json']).out)
    expect(found[0]).toMatchObject({ kind: 'message', name: 'InitiateContact' })
    const packet = recorded('packet')[0] ?? ''
    expect(JSON.parse(vmbus(['decode', 'auto', packet, '--json']).out)[0]).toMatchObject({
      kind: 'packet',
      name: 'DataInBandPacket',
    })
  })

  it('goes on after a bad record with --each', () => {
    const { status, out } = vmbus(['decode', 'message', '--each'], `${contact}\n0e00\n020000000000000003000000\n`)
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(status).toBe(1)
    expect(lines.map((line) => line.type ?? line.code)).toEqual(['InitiateContact', 'SHORT', 'RescindChannelOffer'])
  })
})

describe('vmbus layout', () => {
  it('prints an array of layouts in JSON', () => {
    const layouts = JSON.parse(vmbus(['layout', '--json']).out)
    expect(layouts.length).toBeGreaterThan(80)
    const offer = layouts.find((layout: { name: string }) => layout.name === 'OfferChannel')
    expect(offer).toMatchObject({ aliases: { linux: 'vmbus_channel_offer_channel' }, size: 196, variable: false })
    expect(offer.fields).toContainEqual({ name: 'connectionId', offset: 192, size: 4, type: 'u32' })
    expect(offer.fields).toContainEqual({
      name: 'interrupt.isDedicated',
      offset: 190,
      size: 2,
      bitOffset: 0,
      bitWidth: 1,
      type: 'bool',
    })
  })

  it('shows the structures of a call: header, elements, output', () => {
    const names = (call: string) =>
      JSON.parse(vmbus(['layout', call, '--json']).out).map((layout: { name: string }) => layout.name)
    expect(names('HvCallMapGpaPages')).toEqual(['HvCallMapGpaPages', 'HvCallMapGpaPages.element'])
    expect(names('HvCallGetPartitionId')).toEqual(['HvCallGetPartitionId.output'])
  })

  it('prints a table', () => {
    expect(vmbus(['layout', 'vmpacket_descriptor']).out).toContain('     8     8  transactionId')
  })
})

describe('vmbus explain', () => {
  const cases: Record<string, string> = {
    'f912ad6d-2b17-48ea-bd65-f927a61c7684': 'interface id Keyboard',
    '{F912AD6D-2B17-48EA-BD65-F927A61C7684}': 'interface id Keyboard',
    '0x8000ffff': 'MessageStatus Failure = 2147549183 (0x8000ffff)',
    '-2147418113': 'MessageStatus Failure',
    DataInBand: 'PacketType DataInBand = 6 (0x6)',
    '5.3': 'VMBus version 5.3 = 0x50003',
    vmbus_channel_open_result: 'structure OpenResult',
    pauseResume: 'FeatureFlags pauseResume = 32 (0x20)',
    HvCallPostMessage: 'hypercall HvCallPostMessage = 0x005c',
    '0x5d': 'hypercall HvCallSignalEvent = 0x005d',
    HV_STATUS_INSUFFICIENT_BUFFERS: 'hypercall status HV_STATUS_INSUFFICIENT_BUFFERS = 0x0013',
    HV_X64_MSR_SCONTROL: 'MSR HV_X64_MSR_SCONTROL = 0x40000080',
    '0x40000003': 'CPUID leaf CpuidFeatures = 0x40000003',
    HvRegisterVpIndex: 'register HvRegisterVpIndex',
  }
  for (const [term, line] of Object.entries(cases)) {
    it(`knows ${term}`, () => {
      expect(vmbus(['explain', '--', term])).toMatchObject({ status: 0, out: expect.stringContaining(line) })
    })
  }

  it('admits what it does not know', () => {
    expect(vmbus(['explain', 'flux-capacitor'])).toMatchObject({ status: 1, out: '' })
  })
})
