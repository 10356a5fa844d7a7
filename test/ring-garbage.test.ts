import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'

/** Runs alone in a process of its own, so that nobody else's garbage is counted. */
const program = `
import { PerformanceObserver } from 'node:perf_hooks'
import { BufferMemory } from './src/memory/index.ts'
import { RingReader, RingWriter } from './src/vmbus/ring/index.ts'

const memory = new BufferMemory(new (process.env.SHARED === '1' ? SharedArrayBuffer : ArrayBuffer)(4096 + 65536))
const writer = new RingWriter(memory, 0, 4096 + 65536)
const reader = new RingReader(memory, 0, 4096 + 65536)
const payload = Uint8Array.from({ length: 64 }, (_, i) => i)

function run(packets) {
  let sum = 0
  for (let i = 0; i < packets; i++) {
    // Ids of all 32 bits, handed over as signed numbers: the engine boxes larger ones at a call.
    if (writer.write(6, 1, (0xffff0000 + (i & 0xffff)) | 0, i, payload).status !== 'written') throw new Error('not written')
    if (reader.next() !== 'packet') throw new Error('not read')
    const { packet } = reader
    sum = (sum + packet.transactionIdLow + packet.transactionIdHigh + packet.bytes[packet.payloadOffset + 63]) % 1000003
    if (i % 8 === 7) reader.commit()
  }
  return sum
}

// In short runs, so that what is optimized is the function and not one long loop of it.
function million() {
  let sum = 0
  for (let i = 0; i < 1000; i++) sum ^= run(1000)
  return sum
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
million()
million()
let collections = 0
const observer = new PerformanceObserver((list) => { collections += list.getEntries().length })
globalThis.gc()
await turn()
observer.observe({ entryTypes: ['gc'] })
await turn()
collections = 0
const before = process.memoryUsage().heapUsed
const sum = million()
const growth = process.memoryUsage().heapUsed - before
await turn()
await turn()
console.log(JSON.stringify({ collections, growth, sum }))
`

describe.each([
  ['ArrayBuffer', '0'],
  ['SharedArrayBuffer', '1'],
])('a million 64-byte packets on %s', (_kind, shared) => {
  it('are written and read in place without garbage', { timeout: 60_000 }, async () => {
    const root = fileURLToPath(new URL('..', import.meta.url))
    const bundle = await build({
      stdin: { contents: program, resolveDir: root },
      bundle: true,
      format: 'esm',
      platform: 'node',
      write: false,
      logLevel: 'error',
    })
    const child = spawnSync(process.execPath, ['--expose-gc', '--input-type=module'], {
      input: bundle.outputFiles[0]?.text ?? '',
      env: { ...process.env, NODE_OPTIONS: '', SHARED: shared },
      encoding: 'utf8',
    })
    expect(child.stderr).toBe('')
    const result: { collections: number; growth: number } = JSON.parse(child.stdout)
    expect(result.collections).toBe(0)
    expect(result.growth).toBeLessThan(1_000_000)
  })
})
