import { describe, expect, it } from 'vitest'
import { behaviours, coverageOf, isInForce, problems, rejects, renderCoverage } from '../scripts/coverage.ts'
import { protocolGroups, protocolRejects } from '../scripts/gates.ts'

const run = (...tests: readonly [status: string, fullName: string][]) =>
  coverageOf({
    testResults: [
      {
        name: `${process.cwd()}/test/a.test.ts`,
        assertionResults: tests.map(([status, fullName]) => ({ status, fullName })),
      },
    ],
  })
const off = { behaviours: [], rejects: [] }

describe('the lists of behaviours and of bad input', () => {
  it('number the behaviours from 1 to 248 without a gap', () => {
    expect(behaviours().map(({ tag }) => tag)).toEqual(Array.from({ length: 248 }, (_, index) => `B${index + 1}`))
  })

  it('give each bad input an id of its own', () => {
    const ids = rejects().map(({ tag }) => tag)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toHaveLength(271)
  })

  it('contain everything that the gates name', () => {
    const groups = new Set(behaviours().map(({ section }) => Number.parseInt(section, 10)))
    expect(protocolGroups.filter((group) => !groups.has(group))).toEqual([])
    const ids = rejects().map(({ tag }) => tag)
    const named = (name: string) => ids.some((id) => id === name || id.startsWith(`${name}-`))
    expect(protocolRejects.filter((name) => !named(name))).toEqual([])
  })

  it('are in force where a gate says so: M and S of a group, an id, all ids of a prefix', () => {
    const gates = { behaviours: [1], rejects: ['PI', 'KB-02'] }
    const inForce = [...behaviours(), ...rejects()].filter((item) => isInForce(item, gates)).map(({ tag }) => tag)
    const group1 = Array.from({ length: 25 }, (_, index) => `B${index + 1}`) // 26 is a C
    expect(inForce).toEqual([...group1, 'PI-01', 'PI-02', 'PI-04', 'PI-05', 'PI-07', 'KB-02'])
  })
})

describe('what a test run covers', () => {
  it('is named in the titles of the tests that passed, several tags to a title', () => {
    const coverage = run(['passed', 'server [B1] [RB-04] answers'], ['failed', '[B2] fails'], ['passed', 'untagged'])
    const test = 'test/a.test.ts › server answers'
    expect([...coverage]).toEqual([
      ['B1', [test]],
      ['RB-04', [test]],
    ])
  })

  it('is a problem where an item in force has no passing test', () => {
    const gates = { behaviours: [], rejects: ['KB-02'] }
    expect(problems(run(['failed', '[KB-02] queued']), gates)).toEqual([
      '[KB-02] has no passing test: Keystroke before negotiation',
    ])
    expect(problems(run(['passed', '[KB-02] queued']), gates)).toEqual([])
  })

  it('is a problem where a title names what does not exist', () => {
    expect(problems(run(['passed', '[B249] x'], ['passed', '[RB-99] y']), off)).toEqual([
      '[B249] does not exist: test/a.test.ts › x',
      '[RB-99] does not exist: test/a.test.ts › y',
    ])
  })

  it('becomes a table that shows three tests and counts the rest', () => {
    const table = renderCoverage(
      run(...['a', 'b', 'c', 'd', 'e'].map((name): [string, string] => ['passed', `[B3] ${name}`])),
    )
    const names = ['a', 'b', 'c'].map((name) => `test/a.test.ts › ${name}`)
    expect(table).toContain(`| ${names.join('<br>')}<br>and 2 more |`)
    expect(table).toContain('## Behaviours: 1 of 248')
  })
})
