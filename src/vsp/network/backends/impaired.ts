import { Random } from '../../../channels/index.ts'
import { copyFrame, type Frame, type NetworkBackend, type Nic, type TransmitFrame } from './backend.ts'

/** What goes wrong on the way: each a probability from 0 to 1. */
export interface Impairments {
  /** The same seed makes the same frames suffer. Default 0. */
  readonly seed?: number
  readonly loss?: number
  readonly duplication?: number
  /** A frame is held back, and overtaken by up to 8 others. */
  readonly reordering?: number
}

const mostHeld = 8

/** Frames that take one direction of a bad line. */
class BadLine {
  readonly #held: { readonly frame: Frame; left: number }[] = []
  constructor(
    readonly random: Random,
    readonly impairments: Impairments,
    readonly deliver: (frame: Frame) => void,
  ) {}

  send(frame: Frame): void {
    const { loss = 0, duplication = 0, reordering = 0 } = this.impairments
    const isLost = this.#happens(loss)
    const isTwice = this.#happens(duplication)
    const isLate = this.#happens(reordering)
    if (!isLost && isLate && this.#held.length < mostHeld) {
      this.#held.push({ frame: copyFrame(frame), left: 1 + this.random.below(mostHeld) })
    } else if (!isLost) this.deliver(frame)
    if (!isLost && isTwice) this.deliver(frame)
    this.#passed()
  }

  /** Lets go of what is held back. */
  flush(): void {
    for (const { frame } of this.#held.splice(0)) this.deliver(frame)
  }

  #passed(): void {
    for (const held of this.#held) held.left -= 1
    const due = this.#held.filter(({ left }) => left <= 0)
    for (const held of due) this.#held.splice(this.#held.indexOf(held), 1)
    for (const { frame } of due) this.deliver(frame)
  }

  #happens(probability: number): boolean {
    return this.random.below(1_000_000) < probability * 1_000_000
  }
}

/**
 * A bad line in front of another back end: frames are lost, doubled and overtaken, in both directions, by a seed. It knows no time: a
 * frame that is held back comes when others have passed, or with {@link flush}.
 */
export class ImpairedBackend implements NetworkBackend {
  readonly #backend: NetworkBackend
  readonly #impairments: Impairments
  readonly #random: Random
  readonly #lines = new Map<Nic, { readonly out: BadLine; readonly in: BadLine; readonly far: Nic }>()

  constructor(backend: NetworkBackend, impairments: Impairments) {
    this.#backend = backend
    this.#impairments = impairments
    this.#random = new Random(impairments.seed ?? 0)
  }

  plugged(nic: Nic): void {
    this.#backend.plugged?.(this.#lineOf(nic).far)
  }

  unplugged(nic: Nic): void {
    this.#backend.unplugged?.(this.#lineOf(nic).far)
    this.#lines.delete(nic)
  }

  transmit(frame: TransmitFrame, nic: Nic): void {
    this.#lineOf(nic).out.send(frame)
  }

  /** Lets go of all frames that are held back. */
  flush(): void {
    for (const line of this.#lines.values()) {
      line.out.flush()
      line.in.flush()
    }
  }

  #lineOf(nic: Nic) {
    const known = this.#lines.get(nic)
    if (known !== undefined) return known
    const inward = new BadLine(this.#random, this.#impairments, (frame) => void nic.receive(frame))
    const far: Nic = {
      macAddress: nic.macAddress,
      receive(frame) {
        inward.send(frame)
        return true
      },
    }
    const outward = new BadLine(this.#random, this.#impairments, (frame) => {
      const { bytes, vlan, isChecked } = frame
      this.#backend.transmit({ bytes, vlan, isChecked, queue: 0, defer: () => () => {} }, far)
    })
    const line = { out: outward, in: inward, far }
    this.#lines.set(nic, line)
    return line
  }
}
