import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LinuxGuest } from '../../src/guest/index.ts'
import { hypercallLoop } from './bare-program.ts'
import { isShort } from './with-guest.ts'

describe.skipIf(isShort)('a guest that is no Linux', () => {
  it('boots as a raw image, makes its hypercalls, and ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vmbus-bare-'))
    const file = join(folder, 'image')
    writeFileSync(file, hypercallLoop(3))
    try {
      const results: bigint[][] = []
      await using guest = await LinuxGuest.boot({
        kernel: { file },
        onHypercall: (_vp, registers, when) => {
          const view = new DataView(registers.buffer, registers.byteOffset, registers.byteLength)
          if (when === 'answered') results.push([view.getBigUint64(0, true), view.getBigUint64(6 * 8, true)])
        },
      })
      expect(await guest.exited).toBe(0)
      // One register done, status 0; in X6 stays the guest OS id, then is the index.
      const done = 1n << 32n
      expect(results).toEqual([
        [done, 1n],
        [done, 0n],
        [done, 0n],
        [done, 0n],
      ])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
