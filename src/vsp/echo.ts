/**
 * The smallest device there is: it answers each packet with its own bytes.
 *
 * @module
 */
import type { Channel } from '../channels/index.ts'
import type { RingPacket } from '../vmbus/ring/index.ts'
import { guid } from '../wire/index.ts'
import { Vsp } from './vsp.ts'

/** Interface id of the echo device, which is this package's own. */
export const echoInterface = guid('6a1b0f5e-5d0c-4b8a-9d0e-2f3c4d5e6f70')

/** The device, in the root partition. */
export class EchoVsp extends Vsp {
  readonly offer = { interfaceId: echoInterface, instanceId: guid('00000000-0000-0000-0000-000000000001') }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    channel.complete(packet, packet.copyPayload())
  }
}
