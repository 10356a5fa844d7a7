import { readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { entries } from './entries.ts'

// What an import costs: the table in README.md, measured on the built package. `npm run sizes` writes it.

/** One row: what it is, and the names that a user's tool imports from an entry of the package (`*`: all of it). */
interface Import {
  readonly what: string
  readonly names: string
  readonly entry: string
}

const imports: readonly Import[] = [
  { what: 'one control message', names: 'OfferChannel', entry: './protocol' },
  { what: 'the ring', names: 'RingReader, RingWriter', entry: './protocol' },
  { what: 'the host side of the connection', names: 'VmbusServer', entry: './protocol' },
  { what: 'the bus, both ends', names: 'createBus', entry: '.' },
  { what: 'the whole protocol', names: '*', entry: './protocol' },
]

/** A row of the table: sizes in bytes, runtime dependencies included. */
export interface Size {
  readonly what: string
  readonly code: string
  readonly minified: number
  readonly gzipped: number
}

async function measure({ what, names, entry }: Import): Promise<Size | undefined> {
  const file = entries().find(({ subpath }) => subpath === entry)?.name
  const list = names === '*' ? '*' : `{ ${names} }`
  const result = await build({
    stdin: { contents: `export ${list} from './dist/${file}.js'`, resolveDir: '.' },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    external: ['fast-check'],
    logLevel: 'silent',
  }).catch((error: unknown) => {
    if (/No matching export|Could not resolve/.test(String(error))) return undefined // not built yet
    throw error
  })
  const bytes = result?.outputFiles[0]?.contents
  if (bytes === undefined) return undefined
  const code = `import ${names === '*' ? '* as protocol' : list} from '${entry.replace('.', 'vmbus')}'`
  return { what, code, minified: bytes.length, gzipped: gzipSync(bytes).length }
}

/** Measures every import whose names exist in the built package. */
export async function measureSizes(): Promise<Size[]> {
  const sizes = await Promise.all(imports.map(measure))
  return sizes.filter((size) => size !== undefined)
}

const kilobytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`

/** The table as it stands in README.md. */
export function sizeTable(sizes: readonly Size[]): string {
  const rows = sizes.map(
    ({ what, code, minified, gzipped }) => `| ${what} | \`${code}\` | ${kilobytes(minified)} | ${kilobytes(gzipped)} |`,
  )
  return ['| what | import | minified | gzipped |', '|---|---|---|---|', ...rows].join('\n')
}

const marked = /(<!-- sizes -->\n)([\s\S]*)(<!-- \/sizes -->)/

/** The rows of README.md that differ from `sizes` by more than `tolerance` (0.05: five percent), or are missing. */
export function staleSizes(readme: string, sizes: readonly Size[], tolerance: number): string[] {
  const table = marked.exec(readme)?.[2] ?? ''
  return sizes
    .filter(({ what, minified, gzipped }) => {
      const row = table.split('\n').find((line) => line.startsWith(`| ${what} |`)) ?? ''
      const written = [...row.matchAll(/([\d.]+) KB/g)].map(([, value]) => Number(value) * 1024)
      return [minified, gzipped].some((bytes, at) => !(Math.abs((written[at] ?? 0) - bytes) <= bytes * tolerance + 52))
    })
    .map(({ what }) => what)
}

if (process.argv.includes('--write')) {
  const table = sizeTable(await measureSizes())
  const readme = readFileSync('README.md', 'utf8')
  writeFileSync(
    'README.md',
    readme.replace(marked, (_, start, _old, end) => `${start}${table}\n${end}`),
  )
  console.log(table)
}
