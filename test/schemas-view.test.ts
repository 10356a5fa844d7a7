import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allSchemas } from '../src/schemas.ts'
import { isWireError, type Node, StructSchema, tryDecode, view, WireReader } from '../src/wire/index.ts'
import { seeded } from './seed.ts'

/** Kinds whose value a view shows as `decode` does; of bit fields and nested structures it shows the parts. */
const plain: ReadonlySet<Node['kind']> = new Set(['int', 'int64', 'enum', 'flags', 'flags64', 'guid', 'bytes'])

/** Compares what a view shows with what was decoded, field by field. Answers how many fields there were. */
function compare(schema: StructSchema, shown: object, decoded: object): number {
  let compared = 0
  for (const { name, schema: node, offset } of schema.layout) {
    if (offset === undefined) break
    const mine: unknown = Reflect.get(shown, name)
    const theirs: unknown = Reflect.get(decoded, name)
    if (plain.has(node.kind)) {
      expect(mine, `${schema.name}.${name}`).toEqual(theirs)
      compared++
    } else if (node.kind === 'bits') {
      for (const field of Object.keys(node.fields)) {
        expect(Reflect.get(Object(mine), field), `${schema.name}.${name}.${field}`).toEqual(
          Reflect.get(Object(theirs), field),
        )
        compared++
      }
    } else if (node.kind === 'struct' && theirs !== undefined) compared += compare(node, Object(mine), Object(theirs))
  }
  return compared
}

const structs = allSchemas.filter((schema) => schema instanceof StructSchema)

describe('a view of any bytes shows what decode reads', () => {
  it('over all structures', () => {
    let fields = 0
    for (const schema of structs) {
      const flyweight = view(schema)
      fc.assert(
        fc.property(fc.uint8Array({ minLength: schema.size, maxLength: schema.size + 8 }), (bytes) => {
          const { value } = tryDecode(schema, bytes)
          if (value === undefined) return
          fields += compare(schema, flyweight.at(new WireReader(bytes)), value)
        }),
        { ...seeded, numRuns: 3 },
      )
    }
    expect(fields).toBeGreaterThan(3 * structs.length)
  })

  it('refuses what is too short with a WireError and nothing else', () => {
    for (const schema of structs) {
      if (schema.size === 0) continue
      const flyweight = view(schema)
      for (const length of [0, schema.size >> 1, schema.size - 1]) {
        let error: unknown
        try {
          flyweight.at(new Uint8Array(length))
        } catch (caught) {
          error = caught
        }
        expect(isWireError(error), `${schema.name} of ${length} bytes`).toBe(true)
      }
    }
  })
})
