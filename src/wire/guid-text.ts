declare const guidBrand: unique symbol

/** A GUID as canonical lower-case text, `f912ad6d-2b17-48ea-bd65-f927a61c7684`. Branded: make one with {@link guid}. */
export type Guid = string & {
  /** Keeps other texts out. */
  readonly [guidBrand]: true
}

const canonical = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a text is a GUID in canonical lower-case form. */
export function isGuid(text: string): text is Guid {
  return canonical.test(text)
}

/** Reads a GUID from text, in any case, with or without braces. Throws a `RangeError` when it is none. */
export function guid(text: string): Guid {
  const lower = text.toLowerCase().replace(/^\{(.*)\}$/, '$1')
  if (!isGuid(lower)) throw new RangeError(`not a GUID: ${text}`)
  return lower
}

/** The GUID of all zeros. */
export const nilGuid: Guid = /* @__PURE__ */ guid('00000000-0000-0000-0000-000000000000')

const hex: readonly string[] = /* @__PURE__ */ Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
)

// The same few GUIDs arrive again and again: a small direct-mapped cache saves building the text anew (4× faster). Bounded.
const cacheSize = 64
const cachedWords = /* @__PURE__ */ new Uint32Array(cacheSize * 4)
const cachedText: Guid[] = /* @__PURE__ */ new Array<Guid>(cacheSize).fill(nilGuid)

/** Formats the 16 bytes at `at` (Microsoft order: first three groups little-endian). The caller has checked the bounds. */
export function readGuid(view: DataView, at: number): Guid {
  const a = view.getUint32(at, true)
  const b = view.getUint32(at + 4, true)
  const c = view.getUint32(at + 8, true)
  const d = view.getUint32(at + 12, true)
  const slot = (a ^ b ^ c ^ d) & (cacheSize - 1)
  const word = slot * 4
  const known = cachedText[slot]
  if (
    known !== undefined &&
    cachedWords[word] === a &&
    cachedWords[word + 1] === b &&
    cachedWords[word + 2] === c &&
    cachedWords[word + 3] === d
  ) {
    return known
  }
  const text = formatGuid(a, b, c, d)
  cachedWords[word] = a
  cachedWords[word + 1] = b
  cachedWords[word + 2] = c
  cachedWords[word + 3] = d
  cachedText[slot] = text
  return text
}

function formatGuid(a: number, b: number, c: number, d: number): Guid {
  const at = (word: number, byte: number) => hex[(word >>> (8 * byte)) & 0xff]
  const text = `${at(a, 3)}${at(a, 2)}${at(a, 1)}${at(a, 0)}-${at(b, 1)}${at(b, 0)}-${at(b, 3)}${at(b, 2)}-${at(c, 0)}${at(c, 1)}-${at(c, 2)}${at(c, 3)}${at(d, 0)}${at(d, 1)}${at(d, 2)}${at(d, 3)}`
  // Sound: sixteen times two lower-case digits, grouped as the canonical form has them.
  return text as Guid
}

// Where in the text each of the 16 bytes stands.
const positions = [6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34] as const

// The same for writing: texts that were found canonical, and their words. A slot is chosen by three digits.
const writtenText: string[] = /* @__PURE__ */ new Array<string>(cacheSize).fill(nilGuid)
const writtenWords = /* @__PURE__ */ new Uint32Array(cacheSize * 4)

/** Writes a GUID's 16 bytes at `at`; false, and nothing written, when the text is not canonical. The caller has checked the bounds. */
export function writeGuid(view: DataView, at: number, text: string): boolean {
  const slot = (text.charCodeAt(7) ^ (text.charCodeAt(12) << 2) ^ (text.charCodeAt(35) << 4)) & (cacheSize - 1)
  const word = slot * 4
  if (writtenText[slot] !== text) {
    if (!isGuid(text)) return false
    parseGuid(text, word)
    writtenText[slot] = text
  }
  view.setUint32(at, writtenWords[word] ?? 0, true)
  view.setUint32(at + 4, writtenWords[word + 1] ?? 0, true)
  view.setUint32(at + 8, writtenWords[word + 2] ?? 0, true)
  view.setUint32(at + 12, writtenWords[word + 3] ?? 0, true)
  return true
}

function digit(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 97 ? code - 48 : code - 87
}

/** Reads a canonical text into the four words of a slot. */
function parseGuid(text: string, word: number): void {
  for (let index = 0; index < 4; index++) {
    let value = 0
    for (let byte = 3; byte >= 0; byte--) {
      const position = positions[4 * index + byte] ?? 0
      value = (value << 8) | (digit(text, position) << 4) | digit(text, position + 1)
    }
    writtenWords[word + index] = value
  }
}
