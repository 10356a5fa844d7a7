// Apart from the schemas that use them: the ring path needs these numbers, and not the engine of the schemas.

/** Types of ring packets. Source: Linux include/linux/hyperv.h (vmbus_packet_type). Only 6, 7, 9 and 11 are in use today. */
export const PacketType = {
  Synch: 1,
  AddTransferPageSet: 2,
  RemoveTransferPageSet: 3,
  EstablishGpadl: 4,
  TeardownGpadl: 5,
  DataInBand: 6,
  DataUsingTransferPages: 7,
  DataUsingGpadl: 8,
  DataUsingGpaDirect: 9,
  CancelRequest: 10,
  Completion: 11,
  DataUsingAdditionalPackets: 12,
  AdditionalData: 13,
} as const

/** Flags of a ring packet. */
export const PacketFlags = {
  /** The receiver is to answer with a completion of the same transaction id. */
  completionRequested: 0x1,
} as const

/** What follows a pipe header. Source: OpenVMM vmbus_ring (PipeHeader); Linux knows type 1 only. */
export const PipePacketType = { Data: 1, Partial: 2, SetupGpaDirect: 3, TeardownGpaDirect: 4 } as const
