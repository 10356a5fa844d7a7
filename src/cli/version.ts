import { readFileSync } from 'node:fs'

/** The package's version, from the package.json above this file, wherever it was built to. */
export function packageVersion(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const manifest = readManifest(new URL('package.json', folder))
    if (manifest?.name === 'vmbus') return String(manifest.version)
    if (folder.pathname === '/') throw new Error('the package has no package.json')
  }
}

function readManifest(file: URL): { readonly name?: unknown; readonly version?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}
