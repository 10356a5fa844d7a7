import type { Guid } from '../../wire/index.ts'
import type { ChannelId, ConnectionId, GpadlId } from '../ids.ts'

declare const offerBrand: unique symbol
/** The host's own handle of something it offers; lives across connections, unlike a {@link ChannelId}. */
export type OfferId = number & {
  /** Keeps other numbers out. */
  readonly [offerBrand]: true
}

/** Where a control message to the guest goes. */
export interface MessageTarget {
  /** Index of the VP. */
  readonly vp: number
  /** SINT of that VP, 1 … 15. */
  readonly sint: number
}

/** A control message that waits to be delivered. */
export interface OutgoingMessage extends MessageTarget {
  /** Header and body, at most 240 bytes. */
  readonly bytes: Uint8Array
}

/** How a message reached the host. */
export interface MessageOrigin {
  /** Connection that the guest posted to: 1, 4 (multi-client), … */
  readonly connectionId: ConnectionId
  /** Whether it came over the trusted (confidential) path. */
  readonly trusted?: boolean
}

/** Memory that a GPADL names: one run of pages. */
export interface GpadlRange {
  /** Bytes of the run, at least 1. */
  readonly byteCount: number
  /** In the first page, 0 … 4095. */
  readonly byteOffset: number
  /** Guest page numbers. */
  readonly pfns: readonly number[]
}

/** How the host interrupts the guest for a channel. */
export type ChannelInterrupt =
  | { readonly kind: 'none' }
  /** Event flag in the SIEFP page of a VP (2.4 and later). */
  | {
      readonly kind: 'event'
      readonly vp: number
      readonly sint: number
      readonly flag: number
      /** 2 when the guest redirected the interrupt to VTL 2 (channelInterruptRedirection). */
      readonly vtl?: number
    }
  /** Bit in the shared interrupt page, then event flag 0 of VP 0 (before 2.4). */
  | { readonly kind: 'interrupt-page'; readonly page: bigint; readonly bit: number; readonly sint: number }

/** All that a device needs to serve an opened channel. */
export interface OpenRequest {
  /** Relid of the channel. */
  readonly channelId: ChannelId
  /** What the guest chose; echoed in OpenResult. */
  readonly openId: number
  /** The ring's GPADL: pages [0, downstreamPageOffset) are the guest-to-host ring, the rest the host-to-guest ring. */
  readonly ringGpadlId: GpadlId
  /** The memory of that GPADL: one run of whole pages. */
  readonly ring: GpadlRange
  /** Page of the GPADL (4096 bytes each) where the host-to-guest ring begins. */
  readonly downstreamPageOffset: number
  /** How the host interrupts the guest for this channel. */
  readonly interrupt: ChannelInterrupt
  /** Connection on which the guest signals this channel. */
  readonly connectionId: ConnectionId
  /** Monitor id (0 … 127) if the guest signals through the monitor page. */
  readonly monitorId?: number
  /** The 120 bytes of the guest's open. */
  readonly userData: Uint8Array
  /** A channel of firmware or crash dump: no interrupts, survives Unload. */
  readonly reserved: boolean
}

/** What the server asks of devices and of the transport. Requests marked ← are answered by the named method, exactly once. */
export type ServerEffect =
  /** ← `openComplete(offer, ok)` */
  | { readonly kind: 'open'; readonly offer: OfferId; readonly request: OpenRequest }
  /** ← `closeComplete(offer)`. The rings must not be touched afterwards. */
  | { readonly kind: 'close'; readonly offer: OfferId; readonly channelId: ChannelId }
  /** ← `gpadlComplete(offer, gpadlId, ok)` */
  | {
      readonly kind: 'gpadl'
      readonly offer: OfferId
      readonly gpadlId: GpadlId
      readonly ranges: readonly GpadlRange[]
    }
  /** ← `gpadlTeardownComplete(offer, gpadlId)` */
  | { readonly kind: 'gpadl-teardown'; readonly offer: OfferId; readonly gpadlId: GpadlId }
  /** ← `modifyComplete(offer, ok)` */
  | { readonly kind: 'modify'; readonly offer: OfferId; readonly interrupt: ChannelInterrupt }
  /** ← `modifyConnectionComplete(ok)` */
  | { readonly kind: 'modify-connection'; readonly monitorPages: MonitorPages | undefined }
  /** ← `tlConnectComplete(endpointId, serviceId, ok)`; on success the listener offers a channel first. */
  | { readonly kind: 'tl-connect'; readonly endpointId: Guid; readonly serviceId: Guid; readonly siloId: Guid }
  /** The guest is connected; for the transport, which learns the pages. */
  | {
      readonly kind: 'connected'
      readonly version: number
      readonly features: number
      readonly monitorPages: MonitorPages | undefined
      /**
       * GPA of the shared interrupt page (before 2.4): the host sets bits in its first half; a guest at 0.13 sets bits in its
       * second half and signals connection 2.
       */
      readonly interruptPage?: bigint
      /** With the clientId feature. */
      readonly clientId?: Guid
    }
  /** The connection has ended. */
  | { readonly kind: 'disconnected' }
  /**
   * The offer is gone: by `revoke`, or with its primary channel. Its rings must not be touched any more, and nothing that
   * was asked for it is to be answered.
   */
  | { readonly kind: 'revoked'; readonly offer: OfferId }
  /** A contact for the server of another VTL came through the shared port. Not answered. */
  | {
      readonly kind: 'forward-contact'
      readonly vtl: number
      readonly bytes: Uint8Array
      readonly origin: MessageOrigin
    }
  /** After `VmbusServer.restore`: what the guest had set up for this offer; the device takes it over. Not answered. */
  | {
      readonly kind: 'restored'
      readonly offer: OfferId
      readonly channelId: ChannelId
      readonly gpadls: readonly { readonly gpadlId: GpadlId; readonly ranges: readonly GpadlRange[] }[]
      /** Of an open channel. */
      readonly request?: OpenRequest
    }

/** Guest physical addresses of the monitor pages. */
export interface MonitorPages {
  /** In which the host triggers; may be 0n when the host chose the pages. */
  readonly parentToChild: bigint
  /** In which the guest triggers. */
  readonly childToParent: bigint
}

/** What a device offers. */
export interface OfferParams {
  /** Class of the device. */
  readonly interfaceId: Guid
  /** This one device. */
  readonly instanceId: Guid
  /** 0 for the primary channel. */
  readonly subchannelIndex?: number
  /** Order among offers of one interface; lower first. */
  readonly order?: number
  /** Offer flags (see OfferFlags). */
  readonly flags?: number
  /** MMIO space that the device needs, in MiB, 0 … 65535. */
  readonly mmioMegabytes?: number
  /** MMIO space that it could use beyond that, in MiB, 0 … 65535. */
  readonly mmioMegabytesOptional?: number
  /** The 120 user-defined bytes (zeros if left out). For a pipe, bytes 0 to 3 are set by the server. */
  readonly userDefined?: Uint8Array
  /** Offers a pipe: sets the offer flag namedPipeMode and the pipe type in the user-defined bytes. */
  readonly pipe?: 'byte' | 'message'
  /** Latency in 100 ns: ask for a monitored interrupt. */
  readonly monitorLatency?: number
}
