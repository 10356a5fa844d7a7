// The tests with a real kernel: `npm run test:guest [-- --short] [-- FILE…]`. It fetches the kernel, runs vitest, prints what the tests
// report, and says in its last line how many ran: `guest: 4 of 4 ran, kernel 7.3.4+deb13-arm64`.
//   --short  boot, keyboard, five rescinds, shutdown: what continuous integration runs
//   --ci     that, and installs what is missing by apt, and checks that the compiler makes the same shim; when the archive cannot be
//            reached, nothing runs, and that is no failure
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { debianMirror } from '../src/guest/assets/debian.ts'
import { debianKernel } from '../src/guest/index.ts'

const reportFile = 'coverage/guest-report.txt'
const resultFile = 'coverage/guest-tests.json'

/** Programs that are needed, and Debian's packages that they are in. */
const programs: readonly (readonly [program: string, name: string])[] = [
  ['qemu-system-aarch64', 'qemu-system-arm'],
  ['xz', 'xz-utils'],
  ['aarch64-linux-gnu-gcc', 'gcc-aarch64-linux-gnu'],
]

/** The short form: files, and how many tests of theirs it has. */
const short = { files: ['version.guest', 'keyboard.guest', 'hot-add.guest', 'ics.guest'], tests: 4 }

const args = process.argv.slice(2)
const isCi = args.includes('--ci')
const isShort = isCi || args.includes('--short')
const files = args.filter((arg) => !arg.startsWith('--'))

function run(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'inherit' }).status === 0
}

function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}

async function isArchiveReachable(): Promise<boolean> {
  const mirror = debianMirror()
  if (mirror === undefined) return false
  try {
    return (await fetch(`${mirror}/dists/trixie/Release`, { method: 'HEAD', signal: AbortSignal.timeout(20_000) })).ok
  } catch {
    return false
  }
}

/** Brings what is missing. Answers why that did not work. */
async function prepare(): Promise<{ readonly kernel: string } | { readonly why: string }> {
  const missing = programs.filter(([program]) => !has(program)).map(([, name]) => name)
  if (isCi && missing.length > 0) {
    // Lists of other archives may fail; whether ours did shows when it installs.
    run('apt-get', '-q', 'update')
    const quiet = ['-q', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300']
    if (!run('apt-get', ...quiet, 'install', ...missing)) return { why: `apt-get cannot install ${missing.join(', ')}` }
  }
  try {
    return { kernel: (await debianKernel('', { onProgress: (what) => console.log(what) })).version }
  } catch (error) {
    return { why: error instanceof Error ? error.message : String(error) }
  }
}

interface Outcome {
  readonly ran: number
  readonly failed: number
  readonly total: number
}

function vitest(): Outcome {
  for (const file of [reportFile, resultFile]) rmSync(file, { force: true })
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${resultFile}`]
  const chosen = files.length > 0 ? files : isShort ? short.files : []
  spawnSync('npx', ['vitest', 'run', '--config', 'vitest.guest.config.ts', ...reporters, ...chosen], {
    stdio: 'inherit',
    env: { ...process.env, ...(isShort && { VMBUS_GUEST: 'short' }) },
  })
  if (!existsSync(resultFile)) return { ran: 0, failed: 1, total: isShort ? short.tests : 1 }
  // As vitest writes it.
  const results = JSON.parse(readFileSync(resultFile, 'utf8')) as {
    readonly numTotalTests: number
    readonly numPassedTests: number
    readonly numFailedTests: number
    readonly success: boolean
  }
  const { numTotalTests, numPassedTests, numFailedTests, success } = results
  return {
    ran: numPassedTests + numFailedTests,
    failed: numFailedTests || (success ? 0 : 1),
    total: isShort && files.length === 0 ? short.tests : numTotalTests,
  }
}

async function main(): Promise<number> {
  const prepared = await prepare()
  if ('why' in prepared) {
    const maySkip = isCi && !(await isArchiveReachable())
    console.log(prepared.why)
    console.log(`guest: 0 of ${short.tests} ran, kernel none${maySkip ? ' (the archive cannot be reached)' : ''}`)
    return maySkip ? 0 : 1
  }
  const isSame = !isCi || run('node', 'scripts/run.mjs', 'scripts/shim.ts', '--check')
  const { ran, failed, total } = vitest()
  if (existsSync(reportFile)) console.log(readFileSync(reportFile, 'utf8'))
  console.log(`guest: ${ran} of ${total} ran, kernel ${prepared.kernel}`)
  return isSame && failed === 0 && (!isCi || ran === total) ? 0 : 1
}

process.exitCode = await main()
