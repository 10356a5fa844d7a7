import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { gates } from './gates.ts'

// Which test covers which behaviour and which bad input: reads the titles of the tests that passed in the last run
// (`[B48]`, `[RB-04]`) from vitest's JSON report and writes docs/coverage.md (--write), or checks it and the gates (--check).

const report = 'coverage/tests.json'
const table = 'docs/coverage.md'
const testsShown = 3

/** An entry of behaviours.json or rejects.json, as the table shows it. */
interface Item {
  readonly tag: string
  readonly section: string
  readonly text: string
  readonly mark: string
  readonly inForce: boolean
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function behaviours(): Item[] {
  const rows: { number: number; class: string; group: string; text: string }[] = readJson(
    'test/fixtures/behaviours.json',
  ).behaviours
  return rows.map((row) => ({
    tag: `B${row.number}`,
    section: row.group,
    text: row.text,
    mark: row.class,
    inForce: /[MS]/.test(row.class) && gates.behaviours.includes(Number.parseInt(row.group, 10)),
  }))
}

function rejects(): Item[] {
  const rows: { id: string; section: string; input: string; expected: string }[] =
    readJson('test/fixtures/rejects.json').rejects
  return rows.map(({ id, section, input, expected }) => ({
    tag: id,
    section,
    text: input,
    mark: expected,
    inForce: gates.rejects.includes(id) || gates.rejects.includes(id.slice(0, 2)),
  }))
}

/** Tags of the tests that passed, each with `file › title` of its tests. */
function passedTests(): Map<string, string[]> {
  const files: { name: string; assertionResults: { status: string; fullName: string }[] }[] =
    readJson(report).testResults
  const byTag = new Map<string, string[]>()
  for (const { name, assertionResults } of files) {
    for (const { status, fullName } of assertionResults) {
      if (status !== 'passed') continue
      const title = fullName
        .replace(/\[(B\d+|[A-Z]{2}-\d+)\]/g, '')
        .replace(/\s+/g, ' ')
        .trim()
      for (const [, tag = ''] of fullName.matchAll(/\[(B\d+|[A-Z]{2}-\d+)\]/g)) {
        const tests = byTag.get(tag) ?? []
        tests.push(`${relative('.', name)} › ${title}`)
        byTag.set(tag, tests)
      }
    }
  }
  return byTag
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, text.lastIndexOf(' ', length))} …`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function rows(items: readonly Item[], tests: Map<string, string[]>): string[] {
  const lines: string[] = []
  let section = ''
  for (const item of items) {
    if (item.section !== section) {
      section = item.section
      lines.push('', `### ${section}`, '', '| | | case | tests |', '|---|---|---|---|')
    }
    const all = [...new Set(tests.get(item.tag))].sort()
    const more = all.length > testsShown ? `<br>and ${all.length - testsShown} more` : ''
    const shown = all.slice(0, testsShown).map((test) => cell(shorten(test, 160)))
    lines.push(
      `| ${item.tag} | ${cell(shorten(item.mark, 60))} | ${cell(shorten(item.text, 110))} | ${shown.join('<br>')}${more} |`,
    )
  }
  return lines
}

function summary(items: readonly Item[], tests: Map<string, string[]>): string {
  return `${items.filter(({ tag }) => tests.has(tag)).length} of ${items.length}`
}

function render(tests: Map<string, string[]>): string {
  return [
    '# Which test covers what',
    '',
    'Generated from a test run by `npm run coverage:update`; do not edit. The entries stand in full in',
    '`test/fixtures/behaviours.json` and `test/fixtures/rejects.json`; a test names those it covers in its title.',
    '',
    `## Behaviours: ${summary(behaviours(), tests)}`,
    '',
    'M must, S should, C choice of the implementation, Q quirk of a peer that is tolerated.',
    ...rows(behaviours(), tests),
    '',
    `## Bad input: ${summary(rejects(), tests)}`,
    ...rows(rejects(), tests),
    '',
  ].join('\n')
}

function problems(tests: Map<string, string[]>): string[] {
  const items = [...behaviours(), ...rejects()]
  const known = new Set(items.map(({ tag }) => tag))
  const unknown = [...tests]
    .filter(([tag]) => !known.has(tag))
    .map(([tag, [test]]) => `[${tag}] does not exist: ${test}`)
  const missing = items
    .filter((item) => item.inForce && !tests.has(item.tag))
    .map((item) => `[${item.tag}] has no passing test: ${shorten(item.text, 100)}`)
  const stale = gates.freshTable && (!existsSync(table) || readFileSync(table, 'utf8') !== render(tests))
  return [...unknown, ...missing, ...(stale ? [`${table} is stale: npm run coverage:update`] : [])]
}

const tests = passedTests()
if (process.argv.includes('--write')) writeFileSync(table, render(tests))
const found = problems(tests)
for (const problem of found) console.error(problem)
console.log(`behaviours ${summary(behaviours(), tests)}, bad input ${summary(rejects(), tests)} covered by tests`)
if (found.length > 0) process.exitCode = 1
