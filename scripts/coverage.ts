import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

/** A numbered behaviour or a bad input: what a test can cover by naming its tag in its title. */
export interface Item {
  /** `B48`, `RB-04`. */
  readonly tag: string
  readonly section: string
  /** Class of a behaviour (M, S, C, Q), or what is expected of a bad input. */
  readonly mark: string
  readonly text: string
}

/** What must be covered; see gates.ts. */
export interface Gates {
  readonly behaviours: readonly number[]
  readonly rejects: readonly string[]
}

/** The part of vitest's JSON report that is read here. */
export interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** Tags, each with the passing tests (`file › title`) that name it. */
export type Coverage = ReadonlyMap<string, readonly string[]>

const tagPattern = /\[(B\d+|[A-Z]{2}-\d+)\]/g
const testsShown = 3

/** The 248 behaviours of test/fixtures/behaviours.json. */
export function behaviours(): Item[] {
  const rows: { number: number; class: string; group: string; text: string }[] = JSON.parse(
    readFileSync('test/fixtures/behaviours.json', 'utf8'),
  ).behaviours
  return rows.map((row) => ({ tag: `B${row.number}`, section: row.group, mark: row.class, text: row.text }))
}

/** The bad inputs, and those that must be accepted, of test/fixtures/rejects.json. */
export function rejects(): Item[] {
  const rows: { id: string; section: string; input: string; expected: string }[] = JSON.parse(
    readFileSync('test/fixtures/rejects.json', 'utf8'),
  ).rejects
  return rows.map((row) => ({ tag: row.id, section: row.section, mark: row.expected, text: row.input }))
}

/** Which tags the passing tests of a run name. */
export function coverageOf(report: Report): Coverage {
  const coverage = new Map<string, string[]>()
  for (const { name, assertionResults } of report.testResults) {
    for (const { status, fullName } of assertionResults) {
      if (status !== 'passed') continue
      const test = `${relative('.', name)} › ${fullName.replace(tagPattern, '').replace(/\s+/g, ' ').trim()}`
      for (const [, tag = ''] of fullName.matchAll(tagPattern)) {
        coverage.set(tag, [...new Set([...(coverage.get(tag) ?? []), test])].sort())
      }
    }
  }
  return coverage
}

/** What is wrong with a run: tags that do not exist, and items in force that no passing test names. */
export function problems(coverage: Coverage, gates: Gates): string[] {
  const items = [...behaviours(), ...rejects()]
  const known = new Set(items.map(({ tag }) => tag))
  const unknown = [...coverage].filter(([tag]) => !known.has(tag))
  const missing = items.filter((item) => isInForce(item, gates) && !coverage.has(item.tag))
  return [
    ...unknown.map(([tag, [test]]) => `[${tag}] does not exist: ${test}`),
    ...missing.map(({ tag, text }) => `[${tag}] has no passing test: ${shorten(text, 100)}`),
  ]
}

/** Whether a gate asks for this item: an M or S of a listed group, a listed id, or an id with a listed prefix. */
export function isInForce({ tag, section, mark }: Item, gates: Gates): boolean {
  if (tag.startsWith('B') && !tag.includes('-')) {
    return (mark === 'M' || mark === 'S') && gates.behaviours.includes(Number.parseInt(section, 10))
  }
  return gates.rejects.includes(tag) || gates.rejects.includes(tag.slice(0, 2))
}

/** `12 of 248`. */
export function summary(items: readonly Item[], coverage: Coverage): string {
  return `${items.filter(({ tag }) => coverage.has(tag)).length} of ${items.length}`
}

/** docs/coverage.md. */
export function renderCoverage(coverage: Coverage): string {
  return [
    '# Which test covers what',
    '',
    'Generated from a test run by `npm run coverage:update`; do not edit. The entries stand in full in',
    '`test/fixtures/behaviours.json` and `test/fixtures/rejects.json`; a test names those it covers in its title.',
    '',
    `## Behaviours: ${summary(behaviours(), coverage)}`,
    '',
    'M must, S should, C choice of the implementation, Q quirk of a peer that is tolerated.',
    ...tables(behaviours(), coverage, 'class'),
    '',
    `## Bad input: ${summary(rejects(), coverage)}`,
    ...tables(rejects(), coverage, 'expected'),
    '',
  ].join('\n')
}

function tables(items: readonly Item[], coverage: Coverage, mark: string): string[] {
  return [...new Set(items.map(({ section }) => section))].flatMap((section) => [
    '',
    `### ${section}`,
    '',
    `| | ${mark} | case | tests |`,
    '|---|---|---|---|',
    ...items.filter((item) => item.section === section).map((item) => row(item, coverage.get(item.tag) ?? [])),
  ])
}

function row({ tag, mark, text }: Item, tests: readonly string[]): string {
  const shown = tests.slice(0, testsShown).map((test) => cell(test, 160))
  const more = tests.length > testsShown ? [`and ${tests.length - testsShown} more`] : []
  return `| ${tag} | ${cell(mark, 60)} | ${cell(text, 110)} | ${[...shown, ...more].join('<br>')} |`
}

function cell(text: string, length: number): string {
  return shorten(text, length).replaceAll('|', '\\|').replaceAll('<', '&lt;')
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, text.lastIndexOf(' ', length))} …`
}
