import assert from 'node:assert/strict'
import { describe, expect, it } from 'vitest'
import { injectFaults, MemoryTransport, Pump } from '../src/channels/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { type TestApi, transportSuite, vscSuite, vspSuite } from '../src/testing/index.ts'
import { recordEnds, TranscriptRecorder } from '../src/trace/index.ts'
import { EchoVsc } from '../src/vsc/echo.ts'
import { KeyboardVsc } from '../src/vsc/keyboard.ts'
import { EchoVsp } from '../src/vsp/echo.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'

const api: TestApi = { describe, it, expect }

/** The test functions of `node:test` have no `expect`. */
const withAssert: TestApi = {
  describe,
  it,
  expect: (actual) => ({
    toBe: (expected) => assert.strictEqual(actual, expected),
    toEqual: (expected) => assert.deepStrictEqual(actual, expected),
  }),
}

function memoryTransport(pump = new Pump()) {
  const ends = new MemoryTransport(new BufferMemory(new ArrayBuffer(0x1_0000)), pump)
  return { ends, pump, settle: () => void pump.settle() }
}

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

describe('the memory transport', () => transportSuite(api, () => memoryTransport()))

describe('the memory transport, scheduled, by node:assert', () => {
  transportSuite(withAssert, () => memoryTransport(new Pump({ scheduling: 'scheduled', seed: 3 })))
})

describe('a recorded transport', () => {
  transportSuite(api, () => {
    const transport = memoryTransport()
    return { ...transport, ends: recordEnds(transport.ends, new TranscriptRecorder(() => 0)) }
  })
})

describe('a faulty transport without faults', () => {
  transportSuite(api, () => {
    const { ends, pump, settle } = memoryTransport()
    return { settle, ends: injectFaults(ends, pump, { rules: [] }) }
  })
})

describe('EchoVsp', () => {
  const requests = [hex('01'), new Uint8Array(0), new Uint8Array(1000).fill(7)]
  vspSuite(api, { make: () => new EchoVsp(), requests })
})

describe('EchoVsc', () => {
  vscSuite(api, { make: () => new EchoVsc(), host: () => new EchoVsp(), use: (driver) => driver.echo('hello') })
})

describe('[B211] KeyboardVsp', () => {
  vspSuite(api, {
    make: () => new KeyboardVsp(),
    driver: () => new KeyboardVsc(),
    garbage: [
      hex(''),
      hex('01000000'),
      hex('0500000000000000'),
      hex('0100000000000100'),
      hex('030000001e00000000000000'),
    ],
  })
})

describe('[B210][B211] KeyboardVsc', () => {
  vscSuite(api, {
    make: () => new KeyboardVsc(),
    host: () => new KeyboardVsp(),
    garbage: [hex(''), hex('03000000'), hex('0200000001000000'), hex('0100000000000100'), hex('ffffffff00000000')],
  })
})
