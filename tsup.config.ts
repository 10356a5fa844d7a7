import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

/** Makes relative imports name the built files: `./ring.ts` becomes `./ring.js`, or `./ring.cjs` in CommonJS. */
const builtSuffix = {
  name: 'built-suffix',
  renderChunk(this: { format: string }, code: string) {
    const suffix = this.format === 'cjs' ? '.cjs' : '.js'
    return { code: code.replace(/((?:from|import|require)[ (]*")(\.[^"]+)\.ts"/g, `$1$2${suffix}"`) }
  },
}

// One file per module, not bundles: a class reached through two entries is one object, an import pulls in what it needs
// and no more, and the command runs on the same modules as a user's VSP that is handed to it.
const modules = { bundle: false, target: 'node20', removeNodeProtocol: false, plugins: [builtSuffix] }

/** The transcripts' JSON Schema ships beside the code that reads them. */
const schema = 'transcript.schema.json'

/** Entries with code of others in them: its licences are written beside it. */
const withOthers = { entry: 'png/index', packages: ['fast-png', 'fflate', 'iobuffer'] }

function writeLicences(): void {
  const texts = withOthers.packages.map((name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}`)
  writeFileSync('dist/png/LICENSES.txt', texts.join('\n\n'))
}

// tsup cleans per build, and those below run at the same time.
rmSync('dist', { recursive: true, force: true })

// Without tsup's own types: they do not compile with `skipLibCheck: false`, as everything here does.
export default [
  {
    ...modules,
    format: 'esm',
    entry: ['src/**/*.ts', `!src/${withOthers.entry}.ts`, '!src/browser/display.ts'],
    sourcemap: true,
    onSuccess: async () => copyFileSync(`src/trace/${schema}`, `dist/trace/${schema}`),
  },
  {
    ...modules,
    format: 'cjs',
    entry: ['src/**/*.ts', '!src/cli/**', '!src/browser/**', `!src/${withOthers.entry}.ts`],
  },
  {
    format: ['esm', 'cjs'],
    entry: { [withOthers.entry]: `src/${withOthers.entry}.ts` },
    target: 'node20',
    platform: 'browser',
    onSuccess: async () => writeLicences(),
  },
  {
    // The page of `vmbus guest --display`: one script, and the same HTML as the example in the browser.
    format: 'esm',
    entry: { 'cli/display/main': 'src/browser/display.ts' },
    target: 'es2022',
    platform: 'browser',
    onSuccess: async () => copyFileSync('examples/browser/index.html', 'dist/cli/display/index.html'),
  },
]
