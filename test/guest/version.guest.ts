import { describe, expect, it } from 'vitest'
import { debianKernel, GuestSetupError, LinuxGuest } from '../../src/guest/index.ts'
import { ChannelMessage } from '../../src/vmbus/messages.ts'
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
    if (!(await isThere('6.18'))) return
    expect(await bootAndType({ kernel: '6.18' })).toBe('5.3')
  })

  it.each(['5.2', '5.0', '4.1', '4.0', '3.0', '2.4'])(
    'a kernel steps down to a host of %s, and works',
    async (version) => {
      for (const kernel of [undefined, '6.18']) {
        const asked = await askedBy(kernel)
        if (asked.has(version)) {
          expect(await bootAndType({ version, ...(kernel !== undefined && { kernel }) })).toBe(version)
          return
        }
      }
      reportLine(`skipped: no kernel that is here knows version ${version}`)
    },
  )
})

/** Versions that a kernel asks for; none when it is not to be had. A host that refuses everything hears of all that it knows. */
function askedBy(kernel: string | undefined): Promise<ReadonlySet<string>> {
  const known = asked.get(kernel)
  if (known !== undefined) return known
  const asking = ask(kernel)
  asked.set(kernel, asking)
  return asking
}
const asked = new Map<string | undefined, Promise<ReadonlySet<string>>>()

async function ask(kernel: string | undefined): Promise<ReadonlySet<string>> {
  const versions = new Set<string>()
  if (kernel !== undefined && !(await isThere(kernel))) return versions
  await using guest = await LinuxGuest.boot({
    version: '0.13',
    ...(kernel !== undefined && { kernel }),
    onStart: ({ events }) =>
      events.on('message', ({ bytes }) => {
        const message = ChannelMessage.decode(bytes)
        if (message.type.startsWith('InitiateContact') && 'version' in message)
          versions.add(versionText(message.version))
      }),
  })
  await guest.kill()
  reportLine(`Linux ${guest.kernel} asks for the versions ${[...versions].join(', ')}`)
  return versions
}

async function isThere(kernel: string): Promise<boolean> {
  try {
    await debianKernel(kernel)
    return true
  } catch (error) {
    if (!(error instanceof GuestSetupError)) throw error
    reportLine(`skipped: Linux ${kernel}: ${error.message}`)
    return false
  }
}
