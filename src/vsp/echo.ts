/**
 * The smallest device there is: it answers each packet with its own bytes.
 *
 * @module
 */
import type { Channel } from '../channels/index.ts'
import { echoInterface } from '../devices/echo.ts'
import type { RingPacket } from '../vmbus/ring/index.ts'
import { guid } from '../wire/index.ts'
import { Vsp } from './vsp.ts'

/** The device, in the root partition. */
export class EchoVsp extends Vsp {
  readonly offer = { interfaceId: echoInterface, instanceId: guid('00000000-0000-0000-0000-000000000001') }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    channel.complete(packet, packet.copyPayload())
  }
}
