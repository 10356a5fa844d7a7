import { guid } from 'vmbus'
import { Vsp } from 'vmbus/vsp'
import { countedBytes, struct, u32 } from 'vmbus/wire'

/** What the guest says to this device: a length, and as many bytes. */
const Text = struct('Text', { length: u32, text: countedBytes('length') })

/** Tells the fuzzer what messages look like. */
export const fuzz = { messages: Text }

/** Answers each text with its last byte. */
export class BrokenVsp extends Vsp {
  offer = {
    interfaceId: guid('b0000000-0000-4000-8000-000000000001'),
    instanceId: guid('b0000000-0000-4000-8000-000000000002'),
  }

  onPacket(packet, channel) {
    const payload = packet.copyPayload()
    const view = new DataView(payload.buffer)
    if (payload.length < 8) return channel.complete(packet)
    const length = view.getUint32(0, true)
    const last = length === 0 ? 0 : view.getUint8(4 + length - 1)
    channel.complete(packet, Uint8Array.of(last))
  }
}
