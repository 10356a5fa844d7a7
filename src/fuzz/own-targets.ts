import { EchoVsc } from '../vsc/echo.ts'
import { KeyboardVsc } from '../vsc/keyboard.ts'
import { EchoVsp } from '../vsp/echo.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import type { FuzzTarget } from './target.ts'
import { clientTarget } from './targets/client.ts'
import { decodeTarget } from './targets/decode.ts'
import { hypercallTarget } from './targets/hypercall.ts'
import { ringTarget } from './targets/ring.ts'
import { serverTarget } from './targets/server.ts'
import { vscTarget } from './targets/vsc.ts'
import { vspTarget } from './targets/vsp.ts'

/** Everything of this package that can be fuzzed: what `vmbus fuzz all` runs. */
export function ownTargets(): readonly FuzzTarget[] {
  return [
    decodeTarget(),
    ringTarget(),
    hypercallTarget(),
    serverTarget(),
    clientTarget(),
    vspTarget('echo-vsp', () => new EchoVsp()),
    vscTarget('echo-vsc', () => new EchoVsc(), {
      exercise: (echo, number) => void echo.echo('x'.repeat(number)).catch(() => {}),
    }),
    vspTarget('keyboard-vsp', () => new KeyboardVsp(), {
      // As every known host, it leaves the completion flag alone.
      completes: false,
      exercise: (keyboard, number) => keyboard.press(number & 0x7f),
    }),
    vscTarget('keyboard-vsc', () => new KeyboardVsc(), { exercise: (keyboard, number) => keyboard.setLeds(number) }),
  ]
}
