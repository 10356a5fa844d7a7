import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ownTargets } from '../src/fuzz/index.ts'
import { parseTranscript } from '../src/trace/transcript.ts'

const main = new URL('../dist/cli/main.js', import.meta.url).pathname
const broken = new URL('../examples/broken-vsp.mjs', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'vmbus-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the built command. */
function fuzz(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'fuzz', ...args])
  return { status, out: stdout.toString(), err: stderr.toString() }
}

describe('vmbus fuzz', { timeout: 60_000 }, () => {
  it('runs one target, and says how many runs there were', () => {
    const { status, out } = fuzz('server', '--seed', '5', '--runs', '20')
    expect(out).toMatch(/^server {2}nothing found in 20 runs, \d+ a second, seed 5\n$/)
    expect(status).toBe(0)
  })

  it('runs all of them, each with its share of the time', () => {
    const { status, out } = fuzz('all', '--seconds', '2')
    expect(status, out).toBe(0)
    const names = out.split('\n').map((line) => line.split(' ')[0])
    expect(names).toEqual([...ownTargets().map(({ name }) => name), ''])
  })

  it("finds the bug in a user's VSP, says how to see it again, and writes a transcript that does", () => {
    const file = join(folder, 'found.json')
    const found = fuzz(broken, '--seed', '1', '--runs', '500', '--out', file)
    expect(found.status).toBe(1)
    const again = /^again: vmbus fuzz (.*)$/m.exec(found.out)?.[1]
    expect(again).toMatch(/ --seed 1 --from \d+ --runs 1$/)
    const repeated = fuzz(...(again ?? '').split(' '))
    expect(repeated.status).toBe(1)
    expect(repeated.out.split('\n')[0]).toBe(found.out.split('\n')[0])

    const transcript = parseTranscript(readFileSync(file, 'utf8'))
    expect(transcript.name).toBe(broken)
    expect(transcript.events.map(({ kind }) => kind)).toEqual(['config', 'packet'])
    const replayed = fuzz('--replay', file)
    expect(replayed.status).toBe(1)
    expect(replayed.out).toMatch(/fails: RangeError: Offset is outside the bounds of the DataView/)
    // Another device takes the same input.
    expect(fuzz('--replay', file, 'echo-vsp')).toMatchObject({ status: 0 })
  })

  it.each([
    [[], /no TARGET/],
    [['serber'], /no target serber/],
    [['./nowhere.js'], /nowhere\.js/],
    [[new URL('fixtures/no-vsp.mjs', import.meta.url).pathname], /exports no VSP or VSC/],
    [['server', '--runs', 'many'], /--runs takes a whole number/],
  ])('says what is wrong with %j, with status 2', (args, message) => {
    const { status, err } = fuzz(...args)
    expect(err).toMatch(message)
    expect(status).toBe(2)
  })

  it('refuses to replay what is no transcript, with status 1', () => {
    const { status, err } = fuzz('--replay', new URL('fixtures/rejects.json', import.meta.url).pathname)
    expect(err).toMatch(/no transcript/)
    expect(status).toBe(1)
  })
})

describe('docs/fuzzing.md', () => {
  const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

  it('shows the device that is fuzzed here', () => {
    expect(text('../docs/fuzzing.md')).toContain(text('../examples/broken-vsp.mjs').trimEnd())
  })
})
