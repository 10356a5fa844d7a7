import type { LinuxGuest } from '../../src/guest/index.ts'

const bytesPerEvent = 24

/**
 * What an input device of the guest's gives while `act` runs, `count` events: `type code value` each, without its time.
 * Source: Linux include/uapi/linux/input.h.
 */
export async function inputEvents(
  guest: LinuxGuest,
  count: number,
  act: () => void,
  device = '/dev/input/event0',
): Promise<string[]> {
  // The reader has to be there before the first event.
  await guest.run(`until [ -e ${device} ]; do usleep 1000; done
dd if=${device} of=/tmp/events bs=${bytesPerEvent} count=${count} 2>/dev/null &
until ls -l /proc/$!/fd | grep -q ${device}; do usleep 1000; done`)
  act()
  const { output } = await guest.run(`until [ $(wc -c </tmp/events) -ge ${count * bytesPerEvent} ]; do usleep 1000; done
base64 /tmp/events; rm /tmp/events`)
  const events = Buffer.from(output, 'base64')
  return Array.from({ length: events.length / bytesPerEvent }, (_, index) => {
    const at = index * bytesPerEvent + 16
    return `${events.readUInt16LE(at)} ${events.readUInt16LE(at + 2)} ${events.readInt32LE(at + 4)}`
  })
}

/** What a key going down or up looks like there. @param scanCode with bit 7 set for a key with a prefix. */
export function keyEvents(scanCode: number, code: number, value: 0 | 1): string[] {
  const [syn, key, msc, scan] = [0, 1, 4, 4]
  return [`${msc} ${scan} ${scanCode}`, `${key} ${code} ${value}`, `${syn} 0 0`]
}
