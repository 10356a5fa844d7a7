import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'
import { entries } from './scripts/entries.ts'

const library = Object.fromEntries(entries().map(({ name, source }) => [name, source]))
const command: Record<string, string> = existsSync('src/cli/main.ts') ? { 'cli/main': 'src/cli/main.ts' } : {}

/**
 * Turns each built ES module but the command into CommonJS, file by file, so that both forms have the same chunks. tsup's own splitting for
 * CommonJS would rewrite `?.`, `??` and class fields into slow helpers.
 */
async function toCommonJs(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: ['dist/**/*.js'],
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    write: false,
  })
  for (const { path, text } of outputFiles) {
    if (path.includes('/dist/cli/')) continue
    writeFileSync(path, text.replace(/\b(require|import)\("(\.[^"]+)\.js"\)/g, '$1("$2.cjs")'))
  }
}

// tsup cleans per build, and the two below run at the same time.
rmSync('dist', { recursive: true, force: true })

// Without tsup's own types: they do not compile with `skipLibCheck: false`, as everything here does.
export default [
  {
    format: 'esm',
    // The command shares its chunks with the library, so that a user's VSP handed to `vmbus fuzz` extends the same class.
    entry: { ...library, ...command },
    // What two entries share stands in one chunk, so a class reached through both is one object.
    splitting: true,
    target: 'node20',
    sourcemap: true,
    removeNodeProtocol: false,
    onSuccess: toCommonJs,
  },
  {
    format: ['esm', 'cjs'],
    entry: library,
    // tsup sets `baseUrl`, which TypeScript 6 reports as deprecated.
    dts: { only: true, compilerOptions: { ignoreDeprecations: '6.0' } },
  },
]
