import { readFileSync } from 'node:fs'
import { decode } from 'fast-png'
import { describe, expect, it } from 'vitest'
import { main } from '../examples/screen.ts'

const file = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** An example as a user of the package would write it. */
function asUser(source: string): string {
  return source.replace("'../src/index.ts'", "'vmbus'").replace(/'\.\.\/src\/([\w/]+)\/index\.ts'/g, "'vmbus/$1'")
}

describe('the page about graphics', () => {
  it('has an example that runs: the root sees what the child draws', async () => {
    const { png, regions } = await main()
    const { width, height, data } = decode(png)
    expect([width, height, regions]).toEqual([320, 200, 3])
    expect([...data.subarray(0, 3)]).toEqual([0x1e, 0x3a, 0x8a])
    // The first letter's stem.
    expect([...data.subarray(4 * (24 * 320 + 20), 4 * (24 * 320 + 20) + 3)]).toEqual([255, 255, 255])
  })

  it('has it as it is', () => {
    expect(file('docs/graphics.md')).toContain(asUser(file('examples/screen.ts')))
  })
})
