#!/usr/bin/env node
import { isWireError } from '../wire/index.ts'
import { type Command, type ExitStatus, helpOf, InputError, parseCall, UsageError } from './command.ts'
import { note, print } from './terminal.ts'
import { packageVersion } from './version.ts'

/** The commands, loaded when called: what one does not need costs nothing. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  demo: async () => (await import('./demo.ts')).demoCommand,
  decode: async () => (await import('./decode.ts')).decodeCommand,
  encode: async () => (await import('./encode.ts')).encodeCommand,
  explain: async () => (await import('./explain.ts')).explainCommand,
  layout: async () => (await import('./layout.ts')).layoutCommand,
  replay: async () => (await import('./replay.ts')).replayCommand,
  serve: async () => (await import('./serve.ts')).serveCommand,
  trace: async () => (await import('./trace.ts')).traceCommand,
  fuzz: async () => (await import('./fuzz.ts')).fuzzCommand,
  guest: async () => (await import('./guest.ts')).guestCommand,
}

async function help(): Promise<string> {
  const all = await Promise.all(Object.values(commands).map((load) => load()))
  const width = Math.max(...all.map((command) => command.name.length))
  return [
    "vmbus: Hyper-V's hypercall interface and VMBus protocol",
    '',
    ...all.map((command) => `  vmbus ${command.name.padEnd(width)}  ${command.summary}`),
    '',
    'vmbus COMMAND --help tells more. Exit status: 0 fine, 1 bad input, 2 wrong usage.',
  ].join('\n')
}

/** The command of that name. Throws {@link UsageError}. */
async function commandNamed(name: string): Promise<Command> {
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (load === undefined) throw new UsageError(`no command ${name}; vmbus --help lists them`)
  return load()
}

async function main(args: readonly string[]): Promise<ExitStatus> {
  const [name, ...rest] = args
  if (name === undefined) {
    note(await help())
    return 2
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    print(rest[0] === undefined ? await help() : helpOf(await commandNamed(rest[0])))
    return 0
  }
  if (name === '--version') {
    print(packageVersion())
    return 0
  }
  const command = await commandNamed(name)
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
