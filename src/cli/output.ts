import { existsSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { LoneRecording } from '../trace/index.ts'
import { writeTranscript } from '../trace/index.ts'
import { InputError } from './command.ts'
import { note } from './terminal.ts'

/** Writes a file. Throws {@link InputError}. */
export function writeOutput(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (error) {
    throw new InputError(`${file}: ${error instanceof Error ? error.message : error}`)
  }
}

/** Refuses, before anything is done for it, a file that cannot be written afterwards. Throws {@link InputError}. */
export function checkOutput(file: string | undefined): void {
  if (file === undefined) return
  if (!existsSync(dirname(file))) throw new InputError(`${file}: there is no folder ${dirname(file)}`)
  if (existsSync(file) && statSync(file).isDirectory()) throw new InputError(`${file}: is a folder`)
}

/** Writes a recording as a transcript, and says so. Throws {@link InputError}. */
export function writeRecording(recording: LoneRecording, file: string): void {
  writeOutput(file, writeTranscript(recording.transcript()))
  note(`${recording.recorder.length} events in ${file}`)
}

/** The name of the n-th of several files: `a.json`, `a-2.json`, … */
export function numberedFile(file: string, number: number): string {
  return number <= 1 ? file : file.replace(/(\.[^./]*)?$/, `-${number}$1`)
}
