import { modeSpan, type Rect, type VideoMode } from '../../devices/video/index.ts'
import { type GuestMemory, MemoryFault, PAGE_SIZE } from '../../memory/index.ts'
import type { WireErrorCode } from '../../wire/index.ts'

/** Why a place or a mode cannot be. */
export interface FramebufferFault {
  readonly code: WireErrorCode
  readonly why: string
}

/** A screen's pixels in guest memory: where they are, how they lie, and copies of them. */
export class Framebuffer {
  readonly #memory: GuestMemory
  #gpa: number | undefined
  #mode: VideoMode | undefined
  readonly #probe = new Uint8Array(1)

  constructor(memory: GuestMemory) {
    this.#memory = memory
  }

  /** The mode of a screen that can be seen: it has a mode, and memory. */
  get mode(): VideoMode | undefined {
    return this.#gpa === undefined ? undefined : this.#mode
  }

  /** Puts it somewhere else, or nowhere. A place that is none, or where the mode does not fit, is a fault, and changes nothing (VI-11). */
  place(address: bigint | undefined): FramebufferFault | undefined {
    if (address === undefined) {
      this.#gpa = undefined
      return undefined
    }
    const gpa = Number(address)
    if (gpa % PAGE_SIZE !== 0) return { code: 'ALIGN', why: `0x${address.toString(16)} is not page aligned` }
    const fault = this.#faultAt(gpa, this.#mode)
    if (fault === undefined) this.#gpa = gpa
    return fault
  }

  /** Sets the mode, or none. */
  set(mode: VideoMode | undefined): FramebufferFault | undefined {
    const fault = this.#gpa === undefined ? undefined : this.#faultAt(this.#gpa, mode)
    if (fault === undefined) this.#mode = mode
    return fault
  }

  /**
   * Copies the pixels of a region, as they are, to their places in a picture of the whole screen without gaps between rows.
   * The region lies on the screen. Throws `MemoryFault` where guest memory has gone, `RangeError` when `target` is too small.
   */
  copy(target: Uint8Array, region: Rect, mode: VideoMode): void {
    const gpa = this.#gpa
    if (gpa === undefined) return
    const pixel = mode.depth / 8
    const row = mode.width * pixel
    if (target.length < row * mode.height)
      throw new RangeError(`${row * mode.height} bytes needed, not ${target.length}`)
    const length = (region.right - region.left) * pixel
    const start = gpa + mode.offset + region.left * pixel
    let to = region.top * row + region.left * pixel
    if (length === row && mode.pitch === row) {
      this.#memory.read(start + region.top * row, target, to, row * (region.bottom - region.top))
      return
    }
    const first = start + region.top * mode.pitch
    const direct = this.#memory.direct(first, (region.bottom - region.top - 1) * mode.pitch + length)
    for (let y = region.top, from = 0; y < region.bottom; y++, from += mode.pitch, to += row) {
      if (direct === undefined) this.#memory.read(first + from, target, to, length)
      else target.set(direct.subarray(from, from + length), to)
    }
  }

  #faultAt(gpa: number, mode: VideoMode | undefined): FramebufferFault | undefined {
    const start = gpa + (mode?.offset ?? 0)
    const end = start + (mode === undefined ? 1 : modeSpan(mode))
    try {
      this.#memory.read(start, this.#probe, 0, 1)
      this.#memory.read(end - 1, this.#probe, 0, 1)
      return undefined
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error
      return { code: 'ACCESS', why: error.message }
    }
  }
}
