import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GuestSetupError } from '../setup-error.ts'
import { run } from './run-program.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Stable for busybox, its backports for kernels that know VMBus from the device tree. */
const suites = ['trixie', 'trixie-backports']

/**
 * Debian's archive for arm64, seen by an apt of our own: its configuration, lists and downloads are in one folder, and the
 * system's packages and sources are neither read nor changed.
 */
export class DebianArchive {
  readonly #folder: string
  readonly #configuration: string

  /**
   * @param folder to be made, for apt's state; the caller removes it.
   * @param mirror default is {@link debianMirror}.
   * Throws {@link GuestSetupError} where no mirror or no keyring is known.
   */
  constructor(folder: string, mirror = debianMirror()) {
    if (mirror === undefined) {
      throw new GuestSetupError('no mirror of Debian is known here: name one by VMBUS_DEBIAN_MIRROR=http://…/debian')
    }
    if (!existsSync(keyring)) throw new GuestSetupError(`${keyring} is missing: install debian-archive-keyring`)
    this.#folder = folder
    this.#configuration = join(folder, 'apt.conf')
    for (const name of ['state/lists/partial', 'cache/archives/partial'])
      mkdirSync(join(folder, name), { recursive: true })
    writeFileSync(join(folder, 'status'), '')
    writeFileSync(
      join(folder, 'sources.list'),
      suites.map((suite) => `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`).join(''),
    )
    writeFileSync(
      this.#configuration,
      [
        `Dir::State "${folder}/state";`,
        `Dir::State::status "${folder}/status";`,
        `Dir::Cache "${folder}/cache";`,
        `Dir::Etc::SourceList "${folder}/sources.list";`,
        'Dir::Etc::SourceParts "/dev/null";',
        'APT::Architecture "arm64";',
        'APT::Architectures { "arm64"; };',
        'APT::Sandbox::User "root";',
        // Lists of packages only; one archive that does not answer shall not hold us for long.
        'Acquire::Languages "none";',
        'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";',
        'Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";',
        'Acquire::Retries "2";',
        'Acquire::http::Timeout "20";',
        'APT::Update::Error-Mode "any";',
        '',
      ].join('\n'),
    )
  }

  /** Fetches the lists of packages, some 10 MB. Throws {@link GuestSetupError} when the archive cannot be reached. */
  async update(): Promise<void> {
    await run('apt-get', ['-c', this.#configuration, '-q', 'update'])
  }

  /** Names of all packages that begin so. */
  async names(prefix: string): Promise<string[]> {
    const text = await run('apt-cache', ['-c', this.#configuration, 'pkgnames', prefix])
    return text.toString().split('\n').filter(Boolean)
  }

  /** Downloads packages, checked against the archive's signature, and unpacks them into `target`. Answers the packages' file names. */
  async unpack(packages: readonly string[], target: string): Promise<string[]> {
    const downloads = join(this.#folder, 'downloads')
    mkdirSync(downloads, { recursive: true })
    await run('apt-get', ['-c', this.#configuration, '-q', 'download', ...packages], { cwd: downloads })
    const files = (await readdir(downloads)).filter((name) => packages.some((wanted) => name.startsWith(`${wanted}_`)))
    for (const file of files) await run('dpkg-deb', ['-x', join(downloads, file), target])
    return files.sort()
  }
}

/** Debian's mirror to fetch from: what `VMBUS_DEBIAN_MIRROR` says, else the one of this machine's own sources, if it is a Debian. */
export function debianMirror(): string | undefined {
  const named = process.env.VMBUS_DEBIAN_MIRROR
  if (named !== undefined && named !== '') return named.replace(/\/$/, '')
  const folder = '/etc/apt/sources.list.d'
  const files = existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
  for (const file of ['/etc/apt/sources.list', ...files]) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    const found = /^(?:URIs:|deb) .*?(https?:\/\/\S+\/debian)\/?(?:\s|$)/m.exec(text)?.[1]
    if (found !== undefined) return found
  }
  return undefined
}
