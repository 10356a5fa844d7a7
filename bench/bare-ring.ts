// The baselines of the ring bench: the layout of a ring, the free space check and the range check of the peer’s index, without
// which no ring works; they trust their peer otherwise.

/** The ring as one writes it by hand for one thread. */
export class BareRing {
  readonly bytes: Uint8Array
  readonly control: Int32Array
  readonly words: Int32Array
  in = 0
  out = 0
  /** The packet at hand. */
  type = 0
  flags = 0
  idLow = 0
  idHigh = 0
  payloadOffset = 0
  payloadLength = 0

  constructor(buffer: ArrayBuffer) {
    this.control = new Int32Array(buffer, 0, 17)
    this.words = new Int32Array(buffer, 4096)
    this.bytes = new Uint8Array(buffer, 4096)
    this.control[16] = 1
  }

  write(type: number, flags: number, idLow: number, idHigh: number, payload: Uint8Array): boolean {
    const { control, words, bytes } = this
    const size = bytes.length
    const start = this.in
    const read = control[1] ?? 0
    if (read < 0 || read >= size) return false
    const length = 16 + ((payload.length + 7) & ~7)
    const used = start >= read ? start - read : size - read + start
    if (size - used <= length + 8) return false
    words[start >> 2] = type | (2 << 16)
    words[(start >> 2) + 1] = (length >> 3) | (flags << 16)
    const id = (start + 8) % size
    words[id >> 2] = idLow
    words[(id >> 2) + 1] = idHigh
    const first = (start + 16) % size
    if (first + payload.length <= size) bytes.set(payload, first)
    else for (let i = 0; i < payload.length; i++) bytes[(first + i) % size] = payload[i] ?? 0
    const trailer = (start + length) % size
    words[trailer >> 2] = 0
    words[(trailer >> 2) + 1] = start
    this.in = (trailer + 8) % size
    control[0] = this.in
    return control[2] === 0 && (control[1] ?? 0) === start
  }

  next(): boolean {
    const { control, words } = this
    const size = this.bytes.length
    const start = this.out
    const write = control[0] ?? 0
    if (write === start || write < 0 || write >= size) return false
    const first = words[start >> 2] ?? 0
    const second = words[(start >> 2) + 1] ?? 0
    const id = (start + 8) % size
    const dataOffset = (first >>> 16) * 8
    const length = (second & 0xffff) * 8
    this.type = first & 0xffff
    this.flags = second >>> 16
    this.idLow = (words[id >> 2] ?? 0) >>> 0
    this.idHigh = (words[(id >> 2) + 1] ?? 0) >>> 0
    this.payloadOffset = (start + dataOffset) % size
    this.payloadLength = length - dataOffset
    this.out = (start + length + 8) % size
    return true
  }

  commit(): boolean {
    const { control } = this
    control[1] = this.out
    return control[3] !== 0
  }
}

/** The ring as one writes it by hand for two threads: the shared words through `Atomics`. */
export class BareSharedRing {
  readonly bytes: Uint8Array
  readonly control: Int32Array
  readonly words: Int32Array
  in = 0
  out = 0
  /** The packet at hand. */
  type = 0
  flags = 0
  idLow = 0
  idHigh = 0
  payloadOffset = 0
  payloadLength = 0

  constructor(buffer: SharedArrayBuffer) {
    this.control = new Int32Array(buffer, 0, 17)
    this.words = new Int32Array(buffer, 4096)
    this.bytes = new Uint8Array(buffer, 4096)
    this.control[16] = 1
  }

  write(type: number, flags: number, idLow: number, idHigh: number, payload: Uint8Array): boolean {
    const { control, words, bytes } = this
    const size = bytes.length
    const start = this.in
    const read = Atomics.load(control, 1)
    if (read < 0 || read >= size) return false
    const length = 16 + ((payload.length + 7) & ~7)
    const used = start >= read ? start - read : size - read + start
    if (size - used <= length + 8) return false
    words[start >> 2] = type | (2 << 16)
    words[(start >> 2) + 1] = (length >> 3) | (flags << 16)
    const id = (start + 8) % size
    words[id >> 2] = idLow
    words[(id >> 2) + 1] = idHigh
    const first = (start + 16) % size
    if (first + payload.length <= size) bytes.set(payload, first)
    else for (let i = 0; i < payload.length; i++) bytes[(first + i) % size] = payload[i] ?? 0
    const trailer = (start + length) % size
    words[trailer >> 2] = 0
    words[(trailer >> 2) + 1] = start
    this.in = (trailer + 8) % size
    Atomics.store(control, 0, this.in)
    return Atomics.load(control, 2) === 0 && Atomics.load(control, 1) === start
  }

  next(): boolean {
    const { control, words } = this
    const size = this.bytes.length
    const start = this.out
    const write = Atomics.load(control, 0)
    if (write === start || write < 0 || write >= size) return false
    const first = words[start >> 2] ?? 0
    const second = words[(start >> 2) + 1] ?? 0
    const id = (start + 8) % size
    const dataOffset = (first >>> 16) * 8
    const length = (second & 0xffff) * 8
    this.type = first & 0xffff
    this.flags = second >>> 16
    this.idLow = (words[id >> 2] ?? 0) >>> 0
    this.idHigh = (words[(id >> 2) + 1] ?? 0) >>> 0
    this.payloadOffset = (start + dataOffset) % size
    this.payloadLength = length - dataOffset
    this.out = (start + length + 8) % size
    return true
  }

  commit(): boolean {
    const { control } = this
    Atomics.store(control, 1, this.out)
    return Atomics.load(control, 3) !== 0
  }
}
