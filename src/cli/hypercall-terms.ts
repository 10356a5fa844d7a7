import {
  allCalls,
  cpuidLeaves,
  HvStatus,
  type HypercallDefinition,
  isStatusName,
  msrs,
  namesOfCall,
  type RegisterArchitecture,
  registersOf,
  schemasOfCall,
  tlfsStatusName,
} from '../hypercall/index.ts'
import { allSchemas } from '../schemas.ts'
import { layoutOf, type StructSchema } from '../wire/index.ts'
import { notDocumented, withoutLayout } from './hypercall.ts'
import { layoutLines } from './layout.ts'
import type { Meaning } from './meaning.ts'

/** What a word or number means in the hypercall interface: a call, a status, an MSR, a register, a CPUID leaf. */
export function hypercallMeanings(word: string, number: number | undefined): Meaning[] {
  return [
    ...allCalls.filter((call) => isCalled(call, word, number)).map(callMeaning),
    ...statusMeanings(word, number),
    ...msrs
      .filter((msr) => msr.number === number || msr.name.toLowerCase() === word)
      .map(({ name, number, access, privilege, contents, note, source }) => ({
        what: 'MSR',
        name,
        value: hex(number),
        detail: [
          `  access ${access ?? notDocumented}, privilege ${privilege ?? notDocumented}; ${source}`,
          ...(note === undefined ? [] : [`  ${note}`]),
          ...(contents === undefined ? [] : layoutLines(layoutOf(contents))),
        ],
      })),
    ...registerMeanings(word, number),
    ...[...cpuidLeaves]
      .filter(([leaf]) => leaf === number)
      .map(([leaf, schema]) => ({
        what: 'CPUID leaf',
        name: schema.name,
        value: hex(leaf),
        detail: layoutLines(layoutOf(schema)),
      })),
  ]
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}

function isCalled(call: HypercallDefinition, word: string, number: number | undefined): boolean {
  return call.code === number || namesOfCall(call).some((name) => name.toLowerCase() === word)
}

function callMeaning(call: HypercallDefinition): Meaning {
  const { name, code, kind, privilege, caller, since, statuses, source, layout } = call
  const [, ...aliases] = namesOfCall(call)
  return {
    what: 'hypercall',
    name,
    value: `0x${code.toString(16).padStart(4, '0')}`,
    detail: [
      `  kind ${kind}; also ${aliases.join(', ') || 'nothing else'}`,
      `  privilege ${privilege ?? notDocumented}; caller ${caller ?? notDocumented}; since ${since ?? notDocumented}`,
      `  statuses ${statuses?.join(', ') ?? notDocumented}`,
      `  source ${source ?? notDocumented}`,
      ...(layout === 'partial' ? ['  layout documented in part'] : []),
      ...(schemasOfCall(call).length === 0 ? [`  ${withoutLayout(call)}`] : []),
      ...schemasOfCall(call).flatMap((schema) => layoutLines(layoutOf(schema))),
    ],
  }
}

function statusMeanings(word: string, number: number | undefined): Meaning[] {
  return Object.entries(HvStatus).flatMap(([name, code]) => {
    const tlfs = isStatusName(name) ? tlfsStatusName(name) : name
    if (code !== number && name.toLowerCase() !== word && tlfs.toLowerCase() !== word) return []
    return [
      {
        what: 'hypercall status',
        name: tlfs,
        value: `0x${code.toString(16).padStart(4, '0')}`,
        detail: [`  HvStatus.${name} in code`],
      },
    ]
  })
}

function registerMeanings(word: string, number: number | undefined): Meaning[] {
  const architectures: readonly RegisterArchitecture[] = ['x64', 'arm64']
  const found = new Map<string, Meaning & { on: RegisterArchitecture[] }>()
  for (const architecture of architectures) {
    for (const { name, value } of registersOf(architecture)) {
      if (value !== number && name.toLowerCase() !== word) continue
      const contents = contentsOf(name)
      const detail = contents === undefined ? [] : layoutLines(layoutOf(contents))
      const known = found.get(name) ?? { what: 'register', name, value: hex(value), detail, on: [] }
      known.on.push(architecture)
      found.set(name, known)
    }
  }
  return [...found.values()].map(({ on, detail, ...meaning }) => ({
    ...meaning,
    detail: [`  on ${on.join(' and ')}`, ...detail],
  }))
}

/** The structure of a register's contents, where one is known by that name, or the MSR of that name has one. */
function contentsOf(register: string): StructSchema | undefined {
  const plain = (name: string) => name.replaceAll('_', '').toLowerCase()
  const own = plain(register.replace(/^Hv(X64|Arm64)?Register(Nested)?/, ''))
  const prefixes = register.startsWith('HvArm64') ? ['hv', 'hvarm64'] : ['hv', 'hvx64']
  const names = new Set([
    plain(register),
    ...prefixes.flatMap((prefix) => [`${prefix}register${own}`, `${prefix}${own}register`]),
  ])
  const named = allSchemas.find(
    ({ aliases, size }) =>
      size <= 16 &&
      Object.values(aliases)
        .flat()
        .some((alias) => names.has(plain(alias))),
  )
  if (named?.kind === 'struct') return named
  return msrs.find(({ name }) => plain(name) === `hvx64msr${own}`)?.contents
}
