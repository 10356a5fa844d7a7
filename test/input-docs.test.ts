import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { main } from '../examples/input.ts'

const file = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** An example as a user of the package would write it. */
function asUser(source: string): string {
  return source.replace("'../src/index.ts'", "'vmbus'").replace(/'\.\.\/src\/([\w/-]+)\.ts'/g, "'vmbus/$1'")
}

describe('the page about input', () => {
  it('has an example that runs', async () => {
    expect(await main()).toEqual([
      'waits for a frame',
      ...['down 2a', 'down 23', 'up 23', 'up 2a', 'down 17', 'up 17', 'down 1c', 'up 1c'],
      ...['3216,8554 buttons 0', '3216,8554 buttons 1', '3216,8554 buttons 0'],
    ])
  })

  it('has it as it is', () => {
    expect(file('docs/input.md')).toContain(asUser(file('examples/input.ts')))
  })
})
