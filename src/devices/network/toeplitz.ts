/**
 * The Toeplitz hash of receive side scaling: of the input, each bit that is set adds the 32 bits of the key that begin where the bit
 * stands. Big-endian throughout. With a table for each byte of input a hash takes as many look-ups as there are bytes.
 */
export class ToeplitzHash {
  readonly #tables: Uint32Array
  readonly #maximumLength: number

  /** @param key 40 bytes; a key of n bytes hashes inputs of up to n - 4. */
  constructor(readonly key: Uint8Array) {
    this.#maximumLength = Math.max(0, key.length - 4)
    this.#tables = new Uint32Array(this.#maximumLength * 256)
    for (let position = 0; position < this.#maximumLength; position++) {
      for (let bit = 0; bit < 8; bit++) {
        const window = keyWindow(key, position * 8 + bit)
        const mask = 0x80 >> bit
        for (let value = 0; value < 256; value++) {
          const at = position * 256 + value
          if ((value & mask) !== 0) this.#tables[at] = (this.#tables[at] ?? 0) ^ window
        }
      }
    }
  }

  /** Hash of `length` bytes at `offset`, going on from `hash` and from `position` bytes of input before. */
  add(hash: number, position: number, bytes: Uint8Array, offset: number, length: number): number {
    if (position + length > this.#maximumLength) throw new RangeError(`the key is too short for ${length} bytes`)
    let result = hash
    for (let i = 0; i < length; i++) {
      result ^= this.#tables[(position + i) * 256 + (bytes[offset + i] ?? 0)] ?? 0
    }
    return result >>> 0
  }

  /** Hash of all the bytes. */
  of(bytes: Uint8Array): number {
    return this.add(0, 0, bytes, 0, bytes.length)
  }
}

/** The 32 bits of the key that begin at bit `start`, counted from the first byte's highest. */
function keyWindow(key: Uint8Array, start: number): number {
  let window = 0
  for (let bit = start; bit < start + 32; bit++) {
    window = (window << 1) | (((key[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1)
  }
  return window >>> 0
}

/** Key that drivers use when they have no better: the one of Microsoft's verification suite for RSS, as DPDK's netvsc. */
export const defaultHashKey: Uint8Array = /* @__PURE__ */ Uint8Array.of(
  ...[0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b],
  ...[0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac],
  ...[0x01, 0xfa],
)
