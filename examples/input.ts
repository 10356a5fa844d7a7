import { createBus } from '../src/index.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { MouseVsc } from '../src/vsc/mouse.ts'
import { playInputScript } from '../src/vsp/input-script.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'
import { MouseVsp } from '../src/vsp/mouse.ts'

/** What a user does, by a script, and what the drivers in the child partition hear of it. */
export async function main(): Promise<string[]> {
  const bus = createBus()
  const keyboard = new KeyboardVsp()
  const mouse = new MouseVsp()
  bus.host.offer(keyboard)
  bus.host.offer(mouse)
  const heard: string[] = []
  const keys = await bus.guest.attach(KeyboardVsc)
  keys.on('key', ({ code, isPressed }) => heard.push(`${isPressed ? 'down' : 'up'} ${code.toString(16)}`))
  const pointer = await bus.guest.attach(MouseVsc)
  pointer.on('pointer', ({ x, y, buttons }) => heard.push(`${x},${y} buttons ${buttons}`))

  const script = 'type "Hi" key enter wait frame move 100,200 click left'
  for (const wait of playInputScript(script, { keyboard, mouse, screen: { width: 1024, height: 768 } })) {
    heard.push(`waits for a ${wait.kind}`)
    bus.settle()
  }
  bus.settle()
  return heard
}
