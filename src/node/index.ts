export { FileMemory } from './file-memory.ts'
