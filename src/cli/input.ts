import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { type Call, InputError, numberOption, UsageError } from './command.ts'

/** Forms in which bytes are written. */
const inputForms = ['hex', 'bin', 'xxd', 'windbg', 'printk'] as const
type InputForm = (typeof inputForms)[number]

/** Options of every command that takes bytes. */
export const inputOptions = {
  file: { value: 'PATH', help: 'take the bytes from a file' },
  offset: { value: 'N', help: 'begin at this byte of the file' },
  length: { value: 'N', help: 'take that many bytes of the file' },
  in: { value: 'FORM', help: `form of the input: ${inputForms.join(', ')} (found out if not given)` },
} as const

function formOf(call: Call): InputForm | undefined {
  const name = call.option('in')
  if (name === undefined) return undefined
  const form = inputForms.find((form) => form === name)
  if (form === undefined) throw new UsageError(`--in takes ${inputForms.join(', ')}, not ${name}`)
  return form
}

/** The raw input: the argument, a file, or standard input (`-`, or nothing at all). */
export function readRaw(call: Call, argument: string | undefined): Uint8Array {
  const path = call.option('file')
  if (path !== undefined) {
    if (argument !== undefined) throw new UsageError('both an argument and --file')
    return readPart(path, numberOption(call, 'offset') ?? 0, numberOption(call, 'length'))
  }
  if (call.option('offset') !== undefined || call.option('length') !== undefined) {
    throw new UsageError('--offset and --length go with --file')
  }
  if (argument === undefined || argument === '-') return readable('standard input', () => readFileSync(0))
  return new TextEncoder().encode(argument)
}

function readPart(path: string, offset: number, length: number | undefined): Uint8Array {
  return readable(path, () => {
    const file = openSync(path, 'r')
    try {
      const left = Math.max(0, fstatSync(file).size - offset)
      const bytes = new Uint8Array(Math.min(length ?? left, left))
      const read = readSync(file, bytes, 0, bytes.byteLength, offset)
      return bytes.subarray(0, read)
    } finally {
      closeSync(file)
    }
  })
}

/** Reads something; that it cannot be read is the user's mistake. Throws {@link InputError}. */
export function readable<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new InputError(`${name}: ${error instanceof Error ? error.message : error}`)
  }
}

/** The bytes that a command is to work on. */
export function readBytes(call: Call, argument: string | undefined): Uint8Array {
  return bytesOf(readRaw(call, argument), formOf(call))
}

/** Reads bytes in a form, found out if not given. Throws {@link InputError}. */
export function bytesOf(raw: Uint8Array, form?: InputForm): Uint8Array {
  if (form === 'bin') return raw
  const text = new TextDecoder('utf-8').decode(raw)
  const found = form ?? guessForm(text)
  if (found === 'bin') return raw
  return found === 'hex' ? fromHex(text) : fromDump(text)
}

/** One line of a hex dump: perhaps a printk time and prefix, an address, and what stands behind it. */
const dumpLine =
  /^\s*(?:<\d+>)?(?<stamp>\[[\s\d.]+\]\s*)?(?<prefix>.*?:\s+)?(?<address>[0-9a-f]{4,16}|[0-9a-f]{8}`[0-9a-f]{8})(?<colon>:\s+|\s{2,})(?<rest>\S.*)$/i

/** The last line of hexdump -C: the length alone. */
const endLine = /^\s*[0-9a-f]{8}\s*$/i

function guessForm(text: string): InputForm {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '')
  if (lines.some((line) => dumpLine.test(line)) && lines.every((line) => dumpLine.test(line) || endLine.test(line)))
    return 'xxd'
  return /[^\t\n\r\x20-\x7e]/.test(text) ? 'bin' : 'hex'
}

function fromHex(text: string): Uint8Array {
  const digits = text.replace(/0x/gi, '').replace(/[\s,:]/g, '')
  const bad = /[^0-9a-f]/i.exec(digits)
  if (bad !== null) throw new InputError(`not hex: ${JSON.stringify(bad[0])} at digit ${bad.index}`)
  if (digits.length % 2 !== 0) throw new InputError(`hex with an odd number of digits (${digits.length})`)
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  )
}

/** Reads a hex dump as xxd, hexdump -C, WinDbg (db, dd, dq) and printk (print_hex_dump) write it. */
function fromDump(text: string): Uint8Array {
  const bytes: number[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || endLine.test(line)) continue
    const parts = dumpLine.exec(line)?.groups
    if (parts === undefined) throw new InputError(`line ${index + 1} is no line of a hex dump: ${line.slice(0, 40)}`)
    // xxd groups bytes in memory order; words of 4 or 8 bytes from WinDbg (dd, dq) or printk are little-endian numbers.
    const isXxd = parts.prefix === undefined && parts.stamp === undefined && parts.colon?.startsWith(':') === true
    for (const group of groupsOf(parts.rest ?? '')) {
      const pairs = group.match(/../g) ?? []
      if (group.length >= 8 && !isXxd) pairs.reverse()
      for (const pair of pairs) bytes.push(Number.parseInt(pair, 16))
    }
  }
  return Uint8Array.from(bytes)
}

/** The groups of digits in front of the ASCII column, which two spaces part from them. */
function groupsOf(text: string): string[] {
  const groups: string[] = []
  const group = /(?<gap>[ ]*|-)(?<digits>[0-9a-f]{8}`[0-9a-f]{8}|[0-9a-f]{2,16})(?=[\s-]|$)/iy
  for (let match = group.exec(text); match !== null && groups.length < 16; match = group.exec(text)) {
    const { gap = '', digits = '' } = match.groups ?? {}
    // hexdump -C parts its 16 bytes in the middle; anywhere else a wider gap is the end.
    if (groups.length > 0 && gap.length > 1 && !(gap.length === 2 && groups.length === 8 && digits.length === 2)) break
    const plain = digits.replace('`', '')
    if (plain.length % 2 !== 0) break
    groups.push(plain)
  }
  return groups
}
