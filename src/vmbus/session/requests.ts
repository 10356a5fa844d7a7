import type { ChannelMessage } from '../messages.ts'

/** What a request waits under for its answer; `undefined` for what is no request. */
export function requestKey(message: ChannelMessage): string | undefined {
  switch (message.type) {
    case 'InitiateContact':
    case 'InitiateContact2':
      return 'contact'
    case 'RequestOffers':
      return 'offers'
    case 'OpenChannel':
    case 'OpenChannel2':
    case 'OpenReservedChannel':
      return `open ${message.channelId}`
    case 'CloseReservedChannel':
      return `close ${message.channelId}`
    case 'GpadlHeader':
      return `gpadl ${message.channelId} ${message.gpadlId}`
    case 'GpadlTeardown':
      return `teardown ${message.gpadlId}`
    case 'TlConnectRequest':
    case 'TlConnectRequest2':
      return `connect ${message.endpointId} ${message.serviceId}`
    case 'ModifyChannel':
      return `modify ${message.channelId}`
    case 'ModifyConnection':
      return 'modify connection'
    case 'Pause':
      return 'pause'
    case 'Unload':
      return 'unload'
    default:
      return undefined
  }
}

/** What an answer's request waited under; `undefined` for what is no answer. */
export function answerKey(message: ChannelMessage): string | undefined {
  switch (message.type) {
    case 'VersionResponse':
    case 'VersionResponse2':
    case 'VersionResponse3':
      return 'contact'
    case 'AllOffersDelivered':
      return 'offers'
    case 'OpenResult':
      return `open ${message.channelId}`
    case 'CloseReservedChannelResponse':
      return `close ${message.channelId}`
    case 'GpadlCreated':
      return `gpadl ${message.channelId} ${message.gpadlId}`
    case 'GpadlTorndown':
      return `teardown ${message.gpadlId}`
    case 'TlConnectRequestResult':
      return `connect ${message.endpointId} ${message.serviceId}`
    case 'ModifyChannelResponse':
      return `modify ${message.channelId}`
    case 'ModifyConnectionResponse':
      return 'modify connection'
    case 'PauseResponse':
      return 'pause'
    case 'UnloadComplete':
      return 'unload'
    default:
      return undefined
  }
}
