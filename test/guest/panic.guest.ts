import { describe, expect, it } from 'vitest'
import { LinuxGuest } from '../../src/guest/index.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { isShort } from './with-guest.ts'

describe.skipIf(isShort)('a guest that panics', () => {
  it.each([1, 2])('unloads VMBus and tells its last words (-smp %i)', async (smp) => {
    const keyboard = new KeyboardVsp()
    await using guest = await LinuxGuest.boot({ offers: [keyboard], smp })
    await guest.opened(keyboard)
    const disconnected = new Promise<void>((resolve) => {
      guest.events.on('connection', ({ what }) => what === 'disconnected' && resolve())
    })
    const types: number[] = []
    guest.events.on('message', ({ bytes }) => types.push(bytes[0] ?? 0))
    guest.run('echo c >/proc/sysrq-trigger').catch(() => undefined)
    await guest.within(30_000, 'the guest did not unload', disconnected)
    // It restarts after a panic, which ends QEMU.
    await guest.exited
    const [unload, unloadResponse] = [16, 17]
    expect(types).toEqual([unload, unloadResponse])
    expect(guest.crash?.text).toContain('sysrq: Trigger a crash')
    expect(guest.crash?.text).toContain('Kernel panic - not syncing: sysrq triggered crash')
  })
})
