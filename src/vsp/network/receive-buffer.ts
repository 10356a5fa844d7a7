import { TransferPagesHeader } from '../../channels/channel/packet-headers.ts'
import type { SharedBuffer } from '../../channels/channel/shared-buffer.ts'
import type { CompletionHandler } from '../../channels/index.ts'

/** Most ranges of a packet. Source: OpenVMM netvsp (behaviour 192). */
export const mostRanges = 375

/** Pieces that data leave for control messages. Source: OpenVMM netvsp (behaviour 204). */
export const controlReserve = 16

/**
 * The guest's receive buffer, cut into pieces of one size. A piece is the host's until the guest completes the packet that names it, and
 * is not written again before.
 */
export class ReceiveBuffer {
  /** Pieces. */
  readonly count: number
  /** Ranges of the packet that is being made. */
  readonly ranges: TransferPagesHeader
  readonly #free: Uint32Array
  #freeCount: number
  readonly #isFree: Uint8Array
  #isTakenBack = false
  readonly #handlers: (CompletionHandler | undefined)[] = []

  constructor(
    readonly memory: SharedBuffer,
    /** The guest's name for it, in transfer page packets. */
    readonly id: number,
    /** Bytes of a piece. */
    readonly pieceSize: number,
    /** A piece is the guest's no longer: something may wait for one. */
    readonly onFree: () => void,
  ) {
    this.count = Math.floor(memory.size / pieceSize)
    this.ranges = new TransferPagesHeader(id, mostRanges)
    // Lowest on top.
    this.#free = Uint32Array.from({ length: this.count }, (_, index) => this.count - 1 - index)
    this.#freeCount = this.count
    this.#isFree = new Uint8Array(this.count).fill(1)
  }

  /** Whether the guest has its memory back: nothing is to be written any more. */
  get isTakenBack(): boolean {
    return this.#isTakenBack
  }

  /** The guest takes its memory back. */
  takeBack(): void {
    this.#isTakenBack = true
  }

  /** Pieces that are the guest's now. */
  get inUse(): number {
    return this.count - this.#freeCount
  }

  /** A piece for data, or -1. */
  allocate(): number {
    return this.#freeCount > controlReserve ? this.#take() : -1
  }

  /** A piece for a control message, or -1. */
  allocateForControl(): number {
    return this.#freeCount > 0 ? this.#take() : -1
  }

  /** Where a piece begins. */
  offsetOf(piece: number): number {
    return piece * this.pieceSize
  }

  /** Gives a piece back that was never sent, or whose packet is completed. Once: a second time does nothing. */
  release(piece: number): void {
    if (this.#isFree[piece] !== 0) return
    this.#isFree[piece] = 1
    this.#free[this.#freeCount] = piece
    this.#freeCount += 1
  }

  /** What is to be done when the packet that names a piece is completed; made once for each piece. */
  completionOf(piece: number): CompletionHandler {
    const known = this.#handlers[piece]
    if (known !== undefined) return known
    const handler: CompletionHandler = () => {
      this.release(piece)
      this.onFree()
    }
    this.#handlers[piece] = handler
    return handler
  }

  /** The same for a packet that names several. */
  completionOfAll(pieces: readonly number[]): CompletionHandler {
    return () => {
      for (const piece of pieces) this.release(piece)
      this.onFree()
    }
  }

  #take(): number {
    this.#freeCount -= 1
    const piece = this.#free[this.#freeCount] ?? -1
    this.#isFree[piece] = 0
    return piece
  }
}
