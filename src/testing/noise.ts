import { type Channel, Random } from '../channels/index.ts'

/** Sends a packet of any type that makes no sense: in-band bytes, completions that no one waits for, ranges outside memory. */
function sendNoise(channel: Channel, random: Random): void {
  const payload = Uint8Array.from({ length: random.below(65) }, () => random.below(256))
  switch (random.below(5)) {
    case 0:
      channel.send(payload)
      break
    case 1:
      channel.request(payload, () => {})
      break
    case 2:
      channel.sendCompletion(random.below(0x1_0000_0000), random.below(2), payload)
      break
    case 3:
      channel.request(payload, () => {}, [
        { byteCount: random.below(0x2_0000), byteOffset: random.below(8192), pfns: [random.below(0x1_0000_0000)] },
      ])
      break
    default:
      channel.request(payload, () => {}, {
        setId: random.below(0x1_0000),
        ranges: [{ byteCount: random.below(0x1_0000_0000), byteOffset: random.below(0x1_0000_0000) }],
      })
  }
}

/** Sends `count` packets of noise on whatever channel is open at the time, each before a call of `settle`. */
export async function makeNoise(
  channel: () => Channel | undefined,
  seed: number,
  count: number,
  settle: () => Promise<void>,
): Promise<void> {
  const random = new Random(seed)
  for (let packet = 0; packet < count; packet++) {
    const open = channel()
    if (open === undefined) return
    sendNoise(open, random)
    await settle()
  }
}
