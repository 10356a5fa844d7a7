import {
  allCalls,
  arm64SmcccConvention,
  HvCallPostMessage,
  HvCallSignalEvent,
  HvStatus,
  type HypercallDefinition,
  HypercallDispatcher,
  HypercallRegisters,
  placeCall,
  x64Convention,
} from '../src/hypercall/index.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { compare, sink } from './measure.ts'
import type { Result } from './result.ts'

const limit = 2
const inputGpa = 0x1000
/** Callers that take turns, so that no address is folded into the loop. */
const callers = 64

interface Signal {
  readonly connectionId: { readonly id: number }
  readonly flagNumber: number
}
interface Post {
  readonly connectionId: { readonly id: number }
  readonly messageType: number
  readonly payloadSize: number
  readonly payload: Uint8Array
}

/** Whether a caller may, for both sides. */
function allows(privileges: number, { code }: HypercallDefinition): boolean {
  return (privileges & (code === HvCallPostMessage.code ? 1 : 2)) !== 0
}

/** What both sides do with a signal. */
function signalled(input: Signal): number {
  if (input.connectionId.id > callers) return HvStatus.InvalidConnectionId
  sink[input.connectionId.id & 63] = input
  return HvStatus.Success
}

/** What both sides do with a message. */
function posted(input: Post): number {
  if (input.connectionId.id > callers) return HvStatus.InvalidConnectionId
  if (input.payloadSize > 240 || input.messageType === 0) return HvStatus.InvalidParameter
  sink[input.connectionId.id & 63] = input
  return HvStatus.Success
}

/**
 * The code that one would write by hand for these two calls, on registers of x64: a switch over the call code, with all the checks that the
 * dispatcher makes of the input value, the addresses, the privilege and the reserved fields, and the same values for the handlers.
 */
class Switch {
  readonly #page = new Uint8Array(4096)
  readonly #view = new DataView(this.#page.buffer)

  dispatch(registers: DataView, memory: BufferMemory, privileges: number): void {
    const low = registers.getUint32(0, true)
    const high = registers.getUint32(4, true)
    const status = this.#status(registers, memory, privileges, low, high)
    registers.setUint32(120, status, true)
    registers.setUint32(124, 0, true)
  }

  #status(registers: DataView, memory: BufferMemory, privileges: number, low: number, high: number): number {
    switch (low & 0xffff) {
      case 0x5d: {
        if ((low & 0xf800_0000) !== 0 || high !== 0) return HvStatus.InvalidHypercallInput
        if ((low & 0x7fe_0000) !== 0) return HvStatus.InvalidHypercallInput
        if ((low & 0x1_0000) === 0) return HvStatus.InvalidHypercallInput
        if (!allows(privileges, HvCallSignalEvent)) return HvStatus.AccessDenied
        const id = registers.getUint32(8, true)
        if (registers.getUint16(14, true) !== 0) return HvStatus.InvalidParameter
        if (id > 0xff_ffff) return HvStatus.InvalidConnectionId
        return signalled({ connectionId: { id }, flagNumber: registers.getUint16(12, true) })
      }
      case 0x5c: {
        if ((low & 0xf800_0000) !== 0 || high !== 0) return HvStatus.InvalidHypercallInput
        if ((low & 0x7fe_0000) !== 0) return HvStatus.InvalidHypercallInput
        if ((low & 0x1_0000) !== 0) return HvStatus.InvalidHypercallInput
        const gpaLow = registers.getUint32(8, true)
        const gpaHigh = registers.getUint32(12, true)
        if ((gpaLow & 0xfff) > 4096 - 256) return HvStatus.InvalidAlignment
        if ((gpaLow & 7) !== 0 || gpaHigh > 0xf_ffff) return HvStatus.InvalidAlignment
        if (!allows(privileges, HvCallPostMessage)) return HvStatus.AccessDenied
        try {
          memory.read(gpaHigh * 0x1_0000_0000 + gpaLow, this.#page, 0, 256)
        } catch {
          return HvStatus.InvalidHypercallInput
        }
        const view = this.#view
        if (view.getUint32(4, true) !== 0) return HvStatus.InvalidParameter
        const id = view.getUint32(0, true)
        if (id > 0xff_ffff) return HvStatus.InvalidConnectionId
        return posted({
          connectionId: { id },
          messageType: view.getUint32(8, true),
          payloadSize: view.getUint32(12, true),
          payload: this.#page.slice(16, 256),
        })
      }
      default:
        return HvStatus.InvalidHypercallCode
    }
  }
}

/**
 * A dispatcher that has answered every call, so that what it shares among calls has seen them all; between them, signals and
 * messages, which are most of what a hypervisor is asked.
 */
function usedDispatcher(
  signal: HypercallRegisters,
  post: HypercallRegisters,
  memory: BufferMemory,
): HypercallDispatcher<number> {
  const calls = new HypercallDispatcher<number>({ allows })
  for (const definition of allCalls) calls.on(definition, () => HvStatus.OperationDenied)
  calls.on(HvCallSignalEvent, ({ input }) => signalled(input)).on(HvCallPostMessage, ({ input }) => posted(input))
  for (const convention of [x64Convention, arm64SmcccConvention]) {
    const registers = new HypercallRegisters(convention)
    for (const { code, kind } of allCalls) {
      const reps = kind === 'rep' || kind === 'variable-rep' ? 1n << 32n : 0n
      for (const fast of [0n, 0x1_0000n]) {
        for (let round = 0; round < 50; round++) {
          registers.control = BigInt(code) | reps | fast
          registers.view.setBigUint64(convention.parameters, BigInt(inputGpa), true)
          registers.view.setBigUint64(convention.parameters + 8, 0x2000n, true)
          sink[0] = calls.dispatch(registers, memory, 3)
          sink[0] = calls.dispatch(signal, memory, 3)
          sink[0] = calls.dispatch(post, memory, 3)
        }
      }
    }
  }
  return calls
}

/** Decoding and dispatching one call: HvCallSignalEvent from registers, HvCallPostMessage from memory. */
export function benchHypercall(): Result[] {
  const byHand = new Switch()
  const memory = new BufferMemory(new ArrayBuffer(0x4000))
  const signals = Array.from({ length: callers }, (_, index) => {
    const registers = new HypercallRegisters(x64Convention)
    placeCall(registers, HvCallSignalEvent, { input: { connectionId: { id: index }, flagNumber: index } })
    return registers
  })
  const posts = Array.from({ length: callers }, (_, index) => {
    const registers = new HypercallRegisters(x64Convention)
    const payload = new Uint8Array(240).fill(index)
    const input = { connectionId: { id: index }, messageType: 1, payloadSize: 240, payload }
    placeCall(registers, HvCallPostMessage, { input }, { memory, inputGpa })
    return registers
  })
  const [signal] = signals
  const [post] = posts
  if (signal === undefined || post === undefined) throw new Error('no callers')
  const calls = usedDispatcher(signal, post, memory)
  const row = (name: string, all: readonly HypercallRegisters[]): Result => {
    const ours = (count: number) => {
      for (let i = 0; i < count; i++) {
        const registers = all[i % callers]
        if (registers !== undefined) calls.dispatch(registers, memory, 3)
      }
    }
    const bare = (count: number) => {
      for (let i = 0; i < count; i++) {
        const registers = all[i % callers]
        if (registers !== undefined) byHand.dispatch(registers.view, memory, 3)
      }
    }
    const { ratio, ns, baselineNs } = compare(ours, bare)
    return { name: `${name}: ${ns.toFixed(0)} ns, by hand ${baselineNs.toFixed(0)} ns`, ratio, limit }
  }
  return [row('HvCallSignalEvent, fast', signals), row('HvCallPostMessage, memory', posts)]
}
