/**
 * A keyboard layout: what each key types. Keys are set 1 scan codes.
 */
export interface KeyboardLayout {
  /** Short name, such as `de`. */
  readonly name: string
  /**
   * Runs of keys with consecutive scan codes: of each key what it types alone, with Shift, with AltGr, with both. A blank in second to
   * fourth place types nothing.
   */
  readonly rows: readonly (readonly [firstScanCode: number, keys: readonly string[]])[]
  /** Marks that are typed by dead keys, and what each makes of the next character. */
  readonly dead?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Scan codes of the keys that change what others type. */
const shiftKey = 0x2a
const altGrKey = 0xe038

/** A key that goes down or up. */
export interface KeyMove {
  /** With its prefix: `0x1e`, `0xe048`. */
  readonly scanCode: number
  /** Down or up. */
  readonly isPressed: boolean
}

/** Keys that type control characters, whatever the layout. */
const controls: Readonly<Record<string, number>> = {
  '\n': 0x1c,
  '\r': 0x1c,
  '\t': 0x0f,
  '\b': 0x0e,
  '\x1b': 0x01,
  ' ': 0x39,
}

/** A key with the ones that are held meanwhile. */
interface Chord {
  readonly scanCode: number
  readonly isShifted: boolean
  readonly isAltGr: boolean
}

/**
 * The key moves that type a text. Shift and AltGr are pressed and released for each character that needs them. Throws
 * `RangeError` for a character that the layout has not.
 */
export function keysOf(text: string, layout: KeyboardLayout): KeyMove[] {
  const chords = chordsOf(layout)
  const moves: KeyMove[] = []
  let index = 0
  for (const character of text) {
    const found = chords.get(character)
    if (found === undefined) {
      throw new RangeError(`layout ${layout.name} has no key for ${JSON.stringify(character)}, at ${index}`)
    }
    for (const chord of found) moves.push(...movesOf(chord))
    index += character.length
  }
  return moves
}

function movesOf({ scanCode, isShifted, isAltGr }: Chord): KeyMove[] {
  const held = [...(isShifted ? [shiftKey] : []), ...(isAltGr ? [altGrKey] : [])]
  return [
    ...held.map((scanCode) => ({ scanCode, isPressed: true })),
    { scanCode, isPressed: true },
    { scanCode, isPressed: false },
    ...held.reverse().map((scanCode) => ({ scanCode, isPressed: false })),
  ]
}

const tables = /* @__PURE__ */ new WeakMap<KeyboardLayout, ReadonlyMap<string, readonly Chord[]>>()

/** By character: the keys that type it, one after the other. */
function chordsOf(layout: KeyboardLayout): ReadonlyMap<string, readonly Chord[]> {
  const known = tables.get(layout)
  if (known !== undefined) return known
  const table = new Map<string, readonly Chord[]>()
  for (const [character, scanCode] of Object.entries(controls)) {
    table.set(character, [{ scanCode, isShifted: false, isAltGr: false }])
  }
  for (const [first, keys] of layout.rows) {
    for (const [index, key] of keys.entries()) {
      for (const [level, character] of [...key].entries()) {
        // The first key that has it: the one that people use.
        if (character === ' ' || table.has(character)) continue
        table.set(character, [{ scanCode: first + index, isShifted: (level & 1) !== 0, isAltGr: level >= 2 }])
      }
    }
  }
  for (const [mark, composed] of Object.entries(layout.dead ?? {})) {
    const dead = table.get(mark) ?? []
    for (const [base, character] of Object.entries(composed)) {
      const after = table.get(base)
      if (after !== undefined && (character === mark || !table.has(character)))
        table.set(character, [...dead, ...after])
    }
  }
  tables.set(layout, table)
  return table
}
