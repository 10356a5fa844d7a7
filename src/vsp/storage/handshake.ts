import {
  ChannelProperties,
  ChannelPropertyFlags,
  ProtocolVersion,
  VstorHeader,
  VstorOperation,
  VstorStatus,
  VstorVersion,
  vstorVersions,
} from '../../devices/storage/index.ts'

/** What the device grants while a guest's driver makes itself known. */
export interface HandshakeOptions {
  /** Protocol versions that it speaks (see VstorVersion). Default all. */
  readonly versions?: readonly number[]
  /** Sub-channels that a guest may ask for. Default 0. */
  readonly maxSubchannels?: number
  /** Bytes of data in one request, as told to the guest; more is served all the same. Default 0x40000. */
  readonly maxTransferBytes?: number
}

/** What goes back for a packet: an NTSTATUS, and what stands behind the header. */
export interface Answer {
  readonly status: number
  readonly body?: Uint8Array
}

const refused: Answer = { status: VstorStatus.InvalidDeviceState }
const granted: Answer = { status: VstorStatus.Success }

/**
 * The order in which a guest's driver makes itself known: begin, version, properties, [sub-channels], end. What is out of turn is
 * refused, and changes nothing (behaviours 166 to 171).
 */
export class Handshake {
  #step: 'begin' | 'version' | 'properties' | 'end' | 'ready' = 'begin'
  #version = 0
  readonly #options: HandshakeOptions

  constructor(options: HandshakeOptions) {
    this.#options = options
  }

  /** Whether SCSI requests may come. */
  get isReady(): boolean {
    return this.#step === 'ready'
  }

  /** The version agreed on; 0 before. */
  get version(): number {
    return this.#version
  }

  get maxSubchannels(): number {
    return this.#version >= VstorVersion.Win8 ? (this.#options.maxSubchannels ?? 0) : 0
  }

  reset(): void {
    this.#step = 'begin'
    this.#version = 0
  }

  /** Whether the world-wide names may be asked for: between properties and end, or later. */
  get isPastProperties(): boolean {
    return this.#step === 'end' || this.#step === 'ready'
  }

  /** Answers a packet of the primary channel's; `undefined` for operations that are none of the handshake's. */
  answer(operation: number, packet: Uint8Array): Answer | undefined {
    switch (operation) {
      case VstorOperation.BeginInitialization:
        return this.#next('begin', 'version')
      case VstorOperation.QueryProtocolVersion:
        return this.#step === 'version' ? this.#agree(packet) : refused
      case VstorOperation.QueryProperties:
        if (this.#next('properties', 'end') === refused) return refused
        return { status: VstorStatus.Success, body: this.#properties() }
      case VstorOperation.EndInitialization:
        return this.#next('end', 'ready')
      default:
        return undefined
    }
  }

  /**
   * How many sub-channels are wanted, or why that cannot be: before 5.1, or out of turn, the state is wrong; none or too many are
   * a wrong number (behaviour 170, ST-17).
   */
  subchannels(packet: Uint8Array): number | Answer {
    if (!this.isPastProperties || this.#version < VstorVersion.Win8) return refused
    const count = packet.byteLength < 14 ? 0 : (packet[12] ?? 0) + 256 * (packet[13] ?? 0)
    return count === 0 || count > this.maxSubchannels ? { status: VstorStatus.InvalidParameter } : count
  }

  #next(step: 'begin' | 'properties' | 'end', then: 'version' | 'end' | 'ready'): Answer {
    if (this.#step !== step) return refused
    this.#step = then
    return granted
  }

  #agree(packet: Uint8Array): Answer {
    const { versions = vstorVersions } = this.#options
    if (packet.byteLength < VstorHeader.size + ProtocolVersion.size) return { status: VstorStatus.RevisionMismatch }
    const { majorMinor } = ProtocolVersion.decode(packet.subarray(VstorHeader.size, VstorHeader.size + 4))
    const body = ProtocolVersion.encode({ majorMinor, revision: 0 })
    if (!versions.includes(majorMinor)) return { status: VstorStatus.RevisionMismatch, body }
    this.#version = majorMinor
    this.#step = 'properties'
    return { status: VstorStatus.Success, body }
  }

  #properties(): Uint8Array {
    return ChannelProperties.encode({
      maxChannelCount: this.maxSubchannels,
      flags: this.#version >= VstorVersion.Win8 ? ChannelPropertyFlags.multiChannel : 0,
      maxTransferBytes: this.#options.maxTransferBytes ?? 0x4_0000,
    })
  }
}
