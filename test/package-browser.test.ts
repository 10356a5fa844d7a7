import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { entries, nodeOnly } from '../scripts/entries.ts'

// Works on the built package: run `npm run build` before.

/** Globals of Node that no browser has: esbuild puts the second name where the first is meant and not declared. */
const nodeGlobals = { Buffer: 'NODE_Buffer', process: 'NODE_process', __dirname: 'NODE_dirname', global: 'NODE_global' }

/** Bundles JavaScript for a browser, as a user's tool would. Fails on any Node built-in; the optional peer stays outside. */
async function bundleForBrowser(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: '.' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    external: ['fast-check'],
    define: nodeGlobals,
    logLevel: 'silent',
  })
  return outputFiles.map(({ text }) => text).join('\n')
}

const inBrowser = entries().filter(({ subpath }) => !nodeOnly.has(subpath))

describe('in a browser', () => {
  it.each(inBrowser)('$subpath uses no Node built-in and no global of Node', async ({ name }) => {
    const bundle = await bundleForBrowser(`export * from './dist/${name}.js'`)
    expect(bundle.match(/\bNODE_\w+/g)).toBeNull()
  })

  it('the check sees a built-in and a global', async () => {
    await expect(bundleForBrowser("import 'node:fs'")).rejects.toThrow('Could not resolve "node:fs"')
    expect(await bundleForBrowser('console.log(Buffer.from([1]))')).toContain('NODE_Buffer')
  })
})
