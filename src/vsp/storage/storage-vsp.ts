import type { Channel, CloseReason } from '../../channels/index.ts'
import { ScsiOpcode } from '../../devices/scsi/codes.ts'
import {
  FcWwn,
  SrbStatus,
  StorageOfferProperties,
  VstorHeader,
  VstorOperation,
  VstorStatus,
  VstorVersion,
  vstorPacketSize,
} from '../../devices/storage/index.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { GpaRanges } from '../../vmbus/gpa-ranges.ts'
import { PacketType } from '../../vmbus/packet-types.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import type { OfferParams } from '../../vmbus/server/effects.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { type Guid, guid, type Infer } from '../../wire/index.ts'
import { Vsp } from '../vsp.ts'
import { AbsentUnit, reportLuns } from './absent-unit.ts'
import type { Disk } from './disk.ts'
import { DiskUnit } from './disk-unit.ts'
import { type Answer, Handshake, type HandshakeOptions } from './handshake.ts'
import { addressKey, type LogicalUnit, type ScsiAddress } from './logical-unit.ts'
import type { Nexus } from './nexus.ts'
import { ScsiTask } from './scsi-task.ts'
import { identityOf, nameOf } from './vpd.ts'

/** What can stand at a LUN: a disk, or any unit of your own. */
export type StorageUnit = Disk | LogicalUnit

/** How a storage device is made. */
export interface StorageVspOptions extends HandshakeOptions {
  /** What stands at LUN 0. */
  readonly disk?: StorageUnit
  /** What stands at LUNs 0, 1, …; for other addresses see {@link StorageVsp.add}. */
  readonly disks?: readonly StorageUnit[]
  /** Default: a SCSI controller. */
  readonly kind?: 'scsi' | 'fibre-channel' | { readonly ide: { readonly channel: 0 | 1; readonly device: 0 | 1 } }
  /** Tells several controllers apart. An IDE accelerator's follows from its place. */
  readonly instanceId?: Guid
  /** Of a Fibre Channel adapter. */
  readonly wwn?: Infer<typeof FcWwn>
}

/** What a storage device tells of itself. */
export interface StorageVspEvents {
  /** The guest's driver has made itself known: SCSI requests may come. */
  ready: (version: number) => void
}

const firstInstance = guid('f8b3781a-1e82-4818-a1c3-63d806ec15bb')
const noWwn: Infer<typeof FcWwn> = {
  primaryActive: 1,
  primaryPortWwn: new Uint8Array(8),
  primaryNodeWwn: new Uint8Array(8),
  secondaryPortWwn: new Uint8Array(8),
  secondaryNodeWwn: new Uint8Array(8),
}
const absent = new AbsentUnit()
/** What a guest finds on a controller that is being taken away. */
const noUnits: ReadonlyMap<number, LogicalUnit> = new Map()

/**
 * A storage device: a controller with any number of units.
 *
 * ```ts
 * bus.host.offer(new StorageVsp({ disk: new MemoryDisk({ blocks: 2048 }) }))
 * ```
 *
 * What breaks the protocol stops its channel; what the protocol has an answer for is answered. Source: OpenVMM storvsp.
 */
export class StorageVsp extends Vsp<StorageVspEvents> {
  readonly offer: OfferParams
  readonly #options: StorageVspOptions
  readonly #handshake: Handshake
  readonly #nexus: Nexus
  /** The one path of an IDE accelerator. */
  readonly #path: number | undefined
  readonly #units = new Map<number, LogicalUnit>()
  /** Those that the guest sees. */
  #visible: ReadonlyMap<number, LogicalUnit> = this.#units
  /** Packets that came. */
  #packets = 0
  readonly #ranges = new GpaRanges()
  /** Tasks that nobody uses, and those of each channel. */
  readonly #free: ScsiTask[] = []
  readonly #running = new Map<Channel, Set<ScsiTask>>()
  /** Tasks that are nothing to a guest any more, while their units are still at them. */
  readonly #abandoned = new Set<ScsiTask>()
  /** Sub-channels offered so far. */
  #subchannels = 0
  /** Where answers are made. */
  readonly #packet = new Uint8Array(64)
  readonly #packetView = new DataView(this.#packet.buffer)

  constructor(options: StorageVspOptions = {}) {
    super()
    this.#options = options
    this.#handshake = new Handshake(options)
    this.offer = offerOf(options)
    this.#nexus = {
      address: nameOf(identityOf(this.offer.instanceId)),
      settled: (disk, done) => this.#settled(disk, done),
    }
    this.#path = this.#home.path
    const { disk, disks = disk === undefined ? [] : [disk] } = options
    for (const [lun, unit] of disks.entries()) this.add({ ...this.#home, lun }, unit)
  }

  /** The protocol version agreed on with the guest; 0 before. */
  get version(): number {
    return this.#handshake.version
  }

  /** Whether the guest's driver has made itself known. */
  get isReady(): boolean {
    return this.#handshake.isReady
  }

  /** Commands that are not finished. */
  get running(): number {
    let count = 0
    for (const tasks of this.#running.values()) count += tasks.size
    return count
  }

  /** The unit at an address. */
  unit(address: ScsiAddress | number): LogicalUnit | undefined {
    return this.#units.get(addressKey(typeof address === 'number' ? { ...this.#home, lun: address } : address))
  }

  /** Puts a disk or unit at an address, or a LUN of the first target; the guest is told. Throws when something stands there. */
  add(address: ScsiAddress | number, unit: StorageUnit): LogicalUnit {
    const key = addressKey(typeof address === 'number' ? { ...this.#home, lun: address } : address)
    if (this.#units.has(key)) throw new Error(`there is a unit at ${key.toString(16)} already`)
    const added = 'execute' in unit ? unit : new DiskUnit(unit, { identity: `${this.offer.instanceId}:${key}` })
    this.#units.set(key, added)
    this.#busChanged()
    return added
  }

  /** Takes a unit away; the guest is told. Commands that it has are finished by it, as it likes. Answers it. */
  remove(address: ScsiAddress | number): LogicalUnit | undefined {
    const key = addressKey(typeof address === 'number' ? { ...this.#home, lun: address } : address)
    const unit = this.#units.get(key)
    if (this.#units.delete(key)) this.#busChanged()
    return unit
  }

  /**
   * Takes the controller away as a real host does, from a guest that may be using it: first its units, of which the guest is told; then,
   * once what the disks have is completed and the guest, which finds no unit any more, is quiet, itself. Disks have 15 s; then what they
   * still have is aborted. The units stay the device's: it can be offered again.
   *
   * A bare `close()` leaves commands without completion, and Linux waits for those for ever: it takes nothing more from the rings of a
   * rescinded channel (vmbus_chan_sched), and no time-out of its disks ends (storvsc_eh_timed_out).
   */
  eject(): Promise<void> {
    if (this.#visible !== noUnits) {
      this.#visible = noUnits
      this.#busChanged()
    }
    return this.closeWhenQuiet({
      count: () => this.#packets,
      isBusy: () => this.running > 0,
      // Linux scans after it has removed the disks that were gone, one after the other (storvsc_host_scan, storvsc_remove_lun).
      ask: () => this.#busChanged(),
      abort: () => {
        for (const task of [...this.#running.values()].flatMap((tasks) => [...tasks])) {
          task.abort()
          this.#abandon(task)
        }
      },
    })
  }

  protected override onOpen(channel: Channel): void {
    this.#running.set(channel, new Set())
    if (channel.subchannelIndex === 0) this.#handshake.reset()
    // Behaviour 182.
    else if (!this.isReady) channel.pause()
  }

  protected override onClose(channel: Channel, reason: CloseReason): void {
    for (const task of this.#running.get(channel) ?? []) this.#abandon(task)
    this.#running.delete(channel)
    if (channel.subchannelIndex !== 0) return
    this.#handshake.reset()
    if (this.#subchannels > 0 && reason !== 'rescinded') this.revokeSubchannels()
    this.#subchannels = 0
  }

  override detached(): void {
    this.#subchannels = 0
    this.#visible = this.#units
    super.detached()
  }

  protected override onPacket(packet: RingPacket, channel: Channel): void {
    this.#packets += 1
    if (packet.type !== PacketType.DataInBand && packet.type !== PacketType.DataUsingGpaDirect) {
      this.#stop(channel, 'storage-packet-type', 'TYPE', 'descriptor.type', 0, `a packet of type ${packet.type}`)
      return
    }
    if (!packet.completionRequested) {
      this.#stop(channel, 'storage-not-transactional', 'STATE', 'descriptor.flags', 6, 'no completion is asked for')
      return
    }
    const length = packet.payloadLength
    if (length < VstorHeader.size) {
      this.#stop(channel, 'storage-short-packet', 'SHORT', 'payload', 0, `${length} bytes are no storage packet`)
      return
    }
    const operation = packet.payloadU32(0)
    if (operation === VstorOperation.ExecuteSrb && this.isReady) this.#execute(packet, channel)
    else this.#control(operation, packet, channel)
  }

  /** A completion, though the device asks for nothing (ST-01). */
  strayCompletion(channel: Channel): void {
    this.#stop(channel, 'storage-packet-type', 'TYPE', 'descriptor.type', 0, 'a completion of nothing')
  }

  #execute(packet: RingPacket, channel: Channel): void {
    const length = packet.payloadLength
    if (length < vstorPacketSize(VstorVersion.Win6)) {
      this.#stop(channel, 'storage-short-packet', 'SHORT', 'payload', 0, `${length} bytes are no SCSI request`)
      return
    }
    const task = this.#free.pop() ?? new ScsiTask(this.#nexus, (done) => this.#free.push(done))
    task.take(packet, channel)
    const wanted = task.transferLength
    let isReachable = true
    if (packet.type === PacketType.DataUsingGpaDirect || wanted > 0) {
      const size = this.#takeData(task, packet, channel, wanted)
      if (size === undefined) {
        task.abandon()
        this.#free.push(task)
        return
      }
      isReachable = size
    }
    const unit = this.#unitFor(task)
    task.unit = unit
    if (isReachable) unit.execute(task)
    else task.fail(SrbStatus.InternalError)
    if (!task.isRunning) return
    const tasks = this.#running.get(channel)
    if (tasks !== undefined) task.later(tasks)
  }

  /**
   * Lets the task have the packet's range. Answers whether it lies in memory; `undefined` when the channel was stopped, because
   * it is not one range that holds the transfer (ST-08, ST-10).
   */
  #takeData(task: ScsiTask, packet: RingPacket, channel: Channel, wanted: number): boolean | undefined {
    if (packet.type !== PacketType.DataUsingGpaDirect) {
      return this.#stopForData(channel, `${wanted} bytes of data without a range`)
    }
    if (packet.rangeCount > 1) return this.#stopForData(channel, `${packet.rangeCount} ranges`)
    // In place: each word of the ranges is read once.
    const { bytes, headerOffset, headerLength, rangeCount } = packet
    const ranges = this.#ranges.reset(bytes, headerOffset + 8, headerLength - 8, rangeCount)
    if (!ranges.next()) return this.#stopForData(channel, ranges.fault?.message ?? 'no range')
    if (wanted > ranges.byteCount) {
      return this.#stopForData(channel, `${wanted} bytes of data in a range of ${ranges.byteCount}`)
    }
    if (wanted === 0) return true
    return task.data.take(channel.memory, ranges, wanted)
  }

  #abandon(task: ScsiTask): void {
    task.abandon()
    this.#abandoned.add(task)
    task.afterwards(() => this.#abandoned.delete(task))
  }

  /** For PREEMPT AND ABORT: what is at the disk is not torn out of its hands, but waited for. */
  #settled(disk: Disk, done: () => void): void {
    let open = 1
    const over = (): void => {
      open -= 1
      if (open === 0) done()
    }
    for (const tasks of [...this.#running.values(), this.#abandoned]) {
      for (const task of tasks) {
        if (!(task.unit instanceof DiskUnit) || task.unit.disk !== disk) continue
        open += 1
        task.afterwards(over)
      }
    }
    over()
  }

  /** Where a command goes. An IDE accelerator has one path, whatever the guest says (Linux always says 0). */
  #unitFor(task: ScsiTask): LogicalUnit {
    if (task.cdb[0] === ScsiOpcode.ReportLuns) return this.#reporter
    const path = this.#path ?? task.pathId
    return this.#visible.get(path * 0x1_0000 + task.targetId * 0x100 + task.lun) ?? absent
  }

  readonly #reporter: LogicalUnit = {
    execute: (task) => {
      const first = task.pathId * 0x1_0000 + task.targetId * 0x100
      const luns = [...this.#visible.keys()]
        .filter((key) => key >= first && key < first + 0x100)
        .map((key) => key - first)
      reportLuns(
        task,
        luns.sort((a, b) => a - b),
      )
    },
  }

  /** Everything but SCSI requests of a guest that is known. */
  #control(operation: number, packet: RingPacket, channel: Channel): void {
    if (!isRequest(operation, this.#options.kind === 'fibre-channel')) {
      this.#stop(channel, 'storage-operation', 'TYPE', 'header.operation', 0, `operation ${operation}`)
      return
    }
    const answer = this.#answer(operation, packet, channel)
    const length = Math.min(64, packet.payloadLength)
    this.#complete(packet, channel, answer, length)
    if (operation === VstorOperation.EndInitialization && answer.status === 0) this.#ready()
  }

  #answer(operation: number, packet: RingPacket, channel: Channel): Answer {
    const isPrimary = channel.subchannelIndex === 0
    if (isPrimary) {
      const payload = packet.copyPayload()
      const answer = this.#handshake.answer(operation, payload)
      if (answer !== undefined) return answer
      if (operation === VstorOperation.CreateSubChannels) {
        const count = this.#handshake.subchannels(payload)
        if (typeof count !== 'number') return count
        this.#createSubchannels(count)
        return { status: VstorStatus.Success }
      }
      if (operation === VstorOperation.FcHbaData && this.#handshake.isPastProperties) {
        return { status: VstorStatus.Success, body: FcWwn.encode(this.#options.wwn ?? noWwn) }
      }
    }
    const isReset =
      operation === VstorOperation.ResetLun ||
      operation === VstorOperation.ResetAdapter ||
      operation === VstorOperation.ResetBus
    return { status: isReset && this.isReady ? VstorStatus.Success : VstorStatus.InvalidDeviceState }
  }

  #complete(packet: RingPacket, channel: Channel, { status, body }: Answer, length: number): void {
    const bytes = this.#packet.fill(0)
    bytes[0] = VstorOperation.CompleteIo
    this.#packetView.setUint32(8, status, true)
    if (body !== undefined) bytes.set(body.subarray(0, length - VstorHeader.size), VstorHeader.size)
    channel.complete(packet, bytes.subarray(0, length))
  }

  #createSubchannels(count: number): void {
    if (this.#subchannels > 0) return
    this.#subchannels = count
    this.offerSubchannels(count)
  }

  /** Behaviour 182: what came over sub-channels waited until now. */
  #ready(): void {
    for (const channel of this.channels.values()) if (channel.subchannelIndex > 0) channel.resume()
    this.emit('ready', this.version)
  }

  /** Behaviour 178. */
  #busChanged(): void {
    if (!this.isReady || this.version < VstorVersion.Win7) return
    const bytes = new Uint8Array(vstorPacketSize(this.version))
    bytes[0] = VstorOperation.EnumerateBus
    this.channel?.sendOrQueue(bytes)
  }

  #stopForData(channel: Channel, why: string): undefined {
    this.#stop(channel, 'storage-data-length', 'LENGTH', 'request.dataTransferLength', 24, why)
  }

  #stop(channel: Channel, rule: string, code: Violation['code'], field: string, offset: number, why: string): void {
    channel.fail({ rule, code, field, offset, why, channelId: channel.channelId })
  }

  /** The path and target that a bare LUN stands at. */
  get #home(): { readonly path?: number; readonly target: number } {
    const { kind } = this.#options
    return typeof kind === 'object' ? { path: kind.ide.channel, target: kind.ide.device } : { target: 0 }
  }
}

/** What a guest may ask for; the rest is none of the protocol (behaviour 180). */
function isRequest(operation: number, isFibreChannel: boolean): boolean {
  if (operation === VstorOperation.FcHbaData) return isFibreChannel
  return (
    (operation >= VstorOperation.ExecuteSrb && operation <= VstorOperation.QueryProperties) ||
    operation === VstorOperation.CreateSubChannels
  )
}

function offerOf({ kind = 'scsi', instanceId }: StorageVspOptions): OfferParams {
  if (typeof kind === 'object') {
    const { channel, device } = kind.ide
    const userDefined = new Uint8Array(120)
    userDefined.set(StorageOfferProperties.encode({ pathId: channel, targetId: device, flags: 0x2 }))
    // The guest's driver takes the place from the instance. Source: OpenVMM storvsp, Linux storvsc_probe.
    const ide = guid(`0000000${channel}-000${device}-8899-0000-000000000000`)
    return { interfaceId: DeviceId.Ide, instanceId: ide, userDefined }
  }
  const interfaceId = kind === 'scsi' ? DeviceId.Scsi : DeviceId.FibreChannel
  return { interfaceId, instanceId: instanceId ?? firstInstance }
}
