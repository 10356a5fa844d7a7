// Prints `N passed, N failed` from vitest's JSON report. A file that failed outside its tests (it did not load) counts as one.
import { existsSync, readFileSync } from 'node:fs'

const report = 'coverage/tests.json'
let passed = 0
let failed = 0
if (existsSync(report)) {
  for (const { status, assertionResults } of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const count = (outcome) => assertionResults.filter((test) => test.status === outcome).length
    passed += count('passed')
    failed += count('failed') || (status === 'failed' ? 1 : 0)
  }
}
console.log(`${passed} passed, ${failed} failed`)
