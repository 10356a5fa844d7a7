import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

// The layer rule stands in biome.json. Each case is one line in a file of its folder, in an otherwise empty project with
// that configuration; one run of the linter judges them all.

/** Folder of the importer, and what the import names there. */
const refusedImports: readonly (readonly [folder: string, path: string])[] = [
  ['wire', '../memory/index.ts'],
  ['wire', '../vmbus/index.ts'],
  ['wire', 'eventemitter3'],
  ['vmbus', 'eventemitter3'],
  ['wire', 'vmbus/protocol'],
  ['memory', '../hypercall/index.ts'],
  ['memory', 'typed-binary'],
  ['hypercall', '../memory/index.ts'],
  ['hypervisor', '../vmbus/index.ts'],
  ['vmbus', '../hypervisor/index.ts'],
  ['vmbus/server', '../../hypervisor/index.ts'],
  ['vmbus/server', '../../devices/keyboard.ts'],
  ['devices', '../memory/index.ts'],
  ['devices/storage', '../../channels/index.ts'],
  ['channels', '../devices/keyboard.ts'],
  ['channels', '../hypercall/index.ts'],
  ['vsp', '../testing/index.ts'],
  ['vsp/storage', '../../vsc/storage/index.ts'],
  ['vsc', '../vsp/index.ts'],
  ['fuzz', '../cli/main.ts'],
  ['testing', '../cli/main.ts'],
  ['trace', '../cli/main.ts'],
  ['node', '../cli/main.ts'],
  ['png', '../devices/video/index.ts'],
  ['guest', '../cli/main.ts'],
  ['browser', '../node/index.ts'],
  ['trace', '../browser/page.ts'],
  ['channels/transports', '../../vsp/index.ts'],
  ['devices/video', '../../png/index.ts'],
  ['.', './testing/index.ts'],
  ['.', './node/index.ts'],
]

const allowedImports: readonly (readonly [folder: string, path: string])[] = [
  ['wire', 'typed-binary'],
  ['wire', './reader.ts'],
  ['memory', '../wire/index.ts'],
  ['hypercall', '../wire/index.ts'],
  ['hypervisor', '../memory/index.ts'],
  ['vmbus', '../hypercall/index.ts'],
  ['vmbus/server', '../messages.ts'],
  ['devices', '../vmbus/index.ts'],
  ['channels', '../hypervisor/index.ts'],
  ['vsp/storage', '../../devices/storage/index.ts'],
  ['vsp/storage', '../index.ts'],
  ['vsc', '../channels/index.ts'],
  ['vsc', 'eventemitter3'],
  ['trace', '../index.ts'],
  ['testing', 'fast-check'],
  ['cli', '../testing/index.ts'],
  ['cli', '../png/index.ts'],
  ['png', 'fast-png'],
  ['browser', '../trace/index.ts'],
  ['channels/transports', '../pump.ts'],
  ['node', 'node:fs'],
  ['guest', 'node:net'],
  ['cli', 'node:util'],
  ['.', './vsp/index.ts'],
]

const pure = ['wire', 'memory', 'hypercall', 'hypervisor', 'vmbus', 'devices']
const browser = [...pure, 'channels', 'vsp', 'vsc', 'fuzz', 'testing', 'trace', 'png', 'browser', '.']
const impure = ['Date.now()', 'new Date()', 'Math.random()', 'setTimeout', 'queueMicrotask', 'Promise.resolve()']
const nodeOnly = ['Buffer.alloc(1)', 'process.env']

interface Case {
  readonly folder: string
  readonly line: string
  readonly verdict: 'refused' | 'allowed'
}

const imports = (verdict: Case['verdict'], pairs: readonly (readonly [folder: string, path: string])[]): Case[] =>
  pairs.map(([folder, path]) => ({ folder, verdict, line: `import '${path}'` }))
const uses = (verdict: Case['verdict'], folders: readonly string[], expressions: readonly string[]): Case[] =>
  folders.flatMap((folder) => expressions.map((expression) => ({ folder, verdict, line: `void ${expression}` })))

const cases: readonly Case[] = [
  ...imports('refused', refusedImports),
  ...imports(
    'refused',
    browser.flatMap((folder) => [[folder, 'node:fs'] as const, [folder, 'fs'] as const]),
  ),
  ...uses('refused', pure, impure),
  ...uses('refused', browser, nodeOnly),
  ...imports('allowed', allowedImports),
  ...uses('allowed', pure, ['Math.max(1, 2)', 'new Uint8Array(1)']),
  ...uses('allowed', ['channels', 'vsp', 'testing'], impure),
  ...uses('allowed', ['cli', 'node', 'guest'], nodeOnly),
]

const rules =
  /noRestrictedImports|noNodejsModules|noRestrictedGlobals|noProcessGlobal|noJsRestrictedProperties|noImportCycles/
const project = mkdtempSync(join(tmpdir(), 'vmbus-layers-'))
const refused = new Set<string>()
const fileOf = ({ folder }: Case) => (folder === '.' ? 'src/index.ts' : `src/${folder}/case.ts`)

beforeAll(() => {
  const config = JSON.parse(readFileSync('biome.json', 'utf8'))
  writeFileSync(join(project, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }))
  const files = new Map<string, string[]>()
  for (const one of cases) files.set(fileOf(one), [...(files.get(fileOf(one)) ?? []), one.line])
  for (const [path, lines] of files) {
    mkdirSync(dirname(join(project, path)), { recursive: true })
    writeFileSync(join(project, path), lines.join('\n'))
  }
  const biome = resolve('node_modules/.bin/biome')
  const { stdout } = spawnSync(biome, ['lint', '--reporter=json', '--max-diagnostics=none', 'src'], {
    cwd: project,
    encoding: 'utf8',
  })
  for (const { category, severity, location } of JSON.parse(stdout).diagnostics) {
    if (severity !== 'error' || !rules.test(category)) continue
    refused.add(`${location.path}: ${files.get(location.path)?.[location.start.line - 1]}`)
  }
})

afterAll(() => rmSync(project, { recursive: true }))

describe('the layer rule', () => {
  it.each(cases)('$verdict in src/$folder: $line', (one) => {
    expect(refused.has(`${fileOf(one)}: ${one.line}`)).toBe(one.verdict === 'refused')
  })
})
