import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  eventOf,
  type FuzzFailure,
  type FuzzReport,
  type FuzzTarget,
  fuzzTarget,
  moduleTargets,
  ownTargets,
  replayReproducer,
  reproducerOf,
  whyOf,
} from '../fuzz/index.ts'
import { writeTranscript } from '../trace/index.ts'
import { type Call, type Command, type ExitStatus, InputError, numberOption, UsageError } from './command.ts'
import { checkOutput, writeOutput } from './output.ts'
import { load } from './replay.ts'
import { note, paint, print } from './terminal.ts'

/** Seconds for one target, and for `all`, when neither runs nor seconds are given. */
const defaultSeconds = 10

/** `vmbus fuzz`: hostile input for the package's parts and for a user's VSP or VSC. */
export const fuzzCommand: Command = {
  name: 'fuzz',
  usage: 'fuzz TARGET|MODULE.js [--seed N] [--runs N] [--seconds N] [--out FILE] | fuzz --replay FILE [MODULE.js]',
  summary: 'Fuzzes a part of this package, all of them, or the VSP or VSC that a module exports.',
  words: 1,
  options: {
    seed: { value: 'N', help: 'the same seed gives the same runs (default: one that is printed)' },
    runs: { value: 'N', help: 'runs of each target at most' },
    seconds: { value: 'N', help: `time for all targets together (default ${defaultSeconds} without --runs)` },
    from: { value: 'N', help: 'number of the first run (default 0)' },
    out: { value: 'FILE', help: 'write what makes it fail to a transcript' },
    replay: { value: 'FILE', help: 'run such a transcript again' },
  },
  more: () => [`TARGET is all, or one of: ${ownNames()}`],
  async run(call) {
    const file = call.option('replay')
    if (file !== undefined) return replayFile(file, call.words[0])
    const [name] = call.words
    checkOutput(call.option('out'))
    if (name === undefined) throw new UsageError(`no TARGET: ${ownNames()}, all, or a module`)
    return fuzzAll(call, await targetsNamed(name))
  },
}

function ownNames(): string {
  return ownTargets()
    .map(({ name }) => name)
    .join(', ')
}

/** Throws {@link UsageError} for what is neither a target nor a module with one. */
async function targetsNamed(name: string): Promise<readonly FuzzTarget[]> {
  const own = ownTargets()
  if (name === 'all') return own
  const named = own.filter((target) => target.name === name)
  if (named.length > 0) return named
  const [path = name, member] = name.split('#')
  if (!/[./\\]/.test(path)) throw new UsageError(`no target ${name}: ${ownNames()}, all, or a path such as ./my-vsp.js`)
  const targets = moduleTargets(path, await importModule(path))
  if (targets.length === 0) throw new UsageError(`${path} exports no VSP or VSC that can be made without arguments`)
  const chosen = member === undefined ? targets : targets.filter((target) => target.name === name)
  if (chosen.length === 0) throw new UsageError(`${path} has ${targets.map((target) => target.name).join(', ')}`)
  return chosen
}

async function importModule(path: string): Promise<object> {
  try {
    return Object(await import(pathToFileURL(resolve(path)).href))
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : error}`)
  }
}

async function fuzzAll(call: Call, targets: readonly FuzzTarget[]): Promise<ExitStatus> {
  const seed = numberOption(call, 'seed') ?? Math.floor(Math.random() * 0x1_0000_0000)
  const runs = numberOption(call, 'runs')
  const seconds = numberOption(call, 'seconds') ?? (runs === undefined ? defaultSeconds : undefined)
  const from = numberOption(call, 'from') ?? 0
  const width = Math.max(...targets.map(({ name }) => name.length))
  const rejections = watchRejections()
  const begin = performance.now()
  for (const [index, target] of targets.entries()) {
    // What one target leaves of its share the later ones have.
    const now = performance.now()
    const share = seconds === undefined ? Infinity : (1000 * seconds - (now - begin)) / (targets.length - index)
    const report = fuzzTarget(target, {
      seed,
      from,
      runs: runs ?? Infinity,
      stop: () => performance.now() - now >= share,
      ...(process.stderr.isTTY ? { progress: progressLine(target.name, now) } : {}),
    })
    clearLine()
    if (report.failure !== undefined) return failed(report.failure, call)
    print(`${target.name.padEnd(width)}  ${resultText(report, performance.now() - now)}`)
    // What devices do after an `await` comes now, after the runs.
    await new Promise((done) => setImmediate(done))
  }
  for (const line of rejections()) note(line)
  return 0
}

function resultText({ runs, seed }: FuzzReport, milliseconds: number): string {
  return `nothing found in ${runs} runs, ${Math.round((1000 * runs) / Math.max(1, milliseconds))} a second, seed ${seed}`
}

/** A progress line, renewed five times a second. */
function progressLine(name: string, begin: number): (runs: number) => void {
  let last = begin
  return (runs) => {
    const now = performance.now()
    if (now - last < 200) return
    last = now
    process.stderr.write(`\r${name}: ${runs} runs, ${Math.round((now - begin) / 1000)} s `)
  }
}

function clearLine(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}

/** Promises of a user's device that fail and that nobody looks at: told at the end, since no run can be named for them. */
function watchRejections(): () => string[] {
  let count = 0
  let first: unknown
  process.on('unhandledRejection', (error) => {
    if (count++ === 0) first = error
  })
  return () => (count === 0 ? [] : [`note: ${count} promises failed that nobody looks at, the first: ${whyOf(first)}`])
}

function failed(failure: FuzzFailure, call: Call): ExitStatus {
  const { target, seed, run, why, steps, drawn, error } = failure
  print(paint('red', `${target}: run ${run} of seed ${seed} fails: ${why}`))
  const frame =
    error instanceof Error ? error.stack?.split('\n').find((line) => /^\s+at .*[/\\]/.test(line)) : undefined
  if (frame !== undefined) print(`  ${frame.trim()}`)
  print(`${steps.length} of its ${drawn} inputs are enough:`)
  for (const step of steps) {
    print(`  ${JSON.stringify(eventOf(step))}`)
    for (const { path, offset, what } of step.mutations ?? []) {
      print(paint('yellow', `    ${path === '' ? '' : `${path} `}at offset ${offset}: ${what}`))
    }
  }
  print(`again: vmbus fuzz ${target} --seed ${seed} --from ${run} --runs 1`)
  const out = call.option('out')
  if (out !== undefined) {
    writeOutput(out, writeTranscript(reproducerOf(failure)))
    print(`or:    vmbus fuzz --replay ${out}`)
  }
  return 1
}

async function replayFile(file: string, name: string | undefined): Promise<ExitStatus> {
  const transcript = load(file)
  const wanted = name ?? transcript.name
  if (wanted === undefined) throw new InputError(`${file}: no name says which target it is for`)
  const [target] = await targetsNamed(wanted)
  if (target === undefined) throw new InputError(`${file}: no target ${wanted}`)
  const outcome = replayReproducer(target, transcript)
  if (outcome === undefined) {
    print(`${target.name} comes through: ${transcript.events.length - 1} inputs, no failure`)
    return 0
  }
  print(paint('red', `${target.name} fails: ${whyOf(outcome.error)}`))
  return 1
}
