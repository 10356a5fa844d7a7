import type { Conversation, HostDevice } from '../channels/index.ts'
import type { LinuxGuest } from '../guest/index.ts'
import { versionText } from '../vmbus/versions.ts'
import { KeyboardVsp } from '../vsp/keyboard.ts'
import { MouseVsp } from '../vsp/mouse.ts'
import { VideoVsp } from '../vsp/video/index.ts'
import { UsageError } from './command.ts'
import { type Displayed, DisplayServer } from './display-server.ts'
import { paint, print } from './terminal.ts'

/** A shell on the guest's own console, which the page shows and types into. */
const shellOnConsole = "setsid sh -c 'exec sh -i </dev/tty1 >/dev/tty1 2>&1' >/dev/null 2>&1 </dev/null &"

/** Shows a guest's screen on a page, and hands it the page's keys and mouse, until the guest ends. Throws `UsageError` without these devices. */
export async function displayGuest(guest: LinuxGuest, offers: readonly HostDevice[]): Promise<void> {
  await using server = await DisplayServer.start(displayedOf(guest, offers))
  await guest.run(shellOnConsole)
  print(`${paint('bold', server.url)} shows the guest's screen, and takes keys and mouse for it; Ctrl-C ends both`)
  await guest.exited
}

/** The guest as a page shows it. */
export function displayedOf(guest: LinuxGuest, offers: readonly HostDevice[]): Displayed {
  const title = `Linux ${guest.kernel ?? ''} on VMBus ${versionText(guest.vmbusVersion ?? 0)}`
  return displayedBy(title, guest.events, offers)
}

/** A screen among devices, with a keyboard and a mouse beside it. Throws `UsageError` without these. */
export function displayedBy(title: string, events: Conversation, devices: readonly HostDevice[]): Displayed {
  const video = devices.find((device) => device instanceof VideoVsp)
  const keyboard = devices.find((device) => device instanceof KeyboardVsp)
  const mouse = devices.find((device) => device instanceof MouseVsp)
  if (video === undefined || keyboard === undefined || mouse === undefined) {
    throw new UsageError('--display needs the devices video, keyboard and mouse')
  }
  return { title, video, keyboard, mouse, events }
}
