import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { callBlock, callBlockOf, withoutLayout } from '../src/cli/hypercall.ts'
import { hypercallMeanings } from '../src/cli/hypercall-terms.ts'
import { schemasNamed } from '../src/cli/kinds.ts'
import {
  allCalls,
  callNamed,
  cpuidLeaves,
  HvStatus,
  msrs,
  registersOf,
  statusNames,
  tlfsStatusName,
} from '../src/hypercall/index.ts'
import { fromHex } from '../src/trace/hex.ts'
import { format, fromJSON, toHex, toJSON } from '../src/wire/index.ts'

/** What `vmbus explain` says of a term in the hypercall interface, a line each. */
function explained(term: string): string[] {
  const number = /^(0x[0-9a-f]+|\d+)$/.test(term) ? Number(term) : undefined
  return hypercallMeanings(term.toLowerCase(), number).flatMap(({ what, name, detail }) => [
    `${what} ${name}`,
    ...detail,
  ])
}

describe('vmbus explain', () => {
  it.each(allCalls.map((call) => [call.name, call] as const))('%s, by name and by code', (name, call) => {
    const code = `0x${call.code.toString(16)}`
    for (const term of [name, code])
      expect(explained(term).filter((line) => line === `hypercall ${name}`)).toHaveLength(1)
    const lines = explained(name)
    for (const fact of ['privilege', 'caller', 'since', 'statuses', 'source'] as const) {
      if (call[fact] === undefined) expect(lines.join()).toContain(`${fact} not documented`)
    }
    for (const { name: part } of schemasNamed(name)) expect(lines.some((line) => line.includes(part))).toBe(true)
    if (schemasNamed(name).length === 0) expect(lines).toContain(`  ${withoutLayout(call)}`)
  })

  it('every status, MSR, CPUID leaf and register', () => {
    for (const status of statusNames()) {
      const name = tlfsStatusName(status)
      for (const term of [name, `${HvStatus[status]}`]) expect(explained(term)).toContain(`hypercall status ${name}`)
    }
    for (const { name, number } of msrs) {
      for (const term of [name, `${number}`]) expect(explained(term)).toContain(`MSR ${name}`)
    }
    for (const [leaf, { name }] of cpuidLeaves) expect(explained(`${leaf}`)).toContain(`CPUID leaf ${name}`)
    for (const architecture of ['x64', 'arm64'] as const) {
      for (const { name, value } of registersOf(architecture)) {
        for (const term of [name, `${value}`]) expect(explained(term)).toContain(`register ${name}`)
      }
    }
  })

  it('shows the bits of a register, also where only its MSR names them', () => {
    const bits = (name: string) => explained(name).filter((line) => / bit \d/.test(line)).length
    expect(bits('HvRegisterVsmCodePageOffsets')).toBeGreaterThan(1)
    expect(bits('HvRegisterSint3')).toBeGreaterThan(4)
    expect(bits('HvRegisterExplicitSuspend')).toBeGreaterThan(0)
    expect(bits('HvRegisterPrivilegesAndFeaturesInfo')).toBeGreaterThan(40)
    expect(bits('HvRegisterHypervisorVersion')).toBeGreaterThan(3)
    expect(explained('HvArm64RegisterFp')).toEqual(['register HvArm64RegisterFp', '  on arm64'])
  })
})

describe('vmbus layout', () => {
  it('shows header, elements and output of a call', () => {
    const parts = (name: string) => schemasNamed(name).map((schema) => schema.name)
    expect(parts('HvCallGetVpRegisters')).toEqual([
      'HvCallGetVpRegisters',
      'HvCallGetVpRegisters.element',
      'HvCallGetVpRegisters.outputElement',
    ])
    expect(parts('hvcall_map_gpa_pages')).toEqual(['HvCallMapGpaPages', 'HvCallMapGpaPages.element'])
  })

  it('says why a call has nothing to show', () => {
    const why = (name: string) => withoutLayout(named(name))
    expect(why('HvCallPerfNop')).toBe('HvCallPerfNop: layout not documented')
    expect(why('HvCallReserved0098')).toBe('HvCallReserved0098 is reserved: no call')
    expect(why('HvCallVtlReturn')).toBe('HvCallVtlReturn has neither input nor output')
  })
})

function named(name: string) {
  const call = callNamed(name)
  if (call === undefined) throw new Error(`no call ${name}`)
  return call
}

describe('vmbus decode hypercall and encode', () => {
  it('print what the docs show', () => {
    const docs = readFileSync(new URL('../docs/hypercalls.md', import.meta.url), 'utf8')
    const [, hex = '', shown] = /^\$ npx vmbus decode hypercall ([0-9a-f]+)\n([^`]*)```/m.exec(docs) ?? []
    const bytes = fromHex(hex)
    expect(`${format(callBlockOf(bytes), bytes).join('\n')}\n`).toBe(shown)
  })

  it.each(allCalls.map((call) => [call.name, call] as const))('%s: the same bytes again', (_name, call) => {
    const schema = callBlock(call)
    const bytes = new Uint8Array(schema.size + 2 * (call.element?.size ?? 0) + (call.layout === 'unknown' ? 16 : 0))
    new DataView(bytes.buffer).setUint16(0, call.code, true)
    const json = JSON.parse(JSON.stringify(toJSON(schema, schema.decode(bytes))))
    expect(toHex(schema.encode(fromJSON(schema, json)))).toBe(toHex(bytes))
  })
})
