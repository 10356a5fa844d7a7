import { readdirSync } from 'node:fs'

// `npm run soak [-- COUNT [SEED]]`: a million I/Os, frames, … through both ends of each device, with errors, delays and rescinds by a
// seed. Runs every exported `soak…` function of test/soak, prints what came of it, and fails when the heap has grown.

const most = 0.05
const [count = '1000000', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
let isBad = false

for (const file of readdirSync('test/soak').sort()) {
  const exports: Record<string, unknown> = await import(`../test/soak/${file.replace(/\.ts$/, '')}.ts`)
  for (const [name, soak] of Object.entries(exports)) {
    if (!name.startsWith('soak') || typeof soak !== 'function') continue
    console.log(`${name}: ${count}, seed ${seed}`)
    const start = performance.now()
    const { heap, ...outcome }: { heap: readonly [number, number] } = await soak(Number(count), Number(seed))
    const [tenth, end] = heap
    const growth = end / tenth - 1
    const seconds = (performance.now() - start) / 1000
    const sizes = `heap ${(tenth / 1e6).toFixed(1)} MB at a tenth, ${(end / 1e6).toFixed(1)} MB at the end`
    console.log(`  ${JSON.stringify(outcome)}`)
    console.log(`  ${sizes} (${(growth * 100).toFixed(1)} %), ${seconds.toFixed(0)} s`)
    if (!(growth <= most)) isBad = true
  }
}
if (isBad) {
  console.log(`a heap has grown by more than ${most * 100} %`)
  process.exitCode = 1
}
