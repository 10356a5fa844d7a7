export { type DispatcherOptions, HypercallDispatcher } from './dispatcher.ts'
export { executeToEnd } from './execute.ts'
export type * from './handler.ts'
export {
  advances,
  type Completed,
  type Continued,
  type HandlerFault,
  type Intercepted,
  type NotAHypercall,
  type Outcome,
  type Switched,
} from './outcome.ts'
