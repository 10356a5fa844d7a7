import { WireError } from '../../wire/index.ts'
import { Edid, EdidDescriptor, EdidDescriptorTag, EdidTiming } from './messages.ts'
import { descriptorOf, reducedTiming, type Timing, timingOf } from './timing.ts'

/** A monitor, as far as its EDID tells what a driver wants to know. */
export interface Monitor {
  /** Three capital letters. */
  readonly manufacturer: string
  /** u16. */
  readonly product: number
  /** u32. */
  readonly serialNumber: number
  /** 1990 … 2245. */
  readonly year: number
  /** Whether its input is digital. */
  readonly isDigital: boolean
  /** At most 13 characters of ASCII. */
  readonly name: string | undefined
  /** Modes told to the pixel, the preferred one first. */
  readonly timings: readonly Timing[]
}

/** What {@link buildEdid} is told; only the preferred resolution has no default. */
export interface MonitorOptions {
  /** Of the preferred mode, in pixels. */
  readonly width: number
  /** Of the preferred mode, in pixels. */
  readonly height: number
  /** Pictures a second; default 60. */
  readonly refresh?: number
  /** Default `MSH`, as Hyper-V's own. */
  readonly manufacturer?: string
  /** The manufacturer's number for the model, 16 bits. */
  readonly product?: number
  /** 32 bits. */
  readonly serialNumber?: number
  /** Default 2011. */
  readonly year?: number
  /** Default `HyperVMonitor`. */
  readonly name?: string
}

/** Chromaticities of sRGB. Source: the EDID that Mile.HyperV lists as Hyper-V's (SYNTHVID_EDID_BLOCK). */
const srgb = Uint8Array.of(0xee, 0x95, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54)
const checksumAt = /* @__PURE__ */ Edid.offsetOf('checksum')

/** The EDID of a flat screen with one mode. Throws `RangeError` for what an EDID cannot tell. */
export function buildEdid(options: MonitorOptions): Uint8Array {
  const { width, height, refresh, manufacturer = 'MSH', product = 0x062e, serialNumber = 0 } = options
  const { year = 2011, name = 'HyperVMonitor' } = options
  const timing = EdidTiming.encode(descriptorOf(reducedTiming(width, height, refresh)))
  const bytes = Edid.encode({
    manufacturer: packLetters(manufacturer),
    product,
    serialNumber,
    week: 255,
    year: year - 1990,
    version: 1,
    revision: 4,
    input: { interface: 0, colourDepth: 0, isDigital: true },
    widthCm: 0,
    heightCm: 0,
    gamma: 120,
    features: {
      isContinuousFrequency: false,
      isPreferredTimingNative: true,
      isSrgb: true,
      colourType: 0,
      hasActiveOff: false,
      hasSuspend: false,
      hasStandby: false,
    },
    chromaticity: srgb,
    establishedTimings: new Uint8Array(3),
    standardTimings: new Uint8Array(16).fill(1),
    descriptors: [timing, textDescriptor(EdidDescriptorTag.Name, name), dummy(), dummy()],
    extensionCount: 0,
    checksum: 0,
  })
  bytes[checksumAt] = -sum(bytes) & 0xff
  return bytes
}

/** What an EDID tells. Throws a `WireError`: `SHORT`, `TYPE` when the header is none, `RANGE` when the checksum is wrong. */
export function parseEdid(bytes: Uint8Array): Monitor {
  const edid = Edid.decode(bytes.subarray(0, Edid.size))
  const remainder = sum(bytes.subarray(0, Edid.size))
  if (remainder !== 0) {
    const why = `128 bytes add up to ${remainder} modulo 256`
    throw new WireError({ code: 'RANGE', path: 'checksum', offset: checksumAt, why }, Edid.name)
  }
  return {
    manufacturer: unpackLetters(edid.manufacturer),
    product: edid.product,
    serialNumber: edid.serialNumber,
    year: edid.year + 1990,
    isDigital: edid.input.isDigital,
    name: edid.descriptors.map(nameIn).find((name) => name !== undefined),
    timings: edid.descriptors.filter(isTiming).map((descriptor) => timingOf(EdidTiming.decode(descriptor))),
  }
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => (total + byte) & 0xff, 0)
}

function packLetters(letters: string): number {
  if (!/^[A-Z]{3}$/.test(letters)) throw new RangeError(`a manufacturer is three capital letters, not ${letters}`)
  return [...letters].reduce((packed, letter) => (packed << 5) | (letter.charCodeAt(0) - 64), 0)
}

function unpackLetters(packed: number): string {
  return String.fromCharCode(...[10, 5, 0].map((shift) => ((packed >> shift) & 31) + 64))
}

function textDescriptor(tag: number, text: string): Uint8Array {
  if (!/^[ -~]{1,13}$/.test(text)) throw new RangeError(`a descriptor holds 1 to 13 characters of ASCII, not ${text}`)
  const padded = text.length < 13 ? `${text}\n`.padEnd(13) : text
  return EdidDescriptor.encode({ tag, offset: 0, data: Uint8Array.from(padded, (letter) => letter.charCodeAt(0)) })
}

function dummy(): Uint8Array {
  return EdidDescriptor.encode({ tag: EdidDescriptorTag.Dummy, offset: 0, data: new Uint8Array(13) })
}

function isTiming(descriptor: Uint8Array): boolean {
  return descriptor[0] !== 0 || descriptor[1] !== 0
}

function nameIn(descriptor: Uint8Array): string | undefined {
  if (isTiming(descriptor)) return undefined
  const { tag, data } = EdidDescriptor.decode(descriptor)
  if (tag !== EdidDescriptorTag.Name) return undefined
  return String.fromCharCode(...data).split('\n', 1)[0]
}
