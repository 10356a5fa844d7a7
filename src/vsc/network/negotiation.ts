import { SharedBuffer } from '../../channels/channel/shared-buffer.ts'
import { type Channel, type GuestDevice, pageNumbersOf } from '../../channels/index.ts'
import {
  defaultHashKey,
  informationOf,
  NdisHash,
  NdisObjectType,
  NdisOffloadParameters,
  NdisReceiveScaleCapabilities,
  NdisReceiveScaleParameters,
  NvspMessage,
  NvspStatus,
  NvspVersion,
  Oid,
  RndisStatus,
} from '../../devices/network/index.ts'
import { PAGE_SIZE, PageList } from '../../memory/index.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'
import { tryDecode } from '../../wire/index.ts'
import type { NicState, ShownBuffer } from './nic-state.ts'
import { type RndisAnswer, RndisRequests } from './rndis-requests.ts'
import { SendBuffer } from './send-buffer.ts'

/** What the driver wants. */
export interface NegotiationWishes {
  readonly versions: readonly number[]
  /** Bytes of the largest frame, Ethernet header included. */
  readonly frameSize: number
  readonly receiveBufferSize: number
  readonly sendBufferSize: number
  readonly queues: number
  readonly packetFilter: number
  readonly coalescing: boolean
}

/** What becomes of it. */
export interface NegotiationOwner {
  /** A completion of a section of the send buffer. */
  sent(completion: RingPacket | undefined): void
  done(): void
  failed(why: string): void
}

/** The guest's names of its buffers, as Linux has them. */
const receiveBufferId = 0xcafe
const sendBufferId = 0
/** Least bytes of a section. Source: Linux netvsc.c (NETVSC_MTU_MIN). */
const leastSection = 68
const messageSize = 40

/**
 * Brings a NIC up, step by step, as Linux does: version, NDIS, buffers, RNDIS, what the NIC can do, sub-channels and how to spread over
 * them, packet filter. Each step starts the next; the owner learns how it ends, once.
 */
export class Negotiation {
  readonly #device: GuestDevice
  readonly #channel: Channel
  readonly #wishes: NegotiationWishes
  readonly #state: NicState
  readonly #owner: NegotiationOwner
  /** Goes on once all sub-channels are open. */
  #whenOpen: (() => void) | undefined
  #isOver = false

  constructor(
    device: GuestDevice,
    channel: Channel,
    wishes: NegotiationWishes,
    state: NicState,
    owner: NegotiationOwner,
  ) {
    this.#device = device
    this.#channel = channel
    this.#wishes = wishes
    this.#state = state
    this.#owner = owner
  }

  start(): void {
    this.#init([...this.#wishes.versions])
  }

  /** The channel is closed: nothing goes on. */
  stop(): void {
    this.#isOver = true
    this.#whenOpen = undefined
  }

  /** A sub-channel is open; `count` of them are. */
  subchannelOpened(count: number): void {
    if (count < this.#state.subchannels) return
    const next = this.#whenOpen
    this.#whenOpen = undefined
    next?.()
  }

  #fail(why: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#owner.failed(why)
  }

  #send(message: NvspMessage): boolean {
    return this.#channel.sendOrQueue(padded(message))
  }

  /** Sends a message and hands its answer on, when that is one of the host's messages. */
  #request(message: NvspMessage, answered: (answer: NvspMessage) => void): void {
    const sent = this.#channel.request(padded(message), (completion) => {
      if (completion === undefined || this.#isOver) return
      const { value, ok } = tryDecode(NvspMessage, completion.copyPayload(), { from: 'host' })
      if (ok) answered(value)
      else this.#fail(`no answer to ${message.type} that can be read`)
    })
    if (!sent) this.#fail(`${message.type} could not be sent`)
  }

  #init(versions: readonly number[]): void {
    const [version, ...older] = versions
    if (version === undefined) {
      this.#fail('the host speaks none of the NVSP versions')
      return
    }
    const message = { type: 'NvspInit', minimumProtocolVersion: version, maximumProtocolVersion: version } as const
    this.#request(message, (answer) => {
      if (answer.type !== 'NvspInitComplete') this.#fail(`${answer.type} answers INIT`)
      else if (answer.status !== NvspStatus.Success) this.#init(older)
      else {
        this.#state.version = version
        this.#ndis()
      }
    })
  }

  #ndis(): void {
    const { version } = this.#state
    if (version >= NvspVersion.V2) {
      this.#send({
        type: 'NvspSendNdisConfig',
        mtu: this.#wishes.frameSize,
        capabilities: {
          vmq: false,
          chimney: false,
          sriov: version >= NvspVersion.V5,
          ieee8021q: true,
          correlationId: false,
          teaming: version >= NvspVersion.V5,
          virtualSubnetId: false,
          receiveSegmentCoalescing: version >= NvspVersion.V61,
        },
      })
    }
    const ndisMinorVersion = version >= NvspVersion.V5 ? 30 : 1
    this.#send({ type: 'NvspSendNdisVersion', ndisMajorVersion: 6, ndisMinorVersion })
    this.#show(this.#wishes.receiveBufferSize, (shown) => this.#receiveBuffer(shown))
  }

  /** Shows fresh pages to the host. */
  #show(size: number, shown: (buffer: ShownBuffer) => void): void {
    const device = this.#device
    const { pages, transport } = device.endpoint
    const run = pages.allocate(Math.ceil(size / PAGE_SIZE))
    if (run === undefined) {
      this.#fail(`guest memory has no room for a buffer of ${size} bytes`)
      return
    }
    device.createGpadl(run, (gpadlId) => {
      if (gpadlId === undefined) this.#fail('the host refused the GPADL of a buffer')
      else if (this.#isOver) device.teardownGpadl(gpadlId, () => {})
      else {
        const memory = new SharedBuffer(new PageList(transport.memory, pageNumbersOf(run)))
        shown({ run, gpadlId, memory })
      }
    })
  }

  #receiveBuffer(buffer: ShownBuffer): void {
    const receive = { ...buffer, sectionSize: 0 }
    this.#state.receive = receive
    this.#request({ type: 'NvspSendReceiveBuffer', gpadlId: buffer.gpadlId, id: receiveBufferId }, (answer) => {
      if (answer.type !== 'NvspSendReceiveBufferComplete' || answer.status !== NvspStatus.Success) {
        this.#fail('the host refused the receive buffer')
        return
      }
      const [section, ...more] = answer.sections
      if (section === undefined || more.length > 0 || section.offset !== 0) {
        this.#fail('the host wants the receive buffer in other sections than one at its start')
        return
      }
      const { subAllocationSize: size, subAllocationCount: count } = section
      // Both are u32: the product is exact enough to compare.
      if (size < leastSection || count === 0 || size * count > buffer.memory.size) {
        this.#fail(`${count} pieces of ${size} bytes are no receive buffer of ${buffer.memory.size}`)
        return
      }
      receive.sectionSize = size
      this.#show(this.#wishes.sendBufferSize, (shown) => this.#sendBuffer(shown))
    })
  }

  #sendBuffer(buffer: ShownBuffer): void {
    this.#state.send = buffer
    this.#request({ type: 'NvspSendSendBuffer', gpadlId: buffer.gpadlId, id: sendBufferId }, (answer) => {
      if (answer.type !== 'NvspSendSendBufferComplete' || answer.status !== NvspStatus.Success) {
        this.#fail('the host refused the send buffer')
      } else if (answer.sectionSize < leastSection) {
        this.#fail(`sections of ${answer.sectionSize} bytes are no send buffer`)
      } else {
        this.#state.sections = new SendBuffer(buffer.memory, answer.sectionSize, (completion) =>
          this.#owner.sent(completion),
        )
        this.#rndis()
      }
    })
  }

  #rndis(): void {
    const control = this.#device.endpoint.pages.allocate(1)
    if (control === undefined) {
      this.#fail('guest memory has no room for control messages')
      return
    }
    const requests = new RndisRequests(this.#device, this.#channel, control.first)
    this.#state.control = control
    this.#state.requests = requests
    const message = {
      type: 'RndisInitializeRequest',
      header: { messageLength: 24 },
      requestId: requests.nextId(),
      majorVersion: 1,
      minorVersion: 0,
      maximumTransferSize: 0x4000,
    } as const
    requests.request(message, (answer, why) => {
      if (answer?.type !== 'RndisInitializeComplete' || answer.status !== RndisStatus.Success) {
        this.#fail(`RNDIS was not initialized: ${why ?? 'refused'}`)
        return
      }
      this.#state.packetsPerMessage = Math.max(1, Math.min(64, answer.maximumPacketsPerMessage))
      this.#state.packetAlignment = 2 ** Math.min(12, answer.packetAlignmentFactor)
      this.#ask()
    })
  }

  /** What the NIC is. Only the MAC address has to be told. */
  #ask(): void {
    const state = this.#state
    this.query(Oid.OID_GEN_MAXIMUM_FRAME_SIZE, (bytes) => {
      const told = wordOf(bytes)
      state.mtu = Math.min(told === undefined || told === 0 ? 1500 : told, this.#wishes.frameSize - 14)
    })
    this.query(Oid.OID_802_3_PERMANENT_ADDRESS, (bytes) => {
      if (bytes === undefined || bytes.length < 6) this.#fail('the host tells no MAC address')
      else state.macAddress = bytes.slice(0, 6)
    })
    this.query(Oid.OID_GEN_MEDIA_CONNECT_STATUS, (bytes) => {
      state.isLinkUp = wordOf(bytes) === 0
    })
    this.query(Oid.OID_GEN_LINK_SPEED, (bytes) => {
      state.linkSpeed = (wordOf(bytes) ?? 0) * 100
    })
    if (state.version >= NvspVersion.V61 && this.#wishes.coalescing) {
      this.set(Oid.OID_TCP_OFFLOAD_PARAMETERS, offloadParameters(), () => {})
    }
    if (state.version < NvspVersion.V5 || this.#wishes.queues < 2) {
      this.#filter()
      return
    }
    this.query(Oid.OID_GEN_RECEIVE_SCALE_CAPABILITIES, (bytes) => {
      const whole = new Uint8Array(20)
      whole.set((bytes ?? whole).subarray(0, 20))
      const { receiveQueueCount } = NdisReceiveScaleCapabilities.decode(whole)
      this.#state.queues = Math.max(1, Math.min(64, this.#wishes.queues, receiveQueueCount))
      if (this.#state.queues > 1) this.#subchannels(this.#state.queues - 1)
      else this.#filter()
    })
  }

  #subchannels(count: number): void {
    this.#request({ type: 'NvspSubchannelRequest', operation: 1, subchannelCount: count }, (answer) => {
      const isGranted = answer.type === 'NvspSubchannelComplete' && answer.status === NvspStatus.Success
      const granted = isGranted ? Math.min(count, answer.subchannelCount) : 0
      this.#state.queues = granted + 1
      this.#state.subchannels = granted
      this.#state.sendTable = this.#state.sendTable.map((_, index) => index % (granted + 1))
      if (granted === 0) this.#filter()
      else this.#whenOpen = () => this.#spread()
    })
  }

  #spread(): void {
    this.set(Oid.OID_GEN_RECEIVE_SCALE_PARAMETERS, receiveScale(this.#state.queues), (status) => {
      if (status === RndisStatus.Success) this.#filter()
      else this.#fail('the host refused to spread what comes over the channels')
    })
  }

  #filter(): void {
    const filter = new Uint8Array(4)
    new DataView(filter.buffer).setUint32(0, this.#wishes.packetFilter, true)
    this.set(Oid.OID_GEN_CURRENT_PACKET_FILTER, filter, (status) => {
      if (status !== RndisStatus.Success) {
        this.#fail('the host refused the packet filter')
        return
      }
      if (this.#isOver) return
      this.#isOver = true
      this.#owner.done()
    })
  }

  /** Asks for a value; `undefined` when the host tells none. */
  query(oid: number, done: (bytes: Uint8Array | undefined) => void): void {
    const { requests } = this.#state
    requests?.request(queryMessage(oid, requests.nextId()), (answer) => {
      if (!this.#isOver) done(valueIn(answer))
    })
  }

  /** Sets a value; gets the status. */
  set(oid: number, information: Uint8Array, done: (status: number | undefined) => void): void {
    const { requests } = this.#state
    requests?.request(setMessage(oid, requests.nextId(), information), (answer) => {
      if (!this.#isOver) done(answer?.status)
    })
  }
}

/** An RNDIS query without information. */
export function queryMessage(oid: number, requestId: number) {
  return {
    type: 'RndisQueryRequest',
    header: { messageLength: 28 },
    requestId,
    oid,
    informationLength: 0,
    informationOffset: 20,
    deviceVcHandle: 0,
    data: new Uint8Array(0),
  } as const
}

/** An RNDIS set. */
export function setMessage(oid: number, requestId: number, information: Uint8Array) {
  return {
    type: 'RndisSetRequest',
    header: { messageLength: 28 + information.length },
    requestId,
    oid,
    informationLength: information.length,
    informationOffset: 20,
    deviceVcHandle: 0,
    data: information,
  } as const
}

/** The value that an answer brings, if it brings one. */
export function valueIn(answer: RndisAnswer | undefined): Uint8Array | undefined {
  if (answer?.type !== 'RndisQueryComplete' || answer.status !== RndisStatus.Success) return undefined
  return informationOf(answer)
}

/** A guest's message, 40 bytes as Linux sends them. */
export function padded(message: NvspMessage): Uint8Array {
  const bytes = new Uint8Array(messageSize)
  bytes.set(NvspMessage.encode(message, { from: 'guest' }))
  return bytes
}

function wordOf(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined || bytes.length < 4) return undefined
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
}

/** Coalescing on; everything else stays. */
function offloadParameters(): Uint8Array {
  return NdisOffloadParameters.encode({
    header: { objectType: NdisObjectType.Default, revision: 3, size: NdisOffloadParameters.size },
    ipv4Checksum: 0,
    tcpIpv4Checksum: 0,
    udpIpv4Checksum: 0,
    tcpIpv6Checksum: 0,
    udpIpv6Checksum: 0,
    largeSendV1: 0,
    ipsecV1: 0,
    largeSendV2Ipv4: 0,
    largeSendV2Ipv6: 0,
    tcpConnectionIpv4: 0,
    tcpConnectionIpv6: 0,
    flags: 0,
    ipsecV2: 0,
    ipsecV2Ipv4: 0,
    rscIpv4: 2,
    rscIpv6: 2,
    encapsulatedPacketTaskOffload: 0,
    encapsulationTypes: 0,
  })
}

/** Spreading over all channels in turn: structure, table, key. */
export function receiveScale(queues: number, entries = 128): Uint8Array {
  const start = NdisReceiveScaleParameters.size
  const bytes = new Uint8Array(start + entries * 4 + defaultHashKey.length)
  bytes.set(
    NdisReceiveScaleParameters.encode({
      header: { objectType: NdisObjectType.RssParameters, revision: 2, size: start },
      flags: 0,
      baseCpuNumber: 0,
      hashInformation: NdisHash.toeplitz | NdisHash.ipv4 | NdisHash.tcpIpv4 | NdisHash.ipv6 | NdisHash.tcpIpv6,
      indirectionTableSize: entries * 4,
      indirectionTableOffset: start,
      hashKeySize: defaultHashKey.length,
      hashKeyOffset: start + entries * 4,
      processorMasksOffset: 0,
      processorMaskCount: 0,
      processorMaskEntrySize: 0,
    }),
  )
  const view = new DataView(bytes.buffer)
  for (let index = 0; index < entries; index++) view.setUint32(start + index * 4, index % queues, true)
  bytes.set(defaultHashKey, start + entries * 4)
  return bytes
}
