import {
  bitField,
  bits,
  type Count,
  constant,
  counted,
  countedBytes,
  openEnum,
  reserved,
  rest,
  struct,
  u16,
  u32,
  u64,
} from '../wire/index.ts'

// The few blocks of pcapng that a capture of Ethernet frames needs. Source: IETF draft-ietf-opsawg-pcapng.

/** An option behind a block's fields; its value is padded to 4 bytes. */
const PcapngOption = /* @__PURE__ */ struct('PcapngOption', {
  code: u16,
  length: u16,
  value: countedBytes({
    get: ({ length }) => Math.ceil(Number(length) / 4) * 4,
    set: (fields, count) => ({ ...fields, length: count }),
    text: '⌈length ÷ 4⌉ × 4',
  }),
})

const captured: Count = {
  get: ({ capturedLength }) => Math.ceil(Number(capturedLength) / 4) * 4,
  set: (fields, count) => ({ ...fields, capturedLength: count }),
  text: '⌈capturedLength ÷ 4⌉ × 4',
}

/** Begins a section: all blocks behind it are its own. */
export const PcapngSectionHeader = /* @__PURE__ */ struct('PcapngSectionHeader', {
  blockType: constant(u32, 0x0a0d_0d0a),
  blockLength: u32,
  byteOrderMagic: constant(u32, 0x1a2b_3c4d),
  majorVersion: u16,
  minorVersion: u16,
  /** -1 as unsigned: not known. */
  sectionLength: u64,
  blockLengthAgain: u32,
})

/** Describes an interface; packets name it by its number in the section. */
export const PcapngInterfaceDescription = /* @__PURE__ */ struct('PcapngInterfaceDescription', {
  blockType: constant(u32, 1),
  blockLength: u32,
  linkType: openEnum('PcapngLinkType', u16, { Ethernet: 1 }),
  reserved: reserved(u16),
  /** 0: no limit. */
  snapLength: u32,
  options: rest(),
})

/** A packet. */
export const PcapngEnhancedPacket = /* @__PURE__ */ struct('PcapngEnhancedPacket', {
  blockType: constant(u32, 6),
  blockLength: u32,
  interfaceId: u32,
  timestampHigh: u32,
  timestampLow: u32,
  capturedLength: u32,
  originalLength: u32,
  data: countedBytes(captured),
  options: rest(),
})

/** Value of the option that tells a packet's direction. */
const PacketFlags = /* @__PURE__ */ struct('PcapngPacketFlags', {
  flags: bits(u32, { direction: bitField(0, 2) }),
})

/** A list of options, as a block has it. */
const Options = /* @__PURE__ */ struct('PcapngOptions', { count: u32, options: counted(PcapngOption, 'count') })

const optionCode = { end: 0, interfaceName: 2, packetFlags: 2, timestampResolution: 9 } as const
const endOfOptions = 4
const nanoseconds = 1e9

/** Which way a frame goes, from the guest's point of view. */
export type CaptureDirection = 'in' | 'out'

/** Where a capture goes: each block as it is written. */
export type CaptureSink = (block: Uint8Array) => void

/** Writes Ethernet frames as pcapng, which Wireshark and tcpdump read. */
export class PcapngWriter {
  readonly #sink: CaptureSink
  #interfaces = 0

  /** Writes the beginning at once. */
  constructor(sink: CaptureSink) {
    this.#sink = sink
    sink(
      PcapngSectionHeader.encode({
        blockLength: 28,
        majorVersion: 1,
        minorVersion: 0,
        sectionLength: 0xffff_ffff_ffff_ffffn,
        blockLengthAgain: 28,
      }),
    )
  }

  /** Describes an interface; answers its number. */
  interface(name: string): number {
    const options = optionBytes([
      [optionCode.interfaceName, new TextEncoder().encode(name)],
      [optionCode.timestampResolution, Uint8Array.of(9)],
    ])
    const blockLength = 20 + options.length
    const head = PcapngInterfaceDescription.encode({ blockLength, linkType: 1, snapLength: 0, options })
    this.#sink(closed(head, blockLength))
    this.#interfaces += 1
    return this.#interfaces - 1
  }

  /**
   * A frame on an interface.
   *
   * @param seconds since any beginning. Throws `RangeError` for an interface that was not described.
   */
  frame(number: number, seconds: number, bytes: Uint8Array, direction?: CaptureDirection): void {
    if (!(number >= 0 && number < this.#interfaces)) throw new RangeError(`no interface ${number}`)
    const time = BigInt(Math.max(0, Math.round(seconds * nanoseconds)))
    const data = padded(bytes)
    const flags = PacketFlags.encode({ flags: { direction: direction === 'in' ? 1 : 2 } })
    const options = direction === undefined ? new Uint8Array(0) : optionBytes([[optionCode.packetFlags, flags]])
    const blockLength = 32 + data.length + options.length
    const head = PcapngEnhancedPacket.encode({
      blockLength,
      interfaceId: number,
      timestampHigh: Number(time >> 32n),
      timestampLow: Number(time & 0xffff_ffffn),
      capturedLength: bytes.length,
      originalLength: bytes.length,
      data,
      options,
    })
    this.#sink(closed(head, blockLength))
  }
}

/** A block with its length once more behind it. */
function closed(head: Uint8Array, length: number): Uint8Array {
  const block = new Uint8Array(length)
  block.set(head)
  new DataView(block.buffer).setUint32(length - 4, length, true)
  return block
}

function optionBytes(options: readonly (readonly [code: number, value: Uint8Array])[]): Uint8Array {
  const all = options.map(([code, value]) => ({ code, length: value.length, value: padded(value) }))
  const bytes = Options.encode({ count: all.length, options: all })
  // Behind the count, which is ours alone; the end is an option of code and length 0.
  const result = new Uint8Array(bytes.length - 4 + endOfOptions)
  result.set(bytes.subarray(4))
  return result
}

function padded(bytes: Uint8Array): Uint8Array {
  if (bytes.length % 4 === 0) return bytes
  const result = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  result.set(bytes)
  return result
}
