import type { SharedBuffer } from '../../channels/channel/shared-buffer.ts'
import type { CompletionHandler } from '../../channels/index.ts'
import type { RingPacket } from '../../vmbus/ring/index.ts'

/** The send buffer, cut into sections as the host wants it. A section is the driver's again when its packet is completed. */
export class SendBuffer {
  readonly count: number
  readonly #free: Uint32Array
  #freeCount: number
  readonly #handlers: (CompletionHandler | undefined)[] = []

  constructor(
    readonly memory: SharedBuffer,
    /** Bytes of a section. */
    readonly sectionSize: number,
    /** Gets each completion, when its section is free again. */
    readonly onCompleted: (completion: RingPacket | undefined) => void,
  ) {
    this.count = Math.floor(memory.size / sectionSize)
    this.#free = Uint32Array.from({ length: this.count }, (_, index) => this.count - 1 - index)
    this.#freeCount = this.count
  }

  /** Sections that may be used. */
  get free(): number {
    return this.#freeCount
  }

  /** A section, or -1 when all are with the host. */
  allocate(): number {
    if (this.#freeCount === 0) return -1
    this.#freeCount -= 1
    return this.#free[this.#freeCount] ?? -1
  }

  /** Gives back a section that was allocated. */
  release(section: number): void {
    this.#free[this.#freeCount] = section
    this.#freeCount += 1
  }

  offsetOf(section: number): number {
    return section * this.sectionSize
  }

  /** What is to be done when a section's packet is completed; made once for each section. */
  completionOf(section: number): CompletionHandler {
    const known = this.#handlers[section]
    if (known !== undefined) return known
    const handler: CompletionHandler = (completion) => {
      this.release(section)
      this.onCompleted(completion)
    }
    this.#handlers[section] = handler
    return handler
  }
}
