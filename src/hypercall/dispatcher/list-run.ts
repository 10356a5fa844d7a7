import type { HypercallDefinition } from '../calls/call.ts'
import type { OutputOf } from '../conventions/call-types.ts'
import type { RepList } from './handler.ts'
import type { Workspace } from './workspace.ts'

/** The list that a list handler works on: elements from the copy of the input, outputs into the workspace. Its functions may be taken from it. */
export class ListRun<C> implements RepList<HypercallDefinition, C> {
  readonly start: number
  readonly count: number
  readonly input: object | undefined
  /** First element, from `start` on, without an output. */
  answered: number
  readonly #listAt: number
  readonly #given: Uint8Array

  constructor(
    readonly definition: HypercallDefinition,
    readonly work: Workspace,
    readonly caller: C,
    readonly timeUp: (() => boolean) | undefined,
  ) {
    const { repStart, repCount, listAt } = work.blocks
    this.start = repStart
    this.count = repCount
    this.input = work.header
    this.answered = repStart
    this.#listAt = listAt
    this.#given = new Uint8Array(repCount)
  }

  readonly element = (index: number): object | undefined => {
    this.#check(index)
    const { element } = this.definition
    return element?.decodeAt(this.work.input, this.#listAt + index * element.size)
  }

  readonly answer = (index: number, output: OutputOf<HypercallDefinition>): void => {
    this.#check(index)
    const { outputElement, name } = this.definition
    if (outputElement === undefined) throw new RangeError(`${name} has no output`)
    outputElement.encodeAt(this.work.output, index * outputElement.size, output)
    this.#given[index] = 1
    while (this.#given[this.answered] === 1) this.answered++
  }

  readonly expired = (): boolean => this.timeUp?.() ?? false

  #check(index: number): void {
    if (Number.isInteger(index) && index >= this.start && index < this.count) return
    throw new RangeError(`${this.definition.name}: element ${index} is not of ${this.start} … ${this.count - 1}`)
  }
}
