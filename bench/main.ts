import { readdirSync } from 'node:fs'
import type { Result, Suite } from './result.ts'

// `npm run bench`: runs every exported `bench…` function of the files here, prints the ratios, fails when one is above
// its limit. A function that misses a limit runs again, up to three times in all; its best ratios count.

const attempts = 3

async function suites(): Promise<[name: string, suite: Suite][]> {
  const found: [string, Suite][] = []
  for (const file of readdirSync('bench').sort()) {
    const name = file.replace(/\.ts$/, '')
    if (name === 'main' || name === file) continue
    const exports: Record<string, unknown> = await import(`./${name}.ts`)
    for (const [key, value] of Object.entries(exports)) {
      if (key.startsWith('bench') && typeof value === 'function') found.push([`${name}.${key}`, () => value()])
    }
  }
  return found
}

async function best(suite: Suite): Promise<Result[]> {
  let results = await suite()
  for (let attempt = 1; attempt < attempts && results.some(missed); attempt++) {
    const again = new Map((await suite()).map((result) => [result.name, result]))
    results = results.map((result) => {
      const other = again.get(result.name) ?? result
      return other.ratio < result.ratio ? other : result
    })
  }
  return results
}

function missed({ ratio, limit }: Result): boolean {
  return limit !== undefined && !(ratio <= limit)
}

function line(result: Result): string {
  const limit = result.limit === undefined ? '' : `at most ${result.limit.toFixed(2)}`
  return `${result.name.padEnd(56)} ${result.ratio.toFixed(2).padStart(8)}  ${limit.padEnd(14)} ${missed(result) ? 'MISSED' : ''}`
}

async function main(): Promise<void> {
  const all: Result[] = []
  for (const [name, suite] of await suites()) {
    console.log(`\n${name}`)
    const results = await best(suite)
    for (const result of results) console.log(line(result).trimEnd())
    all.push(...results)
  }
  const misses = all.filter(missed).length
  console.log(`\n${all.length} ratios, ${misses} above their limit`)
  if (misses > 0) process.exitCode = 1
}

void main()
