import { guidField, struct } from '../../wire/index.ts'
import { header, statusField } from './header.ts'

const tlConnectFields = {
  header: header(21),
  /** The connecting socket; becomes the offered channel's instance id. */
  endpointId: guidField,
  /** The service connected to; becomes the offered channel's interface id. */
  serviceId: guidField,
}

/** Guest to host, 40 bytes: connect an hvsocket. Source: Linux vmbus_channel_tl_connect_request. */
export const TlConnectRequest = /* @__PURE__ */ struct('TlConnectRequest', tlConnectFields, {
  size: 40,
  aliases: { linux: 'vmbus_channel_tl_connect_request' },
})

/** The form with a silo, from 5.2 on, 56 bytes. */
export const TlConnectRequest2 = /* @__PURE__ */ struct(
  'TlConnectRequest2',
  {
    ...tlConnectFields,
    /** The silo (container) that connects; zeros for none. */
    siloId: guidField,
  },
  { size: 56 },
)

/** Host to guest, 44 bytes: an hvsocket could not be connected. Success is told by an offer. */
export const TlConnectRequestResult = /* @__PURE__ */ struct(
  'TlConnectRequestResult',
  {
    header: header(23),
    /** As the guest named it in the request. */
    endpointId: guidField,
    /** As the guest named it in the request. */
    serviceId: guidField,
    /** 0 for success; anything else is a failure. */
    status: statusField,
  },
  { size: 44 },
)
