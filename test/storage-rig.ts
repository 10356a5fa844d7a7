import type { Channel } from '../src/channels/index.ts'
import { DataDirection, ScsiRequest, VstorHeader, VstorOperation } from '../src/devices/storage/index.ts'
import { type Bus, type BusOptions, createBus, type RingPacket, Vsc } from '../src/index.ts'
import { PAGE_SIZE } from '../src/memory/index.ts'
import { DeviceId } from '../src/vmbus/device-ids.ts'
import type { GpadlRange } from '../src/vmbus/server/effects.ts'
import { StorageVsp, type StorageVspOptions } from '../src/vsp/storage/index.ts'
import { toHex } from '../src/wire/index.ts'

/** A storage packet of `size` bytes with a body. */
export function packet(operation: number, body: Uint8Array = new Uint8Array(0), size = 64): Uint8Array {
  const bytes = new Uint8Array(size)
  bytes[0] = operation
  bytes[4] = 1
  bytes.set(body, VstorHeader.size)
  return bytes
}

/** A protocol version as the body of a packet. */
export const version = (major: number, minor: number) => Uint8Array.of(minor, major, 0, 0)

export interface Srb {
  readonly cdb: readonly number[]
  readonly path?: number
  readonly target?: number
  readonly lun?: number
  /** Bytes of data; the direction is that of `dataIn`, by default a read. */
  readonly length?: number
  readonly dataIn?: number
  readonly flags?: number
  readonly cdbLength?: number
  readonly senseLength?: number
  readonly size?: number
}

/** An EXECUTE_SRB packet. */
export function srb(request: Srb): Uint8Array {
  const { cdb, path = 0, target = 0, lun = 0, length = 0, flags = 0, size = 64 } = request
  const cdbOrSense = new Uint8Array(20)
  cdbOrSense.set(cdb)
  const body = ScsiRequest.encode({
    length: size - 12,
    srbStatus: { status: 0, queueFrozen: 0, autosenseValid: 0 },
    scsiStatus: 0,
    portNumber: 0,
    pathId: path,
    targetId: target,
    lun,
    cdbLength: request.cdbLength ?? cdb.length,
    senseInfoLength: request.senseLength ?? 20,
    dataIn: request.dataIn ?? (length === 0 ? DataDirection.None : DataDirection.Read),
    dataTransferLength: length,
    cdbOrSense,
    queueTag: 0xff,
    queueAction: 0x20,
    srbFlags: flags,
    timeOutValue: 60,
    queueSortKey: 0,
  })
  return packet(VstorOperation.ExecuteSrb, body.subarray(0, size - 12), size)
}

/** What is in an answer to an SRB. */
export function answerOf(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return {
    status: view.getUint32(8, true),
    srb: bytes[14],
    scsi: bytes[15],
    transferred: view.getUint32(24, true),
    sense: toHex(bytes.slice(28, 48)),
  }
}

/** A guest without a driver: it says what the test has it say. */
export class RawGuest extends Vsc {
  readonly binds = { interfaceId: DeviceId.Scsi }
  /** What came unasked. */
  readonly notes: { readonly bytes: Uint8Array; readonly wantsCompletion: boolean }[] = []

  ask(bytes: Uint8Array, data?: readonly GpadlRange[]): Promise<Uint8Array> {
    return this.request(bytes, data)
  }

  protected override onPacket(note: RingPacket, _channel: Channel): void {
    this.notes.push({ bytes: note.copyPayload(), wantsCompletion: note.completionRequested })
  }
}

/** A storage device, and a guest that has its channel open. */
export class StorageRig {
  readonly bus: Bus
  readonly vsp: StorageVsp
  readonly guest = new RawGuest()
  /** A page for data. */
  page = 0

  /** Rules that were broken, by the end that saw it: `host storage-operation`. */
  readonly violations: string[] = []

  constructor(options: StorageVspOptions, bus: BusOptions = {}) {
    this.bus = createBus(bus)
    this.bus.events.on('violation', ({ at, violation }) => this.violations.push(`${at} ${violation.rule}`))
    this.vsp = new StorageVsp(options)
    this.bus.host.offer(this.vsp)
  }

  /** The channel is open; nothing was said. */
  static async open(options: StorageVspOptions = {}, bus: BusOptions = {}): Promise<StorageRig> {
    const rig = new StorageRig(options, bus)
    await rig.bus.guest.attach(rig.guest)
    rig.page = rig.bus.guest.pages.allocate(64)?.first ?? 0
    return rig
  }

  /** The guest has made itself known. */
  static async ready(
    options: StorageVspOptions = {},
    bus: BusOptions = {},
    speak = version(6, 2),
  ): Promise<StorageRig> {
    const rig = await StorageRig.open(options, bus)
    for (const [operation, body] of [[7], [9, speak], [10], [8]] as const) {
      const status = await rig.status(packet(operation, body))
      if (status !== 0) throw new Error(`operation ${operation}: 0x${status.toString(16)}`)
    }
    return rig
  }

  /** The NTSTATUS that answers a packet. */
  async status(bytes: Uint8Array): Promise<number> {
    const answer = await this.guest.ask(bytes)
    return new DataView(answer.buffer).getUint32(8, true)
  }

  /** Executes an SRB, with its data in the rig's pages. */
  async execute(request: Srb, data?: Uint8Array) {
    const length = request.length ?? data?.byteLength ?? 0
    if (data !== undefined) this.bus.memory.write(this.page * PAGE_SIZE, data, 0, data.byteLength)
    const dataIn = request.dataIn ?? (data === undefined ? undefined : DataDirection.Write)
    const full = { ...request, length, ...(dataIn === undefined ? {} : { dataIn }) }
    return answerOf(await this.guest.ask(srb(full), length === 0 ? undefined : [this.range(length)]))
  }

  /** The first `length` bytes of the rig's pages, as one range. */
  range(length: number, byteOffset = 0): GpadlRange {
    const pfns = Array.from({ length: Math.ceil((byteOffset + length) / PAGE_SIZE) }, (_, at) => this.page + at)
    return { byteCount: length, byteOffset, pfns }
  }

  /** What is in the rig's pages. */
  data(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    this.bus.memory.read(this.page * PAGE_SIZE, bytes, 0, length)
    return bytes
  }
}
