import { existsSync, rmSync } from 'node:fs'
import { entries } from './scripts/entries.ts'

const library = Object.fromEntries(entries().map(({ name, source }) => [name, source]))
const command: Record<string, string> = existsSync('src/cli/main.ts') ? { 'cli/main': 'src/cli/main.ts' } : {}

// Without tsup's own types: they do not compile with `skipLibCheck: false`, as everything here does.
//
// What all builds share. Splitting, also for CommonJS: what two entries share stands in one chunk, so a class reached
// through both is one object. Runtime and peer dependencies stay outside, everything else is bundled.
const common = { target: 'node20', splitting: true, sourcemap: true, treeshake: false, clean: false }

// Cleaned here once: the three builds run at the same time and would delete each other's files.
rmSync('dist', { recursive: true, force: true })

export default [
  // The command shares its chunks with the library, so that a user's VSP handed to `vmbus fuzz` extends the same class.
  { ...common, format: 'esm', entry: { ...library, ...command } },
  { ...common, format: 'cjs', entry: library },
  {
    format: ['esm', 'cjs'],
    entry: library,
    // tsup sets `baseUrl`, which TypeScript 6 reports as deprecated.
    dts: { only: true, compilerOptions: { ignoreDeprecations: '6.0' } },
  },
]
