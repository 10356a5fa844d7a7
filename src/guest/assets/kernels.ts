import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { GuestSetupError } from '../setup-error.ts'
import { cacheFolder } from './cache.ts'
import { DebianArchive } from './debian.ts'
import { allDrivers } from './drivers.ts'
import { collectModules, type KernelModule } from './modules.ts'
import { run } from './run-program.ts'

/** A kernel of Debian's, as it lies in the cache. */
export interface DebianKernel {
  /** As `uname -r` says it: `7.3.4+deb13-arm64`. */
  readonly version: string
  /** Packages that it was taken from, by their file names. */
  readonly packages: readonly string[]
  /** The arm64 `Image`. */
  readonly image: Uint8Array
  readonly busybox: Uint8Array
  /** In an order in which they can be loaded. */
  readonly modules: readonly KernelModule[]
}

/** What a cached kernel's folder says of it, in `kernel.json`. */
interface KernelRecord {
  readonly version: string
  readonly packages: readonly string[]
  /** Modules that were looked for. */
  readonly wanted: readonly string[]
  readonly modules: readonly { readonly name: string; readonly needs: readonly string[] }[]
}

/** Linux looks for VMBus in the device tree since 6.16. Source: Linux drivers/hv/vmbus_drv.c. */
const oldest = [6, 16]

const kernelName = /^linux-image-((\d+)\.(\d+)\.(\d+)\+deb\d+-arm64)$/
const manual = 'or bring your own: --kernel IMAGE --initrd FILE (arm64; in code: `kernel`, `initrd`)'

/**
 * A kernel by the beginning of its version (`6.18`), or the newest. From the cache when one is there, else from Debian's archive.
 *
 * @param refresh looks into the archive even so. @param onProgress hears what takes long.
 */
export async function debianKernel(
  wanted = '',
  options: { readonly refresh?: boolean; readonly onProgress?: (what: string) => void } = {},
): Promise<DebianKernel> {
  const cached = cachedKernels().filter((version) => isWanted(version, wanted))
  const complete = options.refresh ? undefined : cached.find(isComplete)
  if (complete !== undefined) return load(complete)
  try {
    return load(await fetch(wanted, options.onProgress ?? (() => undefined)))
  } catch (error) {
    // One that lacks the driver of a newer device is better than none.
    const [old] = cached
    if (old === undefined || options.refresh || !(error instanceof GuestSetupError)) throw error
    return load(old)
  }
}

/** Versions in the cache, newest first. */
export function cachedKernels(): string[] {
  const folder = kernelsFolder()
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'kernel.json')))
    .sort(newestFirst)
}

function kernelsFolder(): string {
  return join(cacheFolder(), 'kernels')
}

/** `6.18` is the beginning of 6.18.15, not of 6.180. */
function isWanted(version: string, wanted: string): boolean {
  return wanted === '' || version === wanted || version.startsWith(`${wanted}.`) || version.startsWith(`${wanted}+`)
}

function newestFirst(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true })
}

/** Brings a kernel into the cache, if it is not there, and answers its version. */
async function fetch(wanted: string, onProgress: (what: string) => void): Promise<string> {
  for (const program of ['apt-get', 'dpkg-deb', 'xz']) await checkProgram(program)
  mkdirSync(kernelsFolder(), { recursive: true })
  const work = mkdtempSync(join(kernelsFolder(), '.fetch-'))
  try {
    onProgress("reading the lists of Debian's archive")
    const archive = new DebianArchive(join(work, 'apt'))
    await archive.update()
    const names = new Set(await archive.names('linux-'))
    const versions = [...names].flatMap((name) => {
      const [, version, major, minor] = kernelName.exec(name) ?? []
      return version !== undefined && isNewEnough(Number(major), Number(minor)) ? [version] : []
    })
    const [version] = versions.filter((candidate) => isWanted(candidate, wanted)).sort(newestFirst)
    if (version === undefined) {
      throw new GuestSetupError(
        `Debian has no kernel ${wanted || 'since 6.16'} for arm64, but ${versions.sort().join(', ')}`,
      )
    }
    const target = join(kernelsFolder(), version)
    if (existsSync(join(target, 'kernel.json')) && isComplete(version)) return version
    onProgress(`fetching Linux ${version}, some 100 MB`)
    // Newer packages keep image and modules apart from linux-image, which then only names them.
    const parts = ['image', 'binary', 'modules']
      .map((part) => `linux-${part}-${version}`)
      .filter((name) => names.has(name))
    const root = join(work, 'root')
    const packages = await archive.unpack([...parts, 'busybox-static'], root)
    onProgress('unpacking')
    const result = join(work, 'result')
    await keep(root, result, version, packages)
    rmSync(target, { recursive: true, force: true })
    renameSync(result, target)
    return version
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** Takes what is needed out of the unpacked packages. */
async function keep(root: string, target: string, version: string, packages: readonly string[]): Promise<void> {
  const first = (...paths: string[]): Uint8Array => {
    const path = paths.map((name) => join(root, name)).find(existsSync)
    if (path === undefined) throw new GuestSetupError(`${packages.join(', ')}: none has ${paths.join(' or ')}`)
    return readFileSync(path)
  }
  const moduleFolder = [`usr/lib/modules/${version}`, `lib/modules/${version}`]
    .map((name) => join(root, name))
    .find(existsSync)
  const modules = moduleFolder === undefined ? [] : await collectModules(moduleFolder, allDrivers)
  const record: KernelRecord = {
    version,
    packages,
    wanted: allDrivers,
    modules: modules.map(({ name, needs }) => ({ name, needs })),
  }
  const files: readonly (readonly [string, Uint8Array | string])[] = [
    ['Image', first(`usr/lib/modules/${version}/vmlinuz`, `boot/vmlinuz-${version}`)],
    ['busybox', first('usr/bin/busybox', 'bin/busybox')],
    ...modules.map(({ name, data }) => [join('modules', `${name}.ko`), data] as const),
    ['kernel.json', JSON.stringify(record, undefined, 2)],
  ]
  for (const [name, data] of files) {
    mkdirSync(dirname(join(target, name)), { recursive: true })
    writeFileSync(join(target, name), data)
  }
}

function recordOf(version: string): KernelRecord {
  // Ours: written by `keep`.
  return JSON.parse(readFileSync(join(kernelsFolder(), version, 'kernel.json'), 'utf8')) as KernelRecord
}

/** Whether all modules were looked for that are known today. */
function isComplete(version: string): boolean {
  const { wanted = [] } = recordOf(version)
  return allDrivers.every((name) => wanted.includes(name))
}

function load(version: string): DebianKernel {
  const folder = join(kernelsFolder(), version)
  const record = recordOf(version)
  return {
    version: record.version,
    packages: record.packages,
    image: readFileSync(join(folder, 'Image')),
    busybox: readFileSync(join(folder, 'busybox')),
    modules: record.modules.map(({ name, needs }) => ({
      name,
      needs,
      data: readFileSync(join(folder, 'modules', `${name}.ko`)),
    })),
  }
}

function isNewEnough(major: number, minor: number): boolean {
  const [oldestMajor = 0, oldestMinor = 0] = oldest
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)
}

async function checkProgram(program: string): Promise<void> {
  try {
    await run(program, ['--version'])
  } catch {
    throw new GuestSetupError(
      `a kernel is fetched from Debian by apt, and there is no ${program} here. Install it, ${manual}`,
    )
  }
}
