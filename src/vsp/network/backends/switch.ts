import type { Frame, NetworkBackend, Nic, TransmitFrame } from './backend.ts'

/** Addresses that are remembered; more push the oldest out. */
const mostAddresses = 4096

/** How a frame leaves the switch. */
type Deliver = (frame: Frame) => void

/** A back end at a port of the switch, as the back end sees it. */
class BackendPort implements Nic {
  readonly macAddress = new Uint8Array(6)
  constructor(readonly enters: (frame: Frame, port: Nic) => void) {}
  receive(frame: Frame): boolean {
    this.enters(frame, this)
    return true
  }
}

/**
 * A switch that learns: one back end for any number of NICs, of whatever guests. A frame goes to the port behind which its destination
 * was seen, otherwise to all but its own. Other back ends, such as a gateway, are {@link plug}ged in. It knows no spanning tree: do not
 * cable two of them twice.
 */
export class NetworkSwitch implements NetworkBackend {
  readonly #ports = new Map<Nic, Deliver>()
  readonly #addresses = new Map<number, Nic>()

  /** NICs and back ends that are plugged in. */
  get ports(): number {
    return this.#ports.size
  }

  /** Plugs another back end in, as one more port. Answers that port, by which it is {@link unplugged}. */
  plug(backend: NetworkBackend): Nic {
    const port = new BackendPort((frame, from) => this.#forward(frame, from))
    this.#ports.set(port, (frame) => backend.transmit(transmitted(frame), port))
    backend.plugged?.(port)
    return port
  }

  plugged(nic: Nic): void {
    this.#ports.set(nic, (frame) => void nic.receive(frame))
  }

  unplugged(nic: Nic): void {
    this.#ports.delete(nic)
    for (const [address, port] of this.#addresses) if (port === nic) this.#addresses.delete(address)
  }

  transmit(frame: TransmitFrame, nic: Nic): void {
    this.#forward(frame, nic)
  }

  #forward(frame: Frame, from: Nic): void {
    const { bytes } = frame
    if (bytes.length < 14) return
    this.#learn(addressAt(bytes, 6), from)
    const isGroup = ((bytes[0] ?? 0) & 1) !== 0
    const known = isGroup ? undefined : this.#addresses.get(addressAt(bytes, 0))
    if (known !== undefined) {
      if (known !== from) this.#ports.get(known)?.(frame)
      return
    }
    for (const [port, deliver] of this.#ports) if (port !== from) deliver(frame)
  }

  #learn(address: number, port: Nic): void {
    if (this.#addresses.get(address) === port || !this.#ports.has(port)) return
    // A group address is no sender's.
    if ((Math.floor(address / 2 ** 40) & 1) !== 0) return
    this.#addresses.delete(address)
    if (this.#addresses.size >= mostAddresses) {
      for (const oldest of this.#addresses.keys()) {
        this.#addresses.delete(oldest)
        break
      }
    }
    this.#addresses.set(address, port)
  }
}

/** A MAC address as a number. */
function addressAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  const low =
    ((bytes[at + 2] ?? 0) << 24) | ((bytes[at + 3] ?? 0) << 16) | ((bytes[at + 4] ?? 0) << 8) | (bytes[at + 5] ?? 0)
  return high * 2 ** 32 + (low >>> 0)
}

/** A frame as a back end gets it; nobody waits for its transmission. */
function transmitted(frame: Frame): TransmitFrame {
  const { bytes, vlan, isChecked } = frame
  return { bytes, vlan, isChecked, queue: 0, defer: () => () => {} }
}
