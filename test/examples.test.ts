import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { main as hypercall } from '../examples/hypercall.ts'
import { main as network } from '../examples/network.ts'
import { main as partition } from '../examples/partition.ts'
import { main as storage } from '../examples/storage.ts'
import { main as thermometer } from '../examples/thermometer.ts'

const file = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

/** An example as a user of the package would write it. */
function asUser(source: string): string {
  return source.replaceAll("'../src/index.ts'", "'vmbus'").replace(/'\.\.\/src\/(\w+)\/index\.ts'/g, "'vmbus/$1'")
}

/** The text of one class. */
function classIn(source: string, name: string): string {
  const match = new RegExp(`^export class ${name} [^]*?^}$`, 'm').exec(source)
  return match?.[0] ?? ''
}

describe('examples', () => {
  it('thermometer: a device of one’s own', async () => {
    expect(await thermometer()).toEqual(['it is 20000', 'alarm at 31000'])
  })

  it('hypercall: handlers in a few lines, called in registers and memory', () => {
    expect(hypercall()).toEqual(['partition 5', 'status 0', 'signalled 8193'])
  })

  it('network: a back end of one’s own, in 20 lines, as README and docs have it', async () => {
    expect(await network()).toBe('HELLO')
    const text = classIn(file('examples/network.ts'), 'ShoutingPeer')
    expect(text.split('\n').length).toBeLessThanOrEqual(20)
    expect(file('docs/network.md')).toContain(text)
    expect(file('README.md')).toContain(text)
  })

  it('storage: a disk of one’s own, in 30 lines, as README and docs have it', async () => {
    expect(await storage()).toEqual(['ack a dull boy. ', 'read of 1 blocks at 7: MediumError, UnrecoveredReadError'])
    const text = classIn(file('examples/storage.ts'), 'WebDisk')
    expect(text.split('\n').length).toBeLessThanOrEqual(30)
    expect(file('docs/storage.md')).toContain(text)
    expect(file('README.md')).toContain(text)
  })

  it('partition: a root makes a child by hypercalls', () => {
    expect(partition()).toEqual([
      'HvCallCreatePartition 0',
      'HvCallDepositMemory 0',
      'HvCallSetPartitionProperty 0',
      'HvCallInitializePartition 0',
      'HvCallMapGpaPages 0',
      'HvCallCreateVp 0',
      'HvCallSetVpRegisters 0',
      'root reads 42',
      'child is intercepted',
    ])
  })

  for (const [example, page] of [
    ['thermometer', 'other-end'],
    ['hypercall', 'hypercalls'],
    ['partition', 'hypercalls'],
  ] as const) {
    it(`${example} stands in the docs as it is`, () => {
      expect(file(`docs/${page}.md`)).toContain(asUser(file(`examples/${example}.ts`)))
    })
  }

  for (const [path, name] of [
    ['src/vsp/echo.ts', 'EchoVsp'],
    ['src/vsc/echo.ts', 'EchoVsc'],
  ] as const) {
    it(`${name} stands in the README, and is at most 15 lines`, () => {
      const text = classIn(file(path), name)
      expect(text.split('\n').length).toBeLessThanOrEqual(15)
      expect(file('README.md')).toContain(text)
    })
  }
})
