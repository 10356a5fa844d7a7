import type { GuestDriver, HostDevice } from '../src/channels/index.ts'
import { IcHeader } from '../src/devices/ics/index.ts'
import { type Bus, createBus, MessageVsc, MessageVsp, rawMessages } from '../src/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { InstanceId } from '../src/vmbus/device-ids.ts'
import { type Guid, toHex } from '../src/wire/index.ts'

/** A guest that says what a test has it say. */
export class ScriptedVsc extends MessageVsc<Uint8Array> {
  readonly binds: { readonly interfaceId: Guid }
  protected readonly messages = rawMessages
  readonly heard: string[] = []
  constructor(interfaceId: Guid) {
    super()
    this.binds = { interfaceId }
  }
  say(hex: string): void {
    this.sendMessage(fromHex(hex))
  }
  protected override onMessage(message: Uint8Array): void {
    this.heard.push(toHex(message))
  }
}

/** A host that says what a test has it say. */
export class ScriptedVsp extends MessageVsp<Uint8Array> {
  readonly offer: { interfaceId: Guid; instanceId: Guid; pipe: 'message' }
  protected readonly messages = rawMessages
  readonly heard: string[] = []
  constructor(interfaceId: Guid) {
    super()
    this.offer = { interfaceId, instanceId: InstanceId.Shutdown, pipe: 'message' }
  }
  say(bytes: Uint8Array | string): void {
    this.sendMessage(typeof bytes === 'string' ? fromHex(bytes) : bytes)
  }
  protected override onMessage(message: Uint8Array): void {
    this.heard.push(toHex(message))
  }
}

export function violationsOf(bus: Bus): string[] {
  const lines: string[] = []
  bus.events.on('violation', ({ at, violation: { rule, code, field, offset } }) =>
    lines.push(`${at} ${rule} ${code} ${field}@${offset}`),
  )
  return lines
}

/** What all our components have. */
interface Component extends HostDevice {
  on(event: 'failed', listener: (why: string) => void): unknown
}

/** A component of ours with a guest that a test speaks for. */
export async function withGuest<V extends Component>(vsp: V) {
  const bus = createBus()
  const violations = violationsOf(bus)
  const failed: string[] = []
  vsp.on('failed', (why) => failed.push(why))
  bus.host.offer(vsp)
  const guest = await bus.guest.attach(new ScriptedVsc(vsp.offer.interfaceId))
  bus.settle()
  const say = (hex: string) => {
    guest.say(hex)
    bus.settle()
  }
  return { bus, vsp, guest, violations, failed, say }
}

/** A driver of ours with a host that a test speaks for. */
export async function withHost<V extends GuestDriver & { binds: { interfaceId: Guid } }>(vsc: V) {
  const bus = createBus()
  const violations = violationsOf(bus)
  const vsp = new ScriptedVsp(vsc.binds.interfaceId)
  bus.host.offer(vsp)
  bus.guest.bind(vsc, () => {})
  bus.settle()
  const say = (bytes: Uint8Array | string) => {
    vsp.say(bytes)
    bus.settle()
  }
  return { bus, vsp, vsc, violations, say }
}

/** Header of a message: versions, type, size, status, id, flags. */
export function header(messageType: number, size: number, options: Partial<IcHeader> = {}): string {
  const version = { major: 3, minor: 0 }
  return toHex(
    IcHeader.encode({
      frameworkVersion: version,
      messageType,
      messageVersion: version,
      size,
      status: 0,
      transactionId: 0,
      flags: 5,
      ...options,
    }),
  )
}

/** A guest's choice. */
export const choice = (message: string, framework = '03000000') =>
  `${header(0, 16)}0100010000000000${framework}${message}`
export const v1 = '01000000'
export const v3 = '03000000'
export const v32 = '03000200'
