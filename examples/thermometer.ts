import { type Completion, createBus, guid, MessageVsc, MessageVsp } from '../src/index.ts'
import { constant, i32, struct, type UnionValue, u32, union } from '../src/wire/index.ts'

// The device's messages, described once: types, codecs, checks and printing follow.
const ReadTemperature = struct('ReadTemperature', { kind: constant(u32, 1) })
const SetLimit = struct('SetLimit', { kind: constant(u32, 2), milliCelsius: i32 })
const Temperature = struct('Temperature', { milliCelsius: i32 })
const Alarm = struct('Alarm', { kind: constant(u32, 3), milliCelsius: i32 })

const FromGuest = union('FromGuest', { offset: 0, tag: u32 }, [{ schema: ReadTemperature }, { schema: SetLimit }])
const FromHost = union('FromHost', { offset: 0, tag: u32 }, [{ schema: Alarm }])
type FromGuest = UnionValue<typeof ReadTemperature | typeof SetLimit>
type FromHost = UnionValue<typeof Alarm>

const interfaceId = guid('0c3b2f0a-7d1e-4f7e-8a55-3f1f2c9f7f10')

/** The thermometer, in the root partition. */
export class ThermometerVsp extends MessageVsp<FromGuest> {
  readonly offer = { interfaceId, instanceId: guid('0c3b2f0a-0000-0000-0000-000000000001') }
  protected readonly messages = FromGuest
  #milliCelsius = 20_000
  #limit = Number.POSITIVE_INFINITY

  /** It gets warmer, or colder. */
  measure(milliCelsius: number): void {
    this.#milliCelsius = milliCelsius
    if (milliCelsius > this.#limit) this.sendMessage(Alarm.encode({ milliCelsius }))
  }

  protected override onMessage(message: FromGuest, request: Completion): void {
    if (message.type === 'SetLimit') this.#limit = message.milliCelsius
    else request.complete(Temperature.encode({ milliCelsius: this.#milliCelsius }))
  }
}

/** Its driver, in the child partition. */
export class ThermometerVsc extends MessageVsc<FromHost, { alarm: (milliCelsius: number) => void }> {
  readonly binds = { interfaceId }
  protected readonly messages = FromHost

  async read(): Promise<number> {
    return Temperature.decode(await this.request(ReadTemperature.encode({}))).milliCelsius
  }

  setLimit(milliCelsius: number): void {
    this.sendMessage(SetLimit.encode({ milliCelsius }))
  }

  protected override onMessage(message: FromHost): void {
    this.emit('alarm', message.milliCelsius)
  }
}

/** Runs both on one bus; answers what the driver learnt. */
export async function main(): Promise<string[]> {
  using bus = createBus()
  const thermometer = new ThermometerVsp()
  bus.host.offer(thermometer)
  const driver = await bus.guest.attach(ThermometerVsc)
  const learnt: string[] = []
  driver.on('alarm', (milliCelsius) => learnt.push(`alarm at ${milliCelsius}`))
  learnt.push(`it is ${await driver.read()}`)
  driver.setLimit(30_000)
  bus.settle()
  thermometer.measure(31_000)
  bus.settle()
  return learnt
}
