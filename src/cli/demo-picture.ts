/** Two partitions and what is between them. */
export interface SystemPicture {
  host: string
  guest: string
  /** VMBus version that was negotiated. */
  version: string
  /** Name of the device by relid. */
  readonly channels: Map<number, string>
}

const boxWidth = 26

/** The system as a picture: a box a partition, a line a channel. */
export function drawSystem({ host, guest, version, channels }: SystemPicture): string[] {
  const title = (name: string) => `┌─ ${name} partition ${'─'.repeat(Math.max(0, boxWidth - name.length - 13))}┐`
  const row = (text: string) => `│ ${text.padEnd(boxWidth - 2)} │`
  const end = `└${'─'.repeat(boxWidth)}┘`
  const middle = [...channels].map(([channelId, device]) => [device, `══ channel ${channelId} ══`] as const)
  const width = Math.max(`VMBus ${version}`.length + 4, ...middle.map(([, line]) => line.length))
  const blank = ' '.repeat(width)
  return [
    `${title(host)}${blank}${title(guest)}`,
    ...middle.map(([device, line]) => `${row(`${device} VSP`)}${line.padEnd(width, '═')}${row(`${device} VSC`)}`),
    `${end}${centred(`VMBus ${version}`, width)}${end}`,
    centred('memory · hypercalls · synthetic interrupts', 2 * (boxWidth + 2) + width).trimEnd(),
  ]
}

function centred(text: string, width: number): string {
  const left = Math.max(0, Math.floor((width - text.length) / 2))
  return `${' '.repeat(left)}${text}`.padEnd(width)
}
