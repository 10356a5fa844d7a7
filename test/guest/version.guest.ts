import { describe, expect, it } from 'vitest'
import { debianKernel, GuestSetupError, LinuxGuest } from '../../src/guest/index.ts'
import { versionText } from '../../src/vmbus/versions.ts'
import { KeyboardVsp } from '../../src/vsp/keyboard.ts'
import { inputEvents, keyEvents } from './events.ts'
import { isShort, reportLine, withGuest } from './with-guest.ts'

/** Boots with a keyboard, types on it, and answers the version that was agreed on. */
async function bootAndType(options: { kernel?: string; version?: string }): Promise<string> {
  const keyboard = new KeyboardVsp()
  let version = 'none'
  await withGuest({ ...options, offers: [keyboard] }, async (guest) => {
    await guest.opened(keyboard)
    const events = await inputEvents(guest, 3, () => keyboard.press(0x1e))
    expect(events).toEqual(keyEvents(0x1e, 30, 1))
    if (guest.vmbusVersion !== undefined) version = versionText(guest.vmbusVersion)
    const log = await guest.run('dmesg')
    expect(log.output).toContain(`Vmbus version:${version}`)
  })
  return version
}

it('the newest kernel boots, and agrees on 6.0', async () => {
  expect(await bootAndType({})).toBe('6.0')
})

describe.skipIf(isShort)('older', () => {
  it('Linux 6.18 agrees on 5.3', async () => {
    try {
      await debianKernel('6.18')
    } catch (error) {
      if (!(error instanceof GuestSetupError)) throw error
      reportLine(`skipped: Linux 6.18: ${error.message}`)
      return
    }
    expect(await bootAndType({ kernel: '6.18' })).toBe('5.3')
  })

  it.each(['5.2', '5.0', '4.1', '4.0', '3.0', '2.4'])(
    'the kernel steps down to a host of %s, and works',
    async (version) => {
      ;(await supports(version))
        ? expect(await bootAndType({ version })).toBe(version)
        : reportLine(`skipped: this kernel does not know version ${version}`)
    },
  )
})

/** Whether this kernel asks for the version at all. A host that refuses everything hears of all that it knows. */
async function supports(version: string): Promise<boolean> {
  askedFor ??= (async () => {
    const asked = new Set<string>()
    await using guest = await LinuxGuest.boot({
      version: '0.13',
      onStart: ({ events }) =>
        events.on('message', ({ direction, bytes }) => {
          const initiateContact = 14
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
          if (direction === 'received' && view.getUint32(0, true) === initiateContact) {
            asked.add(versionText(view.getUint32(8, true)))
          }
        }),
    })
    await guest.kill()
    reportLine(`the kernel asks for the versions ${[...asked].join(', ')}`)
    return asked
  })()
  return (await askedFor).has(version)
}
let askedFor: Promise<ReadonlySet<string>> | undefined
