import { closeSync, openSync, writeSync } from 'node:fs'
import { writePcapng } from '../trace/index.ts'
import { type Command, InputError, UsageError } from './command.ts'
import { load } from './replay.ts'
import { note } from './terminal.ts'

/** `vmbus trace`: what other tools make of a recording. */
export const traceCommand: Command = {
  name: 'trace',
  usage: 'trace [FILE|-] --pcapng OUT',
  summary: "Writes the Ethernet frames of a recording's network adapters as pcapng, for Wireshark and tcpdump.",
  words: 1,
  options: { pcapng: { value: 'OUT', help: 'the file to write; - for standard output' } },
  run(call) {
    const out = call.option('pcapng')
    if (out === undefined || out === '') throw new UsageError('trace needs --pcapng OUT')
    const transcript = load(call.words[0])
    let file: number
    try {
      file = out === '-' ? 1 : openSync(out, 'w')
    } catch (error) {
      throw new InputError(`${out}: ${error instanceof Error ? error.message : error}`)
    }
    const { frames, missing } = writePcapng(transcript, (block) => void writeSync(file, block))
    if (file !== 1) closeSync(file)
    note(`${frames.length} frames`)
    if (missing > 0) note(`${missing} packets more, whose data were not recorded, or not all`)
    return 0
  },
}
