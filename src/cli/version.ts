import { readFileSync } from 'node:fs'

const manifest: { version?: unknown } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

/** The package's version. */
export const packageVersion = String(manifest.version)
