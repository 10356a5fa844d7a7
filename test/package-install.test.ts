import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entries, packageExports } from '../scripts/entries.ts'

// Packs the built package (run `npm run build` before) and installs the tarball into an empty project, as a user does.

const project = mkdtempSync(join(tmpdir(), 'vmbus-install-'))
let tarball = ''
let installed: string[] = []

/** Runs a program in the project and returns what it printed; when it fails, that is the error. */
function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: project, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${status}\n${stdout}\n${stderr}`)
  return stdout
}

const bin = (name: string) => resolve('node_modules/.bin', name)
const specifiers = entries().map(({ subpath }) => subpath.replace('.', 'vmbus'))

beforeAll(() => {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination', project], { encoding: 'utf8' })
  tarball = join(project, JSON.parse(packed)[0].filename)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true }))
  run('npm', 'install', tarball, '--no-audit', '--no-fund', '--prefer-offline')
  installed = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))
  // The optional peer of vmbus/testing and vmbus/fuzz, with its one dependency.
  for (const name of ['fast-check', 'pure-rand']) {
    cpSync(join('node_modules', name), join(project, 'node_modules', name), { recursive: true })
  }
}, 120_000)

afterAll(() => rmSync(project, { recursive: true, force: true }))

/** What a loaded entry exports is looked at for classes: each must be the same object in every entry that exports it. */
const look = `
const seen = new Map()
const twice = []
function look(specifier, exports) {
  for (const [name, value] of Object.entries(exports)) {
    if (typeof value !== 'function' || !/^class\\b/.test(String(value))) continue
    if ((seen.get(name) ?? value) !== value) twice.push(specifier + ' ' + name)
    seen.set(name, value)
  }
}
`

/** A class thrown by what one entry exports is the class that another entry exports. */
const fault = `
try {
  FileMemory.open('memory.bin', { size: 4096 }).load32(2)
} catch (error) {
  console.log(JSON.stringify({ twice, fault: error instanceof MemoryFault }))
}
`

describe('the packed package', { timeout: 60_000 }, () => {
  it('brings exactly two runtime dependencies', () => {
    expect(installed.sort()).toEqual(['eventemitter3', 'typed-binary', 'vmbus'])
  })

  it('exports what `src` has, as the build writes it', () => {
    expect(JSON.parse(readFileSync('package.json', 'utf8')).exports).toEqual(packageExports())
  })

  it('loads by import, and a class reached through two entries is one object', () => {
    const lines = specifiers.map((specifier) => `look('${specifier}', await import('${specifier}'))`)
    const imports = "import { FileMemory } from 'vmbus/node'\nimport { MemoryFault } from 'vmbus/memory'\n"
    writeFileSync(join(project, 'load.mjs'), imports + look + lines.join('\n') + fault)
    expect(JSON.parse(run('node', 'load.mjs'))).toEqual({ twice: [], fault: true })
  })

  it('loads by require, and a class reached through two entries is one object', () => {
    const lines = specifiers.map((specifier) => `look('${specifier}', require('${specifier}'))`)
    const imports = "const { FileMemory } = require('vmbus/node')\nconst { MemoryFault } = require('vmbus/memory')\n"
    writeFileSync(join(project, 'load.cjs'), imports + look + lines.join('\n') + fault)
    expect(JSON.parse(run('node', 'load.cjs'))).toEqual({ twice: [], fault: true })
  })

  it('brings the command', () => {
    expect(run(join(project, 'node_modules/.bin/vmbus'), '--help')).toContain('vmbus')
  })

  it('type-checks in a strict project, as an ES module and as CommonJS', () => {
    const lines = specifiers.map((specifier, index) => `import * as e${index} from '${specifier}'`)
    const uses = specifiers.map((_, index) => `e${index}`).join(', ')
    const files = ['use.mts', 'use.cts']
    for (const file of files) {
      writeFileSync(join(project, file), `${lines.join('\n')}\nexport const all = [${uses}]\n`)
    }
    const compilerOptions = {
      strict: true,
      noEmit: true,
      target: 'ES2022',
      // Not node16: typed-binary has one set of declarations, marked ESM, that node16 refuses to a CommonJS module (TS1479).
      module: 'nodenext',
      skipLibCheck: false,
      // typed-binary's declarations name Float16Array.
      lib: ['ES2023', 'ESNext.Float16', 'ESNext.Disposable'],
      types: ['node'],
      typeRoots: [resolve('node_modules/@types')],
    }
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }))
    expect(run(bin('tsc'), '-p', '.')).toBe('')
  })

  it('satisfies publint', async () => {
    const { messages } = await publint({ pkgDir: '.', strict: true })
    expect(messages).toEqual([])
  })

  // It looks at some forty entries, one after the other: a minute and more.
  it('satisfies attw for Node 16 and later, ESM and CommonJS', () => {
    // attw's exit status tells; the text shows that it looked at the entries.
    const report = run(bin('attw'), tarball, '--profile', 'node16', '--no-emoji', '--format', 'ascii')
    for (const specifier of specifiers) expect(report).toContain(`"${specifier}"`)
    expect(report).toContain('node16 (from CJS): OK (CJS)')
  }, 300_000)
})
