import {
  ChannelProperties,
  ChannelPropertyFlags,
  FcWwn,
  ProtocolVersion,
  VstorHeader,
  VstorOperation,
  VstorStatus,
} from '../../devices/storage/index.ts'
import type { Infer } from '../../wire/index.ts'

/** What the driver has learnt of the device. */
export interface StorageProperties {
  readonly version: number
  /** Bytes in one request, a multiple of 4096. */
  readonly maxTransferBytes: number
  /** Sub-channels that may be asked for. */
  readonly maxSubchannels: number
  /** Of a Fibre Channel adapter. */
  readonly wwn?: Infer<typeof FcWwn>
}

/** A packet to send, or the end. */
export type Step =
  | { readonly kind: 'send'; readonly packet: Uint8Array }
  | { readonly kind: 'done'; readonly properties: StorageProperties }
  | { readonly kind: 'failed'; readonly why: string }

const defaultTransfer = 0x4_0000
const mostTransfer = 0x40_0000

/** What the driver says before the first command, in turn. Source: Linux storvsc_channel_init. */
export class Initialization {
  #left: readonly number[]
  #version = 0
  #step: 'begin' | 'version' | 'properties' | 'fibre-channel' | 'end' = 'begin'
  #properties: Omit<StorageProperties, 'version'> = { maxTransferBytes: defaultTransfer, maxSubchannels: 0 }

  /** @param versions to ask for, in this order. */
  constructor(
    versions: readonly number[],
    readonly isFibreChannel: boolean,
  ) {
    this.#left = versions
  }

  /** The first packet. */
  begin(): Step {
    return send(VstorOperation.BeginInitialization)
  }

  /** The answer to the packet sent last: the whole payload, a copy. */
  answered(answer: Uint8Array | undefined): Step {
    if (answer === undefined) return { kind: 'failed', why: 'the channel was closed' }
    if (answer.byteLength < 48) return { kind: 'failed', why: `an answer of ${answer.byteLength} bytes` }
    const { operation, status } = VstorHeader.decode(answer.subarray(0, VstorHeader.size))
    if (operation !== VstorOperation.CompleteIo) return { kind: 'failed', why: `an answer with operation ${operation}` }
    const body = answer.subarray(VstorHeader.size)
    if (this.#step === 'version') return this.#versionAnswered(status)
    if (status !== VstorStatus.Success) {
      return { kind: 'failed', why: `step ${this.#step}: status 0x${status.toString(16)}` }
    }
    switch (this.#step) {
      case 'begin':
        this.#step = 'version'
        return this.#askVersion()
      case 'properties':
        this.#properties = propertiesIn(body)
        this.#step = this.isFibreChannel ? 'fibre-channel' : 'end'
        return send(this.isFibreChannel ? VstorOperation.FcHbaData : VstorOperation.EndInitialization)
      case 'fibre-channel':
        this.#properties = { ...this.#properties, wwn: FcWwn.decode(body.subarray(0, FcWwn.size)) }
        this.#step = 'end'
        return send(VstorOperation.EndInitialization)
      case 'end':
        return { kind: 'done', properties: { version: this.#version, ...this.#properties } }
    }
  }

  /** Any status but success means: not this one. Hyper-V and OpenVMM have different ones (behaviour 183). */
  #versionAnswered(status: number): Step {
    if (status === VstorStatus.Success) {
      this.#step = 'properties'
      return send(VstorOperation.QueryProperties)
    }
    return this.#askVersion()
  }

  #askVersion(): Step {
    const [version, ...left] = this.#left
    if (version === undefined) return { kind: 'failed', why: 'the host accepts none of the protocol versions' }
    this.#left = left
    this.#version = version
    return send(VstorOperation.QueryProtocolVersion, ProtocolVersion.encode({ majorMinor: version, revision: 0 }))
  }
}

/** What cannot be is replaced by what can (ST-26). */
function propertiesIn(body: Uint8Array): Omit<StorageProperties, 'version'> {
  const { flags, maxChannelCount, maxTransferBytes } = ChannelProperties.decode(
    body.subarray(0, ChannelProperties.size),
  )
  const rounded = maxTransferBytes - (maxTransferBytes % 4096)
  return {
    maxTransferBytes: rounded === 0 ? defaultTransfer : Math.min(rounded, mostTransfer),
    maxSubchannels: (flags & ChannelPropertyFlags.multiChannel) !== 0 ? maxChannelCount : 0,
  }
}

/** As Linux, always 64 bytes, whatever the version (OK-18). */
function send(operation: number, body?: Uint8Array): Step {
  return { kind: 'send', packet: requestPacket(operation, body) }
}

/** A packet of 64 bytes that wants a completion. */
export function requestPacket(operation: number, body?: Uint8Array): Uint8Array {
  const packet = new Uint8Array(64)
  packet[0] = operation
  packet[4] = 1
  if (body !== undefined) packet.set(body, VstorHeader.size)
  return packet
}
