import { appendFileSync, mkdirSync } from 'node:fs'
import { expect } from 'vitest'
import { LinuxGuest, type LinuxGuestOptions } from '../../src/guest/index.ts'
import { allowedLines } from './allowed-lines.ts'

/** Where the run's report is collected; scripts/guest-tests.ts prints it at the end. */
const report = 'coverage/guest-report.txt'

/** Whether only the short form runs, as continuous integration does. */
export const isShort: boolean = process.env.VMBUS_GUEST === 'short'

/** Notes a line for the end of the run: a figure, a version that was skipped, what a driver did. */
export function reportLine(line: string): void {
  mkdirSync('coverage', { recursive: true })
  appendFileSync(report, `${line}\n`)
}

/**
 * Boots a guest, does something with it, judges the kernel's log, and shuts it down. The log may have no warning of the kernel's, no
 * oops, no lockup, and from VMBus's drivers no line of level warning or worse, but for those in `allowed-lines.ts`.
 *
 * @param use may leave the guest shut down; then the log is taken from the console, where lines have no level.
 */
export async function withGuest(
  options: LinuxGuestOptions,
  use: (guest: LinuxGuest) => void | Promise<void>,
): Promise<void> {
  await using guest = await LinuxGuest.boot(options)
  let isGone = false
  void guest.exited.then(() => {
    isGone = true
  })
  await use(guest)
  if (isGone) {
    judge(guest.console.lines)
    return
  }
  judge(await kernelLog(guest))
  await guest.shutdown()
  expect(await guest.exited, "QEMU's exit status").toBe(0)
}

/** The kernel's log, each line with its level as `<4>`. */
export async function kernelLog(guest: LinuxGuest): Promise<string[]> {
  const { output } = await guest.run('dmesg -r')
  return output.split('\n').filter(Boolean)
}

/** What makes a kernel's line bad, whoever wrote it. */
export const alarms =
  /WARNING:|BUG:|Oops|Internal error|Unable to handle|lockup|blocked for more than|Call trace|Kernel panic/
/** Who speaks for VMBus: the bus, and its drivers. */
const drivers = /\b(hv_\w+|hyperv\w*|hid_hyperv|vmbus\w*|Hyper-V|synthvid|storvsc|netvsc|pci_hyperv)\b/i

/** Throws when a line of the log is bad and not allowed. */
export function judge(lines: readonly string[]): void {
  const bad = lines.filter((line) => {
    const level = /^<(\d+)>/.exec(line)?.[1]
    const isWarning = level !== undefined && (Number(level) & 7) <= 4
    return alarms.test(line) || (isWarning && drivers.test(line))
  })
  const used = allowedLines.filter(({ pattern }) => bad.some((line) => pattern.test(line)))
  for (const { pattern, why } of used) reportLine(`allowed: ${pattern.source}: ${why}`)
  expect(bad.filter((line) => !used.some(({ pattern }) => pattern.test(line)))).toEqual([])
}
