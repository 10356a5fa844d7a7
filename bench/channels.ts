import { type Channel, createBus, guid, type RingPacket, Vsc, Vsp } from '../src/index.ts'
import type { Result } from './result.ts'

const few = 100
const many = 2000
const runs = 5
const testInterface = guid('6a1b0f5e-5d0c-4b8a-9d0e-2f3c4d5e6f70')

class EchoVsp extends Vsp {
  readonly offer
  constructor(number: number) {
    super()
    const instanceId = guid(`00000000-0000-0000-0000-${number.toString(16).padStart(12, '0')}`)
    this.offer = { interfaceId: testInterface, instanceId }
  }
  protected override onPacket(packet: RingPacket, channel: Channel): void {
    channel.complete(packet, packet.copyPayload())
  }
}

class EchoVsc extends Vsc {
  readonly binds = { interfaceId: testInterface }
  readonly ringBytes = { send: 8192, receive: 8192 }
  echo(payload: Uint8Array): Promise<Uint8Array> {
    return this.request(payload)
  }
}

/** Many channels on one bus cost no more each than few: opened, used for one request, closed. */
export async function benchChannels(): Promise<Result[]> {
  await perChannel(few)
  let [best, bestOfMany] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let run = 0; run < runs; run++) {
    // The few are repeated, so that both measure the same amount of work.
    let sum = 0
    for (let round = 0; round < many / few; round++) sum += await perChannel(few)
    best = Math.min(best, sum / (many / few))
    bestOfMany = Math.min(bestOfMany, await perChannel(many))
  }
  return [{ name: `a channel opened, used, closed: ${many} to ${few}`, ratio: bestOfMany / best, limit: 1.5 }]
}

/** Milliseconds per channel. The bus is made before. */
async function perChannel(count: number): Promise<number> {
  const bus = createBus({ memorySize: many * 16384 + (1 << 20) })
  bus.settle()
  const start = performance.now()
  for (let number = 0; number < count; number++) bus.host.offer(new EchoVsp(number))
  const drivers = await Promise.all(Array.from({ length: count }, () => bus.guest.attach(EchoVsc)))
  await Promise.all(drivers.map((driver) => driver.echo(new Uint8Array(8))))
  for (const driver of drivers) driver.close()
  bus.settle()
  const time = performance.now() - start
  bus.close()
  return time / count
}
