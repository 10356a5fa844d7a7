import { type GuestMemory, PageList } from '../memory/index.ts'
import { PacketType } from '../vmbus/packet-types.ts'
import { DESCRIPTOR_SIZE, RingReader, RingWriter, roundUp8 } from '../vmbus/ring/index.ts'
import { RawRing } from './raw-ring.ts'
import { expect } from './target.ts'

/**
 * One channel as the fuzzer at its other end sees it: raw access to both rings, and a strict account of what the device sends.
 * After control words were tampered with, what comes of it proves nothing any more, but for what is thrown.
 */
export class RawChannel {
  readonly send: RawRing
  readonly receive: RawRing
  readonly #reader: RingReader
  /** Requests that were sent and not completed: how many of each transaction id. */
  readonly #requests = new Map<bigint, number>()
  tampered = false

  /** @param pfns of both rings, the guest-to-host ring first. @param split pages of that ring. @param isGuest whose end this is. */
  constructor(memory: GuestMemory, pfns: readonly number[], split: number, isGuest: boolean) {
    const [first, second] = [new PageList(memory, pfns.slice(0, split)), new PageList(memory, pfns.slice(split))]
    const [send, receive] = isGuest ? [first, second] : [second, first]
    this.send = new RawRing(send, 0, send.size)
    this.receive = new RawRing(receive, 0, receive.size)
    new RingWriter(send, 0, send.size).initialize()
    this.#reader = new RingReader(receive, 0, receive.size, { checkTrailer: true })
  }

  /** Requests without completion. */
  get waiting(): number {
    let sum = 0
    for (const count of this.#requests.values()) sum += count
    return sum
  }

  /** Whether the device has read all that was sent. */
  get isRead(): boolean {
    return this.send.load(0) === this.send.load(4)
  }

  /** Sends a packet, whatever its bytes. False when there is no room. */
  write(packet: Uint8Array): boolean {
    if (!this.send.append(packet)) return false
    const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength)
    // What does not say its own length makes whatever follows be read differently.
    if (packet.byteLength < DESCRIPTOR_SIZE || view.getUint16(4, true) * 8 !== roundUp8(packet.byteLength)) {
      this.tampered = true
      return true
    }
    const isRequest = view.getUint16(0, true) !== PacketType.Completion && (view.getUint16(6, true) & 1) !== 0
    const id = view.getBigUint64(8, true)
    if (isRequest) this.#requests.set(id, (this.#requests.get(id) ?? 0) + 1)
    return true
  }

  /** Takes what the device has sent. Answers how many packets, and whether the device wants a signal. */
  read(): { readonly packets: number; readonly signal: boolean } {
    const reader = this.#reader
    let packets = 0
    let status = reader.next()
    for (; status === 'packet'; status = reader.next()) {
      packets++
      const { type, transactionId } = reader.packet
      if (type === PacketType.Completion) this.#completed(transactionId)
    }
    if (!this.tampered) expect(status === 'empty', 'bad-packet-sent', reader.fault?.message ?? status)
    return { packets, signal: reader.commit() }
  }

  #completed(id: bigint): void {
    const waiting = this.#requests.get(id) ?? 0
    if (!this.tampered) expect(waiting > 0, 'completed-twice', `a completion ${id} that no request waits for`)
    if (waiting > 1) this.#requests.set(id, waiting - 1)
    else this.#requests.delete(id)
  }
}
