import { readFileSync, writeFileSync } from 'node:fs'
import { packageExports } from './entries.ts'

// Brings `exports` of package.json in line with the entry points found in `src`. Part of the build.

const before = readFileSync('package.json', 'utf8')
const after = `${JSON.stringify({ ...JSON.parse(before), exports: packageExports() }, null, 2)}\n`
if (after !== before) writeFileSync('package.json', after)
