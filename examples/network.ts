import { createBus } from '../src/index.ts'
import { NetworkVsc } from '../src/vsc/network/index.ts'
import { type Frame, type NetworkBackend, NetworkVsp, type Nic } from '../src/vsp/network/index.ts'

/** What is at the other end of the cable: it answers each frame in capital letters, to whom it came from. */
export class ShoutingPeer implements NetworkBackend {
  transmit({ bytes }: Frame, nic: Nic): void {
    const answer = bytes.slice()
    answer.set(bytes.subarray(6, 12), 0)
    answer.set(bytes.subarray(0, 6), 6)
    const text = new TextDecoder().decode(bytes.subarray(14)).toUpperCase()
    new TextEncoder().encodeInto(text, answer.subarray(14))
    nic.receive({ bytes: answer })
  }
}

/** Sends a frame through driver, rings, and device, and answers what comes back. */
export async function main(): Promise<string> {
  const bus = createBus()
  bus.host.offer(new NetworkVsp({ backend: new ShoutingPeer() }))
  const nic = await bus.guest.attach(NetworkVsc)
  const frames = nic.frames()
  nic.send(Uint8Array.of(...new Uint8Array(6), ...nic.macAddress, 0x88, 0xb5, ...new TextEncoder().encode('hello')))
  const { value } = await frames.next()
  bus.close()
  return new TextDecoder().decode(value?.bytes.subarray(14))
}
