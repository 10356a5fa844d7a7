import {
  BufferMemory,
  CopyOnlyMemory,
  type GuestMemory,
  PAGE_SIZE,
  PageList,
  ScatteredMemory,
} from '../src/memory/index.ts'

/** The kinds of memory that every ring test runs on: in one piece, shared, pages in reverse order, without direct views, and a page list. */
export const ringMemories: readonly (readonly [name: string, make: (bytes: number) => GuestMemory])[] = [
  ['ArrayBuffer', (bytes) => new BufferMemory(new ArrayBuffer(bytes))],
  ['SharedArrayBuffer', (bytes) => new BufferMemory(new SharedArrayBuffer(bytes))],
  [
    'scattered pages',
    (bytes) =>
      new ScatteredMemory(
        new ArrayBuffer(bytes),
        pagesOf(bytes).map((page) => [page, bytes - (page + 1) * PAGE_SIZE]),
      ),
  ],
  ['copy-only', (bytes) => new CopyOnlyMemory(new BufferMemory(new ArrayBuffer(bytes)))],
  ['page list', (bytes) => new PageList(new BufferMemory(new ArrayBuffer(bytes)), pagesOf(bytes).reverse())],
]

function pagesOf(bytes: number): number[] {
  return Array.from({ length: bytes / PAGE_SIZE }, (_, page) => page)
}
