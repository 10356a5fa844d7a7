/**
 * Input scripts: a small language for what a user does at keyboard and mouse, as in
 * `type "ls" key enter move 100,200 click left wait frame`.
 *
 * @module
 */
import { scanCodesOfKey } from './keyboard/keys.ts'
import { isMouseButton, type MouseButton, mouseButtons } from './mouse/buttons.ts'

/** Where a step begins in its script; lines and columns count from 1. */
export interface InputPosition {
  readonly line: number
  readonly column: number
}

/** One step of a script. */
export type InputStep = InputPosition & InputAction

/** What a step does. */
export type InputAction =
  /** Types a text by the layout's keys. */
  | { readonly kind: 'type'; readonly text: string }
  /** Types a text as UTF-16 units. */
  | { readonly kind: 'unicode'; readonly text: string }
  /** Presses keys together and releases them, so many times. Of each key its scan codes. */
  | { readonly kind: 'key'; readonly keys: readonly (readonly number[])[]; readonly times: number }
  | { readonly kind: 'press' | 'release'; readonly keys: readonly (readonly number[])[] }
  /** The key that went down last is repeated. */
  | { readonly kind: 'repeat'; readonly times: number }
  /** Releases all keys and buttons. */
  | { readonly kind: 'release-all' }
  | { readonly kind: 'move'; readonly x: number; readonly y: number }
  | { readonly kind: 'click'; readonly button: MouseButton; readonly times: number }
  | { readonly kind: 'mousedown' | 'mouseup'; readonly button: MouseButton }
  | { readonly kind: 'wheel' | 'pan'; readonly notches: number }
  /** Waits for so many frames of the guest's screen. */
  | { readonly kind: 'wait-frame'; readonly frames: number }
  | { readonly kind: 'wait'; readonly milliseconds: number }

/** What is wrong with a script, and where. */
export class InputScriptError extends Error {
  override readonly name = 'InputScriptError'
  constructor(
    readonly line: number,
    readonly column: number,
    readonly why: string,
  ) {
    super(`line ${line}, column ${column}: ${why}`)
  }
}

/** Times that a step may be repeated, frames and notches: no script runs for ever by accident. */
const mostTimes = 10_000
/** Milliseconds of one wait: a day. */
const longestWait = 86_400_000

interface Token extends InputPosition {
  readonly text: string
  readonly isString: boolean
}

/**
 * Reads a script. Steps follow each other, on one line or on many; `#` begins a comment.
 *
 * - `type "text"`, `unicode "text"`: with the escapes `\n \t \b \e \\ \" \u{1f600}`
 * - `key enter`, `key ctrl+alt+delete`, `key left x5`, `key 0xe048`: names as of `scanCodesOfKey`, or scan codes
 * - `press shift`, `release shift`, `repeat x10`, `release-all`
 * - `move 100,200`; `click`, `click right x2`, `mousedown left`, `mouseup left`; `wheel -3`, `pan 1`
 * - `wait frame`, `wait frame x3`, `wait 200ms`, `wait 1.5s`
 *
 * Throws {@link InputScriptError}.
 */
export function parseInputScript(script: string): InputStep[] {
  const tokens = tokensOf(script)
  const reader = new TokenReader(tokens)
  const steps: InputStep[] = []
  for (let token = reader.next(); token !== undefined; token = reader.next()) {
    steps.push({ line: token.line, column: token.column, ...actionOf(token, reader) })
  }
  return steps
}

function actionOf(token: Token, reader: TokenReader): InputAction {
  const kind = token.isString ? '"…"' : token.text
  switch (kind) {
    case 'type':
    case 'unicode':
      return { kind, text: reader.string(token) }
    case 'key':
      return { kind, keys: reader.argument(token, 'a key', keysOf), times: reader.times() }
    case 'press':
    case 'release':
      return { kind, keys: reader.argument(token, 'a key', keysOf) }
    case 'repeat':
      return { kind, times: reader.times() }
    case 'release-all':
      return { kind }
    case 'move': {
      const [x, y] = reader.argument(token, 'a place such as 100,200', placeOf)
      return { kind, x, y }
    }
    case 'click':
      return { kind, button: reader.button(), times: reader.times() }
    case 'mousedown':
    case 'mouseup':
      return { kind, button: reader.argument(token, `a button (${mouseButtons.join(', ')})`, buttonOf) }
    case 'wheel':
    case 'pan':
      return { kind, notches: reader.argument(token, 'notches such as -3', notchesOf) }
    case 'wait': {
      const milliseconds = reader.argument(token, 'frame, or a time such as 200ms or 2s', timeOf)
      return milliseconds === 'frame' ? { kind: 'wait-frame', frames: reader.times() } : { kind, milliseconds }
    }
    default:
      throw new InputScriptError(token.line, token.column, `no such step: ${kind}`)
  }
}

class TokenReader {
  #index = 0

  constructor(readonly tokens: readonly Token[]) {}

  next(): Token | undefined {
    return this.tokens[this.#index++]
  }

  /** A string in quotes. */
  string(step: Token): string {
    const token = this.next()
    if (token?.isString === true) return token.text
    return this.#missing(step, 'a text in quotes', token)
  }

  /** A word that `read` makes something of. */
  argument<T>(step: Token, what: string, read: (word: string) => T | undefined): T {
    const token = this.next()
    const value = token === undefined || token.isString ? undefined : read(token.text)
    return value ?? this.#missing(step, what, token)
  }

  /** A button, where the next word is one; else the left one. */
  button(): MouseButton {
    const token = this.tokens[this.#index]
    if (token === undefined || token.isString || !isMouseButton(token.text)) return 'left'
    this.#index++
    return token.text
  }

  /** `x5`, where the next word is such a one; else 1. */
  times(): number {
    const token = this.tokens[this.#index]
    const digits = token?.isString === false ? /^x(\d+)$/.exec(token.text)?.[1] : undefined
    if (token === undefined || digits === undefined) return 1
    this.#index++
    const times = Number(digits)
    if (times >= 1 && times <= mostTimes) return times
    throw new InputScriptError(token.line, token.column, `${token.text} is not in x1 … x${mostTimes}`)
  }

  #missing(step: Token, what: string, found: Token | undefined): never {
    const { line, column } = found ?? step
    const end = found === undefined ? 'the end' : found.isString ? 'a text' : found.text
    throw new InputScriptError(line, column, `${step.text} wants ${what}, not ${end}`)
  }
}

/** Scan codes of `ctrl+alt+delete`. */
function keysOf(word: string): readonly (readonly number[])[] | undefined {
  const keys: (readonly number[])[] = []
  for (const name of word.split('+')) {
    const codes = scanCodesOfKey(name) ?? scanCodeOf(name)
    if (codes === undefined) return undefined
    keys.push(codes)
  }
  return keys
}

function scanCodeOf(word: string): readonly number[] | undefined {
  return /^0x(e[01])?[0-7][0-9a-f]$/i.test(word) ? [Number(word)] : undefined
}

function placeOf(word: string): readonly [number, number] | undefined {
  const match = /^([+-]?\d{1,6}),([+-]?\d{1,6})$/.exec(word)
  return match === null ? undefined : [Number(match[1]), Number(match[2])]
}

function buttonOf(word: string): MouseButton | undefined {
  return isMouseButton(word) ? word : undefined
}

function notchesOf(word: string): number | undefined {
  const notches = /^[+-]?\d{1,5}$/.test(word) ? Number(word) : Number.NaN
  return Math.abs(notches) <= mostTimes ? notches : undefined
}

function timeOf(word: string): number | 'frame' | undefined {
  if (word === 'frame') return 'frame'
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(word)
  const milliseconds = match === null ? Number.NaN : Number(match[1]) * (match[2] === 's' ? 1000 : 1)
  return milliseconds <= longestWait ? milliseconds : undefined
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  b: '\b',
  e: '\x1b',
  '\\': '\\',
  '"': '"',
}

/** A string with its quotes, a comment, a line's end, other white space, or a word. */
const pattern = /"((?:[^"\\\n]|\\.)*)"|(#[^\n]*)|(\n)|([^\S\n]+)|([^\s"#]+)/y

function tokensOf(script: string): Token[] {
  const tokens: Token[] = []
  let line = 1
  let lineStart = 0
  pattern.lastIndex = 0
  while (pattern.lastIndex < script.length) {
    const at = pattern.lastIndex
    const column = at - lineStart + 1
    const match = pattern.exec(script)
    if (match === null) throw new InputScriptError(line, column, 'a text without its closing quote')
    const [, string, , newline, , word] = match
    if (newline !== undefined) {
      line++
      lineStart = pattern.lastIndex
    } else if (string !== undefined) {
      tokens.push({ line, column, isString: true, text: unescaped(string, line, column + 1) })
    } else if (word !== undefined) tokens.push({ line, column, isString: false, text: word })
  }
  return tokens
}

function unescaped(string: string, line: number, column: number): string {
  return string.replace(/\\(u\{([0-9a-fA-F]{1,6})\}|.)/g, (_, code: string, digits: string | undefined, at: number) => {
    const point = digits === undefined ? Number.NaN : Number.parseInt(digits, 16)
    const character = point <= 0x10_ffff ? String.fromCodePoint(point) : escapes[code]
    if (character === undefined) throw new InputScriptError(line, column + at, `no such escape: \\${code}`)
    return character
  })
}
