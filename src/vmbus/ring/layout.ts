import type { GuestMemory } from '../../memory/guest-memory.ts'
import { PacketType } from '../packet-types.ts'
import { RingFault } from './ring-fault.ts'

/**
 * One ring: a control page of 4096 bytes, then the data, a multiple of 4096 bytes. All fields are little-endian u32.
 * Linux include/linux/hyperv.h `hv_ring_buffer`; OpenVMM vmbus_ring.
 */
export const CONTROL_PAGE_SIZE = 4096

/** Offsets in the control page. Indices are byte offsets into the data, multiples of 8. */
export const RING_CONTROL = {
  /** Where the writer writes next. Owned by the writer (OpenVMM: `in`). */
  writeIndex: 0,
  /** Where the reader reads next. Owned by the reader (OpenVMM: `out`). */
  readIndex: 4,
  /** Non-zero: the reader wants no signal when the ring stops being empty. Owned by the reader. */
  interruptMask: 8,
  /** Free bytes that a blocked writer waits for, 0 if none. Owned by the writer. */
  pendingSendSize: 12,
  /** Bit 0: the writer keeps {@link RING_CONTROL.pendingSendSize}. */
  featureBits: 64,
} as const

/** Bit 0 of the feature bits: pending_send_size is honoured. */
export const FEATURE_PENDING_SEND_SIZE = 1

/** Bytes of the packet descriptor: type u16, data offset / 8 u16, length / 8 u16, flags u16, transaction id u64. */
export const DESCRIPTOR_SIZE = 16

/** Bytes behind each packet: zero u32, then the ring offset of the packet's descriptor u32. Not counted in its length. */
export const TRAILER_SIZE = 8

/** Longest packet that a descriptor can say, in bytes, without trailer. */
export const MAX_PACKET_LENGTH = 0xffff * 8

/** Whether packets of this type have ranges between descriptor and payload. */
export function hasRanges(type: number): boolean {
  return type === PacketType.DataUsingTransferPages || type === PacketType.DataUsingGpaDirect
}

/** Bytes that a packet takes up in the ring: descriptor, header, payload padded to 8, trailer. Behaviour 135. */
export function ringBytesOf(headerLength: number, payloadLength: number): number {
  return DESCRIPTOR_SIZE + headerLength + roundUp8(payloadLength) + TRAILER_SIZE
}

/** First word of a descriptor: type, and data offset / 8 behind `headerLength` bytes. */
export function descriptorTypeWord(type: number, headerLength: number): number {
  return (type & 0xffff) | ((DESCRIPTOR_SIZE + headerLength) << 13)
}

/** Second word of a descriptor: length / 8 of `length` bytes, trailer not counted, and flags. */
export function descriptorLengthWord(length: number, flags: number): number {
  return (length >> 3) | (flags << 16)
}

/** The next multiple of 8, of 0 and more bytes. */
export function roundUp8(length: number): number {
  return length + (-length & 7)
}

/** Largest ring, control page included, in bytes: offsets in it are signed words here. A GPADL reaches 32 MiB. */
const MAX_RING_SIZE = 0x8000_0000

/** What forbids a ring of `totalBytes` (control page included) at `base`: `InvalidRingMemory`, or nothing. */
export function checkRingMemory(memory: GuestMemory, base: number, totalBytes: number): RingFault | undefined {
  const data = totalBytes - CONTROL_PAGE_SIZE
  if (!Number.isSafeInteger(totalBytes) || data < 4096 || data % 4096 !== 0 || totalBytes > MAX_RING_SIZE) {
    return new RingFault(
      'InvalidRingMemory',
      0,
      `${totalBytes} bytes are no control page and a multiple of 4096 bytes, up to 2 GiB`,
    )
  }
  if (
    !Number.isSafeInteger(base) ||
    base < 0 ||
    base % 8 !== 0 ||
    totalBytes > memory.size ||
    base > memory.size - totalBytes
  ) {
    return new RingFault('InvalidRingMemory', 0, `${totalBytes} bytes at ${base} are not aligned memory`)
  }
  return undefined
}

/**
 * Zeroes a ring's control page and sets feature bit 0, as the guest does with both rings once their GPADL exists
 * (Linux drivers/hv/ring_buffer.c `hv_ringbuffer_init`). Indices, mask and pending size are then 0: empty, unmasked.
 */
export function initializeRing(memory: GuestMemory, base: number): void {
  memory.write(base, new Uint8Array(CONTROL_PAGE_SIZE), 0, CONTROL_PAGE_SIZE)
  memory.store32(base + RING_CONTROL.featureBits, FEATURE_PENDING_SEND_SIZE)
}
