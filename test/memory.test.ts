import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  BufferMemory,
  CallbackMemory,
  CopyOnlyMemory,
  type GuestMemory,
  MemoryFault,
  PAGE_SIZE,
  PageList,
  ScatteredMemory,
} from '../src/memory/index.ts'
import { FileMemory } from '../src/node/file-memory.ts'

const PAGES = 4
const SIZE = PAGES * PAGE_SIZE
const directory = mkdtempSync(join(tmpdir(), 'vmbus-memory-'))
const files: FileMemory[] = []
afterAll(() => {
  for (const file of files) file.close()
  rmSync(directory, { recursive: true })
})

function fileMemory(): FileMemory {
  const file = FileMemory.open(join(directory, `memory${files.length}`), { size: SIZE })
  files.push(file)
  return file
}

function callbackMemory(): CallbackMemory {
  const bytes = new Uint8Array(SIZE)
  return new CallbackMemory(SIZE, {
    read: (gpa, length) => bytes.slice(gpa, gpa + length),
    write: (gpa, source) => bytes.set(source, gpa),
  })
}

const backwards = [0, 1, 2, 3].map((page): [number, number] => [page, (3 - page) * PAGE_SIZE])

/** Every implementation, and whether `direct` answers within one page and over two. */
const implementations: [name: string, make: () => GuestMemory, inPage: boolean, overPages: boolean][] = [
  ['BufferMemory on ArrayBuffer', () => new BufferMemory(new ArrayBuffer(SIZE)), true, true],
  ['BufferMemory on SharedArrayBuffer', () => new BufferMemory(new SharedArrayBuffer(SIZE)), true, true],
  ['ScatteredMemory', () => new ScatteredMemory(new ArrayBuffer(SIZE), backwards), true, false],
  ['CopyOnlyMemory', () => new CopyOnlyMemory(new BufferMemory(new ArrayBuffer(SIZE))), false, false],
  ['CallbackMemory', callbackMemory, false, false],
  ['FileMemory', fileMemory, false, false],
  [
    'PageList, consecutive pages',
    () => new PageList(new BufferMemory(new ArrayBuffer(8 * PAGE_SIZE)), [2, 3, 4, 5]),
    true,
    true,
  ],
  [
    'PageList, pages in any order',
    () => new PageList(new BufferMemory(new ArrayBuffer(SIZE)), [2, 0, 3, 1]),
    true,
    false,
  ],
  [
    'PageList within pages',
    () => new PageList(new BufferMemory(new ArrayBuffer(8 * PAGE_SIZE)), [1, 6, 2, 0, 4], 64, SIZE),
    true,
    false,
  ],
]

describe.each(implementations)('%s', (_name, make, inPage, overPages) => {
  it('keeps bytes and words, little-endian, also across pages', () => {
    const memory = make()
    expect(memory.size).toBe(SIZE)
    const source = Uint8Array.from({ length: 6000 }, (_, i) => (i * 7) & 0xff)
    memory.write(3001, source, 0, 6000)
    const target = new Uint8Array(6010)
    memory.read(3001, target, 5, 6000)
    expect(target.subarray(5, 6005)).toEqual(source)
    expect(target.subarray(0, 5)).toEqual(new Uint8Array(5))
    memory.store32(4092, 0xdeadbeef)
    expect(memory.load32(4092)).toBe(0xdeadbeef)
    memory.read(4092, target, 0, 4)
    expect([...target.subarray(0, 4)]).toEqual([0xef, 0xbe, 0xad, 0xde])
    memory.write(8000, source, 100, 3)
    memory.read(8000, target, 0, 4)
    expect([...target.subarray(0, 4)]).toEqual([...source.subarray(100, 103), source[8003 - 3001]])
  })

  it('reaches its last byte, and takes empty accesses', () => {
    const memory = make()
    memory.store32(SIZE - 4, 1)
    memory.write(SIZE, new Uint8Array(0), 0, 0)
    memory.read(SIZE - 4, new Uint8Array(4), 0, 4)
    expect(memory.load32(SIZE - 4)).toBe(1)
  })

  it.each([
    ['negative', -4, 4],
    ['at the end', SIZE, 4],
    ['over the end', SIZE - 2, 4],
    ['far away', 2 ** 52, 4],
    ['whose sum would not be exact', Number.MAX_SAFE_INTEGER, 8],
    ['of negative length', 8, -4],
    ['that is no integer', 0.5, 4],
    ['that is no number', Number.NaN, 4],
    ['longer than memory', 0, SIZE + 4],
  ])('answers MemoryFault for an access %s, before anything is touched', (_what, gpa, length) => {
    const memory = make()
    const bytes = new Uint8Array(SIZE + 8).fill(0x55)
    expect(() => memory.read(gpa, bytes, 0, length)).toThrow(MemoryFault)
    expect(bytes.every((byte) => byte === 0x55)).toBe(true)
    expect(() => memory.write(gpa, bytes, 0, length)).toThrow(MemoryFault)
    expect(() => memory.direct(gpa, length)).toThrow(MemoryFault)
    const all = new Uint8Array(SIZE)
    memory.read(0, all, 0, SIZE)
    expect(all.every((byte) => byte === 0)).toBe(true)
    if (length !== 4) return
    expect(() => memory.load32(gpa)).toThrow(MemoryFault)
    expect(() => memory.store32(gpa, 1)).toThrow(MemoryFault)
  })

  it('refuses misaligned words and ranges outside the caller’s array', () => {
    const memory = make()
    expect(() => memory.load32(2)).toThrow(MemoryFault)
    expect(() => memory.store32(4094, 1)).toThrow(MemoryFault)
    expect(() => memory.read(0, new Uint8Array(4), 1, 4)).toThrow(RangeError)
    expect(() => memory.write(0, new Uint8Array(4), 1, 4)).toThrow(RangeError)
  })

  it('gives a direct view exactly where the bytes are in one piece', () => {
    const memory = make()
    const view = memory.direct(256, 16)
    expect(view !== undefined).toBe(inPage)
    expect(memory.direct(PAGE_SIZE - 200, 400) !== undefined).toBe(overPages)
    if (view === undefined) return
    view[3] = 9
    expect(memory.load32(256)).toBe(0x09000000)
    memory.store32(260, 0x01020304)
    expect([...view.subarray(4, 8)]).toEqual([4, 3, 2, 1])
  })
})

describe('holes, limits and files', () => {
  it('answers MemoryFault for a page that is not there, naming it, and writes nothing', () => {
    const memory = new ScatteredMemory(new ArrayBuffer(SIZE), [
      [0, 0],
      [2, PAGE_SIZE],
    ])
    expect(memory.size).toBe(3 * PAGE_SIZE)
    expect(() => memory.write(4090, new Uint8Array(20).fill(1), 0, 20)).toThrow('0x1000 is not present')
    expect(memory.load32(4092)).toBe(0)
    expect(() => memory.load32(PAGE_SIZE)).toThrow(MemoryFault)
    expect(() => memory.direct(PAGE_SIZE, 1)).toThrow(MemoryFault)
    expect(() => new ScatteredMemory(new ArrayBuffer(SIZE), [[0, SIZE - 8]])).toThrow(RangeError)
    expect(() => new ScatteredMemory(new ArrayBuffer(SIZE), [[-1, 0]])).toThrow(RangeError)
  })

  it('copies nothing over a page list whose later page is a hole, in either direction', () => {
    const memory = new ScatteredMemory(new ArrayBuffer(SIZE), [
      [0, 0],
      [2, PAGE_SIZE],
    ])
    const list = new PageList(memory, [0, 1, 2])
    const bytes = new Uint8Array(20).fill(1)
    expect(() => list.write(4090, bytes, 0, 20)).toThrow('0x1000')
    expect(memory.load32(4092)).toBe(0)
    memory.store32(4092, 0x02020202)
    expect(() => list.read(4090, bytes, 0, 20)).toThrow(MemoryFault)
    expect([...bytes]).toEqual(new Array(20).fill(1))
    expect(() => list.write(4092, bytes, 0, 4)).not.toThrow()
  })

  it('[RB-19] refuses page numbers outside memory when the list is made', () => {
    const memory = new BufferMemory(new ArrayBuffer(SIZE))
    for (const page of [4, 2 ** 40, 2 ** 52, 2 ** 64, -1, Number.NaN]) {
      expect(() => new PageList(memory, [0, page]), `page ${page}`).toThrow(MemoryFault)
    }
    expect(() => new PageList(memory, [0], 0, PAGE_SIZE + 1)).toThrow(MemoryFault)
    expect(() => new PageList(memory, [0, 1], 4096, 1)).toThrow(MemoryFault)
    expect(new PageList(memory, []).size).toBe(0)
    expect(new PageList(memory, [0, 1], 96).size).toBe(2 * PAGE_SIZE - 96)
  })

  it('checks what a user’s functions answer', () => {
    const short = new CallbackMemory(SIZE, { read: () => new Uint8Array(3) })
    expect(() => short.load32(0)).toThrow('3 bytes came back')
    expect(() => short.store32(0, 1)).toThrow('read-only')
    expect(() => new CallbackMemory(SIZE, { read: () => undefined }).load32(0)).toThrow('no memory here')
  })

  it('keeps a file’s contents, can open it read-only, and notices that it shrank', () => {
    const path = join(directory, 'kept')
    const first = FileMemory.open(path, { size: PAGE_SIZE })
    first.store32(8, 77)
    first.close()
    const again = FileMemory.open(path, { size: 2 * PAGE_SIZE })
    const reader = FileMemory.open(path, { readOnly: true })
    files.push(again, reader)
    expect([again.size, reader.size, reader.load32(8)]).toEqual([8192, 8192, 77])
    expect(() => reader.store32(8, 1)).toThrow('read-only')
    const shorter = FileMemory.open(path, { size: PAGE_SIZE })
    files.push(shorter)
    expect(() => again.load32(PAGE_SIZE)).toThrow(MemoryFault)
  })

  it('shares words between two memories over one SharedArrayBuffer', () => {
    const shared = new SharedArrayBuffer(PAGE_SIZE)
    new BufferMemory(shared).store32(12, 5)
    expect(new BufferMemory(shared).load32(12)).toBe(5)
  })
})
