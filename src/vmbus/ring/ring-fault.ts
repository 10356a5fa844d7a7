/** Stable codes of what is wrong with a ring; the names are OpenVMM's (vmbus_ring) where it has one. */
export type RingFaultCode =
  /** The memory given is no ring: size, alignment, or outside guest memory. */
  | 'InvalidRingMemory'
  /** An index of the peer's is outside the data, not a multiple of 8, or moved where it cannot have gone. */
  | 'InvalidRingPointer'
  /** Bytes are there, but fewer than a descriptor. */
  | 'InvalidDataAvailable'
  /** The descriptor's data offset and length contradict each other, the type, or what is available with a trailer. */
  | 'InvalidDescriptorLengths'
  | 'InvalidDescriptorType'
  | 'InvalidDescriptorFlags'
  /** A GPA-direct packet without ranges. */
  | 'InvalidDescriptorGpaDirectRangeCount'
  /** The 8 bytes behind a packet are not zero and the packet's own offset (checked only when asked to). */
  | 'InvalidTrailer'
  /** A packet to be written can never fit this ring. The ring is unchanged and stays usable. */
  | 'InvalidMessageLength'
  /** The peer changed an interrupt mask that it does not own. The ring stays usable. */
  | 'InterruptsExternallyMasked'
  /** Guest memory answered a fault: the ring's pages are gone or were never there. */
  | 'MemoryAccess'

/**
 * What is wrong with a ring. Handed out as a value, not thrown, by readers and writers; only the constructors throw it
 * (`InvalidRingMemory`).
 */
export class RingFault extends Error {
  override readonly name = 'RingFault'
  constructor(
    readonly code: RingFaultCode,
    /** Byte offset of the cause: in the ring's data for packets, in the control page for indices and masks. */
    readonly offset: number,
    /** What was found, in words. */
    readonly why: string,
  ) {
    super(`${code} at ${offset}: ${why}`)
  }
}
