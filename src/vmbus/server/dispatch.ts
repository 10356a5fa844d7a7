import { isWireError, type WireContext, type WireError } from '../../wire/index.ts'
import { ChannelMessage, maxMessageSize, PauseResponse } from '../messages.ts'
import type { Core, Incoming } from './core.ts'
import { receiveUnload } from './disconnect.ts'
import { receiveGpadlBody, receiveGpadlHeader, receiveGpadlTeardown } from './gpadl.ts'
import { receiveTlConnect } from './hvsocket.ts'
import { receiveModifyChannel, receiveModifyConnection } from './modify.ts'
import { receiveContact } from './negotiation.ts'
import { receiveRelIdReleased, receiveRequestOffers } from './offers.ts'
import { receiveClose, receiveOpen } from './open-close.ts'
import { receiveCloseReserved, receiveOpenReserved } from './reserved.ts'

/** One control message of the guest: decoded, allowed or not, and handled. */
export function handleMessage(core: Core, incoming: Incoming): void {
  const { bytes, origin } = incoming
  const { connection } = core
  if (connection?.trusted && origin.trusted !== true) {
    core.refuse('untrusted', '', 0)
    return
  }
  if (bytes.length > maxMessageSize) {
    core.refuse('message-too-long', '', maxMessageSize)
    return
  }
  const message = decodeMessage(core, bytes)
  if (message === undefined) return
  if (message.type === 'InitiateContact' || message.type === 'InitiateContact2') {
    receiveContact(core, message, incoming)
    return
  }
  if (message.type === 'CloseReservedChannel') {
    if (isAllowed(core, message)) receiveCloseReserved(core, message)
    return
  }
  if (connection === undefined) {
    core.refuse('not-connected', 'header.messageType', 0, { why: message.type })
    return
  }
  if (isAllowed(core, message)) handle(core, message, bytes)
}

function handle(core: Core, message: ChannelMessage, bytes: Uint8Array): void {
  switch (message.type) {
    case 'RequestOffers':
      receiveRequestOffers(core)
      break
    case 'OpenChannel':
    case 'OpenChannel2':
      receiveOpen(core, message)
      break
    case 'CloseChannel':
      receiveClose(core, message.channelId)
      break
    case 'GpadlHeader':
      receiveGpadlHeader(core, message, bytes)
      break
    case 'GpadlBody':
      receiveGpadlBody(core, message.gpadlId, bytes)
      break
    case 'GpadlTeardown':
      receiveGpadlTeardown(core, message.channelId, message.gpadlId)
      break
    case 'RelIdReleased':
      receiveRelIdReleased(core, message.channelId)
      break
    case 'Unload':
      receiveUnload(core)
      break
    case 'OpenReservedChannel':
      receiveOpenReserved(core, message)
      break
    case 'TlConnectRequest':
    case 'TlConnectRequest2':
      receiveTlConnect(core, message)
      break
    case 'ModifyChannel':
      receiveModifyChannel(core, message)
      break
    case 'ModifyConnection':
      receiveModifyConnection(core, message)
      break
    case 'Pause':
      core.send(PauseResponse.encode({}))
      core.outbox.paused = true
      break
    case 'Resume':
      if (!core.outbox.paused) core.refuse('not-paused', 'header.messageType', 0)
      core.outbox.resume()
      break
    case 'UnknownMessage':
      core.refuse('type-unknown', 'header.messageType', 0, { why: `type ${message.header.messageType}` })
      break
    default:
      core.refuse('type-not-allowed', 'header.messageType', 0, { why: message.type })
  }
}

/** While paused, only what ends the pause is allowed. */
function isAllowed(core: Core, message: ChannelMessage): boolean {
  if (!core.outbox.paused || message.type === 'Resume' || message.type === 'Unload') return true
  core.refuse('paused', 'header.messageType', 0, { why: message.type })
  return core.observes
}

/** `undefined`, and a violation, when the message is none or is not allowed here. */
function decodeMessage(core: Core, bytes: Uint8Array): ChannelMessage | undefined {
  const { connection } = core
  const agreed: WireContext =
    connection === undefined
      ? { from: 'guest' }
      : { version: connection.version, features: connection.features, from: 'guest' }
  const message = tryDecode(bytes, agreed)
  if (!isWireError(message)) return message
  const rule = message.code === 'TYPE' ? 'type-not-allowed' : 'malformed'
  core.refuse(rule, message.path === '' ? 'header.messageType' : message.path, message.offset, {
    code: message.code,
    why: message.why,
  })
  if (!core.observes || message.code !== 'TYPE') return undefined
  const anyway = tryDecode(bytes, { from: 'guest' })
  return isWireError(anyway) ? undefined : anyway
}

function tryDecode(bytes: Uint8Array, context: WireContext): ChannelMessage | WireError {
  try {
    return ChannelMessage.decode(bytes, context)
  } catch (error) {
    if (isWireError(error)) return error
    throw error
  }
}
