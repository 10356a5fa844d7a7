import { parseArgs } from 'node:util'

/** Wrong words on the command line: exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Bad input, said in one line: exit status 1. */
export class InputError extends Error {
  override readonly name = 'InputError'
}

/** An option of a command; `value` names its argument, without it the option is a switch. */
export interface Option {
  readonly value?: string
  /** It may be given several times, see {@link Call.all}. */
  readonly repeats?: true
  readonly help: string
}

/** What a command was called with. */
export interface Call {
  readonly words: readonly string[]
  /** The value of an option, if given. */
  option(name: string): string | undefined
  /** All values of an option that repeats. */
  all(name: string): readonly string[]
  /** Whether a switch was given. */
  has(name: string): boolean
}

/** Exit statuses: a contract with scripts. */
export type ExitStatus = 0 | 1 | 2

/** One command of `vmbus`. */
export interface Command {
  readonly name: string
  /** Its words, as in `decode KIND [HEX|-]`. */
  readonly usage: string
  readonly summary: string
  /** Most positional words. */
  readonly words: number
  readonly options: Readonly<Record<string, Option>>
  /** What its help says below the options, a line each. */
  readonly more?: () => readonly string[]
  run(call: Call): ExitStatus | Promise<ExitStatus>
}

/** Reads a command's words and options. Throws {@link UsageError}. */
export function parseCall(command: Command, args: readonly string[]): Call {
  const options: Record<string, { type: 'string' | 'boolean'; multiple: boolean }> = {}
  for (const [name, option] of Object.entries(command.options)) {
    options[name] = { type: option.value === undefined ? 'boolean' : 'string', multiple: option.repeats === true }
  }
  let parsed: ReturnType<typeof parseArgs>
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    // One line, as all that goes wrong.
    throw new UsageError((error instanceof Error ? error.message : String(error)).replaceAll('\n', ' '))
  }
  const { values, positionals } = parsed
  if (positionals.length > command.words)
    throw new UsageError(`too many words: ${positionals.slice(command.words).join(' ')}`)
  return {
    words: positionals,
    option: (name) => {
      const value = values[name]
      return typeof value === 'string' ? value : undefined
    },
    all: (name) => [values[name]].flat().filter((value) => typeof value === 'string'),
    has: (name) => values[name] === true,
  }
}

/** The help text of a command. */
export function helpOf(command: Command): string {
  const rows = Object.entries(command.options).map(([name, { value, help }]) => {
    return [`--${name}${value === undefined ? '' : ` ${value}`}`, help] as const
  })
  const lines = [`vmbus ${command.usage}`, '', command.summary]
  if (rows.length > 0) lines.push('', ...optionRows(rows, '  '))
  if (command.more !== undefined) lines.push('', ...command.more())
  return lines.join('\n')
}

/** Options and what they mean, in two columns. */
export function optionRows(rows: readonly (readonly [left: string, right: string])[], indent: string): string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${indent}${left.padEnd(width)}  ${right}`)
}

/** Reads a whole number from an option: decimal or 0x hex. Throws {@link UsageError}. */
export function numberOption(call: Call, name: string): number | undefined {
  const text = call.option(name)
  if (text === undefined) return undefined
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new UsageError(`--${name} takes a whole number, not ${text}`)
  return value
}
