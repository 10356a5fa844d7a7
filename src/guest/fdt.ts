/**
 * Writes flattened device trees: the format in which a kernel for ARM is told what machine it runs on.
 *
 * Source: Devicetree Specification 0.4, chapter 5 (Flattened Devicetree Format); all words are big-endian.
 */

/** A cell list, a text, a list of texts, raw bytes, or `true` for a property without a value. */
export type FdtValue = readonly number[] | string | readonly string[] | Uint8Array | true

/** A node: properties, and child nodes as nested objects. Order is kept. */
export interface FdtNode {
  readonly [name: string]: FdtValue | FdtNode
}

const magic = 0xd00d_feed
const headerBytes = 40
/** Version of the format, and the oldest that a reader may know. */
const version = 17
const lastCompatible = 16

const Token = { beginNode: 1, endNode: 2, property: 3, end: 9 } as const

/**
 * A device tree as the blob that a kernel reads, version 17. Numbers are unsigned 32-bit cells.
 * Throws `RangeError` for a cell that is none.
 */
export function flattenDeviceTree(root: FdtNode): Uint8Array {
  const structure: number[] = []
  const strings: number[] = []
  const nameOffsets = new Map<string, number>()

  const text = (value: string): number[] => [...new TextEncoder().encode(value), 0]
  const pad = (): void => {
    while (structure.length % 4 !== 0) structure.push(0)
  }
  const nameOffset = (name: string): number => {
    const known = nameOffsets.get(name)
    if (known !== undefined) return known
    const offset = strings.length
    nameOffsets.set(name, offset)
    strings.push(...text(name))
    return offset
  }
  const property = (name: string, bytes: readonly number[]): void => {
    structure.push(...word(Token.property), ...word(bytes.length), ...word(nameOffset(name)), ...bytes)
    pad()
  }
  const node = (name: string, { ...members }: FdtNode): void => {
    structure.push(...word(Token.beginNode), ...text(name))
    pad()
    // Properties come before child nodes, as the format wants it.
    for (const [key, value] of Object.entries(members)) {
      if (!isNode(value)) property(key, valueBytes(value, text))
    }
    for (const [key, value] of Object.entries(members)) {
      if (isNode(value)) node(key, value)
    }
    structure.push(...word(Token.endNode))
  }

  node('', root)
  structure.push(...word(Token.end))

  // Between header and structure: the list of reserved memory, which here is only its end, 16 bytes of zeros.
  const structureAt = headerBytes + 16
  const stringsAt = structureAt + structure.length
  const size = stringsAt + strings.length
  const header = [
    ...[magic, size, structureAt, stringsAt, headerBytes, version, lastCompatible],
    ...[0, strings.length, structure.length],
  ]
  return Uint8Array.from([...header.flatMap(word), ...Array<number>(16).fill(0), ...structure, ...strings])
}

function isNode(value: FdtValue | FdtNode): value is FdtNode {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function valueBytes(value: FdtValue, text: (value: string) => number[]): number[] {
  if (value === true) return []
  if (typeof value === 'string') return text(value)
  if (value instanceof Uint8Array) return [...value]
  return value.flatMap((item: number | string) => (typeof item === 'string' ? text(item) : word(item)))
}

function word(value: number): number[] {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError(`not a cell: ${value}`)
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

/** A 64-bit number as two cells. */
export function cells64(value: number): [number, number] {
  return [Math.floor(value / 0x1_0000_0000), value % 0x1_0000_0000]
}
