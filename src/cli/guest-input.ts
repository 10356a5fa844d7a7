import { readFileSync } from 'node:fs'
import { InputScriptError, type InputStep, parseInputScript } from '../devices/input-script.ts'
import { type InputTarget, type InputWait, runInputScript } from '../vsp/input-script.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import { MouseVsp } from '../vsp/mouse.ts'
import { VideoVsp } from '../vsp/video/index.ts'
import { InputError } from './command.ts'
import { readable } from './input.ts'

/** The option of that name. */
export const inputOption = {
  value: 'SCRIPT|@FILE',
  help: 'what a user does then at keyboard and mouse: \'type "ls" key enter move 100,200 click left wait frame\'',
} as const

/** Milliseconds for a frame that a guest without a screen, or with one that it leaves alone, is given. */
const frameTime = 1000 / 60
const longestFrame = 5000
/** Milliseconds until a device is asked again whether it has room. */
const roomTime = 5
/** How often: a guest that reads nothing for so long has stopped. */
const mostRounds = 4000

/** Reads what `--input` says: a script, or `@` and a file with one. */
export function inputScript(text: string): InputStep[] {
  return explained(() =>
    parseInputScript(text.startsWith('@') ? readable(text.slice(1), () => readFileSync(text.slice(1), 'utf8')) : text),
  )
}

/** Plays a script on the keyboard, mouse and screen among these devices. */
export async function playInput(steps: readonly InputStep[], devices: readonly object[]): Promise<void> {
  const keyboard = devices.find((device) => device instanceof KeyboardVsp)
  const mouse = devices.find((device) => device instanceof MouseVsp)
  const video = devices.find((device) => device instanceof VideoVsp)
  const screen = video?.mode
  const target: InputTarget = { ...(keyboard && { keyboard }), ...(mouse && { mouse }), ...(screen && { screen }) }
  let rounds = 0
  const wait = async (what: InputWait): Promise<void> => {
    if (what.kind === 'time') await time(what.milliseconds)
    else if (what.kind === 'frame') for (let frame = 0; frame < what.frames; frame++) await nextFrame(video)
    else if (++rounds > mostRounds) throw new InputError('the guest does not read its input')
    else await time(roomTime)
    if (what.kind !== 'room') rounds = 0
  }
  try {
    await runInputScript(steps, target, wait)
  } catch (error) {
    throw inputError(error)
  }
}

/** Until the guest has drawn something, or for as long as a frame takes when there is nothing to draw on. */
function nextFrame(video: VideoVsp | undefined): Promise<void> {
  if (video?.mode === undefined) return time(frameTime)
  return new Promise((resolve) => {
    const timer = setTimeout(done, longestFrame).unref()
    function done(): void {
      clearTimeout(timer)
      video?.off('dirt', done)
      resolve()
    }
    video.on('dirt', done)
  })
}

/** A wait that does not keep the process: what it waits for is gone when nothing else does. */
function time(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}

function explained<T>(what: () => T): T {
  try {
    return what()
  } catch (error) {
    throw inputError(error)
  }
}

function inputError(error: unknown): unknown {
  return error instanceof InputScriptError ? new InputError(`input script, ${error.message}`) : error
}
