export * from './call-types.ts'
export * from './convention.ts'
export * from './decode-call.ts'
export { type HypercallMemory, isMemoryFault } from './memory.ts'
export * from './place-call.ts'
export {
  type Answers,
  openVmmAnswers,
  type Refusal,
  specificationAnswers,
  type UndefinedInstruction,
} from './refusals.ts'
export * from './registers.ts'
