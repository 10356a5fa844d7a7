import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Frame, FrameType } from '../src/channels/index.ts'
import { createHost } from '../src/index.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { layoutOf, toHex } from '../src/wire/index.ts'
import { loneHost } from './process-rig.ts'

const text = readFileSync(new URL('../docs/process-transport.md', import.meta.url), 'utf8')

describe('docs/process-transport.md', () => {
  it('has every frame with its number, and every field at its offset', () => {
    const rows = [...text.matchAll(/^\| (\d+) \| (\w+) \| (?:G|H|both) \| (.*) \|$/gm)]
    expect(rows.map(([, type, name]) => [name, Number(type)])).toEqual(Object.entries(FrameType))
    for (const [, , name, fields = ''] of rows) {
      const schema = Frame.members.find((member) => member.schema.name === `${name}Frame`)?.schema
      if (schema === undefined) throw new Error(`no schema of ${name}`)
      const described = [...fields.matchAll(/(?:^|· )(\d+) (?:`(\w+)` (u\d+)|(reserved) (u\d+)|(\w+))/g)].map(
        ([, offset, field, type, reserved, reservedType, plain]) =>
          `${offset} ${field ?? reserved ?? plain} ${type ?? reservedType ?? 'bytes'}`,
      )
      const actual = layoutOf(schema)
        .fields.filter(({ name: path, bitOffset }) => !path.startsWith('header') && bitOffset === undefined)
        .map(({ name: path, offset, type, size }) => {
          const isWord = /u\d+/.exec(type)
          return `${offset} ${path} ${size === 0 || isWord === null ? 'bytes' : isWord[0]}`
        })
      expect([name, described]).toEqual([name, actual])
    }
  })

  it('has an example that our host answers as it says, byte for byte', () => {
    const block = /```frames\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    const frames = [...block.matchAll(/^(guest|host) (\w+).*\n((?: {2}[0-9a-f ]+\n)+)/gm)].map(
      ([, from, name, hex = '']) => ({ from, name, hex: hex.replaceAll(/\s/g, '') }),
    )
    expect(frames.length).toBe(13)
    const said: string[] = []
    const { host, pump, ends } = loneHost({
      send: (frame) => said.push(toHex(frame)),
      connected: (transport) => createHost({ transport, pump }).offer(new KeyboardVsp()),
    })
    for (const { from, name, hex } of frames) {
      const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
      expect(Frame.decode(bytes).type).toBe(`${name}Frame`)
      if (from === 'host') expect(said.shift()).toBe(hex)
      else {
        expect(said).toEqual([])
        host.receive(bytes)
        pump.settle()
      }
    }
    expect(said).toEqual([])
    expect(ends).toEqual([{ how: 'bye', reason: 0, text: '' }])
  })
})
