import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { behaviours, coverageOf, problems, rejects, renderCoverage, summary } from './coverage.ts'
import { gates } from './gates.ts'

// Which test covers which behaviour and which bad input. Reads the report of the last whole test run and writes
// docs/coverage.md (--write) or checks it (--check), and checks the gates either way.

const path = 'docs/coverage.md'
const coverage = coverageOf(JSON.parse(readFileSync('coverage/tests.json', 'utf8')))
const table = renderCoverage(coverage)

if (process.argv.includes('--write')) writeFileSync(path, table)
const found = problems(coverage, gates)
const stale = !existsSync(path) || readFileSync(path, 'utf8') !== table
if (gates.freshTable && stale) found.push(`${path} is stale: npm run coverage:update`)

for (const problem of found) console.error(problem)
console.log(`behaviours ${summary(behaviours(), coverage)}, bad input ${summary(rejects(), coverage)} covered by tests`)
if (found.length > 0) process.exitCode = 1
