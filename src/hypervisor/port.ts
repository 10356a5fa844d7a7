import type { Partition } from './partition.ts'

/** Kind of a port, and where it delivers. Source: TLFS 11.8 (HV_PORT_INFO). */
export type PortTarget =
  | { readonly kind: 'message'; readonly sint: number; readonly vp: number }
  | {
      readonly kind: 'event'
      readonly sint: number
      readonly vp: number
      readonly baseFlag: number
      readonly flagCount: number
    }
  /** A page of the receiver's in which the hypervisor shows what was signalled; `monitorAddress` in bytes. */
  | { readonly kind: 'monitor'; readonly monitorAddress: number }
  | { readonly kind: 'doorbell'; readonly sint: number; readonly vp: number }

/** Receiving end: owned by the partition whose VPs get messages and events. */
export class Port {
  /** Message buffers that are free. */
  buffers: number
  /** Who is connected. */
  connection: Connection | undefined
  /** It is gone: what is posted to it is INVALID_PORT_ID. */
  isDeleted = false
  /** Messages that were taken. */
  postCount = 0
  /** Signals that were taken. */
  signalCount = 0
  /** Set properties, by code; see `port-properties.ts`. */
  readonly properties = new Map<number, bigint>()

  /** @param connectable the partition that may connect. */
  constructor(
    readonly id: number,
    readonly owner: Partition,
    readonly connectable: Partition,
    public target: PortTarget,
    readonly vtl: number,
    readonly minConnectionVtl: number,
    buffers: number,
  ) {
    this.buffers = buffers
  }
}

/** What a connection is made with, beside its port. Source: TLFS 11.9 (HV_CONNECTION_INFO). */
export type ConnectionTarget =
  | { readonly kind: 'message' | 'event' }
  /** The sender's page of triggers, an address in bytes. */
  | { readonly kind: 'monitor'; readonly monitorAddress: number }
  | {
      readonly kind: 'doorbell'
      /** Address in bytes that rings when it is written. */
      readonly gpa: number
      /** Bytes of the write that rings: 0 any, else 1, 2, 4 or 8. */
      readonly size: number
      /** The value that rings; `undefined`: any. */
      readonly value: bigint | undefined
    }

/** Sending end: owned by the partition that posts or signals. It outlives its port, of no use then. */
export class Connection {
  constructor(
    readonly id: number,
    readonly owner: Partition,
    readonly port: Port,
    readonly target: ConnectionTarget,
    readonly vtl: number,
  ) {}
}
