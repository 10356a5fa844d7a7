#!/usr/bin/env node
import { isWireError } from '../wire/index.ts'
import { type Command, type ExitStatus, helpOf, InputError, parseCall, UsageError } from './command.ts'
import { decodeCommand } from './decode.ts'
import { demoCommand } from './demo.ts'
import { encodeCommand } from './encode.ts'
import { explainCommand } from './explain.ts'
import { fuzzCommand } from './fuzz.ts'
import { layoutCommand } from './layout.ts'
import { replayCommand } from './replay.ts'
import { note, print } from './terminal.ts'
import { packageVersion } from './version.ts'

const commands: readonly Command[] = [
  demoCommand,
  decodeCommand,
  encodeCommand,
  explainCommand,
  layoutCommand,
  replayCommand,
  fuzzCommand,
]

function help(): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  return [
    "vmbus: Hyper-V's hypercall interface and VMBus protocol",
    '',
    ...commands.map((command) => `  vmbus ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'vmbus COMMAND --help tells more. Exit status: 0 fine, 1 bad input, 2 wrong usage.',
  ].join('\n')
}

async function main(args: readonly string[]): Promise<ExitStatus> {
  const [name, ...rest] = args
  if (name === undefined) {
    note(help())
    return 2
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    const command = commands.find((command) => command.name === rest[0])
    print(command === undefined ? help() : helpOf(command))
    return 0
  }
  if (name === '--version') {
    print(packageVersion)
    return 0
  }
  const command = commands.find((command) => command.name === name)
  if (command === undefined) throw new UsageError(`no command ${name}; vmbus --help lists them`)
  if (rest.includes('--help') || rest.includes('-h')) {
    print(helpOf(command))
    return 0
  }
  return command.run(parseCall(command, rest))
}

/** What went wrong in one line, and the exit status that it means. */
function failure(error: unknown): [ExitStatus, string] {
  if (error instanceof UsageError) return [2, error.message]
  if (isWireError(error) || error instanceof InputError) return [1, error.message]
  throw error
}

// A reader that has had enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const [status, line] = failure(error)
  note(`vmbus: ${line}`)
  process.exitCode = status
}
