import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { InputError } from '../src/cli/command.ts'
import { inputScript, playInput } from '../src/cli/guest-input.ts'
import { createBus } from '../src/index.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'

describe('vmbus guest --input', () => {
  it('says where a script is wrong, before a guest is booted', () => {
    expect(() => inputScript('type ls')).toThrow(InputError)
    expect(() => inputScript('type ls')).toThrow('input script, line 1, column 6: type wants a text in quotes, not ls')
  })

  it('reads a script from a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmbus-input-'))
    try {
      writeFileSync(join(folder, 'script'), '# two keys\nkey a\nkey b\n')
      expect(inputScript(`@${join(folder, 'script')}`).map(({ kind, line }) => [kind, line])).toEqual([
        ['key', 2],
        ['key', 3],
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('plays on the devices that it needs, and says which is missing', async () => {
    const bus = createBus()
    const keyboard = new KeyboardVsp()
    bus.host.offer(keyboard)
    const codes: number[] = []
    const driver = await bus.guest.attach(KeyboardVsc)
    driver.on('key', ({ code, isPressed }) => isPressed && codes.push(code))
    await playInput(inputScript('key a wait frame key b wait 1ms'), [keyboard])
    bus.settle()
    expect(codes).toEqual([0x1e, 0x30])
    await expect(playInput(inputScript('click'), [keyboard])).rejects.toThrow('there is no mouse')
  })
})
