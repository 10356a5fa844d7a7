import { existsSync, readdirSync } from 'node:fs'

/** One entry point of the package. */
export interface Entry {
  /** As in `exports` of package.json: `.`, `./wire`, `./devices/storage`. */
  readonly subpath: string
  /** Its file under `dist`, without suffix: `index`, `wire/index`, `vsp/echo`. */
  readonly name: string
  /** The source file. */
  readonly source: string
}

/** Folders of `src` that are an entry of their own, in the order of `exports`; an entry exists once its `index.ts` does. */
const folders: readonly (readonly [subpath: string, folder: string])[] = [
  ['protocol', 'vmbus'],
  ['wire', 'wire'],
  ['memory', 'memory'],
  ['hypercall', 'hypercall'],
  ['hypervisor', 'hypervisor'],
  ['channels', 'channels'],
  ['devices', 'devices'],
  ['vsp', 'vsp'],
  ['vsc', 'vsc'],
  ['png', 'png'],
  ['trace', 'trace'],
  ['fuzz', 'fuzz'],
  ['guest', 'guest'],
  ['node', 'node'],
  ['testing', 'testing'],
]

/** Entries that need Node; every other one also runs in a browser. */
export const nodeOnly: ReadonlySet<string> = new Set(['./guest', './node'])

/**
 * All entry points, found by looking: a folder of {@link folders} with an `index.ts`, and each device: a file or folder
 * of `src/devices`, and what bears the same name in `src/vsp` and `src/vsc`.
 */
export function entries(): Entry[] {
  const found: Entry[] = []
  const add = (subpath: string, ...sources: string[]) => {
    const source = sources.find((path) => existsSync(path))
    if (source !== undefined) found.push({ subpath, name: source.slice('src/'.length, -'.ts'.length), source })
  }
  const devices = deviceNames()
  add('.', 'src/index.ts')
  for (const [subpath, folder] of folders) {
    add(`./${subpath}`, `src/${folder}/index.ts`)
    if (folder !== 'devices' && folder !== 'vsp' && folder !== 'vsc') continue
    for (const device of devices) {
      add(`./${folder}/${device}`, `src/${folder}/${device}.ts`, `src/${folder}/${device}/index.ts`)
    }
  }
  return found
}

function deviceNames(): string[] {
  if (!existsSync('src/devices')) return []
  const names = readdirSync('src/devices').map((file) => file.replace(/\.ts$/, ''))
  return names.filter((name) => name !== 'index').sort()
}

const files = (name: string, js: string, dts: string) => ({
  types: `./dist/${name}.${dts}`,
  default: `./dist/${name}.${js}`,
})

/** The `exports` of package.json that belong to {@link entries}: per entry ESM and CommonJS, each with its own types. */
export function packageExports(): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const { subpath, name } of entries()) {
    result[subpath] = { import: files(name, 'js', 'd.ts'), require: files(name, 'cjs', 'd.cts') }
  }
  result['./package.json'] = './package.json'
  return result
}
