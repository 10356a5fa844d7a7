import { styleText } from 'node:util'
import type { Ink } from '../wire/index.ts'

/** Writes lines to standard output. */
export function print(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`)
}

/** Writes lines to standard error: what is not the answer itself. */
export function note(...lines: readonly string[]): void {
  for (const line of lines) process.stderr.write(`${line}\n`)
}

/** Whether standard output is a terminal that wants colours. */
const colours: boolean = process.stdout.isTTY === true && process.env.NO_COLOR === undefined

/** A colour's name, as `styleText` takes it. */
export type Style = Parameters<typeof styleText>[0]

/** Colours a text when the terminal wants it. */
export function paint(style: Style, text: string): string {
  return colours ? styleText(style, text) : text
}

const inks: Record<Ink, Style> = { offset: 'gray', hex: 'gray', name: 'cyan', value: 'reset', fault: 'red' }

/** Colours a piece of a printed structure. */
export function paintInk(ink: Ink, text: string): string {
  return paint(inks[ink], text)
}
