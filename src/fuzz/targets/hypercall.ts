import {
  advances,
  allCalls,
  callCoded,
  conventions,
  decodeCall,
  executeToEnd,
  HvStatus,
  type HypercallDefinition,
  HypercallDispatcher,
  type HypercallMemory,
  HypercallRegisters,
  type Outcome,
  onArm64,
  openVmmAnswers,
  specificationAnswers,
} from '../../hypercall/index.ts'
import { BufferMemory } from '../../memory/index.ts'
import type { EventOf } from '../../trace/events.ts'
import { fromHex } from '../../trace/hex.ts'
import { toHex, WireReader } from '../../wire/index.ts'
import { drawCall, wordOf, wordText } from '../call-block.ts'
import type { Draw } from '../draw.ts'
import { same } from '../same.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'

const pageSize = 4096
const memorySize = 4 * pageSize
const filler = 0x19
const noBytes = new Uint8Array(0)

/**
 * The dispatcher, in every convention, against callers that put anything into registers and memory and change memory once it was read. It
 * must always end and never throw, write nothing but result, start index and the output it owes, and see the same call as an onlooker
 * (`decodeCall`) does.
 *
 * Its inputs: `mem` is the block of the next call; `fault` `hypercall` makes the call, with input value and addresses, and says
 * what the handler does.
 */
export function hypercallTarget(): FuzzTarget {
  return {
    name: 'hypercall',
    generate: (draw) => Array.from({ length: draw.between(1, 4) }, () => stepsFor(draw)).flat(),
    run(events) {
      let block: Uint8Array = noBytes
      for (const event of events) {
        if (event.kind === 'mem') block = fromHex(event.hex)
        else if (event.kind === 'fault' && event.fault === 'hypercall') new Run(event, block).check()
      }
    },
  }
}

function stepsFor(draw: Draw): Step[] {
  const convention = draw.pick(conventions)
  const called = draw.pick(allCalls)
  const definition = convention.architecture === 'arm64' ? onArm64(called) : called
  const drawn = drawCall(definition, draw)
  let { control } = drawn
  if (draw.oneIn(2)) control |= 0x1_0000n
  if (draw.oneIn(6)) control ^= 1n << BigInt(draw.below(64))
  if (draw.oneIn(30)) control = draw.u64()
  const gpa = () => draw.pick([0x1000, 0x1000, 0x2000, 0x2000, 0x1004, 0x1ff8, 0x9000, draw.below(memorySize)])
  const detail = {
    convention: convention.name,
    openVmm: draw.oneIn(3),
    control: wordText(control),
    input: gpa(),
    output: gpa(),
    status: draw.pick([0, 0, 0, 5, 0xffff, HvStatus.Timeout]),
    at: draw.below(6),
    expires: draw.oneIn(3),
  }
  return [
    { event: { kind: 'mem', t: 0, gpa: '0x0', hex: toHex(drawn.block) }, mutations: drawn.mutations },
    { event: { kind: 'fault', t: 0, fault: 'hypercall', detail } },
  ]
}

/** What zeros mean, as the output that a handler answers. */
function outputOf({ output, outputElement }: HypercallDefinition): object | undefined {
  const schema = output ?? outputElement
  return schema?.decodeAt(new WireReader(new Uint8Array(schema.size)), 0)
}

/** One call. */
class Run {
  readonly #detail: Readonly<Record<string, unknown>>
  readonly #memory = new BufferMemory(new Uint8Array(memorySize).fill(filler).buffer)
  readonly #registers: HypercallRegisters
  readonly #seen: unknown[] = []
  readonly #isOpenVmm: boolean

  constructor({ detail = {} }: EventOf<'fault'>, block: Uint8Array) {
    this.#detail = detail
    this.#isOpenVmm = detail.openVmm === true
    const convention = conventions.find(({ name }) => name === detail.convention) ?? conventions[0]
    expect(convention !== undefined, 'no-convention', 'there are some')
    const registers = new HypercallRegisters(convention)
    this.#registers = registers
    registers.bytes.fill(filler, convention.functionId === undefined ? 0 : 8)
    registers.control = wordOf(detail.control)
    const { parametersAt, view, bytes } = registers
    if ((registers.control & 0x1_0000n) !== 0n) {
      const room = Math.min(block.byteLength, convention.fastSize)
      bytes.set(block.subarray(0, room), parametersAt)
    } else {
      const gpa = Number(detail.input ?? 0)
      view.setBigUint64(parametersAt, BigInt(gpa), true)
      view.setBigUint64(parametersAt + 8, BigInt(Number(detail.output ?? 0)), true)
      if (gpa < memorySize) this.#memory.write(gpa, block, 0, Math.min(block.byteLength, memorySize - gpa))
    }
  }

  check(): void {
    const registers = this.#registers
    const onlooker = decodeCall(registers, this.#memory, callCoded)
    const calls = this.#dispatcher()
    const memory = this.#watched()
    const expired = () => this.#detail.expires === true
    let last: Outcome | undefined
    executeToEnd(
      registers,
      () => {
        const before = registers.bytes.slice()
        last = calls.dispatch(registers, memory, undefined, expired)
        this.#checkRegisters(before, last)
        return last
      },
      8,
    )
    expect(last !== undefined && last.kind !== 'fault', 'handler-fault', 'the handler keeps its contract')
    if (this.#isOpenVmm) return
    const { refusal } = onlooker
    if (refusal !== undefined && refusal.rule !== 'unreachable') {
      expect('rule' in last && last.rule === refusal.rule, 'onlooker', `${refusal.rule} expected, not ${last.kind}`)
    } else if (this.#seen.length > 0) {
      expect(same(this.#seen[0], onlooker.input), 'onlooker', 'the handler got another input')
    }
  }

  #dispatcher(): HypercallDispatcher {
    const answers = this.#isOpenVmm ? openVmmAnswers : specificationAnswers
    const calls = new HypercallDispatcher({ answers })
    const { status: given, at } = this.#detail
    const called = callCoded(Number(this.#registers.control & 0xffffn))
    if (called === undefined) return calls
    const definition = this.#registers.convention.architecture === 'arm64' ? onArm64(called) : called
    const output = outputOf(definition)
    return calls.on(definition, ({ input, index }) => {
      this.#seen.push(input)
      const status = index === at && typeof given === 'number' ? given : 0
      return output === undefined ? status : { status, output }
    })
  }

  /** Memory that may be read in the input's page and written in the output's, and that changes as soon as it was read. */
  #watched(): HypercallMemory {
    const memory = this.#memory
    const pageOf = (gpa: unknown) => Math.floor(Number(gpa ?? 0) / pageSize)
    const allowed = (gpa: number, length: number, page: number) =>
      expect(
        length > 0 && pageOf(gpa) === page && pageOf(gpa + length - 1) === page,
        'outside-access',
        `${length} bytes at ${gpa}`,
      )
    const [input, output] = [pageOf(this.#detail.input), pageOf(this.#detail.output)]
    return {
      read(gpa, target, offset, length) {
        allowed(gpa, length, input)
        memory.read(gpa, target, offset, length)
        memory.write(gpa, filled(length), 0, length)
      },
      write(gpa, source, offset, length) {
        allowed(gpa, length, output)
        memory.write(gpa, source, offset, length)
      },
    }
  }

  #checkRegisters(before: Uint8Array, outcome: Outcome): void {
    const { bytes, convention, controlAt, resultAt, status, repsCompleted } = this.#registers
    const free = new Uint8Array(bytes.byteLength)
    if (advances(outcome)) free.fill(1, resultAt, resultAt + 8)
    if (outcome.kind === 'continued') free.fill(1, controlAt + 6, controlAt + 8)
    const isFast = ((before[controlAt + 2] ?? 0) & 1) !== 0
    const { parameters, fastSize } = convention
    if (isFast && (outcome.kind === 'completed' || outcome.kind === 'continued')) {
      free.fill(1, parameters, parameters + fastSize)
    }
    const changed = bytes.findIndex((byte, at) => free[at] === 0 && byte !== before[at])
    expect(changed < 0, 'register-changed', `${convention.name}: byte ${changed} with ${outcome.kind}`)
    if (outcome.kind === 'refused') expect(status === outcome.status, 'status', `${status} for ${outcome.rule}`)
    if (!advances(outcome)) return
    const count = (((before[controlAt + 5] ?? 0) & 0xf) << 8) | (before[controlAt + 4] ?? 0)
    expect(repsCompleted <= count, 'reps', `${repsCompleted} of ${count} elements done`)
  }
}

/** What memory holds once it was read. */
function filled(length: number): Uint8Array {
  return new Uint8Array(length).fill(0xff)
}
