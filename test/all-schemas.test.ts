import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { allSchemas } from '../src/schemas.ts'
import { StructSchema, UnionSchema } from '../src/wire/index.ts'

const source = new URL('../src/', import.meta.url)

/** The modules that describe structures. */
const files = ['hypercall', 'vmbus', 'devices', 'channels'].flatMap((folder) =>
  readdirSync(new URL(folder, source), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => `${folder}/${file}`),
)

describe('the list of all schemas', () => {
  it('has every structure that a module exports', async () => {
    const listed = new Set<unknown>(allSchemas)
    const missing: string[] = []
    for (const file of files) {
      const exports: Record<string, unknown> = await import(new URL(file, source).pathname)
      for (const [name, value] of Object.entries(exports)) {
        // A union that goes by the fields before it means nothing on its own.
        const isSchema = value instanceof StructSchema || (value instanceof UnionSchema && value.selector.by === 'tag')
        if (isSchema && !listed.has(value)) missing.push(`${file}: ${name}`)
      }
    }
    expect(missing).toEqual([])
  })

  it('has every name once, aliases included', () => {
    const seen = new Map<string, string>()
    const twice: string[] = []
    for (const schema of allSchemas) {
      for (const name of new Set([schema.name, ...[schema.aliases.linux ?? []].flat()])) {
        if (seen.has(name)) twice.push(`${name}: ${seen.get(name)} and ${schema.name}`)
        seen.set(name, schema.name)
      }
    }
    expect(twice).toEqual([])
  })
})
