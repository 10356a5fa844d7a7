import { mouseButtons } from '../../devices/mouse/index.ts'
import { InstanceId } from '../../vmbus/device-ids.ts'
import { KeyboardVsc } from '../../vsc/keyboard.ts'
import { MouseVsc } from '../../vsc/mouse.ts'
import { KeyboardVsp } from '../../vsp/keyboard.ts'
import { MouseVsp } from '../../vsp/mouse.ts'
import { UsageError } from '../command.ts'
import { type DeviceChoice, instanceSetting } from './choice.ts'
import { instanceOf } from './settings.ts'

export const keyboardChoice: DeviceChoice = {
  help: 'a keyboard',
  isStock: true,
  vsp: {
    settings: {
      keys: { value: 'CODES', help: 'scan codes to type, in hex: 1e.30.e048' },
      text: { value: 'TEXT', help: 'text to type' },
      ...instanceSetting,
    },
    prepare(settings, { nth }) {
      const keys = settings.parsed('keys', (text) => text.split('.').map(scanCode)) ?? []
      const text = settings.text('text') ?? ''
      const instance = instanceOf(settings, InstanceId.Keyboard, nth)
      const make = (): KeyboardVsp => {
        const keyboard = new KeyboardVsp(instance)
        if (!keyboard.type(...keys) || !keyboard.typeText(text)) {
          throw new UsageError('a keyboard keeps 64 keystrokes until its driver is there; --input types longer texts')
        }
        return keyboard
      }
      // What cannot be typed shows now, not with the first guest.
      settings.explained(make)
      return ({ say }) => {
        const keyboard = make()
        keyboard.on('accepted', () => say('the driver is ready'))
        keyboard.on('leds', (leds) => say(`lamps 0x${leds.toString(16)}`))
        return keyboard
      }
    },
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say }) => {
        const keyboard = new KeyboardVsc()
        keyboard.on('key', ({ code, isPressed, isUnicode }) => {
          const key = isUnicode ? JSON.stringify(String.fromCharCode(code)) : `0x${code.toString(16)}`
          say(`${isPressed ? 'down' : 'up'} ${key}`)
        })
        return keyboard
      },
  },
}

function scanCode(text: string): number {
  if (!/^(e[01])?[0-9a-f]{1,2}$/i.test(text)) throw new UsageError(`no scan code: ${text}`)
  return Number.parseInt(text, 16)
}

export const mouseChoice: DeviceChoice = {
  help: 'a mouse',
  isStock: true,
  vsp: {
    settings: {
      pointing: { value: 'WORD', help: 'absolute (default), or relative' },
      pan: { help: 'with a second wheel, for left and right' },
      ...instanceSetting,
    },
    prepare(settings, { nth }) {
      const options = {
        pointing: settings.word('pointing', ['absolute', 'relative']) ?? 'absolute',
        horizontalWheel: settings.has('pan'),
        instanceId: instanceOf(settings, InstanceId.Mouse, nth),
      }
      return ({ say }) => {
        const mouse = new MouseVsp(options)
        mouse.on('accepted', () => say('the driver is ready'))
        return mouse
      }
    },
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say }) => {
        const mouse = new MouseVsc()
        mouse.on('pointer', ({ x, y, buttons, wheel, pan }) => {
          const held = mouseButtons.filter((_, bit) => (buttons & (1 << bit)) !== 0)
          const turned = (wheel === 0 ? '' : `, wheel ${wheel}`) + (pan === 0 ? '' : `, pan ${pan}`)
          say(`at ${x}, ${y}${held.length === 0 ? '' : `, ${held.join(' and ')} down`}${turned}`)
        })
        return mouse
      },
  },
}
