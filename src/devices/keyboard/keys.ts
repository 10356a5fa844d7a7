/** Runs of keys with consecutive scan codes: the first one's, and their names (several for one key with a bar between). */
const runs: readonly (readonly [firstScanCode: number, names: string])[] = [
  [0x01, 'esc|escape 1 2 3 4 5 6 7 8 9 0 minus equal backspace'],
  [0x0f, 'tab q w e r t y u i o p leftbracket rightbracket enter|return ctrl|leftctrl'],
  [0x1e, 'a s d f g h j k l semicolon quote backquote shift|leftshift backslash'],
  [0x2c, 'z x c v b n m comma period slash rightshift kp-multiply alt|leftalt space capslock'],
  [0x3b, 'f1 f2 f3 f4 f5 f6 f7 f8 f9 f10 numlock scrolllock'],
  [0x47, 'kp-7 kp-8 kp-9 kp-minus kp-4 kp-5 kp-6 kp-plus kp-1 kp-2 kp-3 kp-0 kp-period'],
  [0x56, 'less f11 f12'],
  [0xe01c, 'kp-enter rightctrl'],
  [0xe035, 'kp-slash'],
  [0xe037, 'printscreen|sysrq altgr|rightalt'],
  [0xe047, 'home up pageup'],
  [0xe04b, 'left'],
  [0xe04d, 'right'],
  [0xe04f, 'end down pagedown insert|ins delete|del'],
  [0xe05b, 'leftmeta|meta|win rightmeta menu'],
]

function* namedKeys(): Generator<[name: string, scanCodes: readonly number[]]> {
  // The only key with two codes, of which the first has the prefix E1.
  yield ['pause', [0xe11d, 0x45]]
  for (const [first, names] of runs) {
    for (const [index, key] of names.split(' ').entries()) {
      for (const name of key.split('|')) yield [name, [first + index]]
    }
  }
}

const byName: ReadonlyMap<string, readonly number[]> = /* @__PURE__ */ new Map(namedKeys())

/** All names of keys. */
export const keyNames: readonly string[] = /* @__PURE__ */ [...byName.keys()]

/**
 * Set 1 scan codes of a key by its name (`enter`, `left`, `f1`, `a`), to be pressed in this order, and released in it: one, but for `pause`.
 * Names are those of a US keyboard. `undefined` when there is no such key. Source: Microsoft Keyboard Scan Code Specification.
 */
export function scanCodesOfKey(name: string): readonly number[] | undefined {
  return byName.get(name.toLowerCase())
}
