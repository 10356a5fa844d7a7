import fc from 'fast-check'

/** Spoils bytes as peers do: cut off, bits flipped, a word at a bound (a huge count, a wrong length), bytes behind. */
export const spoiled: fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> = fc.oneof(
  fc.nat().map((at) => (bytes: Uint8Array) => bytes.slice(0, bytes.byteLength === 0 ? 0 : at % bytes.byteLength)),
  fc.array(fc.nat(), { minLength: 1, maxLength: 4 }).map((flips) => (bytes: Uint8Array) => {
    const copy = bytes.slice()
    for (const flip of flips) {
      const at = (flip >>> 3) % Math.max(1, copy.byteLength)
      copy[at] = (copy[at] ?? 0) ^ (1 << (flip & 7))
    }
    return copy
  }),
  fc
    .tuple(fc.nat(), fc.constantFrom(1, 2, 4, 8), fc.constantFrom(0, 1, 0x7f, 0x80, 0xfe, 0xff))
    .map(([where, size, byte]) => (bytes: Uint8Array) => {
      const copy = bytes.slice()
      const at = size * (where % Math.max(1, Math.floor(copy.byteLength / size)))
      return copy.fill(byte, at, at + size)
    }),
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((more) => (bytes: Uint8Array) => Uint8Array.of(...bytes, ...more)),
)
