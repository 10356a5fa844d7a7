import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { GuestSetupError } from '../setup-error.ts'
import { run } from './run-program.ts'

/** A kernel module, ready to be loaded. */
export interface KernelModule {
  /** As the kernel names it: with underscores. */
  readonly name: string
  /** Those that have to be loaded before, all of them, in order. */
  readonly needs: readonly string[]
  readonly data: Uint8Array
}

/**
 * Takes modules out of an unpacked kernel package, with all that they depend on, in an order in which they can be loaded. Those
 * that are not there (built into the kernel, or not yet in this version) are left out.
 *
 * @param folder `…/lib/modules/VERSION`
 */
export async function collectModules(folder: string, wanted: readonly string[]): Promise<KernelModule[]> {
  const files = new Map<string, string>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!/\.ko(\.\w+)?$/.test(entry.name)) continue
    files.set(moduleName(entry.name), join(entry.parentPath, entry.name))
  }
  const found = new Map<string, KernelModule>()
  const collect = async (name: string): Promise<KernelModule | undefined> => {
    const known = found.get(name)
    const file = files.get(name)
    if (known !== undefined || file === undefined) return known
    const data = await readModule(file)
    const needs: string[] = []
    for (const dependency of dependenciesOf(data)) {
      const module = await collect(dependency)
      for (const need of module === undefined ? [] : [...module.needs, module.name]) {
        if (!needs.includes(need)) needs.push(need)
      }
    }
    // Behind what it needs: a map keeps the order in which it was filled.
    const module = { name, needs, data }
    found.set(name, module)
    return module
  }
  for (const name of wanted) await collect(name)
  return [...found.values()]
}

/** Kernels write a module's file name with dashes or underscores, and its name with underscores. */
function moduleName(file: string): string {
  return basename(file)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_')
}

async function readModule(file: string): Promise<Uint8Array> {
  if (file.endsWith('.ko')) return readFileSync(file)
  if (file.endsWith('.ko.xz')) return run('xz', ['-dc', file])
  throw new GuestSetupError(`${file}: modules packed in this way are not known`)
}

/** What the module says of itself in its section .modinfo: texts of the form KEY=VALUE, each ending with a zero. */
function dependenciesOf(data: Uint8Array): string[] {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('latin1')
  const depends = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? ''
  return depends
    .split(',')
    .filter(Boolean)
    .map((name) => name.replaceAll('-', '_'))
}
