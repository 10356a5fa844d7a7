// Builds the EL2 shim (src/guest/shim) with Debian's cross compiler and writes it, as text, where the package finds it:
// `npm run shim`. With --check it writes nothing and fails when the compiler makes other bytes than are there.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const source = 'src/guest/shim'
const compiler = 'aarch64-linux-gnu-gcc'
const target = 'src/guest/shim-image.ts'

const flags = [
  ...['-std=c11', '-Os', '-Wall', '-Wextra', '-Werror', '-ffreestanding', '-nostdlib', '-static', '-fno-pic'],
  // No floating point registers, which are the guest's; no unaligned access, as the MMU is off.
  ...['-mgeneral-regs-only', '-mstrict-align', '-fno-stack-protector'],
  // Nothing in it that depends on who builds it, or where.
  ...['-fno-ident', '-fno-asynchronous-unwind-tables', '-Wl,--build-id=none', '-Wl,--no-warn-rwx-segments'],
]

function build(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'vmbus-shim-'))
  const elf = join(folder, 'shim.elf')
  const image = join(folder, 'shim.bin')
  const sources = [`-Wl,-T,${source}/shim.ld`, `${source}/entry.S`, `${source}/shim.c`]
  try {
    execFileSync(compiler, [...flags, '-o', elf, ...sources], { stdio: 'inherit' })
    execFileSync('aarch64-linux-gnu-objcopy', ['-O', 'binary', elf, image], { stdio: 'inherit' })
    return readFileSync(image)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function moduleText(image: Uint8Array): string {
  const lines = Buffer.from(image)
    .toString('base64')
    .match(/.{1,110}/g)
  return [
    '// Made from src/guest/shim by `npm run shim`; not to be edited.',
    '',
    '/** The EL2 shim, as it lies at 0x40100000, in base64. */',
    'export const shimImage = [',
    ...(lines ?? []).map((line) => `  '${line}',`),
    "].join('')",
    '',
  ].join('\n')
}

/** The compiler whose bytes are shipped: Debian 12's. Another one makes others. */
const wanted = '12'
const version = execFileSync(compiler, ['-dumpversion'], { encoding: 'utf8' }).trim()
if (version.split('.')[0] !== wanted) {
  console.error(`this is GCC ${version}; the shim is built by GCC ${wanted}, as Debian 12 has it`)
  process.exit(process.argv.includes('--check') ? 0 : 1)
}
const built = moduleText(build())
if (!process.argv.includes('--check')) writeFileSync(target, built)
else if (readFileSync(target, 'utf8') !== built) {
  console.error(`${target} is not what this compiler makes of ${source}`)
  process.exitCode = 1
}
