import { bit, bits, type Infer, struct, u8, u16 } from '../../wire/index.ts'
import { channelIdField, connectionIdField } from '../ids.ts'
import { ChannelOffer } from '../offer.ts'
import { header } from './header.ts'

/** Host to guest, 196 bytes: a device channel is there. Source: Linux vmbus_channel_offer_channel. */
export const OfferChannel = /* @__PURE__ */ struct(
  'OfferChannel',
  {
    header: header(1),
    /** What is offered. */
    offer: ChannelOffer,
    /** The channel's relid while this connection lasts. */
    channelId: channelIdField,
    /** Bit in the monitor page (0 … 127), or 0xff. */
    monitorId: u8,
    /** How the guest may signal through the monitor page. */
    monitor: bits(u8, {
      /** Whether `monitorId` is to be used instead of signalling. */
      allocated: bit(0),
    }),
    /** How the guest signals this channel (from 1.1 on). */
    interrupt: bits(u16, {
      /** Whether the guest signals `connectionId` without setting its bit in the interrupt page. */
      isDedicated: bit(0),
    }),
    /** Connection that the guest signals. */
    connectionId: connectionIdField,
  },
  { size: 196, aliases: { linux: 'vmbus_channel_offer_channel' } },
)
export interface OfferChannel extends Infer<typeof OfferChannel> {}

/** Host to guest, 12 bytes: the channel is gone; the guest answers with RelIdReleased when it has let go. */
export const RescindChannelOffer = /* @__PURE__ */ struct(
  'RescindChannelOffer',
  {
    header: header(2),
    /** Relid of the channel. */
    channelId: channelIdField,
  },
  { size: 12, aliases: { linux: 'vmbus_channel_rescind_offer' } },
)

/** Guest to host, 8 bytes: send me all offers. */
export const RequestOffers = /* @__PURE__ */ struct('RequestOffers', { header: header(3) }, { size: 8 })

/** Host to guest, 8 bytes: what was there at RequestOffers has been offered. */
export const AllOffersDelivered = /* @__PURE__ */ struct('AllOffersDelivered', { header: header(4) }, { size: 8 })

/** Guest to host, 12 bytes: the relid is free. */
export const RelIdReleased = /* @__PURE__ */ struct(
  'RelIdReleased',
  {
    header: header(13),
    /** Relid of the channel. */
    channelId: channelIdField,
  },
  { size: 12, aliases: { linux: 'vmbus_channel_relid_released' } },
)
