import ts from 'typescript'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Guid, Infer } from '../src/wire/index.ts'
import { type Chosen, Counts, Message, Names, type Nested, type Runs, type Words } from './kinds.ts'

// Checked by the compiler: a wrong type fails `npm run types`.
describe('Infer', () => {
  it('gives numbers up to 32 bits, bigints above', () => {
    expectTypeOf<Infer<typeof Words>['c']>().toEqualTypeOf<number>()
    expectTypeOf<Infer<typeof Words>['g']>().toEqualTypeOf<bigint>()
    expectTypeOf<Infer<typeof Words>['h']>().toEqualTypeOf<bigint>()
  })

  it('gives enumerations and flags as numbers, bit fields as objects', () => {
    type Value = Infer<typeof Names>
    expectTypeOf<Value['colour']>().toEqualTypeOf<number>()
    expectTypeOf<Value['marks']>().toEqualTypeOf<number>()
    expectTypeOf<Value['wide']>().toEqualTypeOf<bigint>()
    expectTypeOf<Value['word']['on']>().toEqualTypeOf<boolean>()
    expectTypeOf<Value['word']['level']>().toEqualTypeOf<number>()
    expectTypeOf<Value['page']['number']>().toEqualTypeOf<bigint>()
    expectTypeOf<Value['word']['value']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<Value['page']['value']>().toEqualTypeOf<bigint | undefined>()
  })

  it('brands GUIDs, and leaves reserved space and constants optional', () => {
    type Value = Infer<typeof Runs>
    expectTypeOf<Value['id']>().toEqualTypeOf<Guid>()
    expectTypeOf<Value['text']>().toEqualTypeOf<string>()
    expectTypeOf<Required<Value>['raw']>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<Value['word']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<Value['wide']>().toEqualTypeOf<bigint | undefined>()
    expectTypeOf<{ id: Guid; raw: Uint8Array; text: string }>().toExtend<Value>()
    expectTypeOf<{ id: string; raw: Uint8Array; text: string }>().not.toExtend<Value>()
    expectTypeOf<{ id: Guid; raw: Uint8Array }>().not.toExtend<Value>()
  })

  it('leaves a header optional that has nothing but constants and reserved space', () => {
    type Value = Infer<typeof Nested>
    expectTypeOf<Omit<Value, 'header'>>().toExtend<Value>()
    expectTypeOf<Omit<Value, 'pair'>>().not.toExtend<Value>()
    expectTypeOf<Value['grid']>().toEqualTypeOf<number[][]>()
    expectTypeOf<Value['pairs'][number]['x']>().toEqualTypeOf<number>()
  })

  it('keeps count fields in the value', () => {
    expectTypeOf<Infer<typeof Counts>['pairCount']>().toEqualTypeOf<number>()
    expectTypeOf<Infer<typeof Counts>['data']>().toEqualTypeOf<Uint8Array>()
  })

  it('tells the variants of a union apart by type', () => {
    type Value = Infer<typeof Message>
    expectTypeOf<Value['type']>().toEqualTypeOf<'Old' | 'New' | 'Newest' | 'Other' | 'Unknown'>()
    expectTypeOf<Extract<Value, { type: 'New' }>['b']>().toEqualTypeOf<number>()
    expectTypeOf<Extract<Value, { type: 'Other' }>['ids']>().toEqualTypeOf<number[]>()
    expectTypeOf<Infer<typeof Chosen>['body']['type']>().toEqualTypeOf<'Even' | 'Odd'>()
  })

  it('refuses what is not there', () => {
    const spare = { type: 'Old', a: 1 } as const
    expect(Message.encode(spare)).toHaveLength(12)
    // @ts-expect-error no variant of this name
    expect(() => Message.encode({ type: 'Oldest', a: 1 })).toThrow('no variant named')
    // @ts-expect-error a bigint field does not take a number
    expect(() => Names.encode({ ...Names.decode(new Uint8Array(24)), wide: 1 })).toThrow('a bigint from 0')
    // @ts-expect-error no field of this name
    expect(Counts.layout.find(({ name }) => name === Counts.decode(new Uint8Array(7)).missing)).toBeUndefined()
  })
})

describe('what an editor shows', () => {
  it('is the comment at the field in the schema', () => {
    const file = new URL('hover.ts', import.meta.url).pathname
    const source = `
      import { type Infer, reserved, struct, u32 } from '../src/wire/index.ts'
      const Thing = struct('Thing', {
        /** The channel's relid. */
        channelId: u32,
        /** Zero. */
        padding: reserved(u32),
      })
      interface Thing extends Infer<typeof Thing> {}
      declare const thing: Thing
    `
    const options: ts.CompilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts'],
      types: [],
      noEmit: true,
      allowImportingTsExtensions: true,
    }
    const host = ts.createCompilerHost(options)
    const { getSourceFile, fileExists } = host
    host.fileExists = (name) => name === file || fileExists(name)
    host.getSourceFile = (name, ...rest) =>
      name === file ? ts.createSourceFile(name, source, ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest)
    const program = ts.createProgram([file], options, host)
    const checker = program.getTypeChecker()
    const last = program.getSourceFile(file)?.statements.at(-1)
    if (last === undefined || !ts.isVariableStatement(last)) throw new Error('the declaration of thing')
    const [thing] = last.declarationList.declarations
    if (thing === undefined) throw new Error('the declaration of thing')
    const comments = checker
      .getTypeAtLocation(thing)
      .getProperties()
      .map((field) => `${field.name}: ${ts.displayPartsToString(field.getDocumentationComment(checker))}`)
    expect(comments).toEqual(["channelId: The channel's relid.", 'padding: Zero.'])
  }, 60_000)
})
