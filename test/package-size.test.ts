import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { gates } from '../scripts/gates.ts'
import { measureSizes, sizeTable, staleSizes } from '../scripts/sizes.ts'

// Works on the built package: run `npm run build` before.

describe('what an import costs', () => {
  it('the table in the README is right within five percent (npm run sizes)', async () => {
    const stale = staleSizes(readFileSync('README.md', 'utf8'), await measureSizes(), 0.05)
    expect(gates.freshSizes ? stale : []).toEqual([])
  })

  it('a row that is missing or wrong is noticed', () => {
    const size = { what: 'one message', code: "import { A } from 'vmbus'", minified: 10_240, gzipped: 4096 }
    const readme = `<!-- sizes -->\n${sizeTable([size])}\n<!-- /sizes -->`
    expect(staleSizes(readme, [{ ...size, minified: 10_300 }], 0.05)).toEqual([])
    expect(staleSizes(readme, [{ ...size, gzipped: 4600 }], 0.05)).toEqual(['one message'])
    expect(staleSizes('', [size], 0.05)).toEqual(['one message'])
  })
})
