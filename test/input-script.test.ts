import { describe, expect, it } from 'vitest'
import { InputScriptError, parseInputScript } from '../src/devices/input-script.ts'
import { deLayout } from '../src/devices/keyboard/index.ts'
import { createBus } from '../src/index.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { MouseVsc } from '../src/vsc/mouse.ts'
import { type InputTarget, type InputWait, playInputScript, runInputScript } from '../src/vsp/input-script.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { MouseVsp, type MouseVspOptions } from '../src/vsp/mouse.ts'

describe('the language', () => {
  it('has a step for each thing that a user does', () => {
    const script = `type "ls -l\\n" key enter   # a comment, with "quotes"
      key ctrl+alt+delete key left x3 key 0xe048 press Shift release shift repeat x2 release-all
      move 100,200 move -5,+7 click click right x2 mousedown left mouseup left wheel -3 pan 1
      wait frame wait frame x4 wait 200ms wait 1.5s unicode "\\u{1f600}\\t\\"\\\\"`
    const steps = parseInputScript(script).map(({ line: _, column: __, ...step }) => step)
    expect(steps).toEqual([
      { kind: 'type', text: 'ls -l\n' },
      { kind: 'key', keys: [[0x1c]], times: 1 },
      { kind: 'key', keys: [[0x1d], [0x38], [0xe053]], times: 1 },
      { kind: 'key', keys: [[0xe04b]], times: 3 },
      { kind: 'key', keys: [[0xe048]], times: 1 },
      { kind: 'press', keys: [[0x2a]] },
      { kind: 'release', keys: [[0x2a]] },
      { kind: 'repeat', times: 2 },
      { kind: 'release-all' },
      { kind: 'move', x: 100, y: 200 },
      { kind: 'move', x: -5, y: 7 },
      { kind: 'click', button: 'left', times: 1 },
      { kind: 'click', button: 'right', times: 2 },
      { kind: 'mousedown', button: 'left' },
      { kind: 'mouseup', button: 'left' },
      { kind: 'wheel', notches: -3 },
      { kind: 'pan', notches: 1 },
      { kind: 'wait-frame', frames: 1 },
      { kind: 'wait-frame', frames: 4 },
      { kind: 'wait', milliseconds: 200 },
      { kind: 'wait', milliseconds: 1500 },
      { kind: 'unicode', text: '😀\t"\\' },
    ])
  })

  it('says where each step begins', () => {
    expect(parseInputScript('key a\n\n  type "é" key b').map(({ line, column }) => [line, column])).toEqual([
      [1, 1],
      [3, 3],
      [3, 12],
    ])
    expect(parseInputScript('')).toEqual([])
  })

  it.each([
    ['tipe "ls"', 1, 1, 'no such step: tipe'],
    ['key enter\n  "ls"', 2, 3, 'no such step: "…"'],
    ['type ls', 1, 6, 'type wants a text in quotes, not ls'],
    ['type', 1, 1, 'type wants a text in quotes, not the end'],
    ['type "ls', 1, 6, 'a text without its closing quote'],
    ['type "l\ns"', 1, 6, 'a text without its closing quote'],
    ['type "ls\\', 1, 6, 'a text without its closing quote'],
    ['type "a\\q"', 1, 8, 'no such escape: \\q'],
    ['type "\\u{110000}"', 1, 7, 'no such escape: \\u{110000}'],
    ['key enterr', 1, 5, 'key wants a key, not enterr'],
    ['key ctrl+', 1, 5, 'key wants a key, not ctrl+'],
    ['key "a"', 1, 5, 'key wants a key, not a text'],
    ['key 0x9e', 1, 5, 'key wants a key, not 0x9e'],
    ['key a x0', 1, 7, 'x0 is not in x1 … x10000'],
    ['key a x99999', 1, 7, 'x99999 is not in x1 … x10000'],
    ['move 100', 1, 6, 'move wants a place such as 100,200, not 100'],
    ['click lefft', 1, 7, 'no such step: lefft'],
    ['mousedown key a', 1, 11, 'mousedown wants a button (left, right, middle, back, forward), not key'],
    ['wheel fast', 1, 7, 'wheel wants notches such as -3, not fast'],
    ['wait 5', 1, 6, 'wait wants frame, or a time such as 200ms or 2s, not 5'],
    ['wait 9999999s', 1, 6, 'wait wants frame, or a time such as 200ms or 2s, not 9999999s'],
  ])('%j: an error at line %i, column %i', (script, line, column, why) => {
    const parse = () => parseInputScript(script)
    expect(parse).toThrow(InputScriptError)
    expect(parse).toThrow(expect.objectContaining({ line, column, why }))
    expect(parse).toThrow(`line ${line}, column ${column}: ${why}`)
  })
})

/** Keyboard and mouse with their drivers, and what these say: `+1e` a key down, `-1e` up, `100,200 b1 w0`. */
async function withDevices(options: MouseVspOptions = {}) {
  const bus = createBus()
  const keyboard = new KeyboardVsp()
  const mouse = new MouseVsp({ horizontalWheel: true, ...options })
  bus.host.offer(keyboard)
  bus.host.offer(mouse)
  const keys = await bus.guest.attach(KeyboardVsc)
  const pointer = await bus.guest.attach(MouseVsc)
  bus.settle()
  const said: string[] = []
  keys.on('key', ({ code, isPressed, isUnicode }) =>
    said.push(`${isPressed ? '+' : '-'}${isUnicode ? 'u' : ''}${code.toString(16)}`),
  )
  pointer.on('pointer', ({ x, y, buttons, wheel, pan }) => said.push(`${x},${y} b${buttons} w${wheel},${pan}`))
  return { bus, keyboard, mouse, keys, pointer, said }
}

/** Plays to the end, and answers what was waited for; the guest runs meanwhile. */
function play(bus: { settle(): number }, script: string, target: InputTarget): InputWait[] {
  const waits: InputWait[] = []
  for (const wait of playInputScript(script, target)) {
    waits.push(wait)
    bus.settle()
  }
  bus.settle()
  return waits
}

describe('played', () => {
  it('on both devices, in order, with waits in between', async () => {
    const { bus, keyboard, mouse, said } = await withDevices()
    const script = 'type "lS" key enter move 5,6 click left wait frame x2 key ctrl+c wait 1s wheel -1 pan 2'
    expect(play(bus, script, { keyboard, mouse })).toEqual([
      { kind: 'frame', frames: 2 },
      { kind: 'time', milliseconds: 1000 },
    ])
    expect(said.filter((line) => /^[+-]/.test(line))).toEqual(
      '+26 -26 +2a +1f -1f -2a +1c -1c +1d +2e -2e -1d'.split(' '),
    )
    expect(said.filter((line) => !/^[+-]/.test(line))).toEqual([
      '5,6 b0 w0,0',
      '5,6 b1 w0,0',
      '5,6 b0 w0,0',
      '5,6 b0 w-1,0',
      '5,6 b0 w0,2',
    ])
  })

  it('stops at a wait: what comes behind it is not done before', async () => {
    const { bus, keyboard, said } = await withDevices()
    const playing = playInputScript('key a wait frame key b', { keyboard })
    expect(playing.next()).toEqual({ done: false, value: { kind: 'frame', frames: 1 } })
    bus.settle()
    expect(said).toEqual(['+1e', '-1e'])
    expect(playing.next().done).toBe(true)
    bus.settle()
    expect(said).toEqual(['+1e', '-1e', '+30', '-30'])
  })

  it('keys held, repeated, and all let go', async () => {
    const { bus, keyboard, mouse, said } = await withDevices()
    play(bus, 'repeat press shift press a repeat x2 mousedown right release-all key pause unicode "é"', {
      keyboard,
      mouse,
    })
    expect(said.filter((line) => /^[+-]/.test(line)).join(' ')).toBe(
      '+2a +1e +1e +1e -2a -1e +e11d +45 -e11d -45 +ue9 -ue9',
    )
    expect(said.filter((line) => !/^[+-]/.test(line))).toEqual(['0,0 b2 w0,0', '0,0 b0 w0,0'])
  })

  it('text by another layout', async () => {
    const { bus, keyboard, said } = await withDevices()
    play(bus, 'type "zé"', { keyboard, layout: deLayout })
    expect(said.join(' ')).toBe('+15 -15 +d -d +12 -12')
  })

  it('pixels of a screen: the place in the middle of the pixel', async () => {
    const { bus, mouse, said } = await withDevices()
    const screen = { width: 1024, height: 768 }
    play(bus, 'move 0,0 move 1023,767 move 512,384', { mouse, screen })
    const places = said.map((line) => (/^(\d+),(\d+) /.exec(line) ?? []).slice(1).map(Number))
    expect(places).toHaveLength(3)
    const pixels = places.map(([x = 0, y = 0]) => [Math.floor((x * 1024) / 32768), Math.floor((y * 768) / 32768)])
    expect(pixels).toEqual([
      [0, 0],
      [1023, 767],
      [512, 384],
    ])
  })

  it('a relative mouse goes by its own units', async () => {
    const { bus, mouse, said } = await withDevices({ pointing: 'relative' })
    play(bus, 'move -3,+4', { mouse, screen: { width: 10, height: 10 } })
    expect(said).toEqual(['-3,4 b0 w0,0'])
  })

  it('more than a queue holds goes in as there is room, and nothing is lost', async () => {
    const bus = createBus()
    const keyboard = new KeyboardVsp()
    const waits = [...playInputScript(`type "${'a'.repeat(32)}"`, { keyboard })]
    expect(waits).toEqual([])
    bus.host.offer(keyboard)
    const keys = new KeyboardVsc()
    let pressed = 0
    keys.on('key', ({ isPressed }) => (pressed += isPressed ? 1 : 0))
    await bus.guest.attach(keys)
    bus.settle()
    expect(pressed).toBe(32)
    keys.channel?.pause()
    const playing = playInputScript(`type "${'b'.repeat(5000)}"`, { keyboard })
    expect(playing.next().value).toEqual({ kind: 'room' })
    expect(playing.next().value).toEqual({ kind: 'room' })
    keys.channel?.resume()
    let rounds = 0
    for (bus.settle(); playing.next().done !== true && rounds < 5000; rounds++) bus.settle()
    bus.settle()
    expect(pressed).toBe(32 + 5000)
  })

  it.each([
    ['key a\nmove 1,1', 2, 1, 'there is no mouse'],
    ['key a type "☺"', 1, 7, 'layout us has no key for "☺", at 0'],
  ])('%j cannot be played here: an error with its place, and nothing is done', async (script, line, column, why) => {
    const { bus, keyboard, said } = await withDevices()
    expect(() => playInputScript(script, { keyboard })).toThrow(expect.objectContaining({ line, column, why }))
    bus.settle()
    expect(said).toEqual([])
  })

  it.each([
    ['move 40000,0', undefined, '40000,0 is no place of the mouse'],
    ['move -1,0', undefined, '-1,0 is no place of the mouse'],
    ['move 1024,0', { width: 1024, height: 768 }, '1024,0 is not on a screen of 1024×768'],
    ['pan 1', undefined, 'the mouse has no horizontal wheel'],
    ['key a', undefined, 'there is no keyboard'],
  ])('%j is no deed of this mouse', (script, screen, why) => {
    const target = { mouse: new MouseVsp(), ...(screen !== undefined && { screen }) }
    expect(() => playInputScript(script, target)).toThrow(expect.objectContaining({ line: 1, column: 1, why }))
  })

  it('to its end, by promises', async () => {
    const { bus, keyboard, said } = await withDevices()
    const waits: InputWait[] = []
    await runInputScript('key a wait 5ms key b', { keyboard }, (what) => {
      waits.push(what)
      return Promise.resolve()
    })
    bus.settle()
    expect([waits, said]).toEqual([[{ kind: 'time', milliseconds: 5 }], ['+1e', '-1e', '+30', '-30']])
  })
})
