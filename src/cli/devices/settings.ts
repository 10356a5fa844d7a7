import { type Guid, guid } from '../../wire/index.ts'
import { InputError, UsageError } from '../command.ts'

/** Settings of one device as they were given: `storage,disk=a.img,readonly` has `disk` and `readonly`. */
export class Settings {
  readonly #device: string
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(device: string, values: ReadonlyMap<string, readonly string[]>) {
    this.#device = device
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  text(name: string): string | undefined {
    return this.#values.get(name)?.[0]
  }

  /** All values of a setting that repeats. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** One of several words. Throws {@link UsageError}, as all that follow. */
  word<W extends string>(name: string, words: readonly W[]): W | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    return words.find((word) => word === text) ?? this.refuse(name, words.join(', '), text)
  }

  /** A whole number from `least` on. */
  number(name: string, least = 1): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= least ? value : this.refuse(name, `a whole number from ${least} on`, text)
  }

  /** A number with or without a fraction. @param most the largest that makes sense. */
  fraction(name: string, most: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = /^(\d{1,9}(\.\d+)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN
    return value <= most ? value : this.refuse(name, `a number from 0 to ${most}`, text)
  }

  guid(name: string): Guid | undefined {
    return this.parsed(name, guid)
  }

  /** What a function makes of the text; its `RangeError` is the user's mistake. */
  parsed<T>(name: string, parse: (text: string) => T): T | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : this.explained(() => parse(text))
  }

  /** Does something with settings: a `RangeError` is wrong usage; what the file system refuses is bad input. Throws `UsageError`, `InputError`. */
  explained<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      if (error instanceof RangeError) throw new UsageError(`${this.#device}: ${error.message}`)
      if (error instanceof Error && 'syscall' in error) throw new InputError(`${this.#device}: ${error.message}`)
      throw error
    }
  }

  refuse(name: string, what: string, text: string): never {
    throw new UsageError(`${this.#device}: ${name} takes ${what}, not ${text}`)
  }
}

/** The instance id that was asked for; else that of the n-th device of its kind, counted up from the first one's. */
export function instanceOf(settings: Settings, first: Guid, nth: number): Guid {
  const word = (Number.parseInt(first.slice(0, 8), 16) + nth) >>> 0
  return settings.guid('instance') ?? guid(`${word.toString(16).padStart(8, '0')}${first.slice(8)}`)
}
