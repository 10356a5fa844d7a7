import { type Channel, createBus, guid, type RingPacket, Vsc, Vsp } from '../src/index.ts'

const echo = guid('6a1b0f5e-5d0c-4b8a-9d0e-2f3c4d5e6f70')

/** The device, in the root partition: answers each packet with its own bytes. */
export class EchoVsp extends Vsp {
  readonly offer = { interfaceId: echo, instanceId: guid('00000000-0000-0000-0000-000000000001') }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    channel.complete(packet, packet.copyPayload())
  }
}

/** Its driver, in the child partition. */
export class EchoVsc extends Vsc {
  readonly binds = { interfaceId: echo }

  async echo(text: string): Promise<string> {
    const answer = await this.request(new TextEncoder().encode(text))
    return new TextDecoder().decode(answer).replace(/\0+$/, '') // a packet's payload is padded to 8 bytes
  }
}

/** Runs both on one bus. */
export async function main(): Promise<string> {
  using bus = createBus()
  bus.host.offer(new EchoVsp())
  const device = await bus.guest.attach(EchoVsc)
  return await device.echo('hello, partition')
}
