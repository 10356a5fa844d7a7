/**
 * Writes the types of the package: beside each module of `dist` its declarations, for ESM (`.d.ts`) and CommonJS (`.d.cts`). The compiler writes
 * them module by module, as the modules are built; bundling them by entry took ten minutes and gigabytes.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// Without what the compiler remembers of an earlier run: `dist` has been emptied since.
rmSync('node_modules/.cache/declarations.tsbuildinfo', { force: true })
execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.declarations.json'], { stdio: 'inherit' })

/** A relative import of a source file: what stands before its suffix, and the quote behind it. */
const relativeImport = /((?:from |import |import\()(["'])\.{1,2}\/[^"']*)\.ts(?=\2)/g

for (const file of readdirSync('dist', { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.d.ts')) continue
  const path = join('dist', file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(path, text.replace(relativeImport, '$1.js'))
  writeFileSync(path.replace(/\.ts$/, '.cts'), text.replace(relativeImport, '$1.cjs'))
}
