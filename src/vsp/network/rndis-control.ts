import {
  informationOf,
  RndisDeviceFlags,
  RndisMessage,
  RndisMessageType,
  RndisStatus,
} from '../../devices/network/index.ts'
import type { Violation } from '../../vmbus/violation.ts'
import { tryDecode } from '../../wire/index.ts'
import type { NicInfo } from './nic-info.ts'
import { answerQuery } from './oid-query.ts'
import { applySet } from './oid-set.ts'

/** What a control message comes to. */
export interface ControlOutcome {
  /** Answer to the guest, if any. */
  readonly answer?: Uint8Array
  /** The message stops the channel. */
  readonly fault?: Omit<Violation, 'channelId'>
  /** What it was, where something else has to know. */
  readonly did?: 'initialized' | 'set' | 'halted'
}

/** Offered to the guest. Source: OpenVMM netvsp (behaviour 189). */
const initializeAnswer = {
  status: RndisStatus.Success,
  majorVersion: 1,
  minorVersion: 0,
  deviceFlags: RndisDeviceFlags.connectionless,
  medium: 0,
  maximumPacketsPerMessage: 8,
  maximumTransferSize: 0xefff_ffff,
  packetAlignmentFactor: 3,
  addressFamilyListOffset: 0,
  addressFamilyListSize: 0,
} as const

/** Handles an RNDIS message of the guest's other than a packet. */
export function handleControl(bytes: Uint8Array, nic: NicInfo): ControlOutcome {
  const { value, faults, ok } = tryDecode(RndisMessage, bytes, { from: 'guest' })
  if (!ok) {
    const [fault] = faults
    const { code = 'SHORT', path = '', offset = 0, why = 'no RNDIS message' } = fault ?? {}
    return { fault: { rule: 'rndis-bad-message', code, field: path, offset, why } }
  }
  const { settings } = nic
  switch (value.type) {
    case 'RndisInitializeRequest':
      if (settings.isInitialized) return refuse('DUP', 'rndis-initialized-already', 'RNDIS runs already')
      settings.isInitialized = true
      return {
        answer: RndisMessage.encode({
          type: 'RndisInitializeComplete',
          header: { messageLength: 52 },
          requestId: value.requestId,
          ...initializeAnswer,
        }),
        did: 'initialized',
      }
    case 'RndisHaltRequest':
      return { did: 'halted' }
    case 'RndisKeepAliveRequest':
      return {
        answer: RndisMessage.encode({
          type: 'RndisKeepAliveComplete',
          header: { messageLength: 16 },
          requestId: value.requestId,
          status: RndisStatus.Success,
        }),
      }
    case 'RndisQueryRequest': {
      if (!settings.isInitialized) return refuse('STATE', 'rndis-not-initialized', 'a query before INITIALIZE')
      const asked = informationOf(value)
      const found = asked === undefined ? RndisStatus.InvalidData : answerQuery(value.oid, asked, nic)
      return { answer: queryAnswer(value.requestId, found) }
    }
    case 'RndisSetRequest': {
      if (!settings.isInitialized) return refuse('STATE', 'rndis-not-initialized', 'a set before INITIALIZE')
      const information = informationOf(value)
      const status = information === undefined ? RndisStatus.InvalidData : applySet(value.oid, information, nic)
      return {
        answer: RndisMessage.encode({
          type: 'RndisSetComplete',
          header: { messageLength: 16 },
          requestId: value.requestId,
          status,
        }),
        did: 'set',
      }
    }
    case 'RndisKeepAliveComplete':
      return {}
    default: {
      const [name = value.type] =
        Object.entries(RndisMessageType).find(([key]) => `Rndis${key}` === value.type.replace(/Request$/, '')) ?? []
      return refuse('TYPE', 'rndis-unexpected-message', `${name} is not taken from a guest`)
    }
  }
}

function refuse(code: Violation['code'], rule: string, why: string): ControlOutcome {
  return { fault: { rule, code, field: 'header.messageType', offset: 0, why } }
}

/** A refused query has the offset that Linux checks, and no information. */
function queryAnswer(requestId: number, found: Uint8Array | number): Uint8Array {
  const data = typeof found === 'number' ? new Uint8Array(0) : found
  return RndisMessage.encode({
    type: 'RndisQueryComplete',
    header: { messageLength: 24 + data.length },
    requestId,
    status: typeof found === 'number' ? found : RndisStatus.Success,
    informationLength: data.length,
    informationOffset: 16,
    data,
  })
}

/** Tells the guest that something has changed. */
export function indication(status: number): Uint8Array {
  return RndisMessage.encode({
    type: 'RndisIndicateStatus',
    header: { messageLength: 20 },
    status,
    statusBufferLength: 0,
    statusBufferOffset: 0,
    data: new Uint8Array(0),
  })
}
