import {
  HvCallGetPartitionId,
  HvCallSignalEvent,
  HvStatus,
  HypercallDispatcher,
  HypercallRegisters,
  placeCall,
  x64Convention,
} from '../src/hypercall/index.ts'
import { BufferMemory } from '../src/memory/index.ts'

/** Who calls, as far as our handlers want to know. */
interface Caller {
  readonly partitionId: bigint
  readonly signals: number[]
}

/** Two calls, each answered by a handler with typed input and output. */
export const dispatcher = new HypercallDispatcher<Caller>()
  .on(HvCallGetPartitionId, ({ caller }) => ({ status: HvStatus.Success, output: { partitionId: caller.partitionId } }))
  .on(HvCallSignalEvent, ({ caller, input }) => {
    if (input.flagNumber !== 0) return { status: HvStatus.InvalidParameter }
    caller.signals.push(input.connectionId.id)
    return { status: HvStatus.Success }
  })

/** Makes both calls as x64 code would: one with its output in memory, one in registers alone. */
export function main(): string[] {
  const memory = new BufferMemory(new ArrayBuffer(0x3000))
  const registers = new HypercallRegisters(x64Convention)
  const caller: Caller = { partitionId: 5n, signals: [] }

  const getId = placeCall(registers, HvCallGetPartitionId, {}, { memory, outputGpa: 0x2000 })
  dispatcher.dispatch(registers, memory, caller)
  const id = getId.answer().output?.partitionId

  const signal = placeCall(registers, HvCallSignalEvent, { input: { connectionId: { id: 0x2001 }, flagNumber: 0 } })
  dispatcher.dispatch(registers, memory, caller)
  return [`partition ${id}`, `status ${signal.answer().status}`, `signalled ${caller.signals}`]
}
