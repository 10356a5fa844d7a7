import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { main as backup } from '../examples/backup.ts'
import { main as fileCopy } from '../examples/file-copy.ts'
import { main as kvp } from '../examples/kvp.ts'

const file = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** An example as a user of the package would write it. */
function asUser(source: string): string {
  return source
    .replace("'../src/index.ts'", "'vmbus'")
    .replaceAll('/index.ts', '.ts')
    .replace(/'\.\.\/src\/([\w/-]+)\.ts'/g, "'vmbus/$1'")
}

describe('the page about integration components', () => {
  it('has an example of pairs that runs', async () => {
    expect(await kvp()).toEqual(['OSName is Example', 'OSVersion is 1.0', 'the guest has blue'])
  })

  it('has an example of a backup that runs', async () => {
    expect(await backup()).toEqual([
      'the guest writes what it has in memory, and stops',
      'the host copies the disk',
      'the guest goes on',
    ])
  })

  it('has an example of a file that runs', async () => {
    expect(await fileCopy()).toBe('hello')
  })

  it.each(['kvp', 'backup', 'file-copy'])('has %s as it is', (name) => {
    expect(file('docs/integration-components.md')).toContain(asUser(file(`examples/${name}.ts`)))
  })
})
