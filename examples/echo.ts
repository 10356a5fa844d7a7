import { createBus } from '../src/index.ts'
import { EchoVsc } from '../src/vsc/echo.ts'
import { EchoVsp } from '../src/vsp/echo.ts'

export { EchoVsc, EchoVsp }

/** A device and its driver on one bus. */
export async function main(): Promise<string> {
  using bus = createBus()
  bus.host.offer(new EchoVsp())
  const device = await bus.guest.attach(EchoVsc)
  return await device.echo('hello, partition')
}
