// Runs a TypeScript file of this project: esbuild bundles it (packages stay outside), Node runs the result.
//   node scripts/run.mjs FILE [ARGUMENT…]
import { spawnSync } from 'node:child_process'
import { basename } from 'node:path'
import { build } from 'esbuild'

const [file, ...args] = process.argv.slice(2)
const outfile = `node_modules/.cache/vmbus/${basename(file, '.ts')}.mjs`
await build({
  entryPoints: [file],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
})
const { status } = spawnSync(process.execPath, ['--expose-gc', '--enable-source-maps', outfile, ...args], {
  stdio: 'inherit',
})
process.exitCode = status ?? 1
