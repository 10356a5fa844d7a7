import type { Binding, Channel, CloseReason } from '../../channels/index.ts'
import { AdditionalSense } from '../../devices/scsi/codes.ts'
import {
  VstorHeader,
  VstorOperation,
  VstorStatus,
  vstorPacketSize,
  vstorVersions,
} from '../../devices/storage/index.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { PacketType } from '../../vmbus/packet-types.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import { WireReader } from '../../wire/index.ts'
import { Vsc } from '../vsc.ts'
import {
  BlockDevices,
  type BlockRange,
  type BlockWrite,
  type Capacity,
  type UnitAddress,
  type UnitInfo,
} from './block-devices.ts'
import { Buffers } from './buffers.ts'
import { Initialization, requestPacket, type Step, type StorageProperties } from './initialization.ts'
import type { ScsiOutcome } from './outcome.ts'
import { StorageQueue } from './queue.ts'
import type { ScsiCommand, StorageIo } from './storage-io.ts'

/** How the driver is made; everything has a default. */
export interface StorageVscOptions {
  /** Default: SCSI controllers. */
  readonly kind?: 'scsi' | 'ide' | 'fibre-channel'
  /** Which of several devices; see Binding. */
  readonly instance?: Omit<Binding, 'interfaceId'>
  /** Protocol versions to ask for, in this order. Default all, newest first. */
  readonly versions?: readonly number[]
  /** Processors of the guest: the driver asks for a channel for each, as Linux. Default 1. */
  readonly cpus?: number
  /** Bytes of each ring, a multiple of 4096. Default 128 KiB, as Linux. */
  readonly ringSize?: number
  /** Commands on their way at a time. Default 128. */
  readonly queueDepth?: number
  /** Time after which a command is called overdue, in the unit of {@link StorageVsc.tick}. Default 60,000: a minute in milliseconds. */
  readonly timeout?: number
}

/** What the driver tells. */
export interface StorageVscEvents {
  /** The host says that its units have changed, or a unit says so of itself: enumerate anew. */
  changed: () => void
  /** Commands are on their way for too long. Like Linux, the driver goes on waiting. */
  overdue: (commands: readonly ScsiCommand[]) => void
}

const interfaces = { scsi: DeviceId.Scsi, ide: DeviceId.Ide, 'fibre-channel': DeviceId.FibreChannel } as const

/**
 * A storage controller's driver: SCSI commands with a queue, retries and any number of channels, and blocks on top of them.
 * Source: Linux drivers/scsi/storvsc_drv.c.
 */
export class StorageVsc extends Vsc<StorageVscEvents> {
  readonly binds: Binding
  readonly ringBytes: { readonly send: number; readonly receive: number }
  readonly #options: StorageVscOptions
  readonly #queue: StorageQueue
  readonly #blocks: BlockDevices
  #buffers: Buffers | undefined
  #properties: StorageProperties | undefined

  constructor(options: StorageVscOptions = {}) {
    super()
    this.#options = options
    const { ringSize = 0x2_0000 } = options
    this.ringBytes = { send: ringSize, receive: ringSize }
    this.binds = { interfaceId: interfaces[options.kind ?? 'scsi'], ...options.instance }
    this.#queue = new StorageQueue(options.queueDepth ?? 128, (outcome, io) => this.#answered(outcome, io))
    this.#blocks = new BlockDevices(this)
  }

  /** The protocol version agreed on; 0 before. */
  get version(): number {
    return this.#properties?.version ?? 0
  }

  /** What the device told of itself; `undefined` before the driver is ready. */
  get properties(): StorageProperties | undefined {
    return this.#properties
  }

  /** Commands on their way. */
  get inFlight(): number {
    return this.#queue.flying
  }

  /** Commands that wait for others to be over. */
  get waiting(): number {
    return this.#queue.waiting
  }

  /** Sends a SCSI command when it is its turn. Its `done` is called exactly once, whatever happens. Throws `RangeError` for a CDB that is too long. */
  submit(command: ScsiCommand): void {
    if (command.cdb.length > 16) throw new RangeError(`a CDB of ${command.cdb.length} bytes`)
    this.#queue.submit(command)
  }

  /** Reads blocks: of any number, in as many commands as that takes. Fails with a {@link ScsiError}. */
  read(range: BlockRange): Promise<Uint8Array> {
    return this.#blocks.read(range)
  }

  /** Writes whole blocks. Fails with a {@link ScsiError}; what was written by then is not known. */
  write(request: BlockWrite): Promise<void> {
    return this.#blocks.write(request)
  }

  /** What was written so far survives when this is kept. */
  flush(unit: UnitAddress = {}): Promise<void> {
    return this.#blocks.flush(unit)
  }

  /** Gives blocks back: they read as zeros. */
  unmap(range: BlockRange): Promise<void> {
    return this.#blocks.unmap(range)
  }

  /** Size of a unit, asked once, until something changes. */
  capacity(unit: UnitAddress = {}): Promise<Capacity> {
    return this.#blocks.capacity(unit)
  }

  /** The units of a target, with what they say of themselves. */
  units(target: Omit<UnitAddress, 'lun'> = {}): Promise<UnitInfo[]> {
    return this.#blocks.units(target)
  }

  /** Resets the bus. Kept when the host has done that, and every command that was on its way is over, as in Linux. */
  async resetBus(): Promise<void> {
    const answer = await this.request(requestPacket(VstorOperation.ResetBus))
    const { status } = VstorHeader.decodeAt(new WireReader(answer), 0)
    if (status !== VstorStatus.Success) throw new Error(`reset of the bus: status 0x${status.toString(16)}`)
    if (this.inFlight === 0) return
    await this.promise<void>('commands on their way', (resolve) => {
      this.#drained.push(resolve)
    })
  }

  /** Tells the time; the driver reads no clock. Emits `overdue`. */
  tick(now: number): void {
    const late = this.#queue.overdue(now, this.#options.timeout ?? 60_000)
    if (late.length > 0) this.emit('overdue', late)
  }

  /** A promise that breaks when the host cannot keep it any more. */
  promise<T>(what: string, start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T> {
    const { device } = this
    if (device === undefined) return Promise.reject(new Error('the driver has no device'))
    return device.promise(what, start)
  }

  override opened(channel: Channel): void {
    super.opened(channel)
    this.#queue.setChannels([...this.channels.values()])
  }

  protected override onOpen(channel: Channel): void {
    this.#properties = undefined
    this.#blocks.forget()
    const { versions = vstorVersions, kind } = this.#options
    const talk = new Initialization(versions, kind === 'fibre-channel')
    const go = (step: Step): void => {
      if (step.kind === 'failed') this.fail(step.why)
      else if (step.kind === 'done') this.#initialized(channel, step.properties)
      else if (!channel.request(step.packet, (answer) => go(talk.answered(answer?.copyPayload())))) {
        this.fail('the channel is closed')
      }
    }
    go(talk.begin())
  }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    const { bytes, payloadOffset, payloadLength } = packet
    const operation = payloadLength < 4 ? 0 : (bytes[payloadOffset] ?? 0)
    const isRescan = operation === VstorOperation.EnumerateBus || operation === VstorOperation.RemoveDevice
    if (packet.type === PacketType.DataInBand && isRescan) {
      this.#changed()
      return
    }
    channel.violation({
      rule: 'storage-unexpected-packet',
      code: payloadLength < 4 ? 'SHORT' : 'TYPE',
      field: 'header.operation',
      offset: 0,
      why: `operation ${operation} in a packet of type ${packet.type} that answers nothing`,
      channelId: channel.channelId,
    })
    // Who asks for a completion gets one, though there is nothing to say.
    channel.complete(packet)
  }

  protected override onClose(channel: Channel, _reason: CloseReason): void {
    this.#queue.setChannels([...this.channels.values()])
    if (channel.subchannelIndex !== 0) return
    this.#properties = undefined
    this.#queue.connect(undefined)
    this.#blocks.forget()
    this.#buffers?.close()
    for (const resolve of this.#drained.splice(0)) resolve()
  }

  readonly #drained: (() => void)[] = []

  #initialized(channel: Channel, properties: StorageProperties): void {
    const { device } = this
    if (device === undefined) return
    this.#properties = properties
    const { pages, transport } = device.endpoint
    const { memory } = transport
    this.#buffers = new Buffers(pages, memory)
    this.#queue.connect({
      memory,
      buffers: this.#buffers,
      packetSize: vstorPacketSize(properties.version),
    })
    const count = Math.min((this.#options.cpus ?? 1) - 1, properties.maxSubchannels)
    if (count < 1) {
      this.ready()
      return
    }
    const asked = requestPacket(VstorOperation.CreateSubChannels, Uint8Array.of(count & 0xff, count >> 8))
    // A host that gives none has one channel; the driver works all the same.
    if (!channel.request(asked, () => this.ready())) this.fail('the channel is closed')
  }

  #answered(outcome: ScsiOutcome, io: StorageIo): void {
    if (outcome.kind === 'invalid' && io.channel !== undefined) {
      io.channel.violation({
        rule: 'storage-answer',
        code: 'SHORT',
        field: 'payload',
        offset: 0,
        why: 'the answer to a command is no storage packet',
        channelId: io.channel.channelId,
      })
    }
    const changed = outcome.sense?.additional
    if (
      changed === AdditionalSense.CapacityDataHasChanged ||
      changed === AdditionalSense.InquiryDataHasChanged ||
      changed === AdditionalSense.ReportedLunsDataHasChanged ||
      changed === AdditionalSense.MediumMayHaveChanged
    ) {
      this.#changed()
    }
    if (this.#drained.length > 0 && this.inFlight === 0) for (const resolve of this.#drained.splice(0)) resolve()
  }

  #changed(): void {
    this.#blocks.forget()
    this.emit('changed')
  }
}
