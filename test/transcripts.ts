import { readFileSync } from 'node:fs'

/** The recordings of a stock Linux kernel (version 1), by name. */
export const recordings = ['linux-full-6.18-up', 'linux-negotiate-max-4.1', 'linux-rescind'] as const

/** Text of a recording. */
export function recordingText(name: (typeof recordings)[number]): string {
  return readFileSync(`test/fixtures/transcripts/${name}.json`, 'utf8')
}
