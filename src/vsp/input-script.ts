/**
 * Input scripts, played on the VSPs of keyboard and mouse.
 *
 * @module
 */
import { HidUsage } from '../devices/hid/usages.ts'
import { type InputAction, InputScriptError, type InputStep, parseInputScript } from '../devices/input-script.ts'
import { type KeyboardLayout, keysOf } from '../devices/keyboard/layout.ts'
import { usLayout } from '../devices/keyboard/layouts/us.ts'
import { KeystrokeFlags } from '../devices/keyboard/messages.ts'
import { mouseRange } from '../devices/mouse/report-descriptors.ts'
import type { KeyboardVsp } from './keyboard.ts'
import type { MouseVsp } from './mouse.ts'

/** What a script is played on. A step for a device that is missing is an error of the script. */
export interface InputTarget {
  readonly keyboard?: KeyboardVsp
  readonly mouse?: MouseVsp
  /** By which `type` finds keys. Default US. */
  readonly layout?: KeyboardLayout
  /** Size of the guest's screen: `move` then means pixels. Without it, and for a relative mouse, it means the mouse's own units. */
  readonly screen?: { readonly width: number; readonly height: number }
}

/** What the player waits for: frames of the screen, time, or room in a queue, which the guest makes by reading. */
export type InputWait =
  | { readonly kind: 'frame'; readonly frames: number }
  | { readonly kind: 'time'; readonly milliseconds: number }
  | { readonly kind: 'room' }

/** One thing that a device does; false when it has no room for it now. */
type Deed = () => boolean

/**
 * Plays a script, from one wait to the next: the generator yields what it waits for, and goes on when it is asked to. What does not go
 * into a device's queue is tried again after a wait for room, so that nothing is lost.
 *
 * Throws `InputScriptError`, before anything is done, for a script that cannot be played on this target.
 */
export function playInputScript(
  script: string | readonly InputStep[],
  target: InputTarget,
): Generator<InputWait, void, void> {
  const steps = typeof script === 'string' ? parseInputScript(script) : script
  const { keyboard, mouse } = target
  const plan = steps.map((step) => {
    try {
      return waitOf(step) ?? deedsOf(step, target)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new InputScriptError(step.line, step.column, error.message)
    }
  })
  return play(plan, [...(keyboard === undefined ? [] : [keyboard]), ...(mouse === undefined ? [] : [mouse])])
}

function* play(
  plan: readonly (InputWait | readonly Deed[] | 'release-all')[],
  devices: readonly (KeyboardVsp | MouseVsp)[],
): Generator<InputWait, void, void> {
  for (const part of plan) {
    if (part === 'release-all') {
      for (const device of devices) while (!device.releaseAll()) yield { kind: 'room' }
    } else if ('kind' in part) yield part
    else for (const deed of part) while (!deed()) yield { kind: 'room' }
  }
}

/**
 * Plays a script to its end. `wait` is asked to wait, and may answer with a promise.
 *
 * @throws InputScriptError as {@link playInputScript} does, and whatever `wait` throws.
 */
export async function runInputScript(
  script: string | readonly InputStep[],
  target: InputTarget,
  wait: (what: InputWait) => Promise<unknown> | undefined,
): Promise<void> {
  for (const what of playInputScript(script, target)) await wait(what)
}

function waitOf(action: InputAction): InputWait | undefined {
  if (action.kind === 'wait-frame') return { kind: 'frame', frames: action.frames }
  return action.kind === 'wait' ? { kind: 'time', milliseconds: action.milliseconds } : undefined
}

function deedsOf(action: InputAction, target: InputTarget): readonly Deed[] | 'release-all' {
  switch (action.kind) {
    case 'release-all':
      return 'release-all'
    case 'wait':
    case 'wait-frame':
      return []
    case 'type':
    case 'unicode':
    case 'key':
    case 'press':
    case 'release':
    case 'repeat':
      return keyDeeds(action, needed(target.keyboard, 'keyboard'), target.layout ?? usLayout)
    default:
      return mouseDeeds(action, needed(target.mouse, 'mouse'), target.screen)
  }
}

type KeyAction = Extract<InputAction, { kind: 'type' | 'unicode' | 'key' | 'press' | 'release' | 'repeat' }>
type MouseAction = Extract<InputAction, { kind: 'move' | 'click' | 'mousedown' | 'mouseup' | 'wheel' | 'pan' }>

function keyDeeds(action: KeyAction, keyboard: KeyboardVsp, layout: KeyboardLayout): readonly Deed[] {
  const press = (scanCode: number) => () => keyboard.press(scanCode)
  const release = (scanCode: number) => () => keyboard.release(scanCode)
  switch (action.kind) {
    case 'type':
      return keysOf(action.text, layout).map(({ scanCode, isPressed }) => (isPressed ? press : release)(scanCode))
    case 'unicode':
      return unitsOf(action.text).flatMap((unit) => [
        () => keyboard.keystroke(unit, KeystrokeFlags.unicode),
        () => keyboard.keystroke(unit, KeystrokeFlags.unicode | KeystrokeFlags.break),
      ])
    case 'key': {
      // The last key goes up first; of one key the codes go up as they went down.
      const up = action.keys.toReversed().flat()
      return times(action.times, [...action.keys.flat().map(press), ...up.map(release)])
    }
    case 'press':
      return action.keys.flat().map(press)
    case 'release':
      return action.keys.flat().map(release)
    case 'repeat':
      return times(action.times, [() => keyboard.held.length === 0 || keyboard.repeat()])
  }
}

function mouseDeeds(action: MouseAction, mouse: MouseVsp, screen: InputTarget['screen']): readonly Deed[] {
  switch (action.kind) {
    case 'move': {
      const [x, y] = placeOf(action, mouse.isAbsolute ? screen : undefined)
      const limit = mouseRange
      if ([x, y].some((value) => value > limit || value < (mouse.isAbsolute ? 0 : -limit))) {
        throw new RangeError(`${action.x},${action.y} is no place of the mouse`)
      }
      return [() => mouse.move(x, y)]
    }
    case 'click': {
      const { button } = action
      return times(action.times, [() => mouse.press(button), () => mouse.release(button)])
    }
    case 'mousedown':
      return [() => mouse.press(action.button)]
    case 'mouseup':
      return [() => mouse.release(action.button)]
    case 'wheel':
      return [() => mouse.wheel(action.notches)]
    case 'pan':
      if (!mouse.has(HidUsage.AcPan)) throw new RangeError('the mouse has no horizontal wheel')
      return [() => mouse.pan(action.notches)]
  }
}

/** The mouse's units for the middle of a pixel. */
function placeOf(
  { x, y }: { readonly x: number; readonly y: number },
  screen: InputTarget['screen'],
): [number, number] {
  if (screen === undefined) return [x, y]
  const { width, height } = screen
  if (x < 0 || y < 0 || x >= width || y >= height)
    throw new RangeError(`${x},${y} is not on a screen of ${width}×${height}`)
  const units = (pixel: number, pixels: number) => Math.floor(((pixel + 0.5) * (mouseRange + 1)) / pixels)
  return [units(x, width), units(y, height)]
}

function needed<T>(device: T | undefined, name: string): T {
  if (device === undefined) throw new RangeError(`there is no ${name}`)
  return device
}

function times<T>(count: number, deeds: readonly T[]): T[] {
  return Array.from({ length: count }, () => deeds).flat()
}

function unitsOf(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index))
}
