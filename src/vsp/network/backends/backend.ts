/** A VLAN tag that travels beside a frame, not in it. */
export interface VlanTag {
  /** 0 … 7. */
  readonly priority: number
  /** DEI, once CFI. */
  readonly dropEligible: boolean
  /** 0 … 4095. */
  readonly id: number
}

/** An Ethernet frame. */
export interface Frame {
  /** From the destination address on, without checksum and, where {@link vlan} says it, without VLAN tag. */
  readonly bytes: Uint8Array
  readonly vlan?: VlanTag | undefined
  /** Whether the checksums within are known to be right, so that the receiver need not look. */
  readonly isChecked?: boolean | undefined
}

/** A frame from the guest. It is valid during the call that brings it: copy what must live longer ({@link copyFrame}). */
export interface TransmitFrame extends Frame {
  /** The channel that it came by: 0 is the primary one. */
  readonly queue: number
  /**
   * Says that it is transmitted later. The guest gets its completion, and so its buffer back, when the function answered is called, once.
   * The bytes must be copied all the same.
   */
  defer(): () => void
}

/** Where frames for a guest go in: the host's end of the cable. */
export interface Nic {
  /** 6 bytes. */
  readonly macAddress: Uint8Array
  /** Gives the guest a frame. False: it was dropped, as the guest does not receive now, has no buffers left, or the frame is too long. */
  receive(frame: Frame): boolean
}

/** What is at the other end of the cable of one NIC or of several. */
export interface NetworkBackend {
  /** A NIC is there. */
  plugged?(nic: Nic): void
  /** It is there no longer. */
  unplugged?(nic: Nic): void
  /** A frame that the guest of this NIC sends; checksums and large sends are done with. Answer by `nic.receive`, now or later. */
  transmit(frame: TransmitFrame, nic: Nic): void
}

/** A copy that may be kept. */
export function copyFrame(frame: Frame): Frame {
  const { vlan, isChecked } = frame
  return {
    bytes: frame.bytes.slice(),
    ...(vlan === undefined ? {} : { vlan }),
    ...(isChecked === undefined ? {} : { isChecked }),
  }
}

/** MAC address of a text such as `00:15:5d:01:02:03`. Throws `RangeError` for any other. */
export function macAddressOf(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) throw new RangeError(`no MAC address: ${text}`)
  return Uint8Array.from(text.split(/[:-]/), (digits) => Number.parseInt(digits, 16))
}

/** A MAC address as text, lower case. */
export function macAddressText(address: Uint8Array): string {
  return Array.from(address, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}
