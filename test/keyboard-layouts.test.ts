import { describe, expect, it } from 'vitest'
import {
  deLayout,
  type KeyboardLayout,
  keyboardLayouts,
  keyNames,
  keysOf,
  scanCodesOfKey,
  ukLayout,
  usLayout,
} from '../src/devices/keyboard/index.ts'

/** A text's key moves: `+2a +1e -1e -2a`. */
const typed = (text: string, layout: KeyboardLayout) =>
  keysOf(text, layout)
    .map(({ scanCode, isPressed }) => `${isPressed ? '+' : '-'}${scanCode.toString(16)}`)
    .join(' ')

describe('layouts', () => {
  it('US: every printable character of ASCII, and the control keys', () => {
    const ascii = Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).join('')
    expect(keysOf(ascii, usLayout).filter(({ isPressed }) => isPressed).length).toBe(95 + 26 + 21)
    expect(typed('aA', usLayout)).toBe('+1e -1e +2a +1e -1e -2a')
    expect(typed('~`|\\?', usLayout)).toBe('+2a +29 -29 -2a +29 -29 +2a +2b -2b -2a +2b -2b +2a +35 -35 -2a')
    expect(typed('\n\t\b\x1b ', usLayout)).toBe('+1c -1c +f -f +e -e +1 -1 +39 -39')
  })

  it('UK: pound, hash and the key that the US has not', () => {
    expect(typed('£#\\|"@€', ukLayout)).toBe(
      '+2a +4 -4 -2a +2b -2b +56 -56 +2a +56 -56 -2a +2a +3 -3 -2a +2a +28 -28 -2a +e038 +5 -5 -e038',
    )
    expect(typed('é', ukLayout)).toBe('+e038 +12 -12 -e038')
    expect(typed('É', ukLayout)).toBe('+2a +e038 +12 -12 -e038 -2a')
  })

  it('German: y and z, umlauts, the third level, and dead keys with what follows', () => {
    expect(typed('zyÄ@\\', deLayout)).toBe('+15 -15 +2c -2c +2a +28 -28 -2a +e038 +10 -10 -e038 +e038 +c -c -e038')
    expect(typed('é', deLayout)).toBe('+d -d +12 -12')
    expect(typed('Â', deLayout)).toBe('+29 -29 +2a +1e -1e -2a')
    // A dead key's own mark takes the space bar.
    expect(typed('^`', deLayout)).toBe('+29 -29 +39 -39 +2a +d -d -2a +39 -39')
  })

  it.each(Object.entries(keyboardLayouts))('%s: has no key twice, and levels of one character each', (name, layout) => {
    expect(layout.name).toBe(name)
    const codes = layout.rows.flatMap(([first, keys]) => keys.map((_, index) => first + index))
    expect(new Set(codes).size).toBe(codes.length)
    expect(layout.rows.flatMap(([, keys]) => keys).every((key) => [...key].length >= 1 && [...key].length <= 4)).toBe(
      true,
    )
  })

  it('a character that a layout has not is named, with its place', () => {
    expect(() => keysOf('ab\u{1f600}', usLayout)).toThrow(new RangeError('layout us has no key for "\u{1f600}", at 2'))
    expect(() => keysOf('€', usLayout)).toThrow(RangeError)
  })
})

describe('keys by name', () => {
  it.each([
    ['esc', [0x01]],
    ['a', [0x1e]],
    ['0', [0x0b]],
    ['enter', [0x1c]],
    ['Return', [0x1c]],
    ['space', [0x39]],
    ['f12', [0x58]],
    ['kp-enter', [0xe01c]],
    ['altgr', [0xe038]],
    ['delete', [0xe053]],
    ['menu', [0xe05d]],
    ['printscreen', [0xe037]],
    ['pause', [0xe11d, 0x45]],
  ])('%s', (name, codes) => {
    expect(scanCodesOfKey(name)).toEqual(codes)
  })

  it('each name is one key’s', () => {
    expect(new Set(keyNames).size).toBe(keyNames.length)
    expect(keyNames.length).toBeGreaterThan(100)
    expect(scanCodesOfKey('any')).toBeUndefined()
  })
})
