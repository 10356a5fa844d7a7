/** What a display's stream carries: each record has its kind (u8) and its length (u32) in front. All words are little-endian. */
export const FrameKind = {
  /** u16 width, u16 height: the screen's size. It is black then. */
  Mode: 1,
  /** u16 x, y, width, height, then RGBA of each pixel: a part of the screen. */
  Pixels: 2,
  /** JSON: a line of the log. */
  Log: 3,
  /** Text: the name of what is shown. */
  Title: 4,
} as const

const frameHeaderSize = 5

/** A record with its header. */
export function frame(kind: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(frameHeaderSize + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, kind)
  view.setUint32(1, payload.length, true)
  bytes.set(payload, frameHeaderSize)
  return bytes
}

/** A record of a stream. */
export interface Frame {
  readonly kind: number
  readonly payload: Uint8Array<ArrayBuffer>
}

/** Puts records together from the pieces in which a stream comes. */
export class FrameReader {
  #pending = new Uint8Array(0)

  /** The records that are whole with these bytes. */
  take(bytes: Uint8Array): Frame[] {
    const all = new Uint8Array(this.#pending.length + bytes.length)
    all.set(this.#pending)
    all.set(bytes, this.#pending.length)
    const view = new DataView(all.buffer)
    const frames: Frame[] = []
    let at = 0
    while (all.length - at >= frameHeaderSize) {
      const end = at + frameHeaderSize + view.getUint32(at + 1, true)
      if (end > all.length) break
      frames.push({ kind: view.getUint8(at), payload: all.slice(at + frameHeaderSize, end) })
      at = end
    }
    this.#pending = all.slice(at)
    return frames
  }
}
