import { describe, expect, it } from 'vitest'
import { type LayoutField, layoutOf } from '../src/wire/index.ts'
import { Chosen, Counts, Message, Names, Nested, Ranges, Runs } from './kinds.ts'

/** A row as `name offset+size[bits] type`. */
function row({ name, offset, size, bitOffset, bitWidth, type }: LayoutField): string {
  return `${name} ${offset}+${size}${bitWidth === undefined ? '' : `[${bitOffset}:${bitWidth}]`} ${type}`
}

const rows = (schema: Parameters<typeof layoutOf>[0]) => layoutOf(schema).fields.map(row)

describe('layoutOf', () => {
  it('has name, aliases, size and whether more may follow', () => {
    const { fields: _, ...head } = layoutOf(Nested)
    expect(head).toEqual({
      name: 'Nested',
      aliases: { linux: 'nested', also: ['n1', 'n2'] },
      size: 192,
      variable: false,
    })
    expect(layoutOf(Counts)).toMatchObject({ size: 7, variable: true })
  })

  it('lists words before their bits, the lowest first', () => {
    expect(rows(Names)).toEqual([
      'colour 0+2 Colour(u16)',
      'marks 2+4 Marks(u32)',
      'marks.first 2+4[0:1] bool',
      'marks.second 2+4[3:1] bool',
      'marks.last 2+4[31:1] bool',
      'wide 6+8 Wide(u64)',
      'wide.low 6+8[0:1] bool',
      'wide.high 6+8[63:1] bool',
      'word 14+2 bits(u16)',
      'word.on 14+2[0:1] bool',
      'word.level 14+2[1:3] u3',
      'word.colour 14+2[4:4] Small(u4)',
      'word.reserved 14+2[8:8] reserved(u8)',
      'page 16+8 bits(u64)',
      'page.enable 16+8[0:1] bool',
      'page.kind 16+8[1:32] u32',
      'page.number 16+8[33:31] u31',
    ])
  })

  it('names runs, reserved space and constants', () => {
    expect(rows(Runs)).toEqual([
      'id 0+16 guid',
      'raw 16+5 u8[5]',
      'text 21+8 utf16[4]',
      'gap 29+3 reserved(u8[3])',
      'word 32+2 reserved(u16)',
      'wide 34+8 reserved(u64)',
      'five 42+4 u32 = 5',
    ])
  })

  it('lists structures and arrays, then what is in them', () => {
    expect(rows(Nested)).toEqual([
      'header 0+8 Header',
      'header.messageType 0+4 u32 = 7',
      'header.padding 4+4 reserved(u32)',
      'pair 8+4 Pair',
      'pair.x 8+2 u16',
      'pair.y 10+2 reserved(u16)',
      'pairs 12+12 Pair[3]',
      'pairs[0].x 12+2 u16',
      'pairs[0].y 14+2 reserved(u16)',
      'grid 24+8 u16[2][2]',
      'many 32+160 u32[40]',
    ])
  })

  it('marks what is behind a part of variable size', () => {
    expect(rows(Counts)).toEqual([
      'pairCount 0+2 u16',
      'dataLength 2+1 u8',
      'pairs 3+0 Pair[pairCount]',
      'pairs[0].x 3+2 u16',
      'pairs[0].y 5+2 reserved(u16)',
      'data 3+0 …u8[dataLength]',
      'after 3+4 …u32',
    ])
    expect(rows(Ranges)).toEqual(['ranges 0+0 Range[…]', 'ranges[0].length 0+1 u8', 'ranges[0].pages 1+0 u64[length]'])
  })

  it('lists the variants of a union one over another, their fields below their names', () => {
    expect(rows(Chosen)).toEqual([
      'number 0+1 u8',
      'body 1+4 Body',
      'body.Even 1+4 Even',
      'body.Even.half 1+4 u32',
      'body.Odd 1+4 Odd',
      'body.Odd.left 1+2 u16',
      'body.Odd.right 3+2 u16',
      'after 5+2 u16',
    ])
    const message = rows(Message)
    expect(message.filter((text) => !text.includes('.'))).toEqual([
      'Old 0+12 Old',
      'New 0+16 New',
      'Newest 0+18 Newest',
      'Other 0+8 Other',
      'Unknown 0+8 Unknown',
    ])
    expect(message).toContain('Newest.header.messageType 0+4 u32 = 1')
  })
})
