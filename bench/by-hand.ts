import { type Guid, readGuid, writeGuid } from '../src/wire/guid-text.ts'
import type { WireBuffer } from '../src/wire/index.ts'

// What the codecs are measured against: the code that one would write by hand for one structure, with a DataView, for the same
// values and with the same text for GUIDs. It trusts its input: no bounds, constants, reserved space or ranges are checked.

export interface Descriptor {
  type: number
  dataOffset8: number
  length8: number
  flags: number
  transactionId: bigint
}

export function decodeDescriptor(d: DataView, o: number): Descriptor {
  return {
    type: d.getUint16(o, true),
    dataOffset8: d.getUint16(o + 2, true),
    length8: d.getUint16(o + 4, true),
    flags: d.getUint16(o + 6, true),
    transactionId: d.getBigUint64(o + 8, true),
  }
}

export function encodeDescriptor(d: DataView, o: number, v: Descriptor): void {
  d.setUint16(o, v.type, true)
  d.setUint16(o + 2, v.dataOffset8, true)
  d.setUint16(o + 4, v.length8, true)
  d.setUint16(o + 6, v.flags, true)
  d.setBigUint64(o + 8, v.transactionId, true)
}

/** Three fields, read where they stand. What the view sees to is checked: that the offset is one, and that the structure fits. */
export function sumDescriptor(buffer: WireBuffer, o: number): number {
  if (!Number.isSafeInteger(o) || o < 0 || o > buffer.end - 16) throw new RangeError('short')
  const d = buffer.view
  return d.getUint16(o, true) + d.getUint16(o + 2, true) + d.getUint16(o + 4, true)
}

export type UserDefined =
  | { type: 'StandardUserDefined'; data: Uint8Array }
  | { type: 'PipeUserDefined'; pipeType: number; userDefined: { data: Uint8Array; pipeFlags: number } }
  | {
      type: 'HvsocketUserDefined'
      pipeType: number
      isForGuestAccept: number
      isForGuestContainer: number
      version: number
      siloId: Guid
    }
  | { type: 'IdeUserDefined'; path: number; target: number; flags: number }

export interface Offer {
  offer: {
    interfaceId: Guid
    instanceId: Guid
    flags: number
    mmioMegabytes: number
    userDefined: UserDefined
    subchannelIndex: number
    mmioMegabytesOptional: number
  }
  channelId: number
  monitorId: number
  monitor: { allocated: boolean }
  interrupt: { isDedicated: boolean }
  connectionId: number
}

const ideInterface = '32412632-86cb-44a2-9b5c-50d1417354f5'

/** The form that an offer's flags and interface call for. */
function decodeUserDefined(d: DataView, y: Uint8Array, o: number, flags: number, interfaceId: Guid): UserDefined {
  if ((flags & 0x2000) !== 0) {
    return {
      type: 'HvsocketUserDefined',
      pipeType: d.getUint32(o, true),
      isForGuestAccept: d.getUint8(o + 4),
      isForGuestContainer: d.getUint8(o + 5),
      version: d.getUint32(o + 6, true),
      siloId: readGuid(d, o + 10),
    }
  }
  if ((flags & 0x10) !== 0) {
    const userDefined = { data: y.slice(o + 4, o + 116), pipeFlags: d.getUint32(o + 116, true) }
    return { type: 'PipeUserDefined', pipeType: d.getUint32(o, true), userDefined }
  }
  if (interfaceId === ideInterface) {
    const [path, target] = [d.getUint8(o + 2), d.getUint8(o + 3)]
    return { type: 'IdeUserDefined', path, target, flags: d.getUint32(o + 8, true) }
  }
  return { type: 'StandardUserDefined', data: y.slice(o, o + 120) }
}

export function decodeOffer(d: DataView, y: Uint8Array, o: number): Offer {
  const interfaceId = readGuid(d, o + 8)
  const flags = d.getUint16(o + 56, true)
  return {
    offer: {
      interfaceId,
      instanceId: readGuid(d, o + 24),
      flags,
      mmioMegabytes: d.getUint16(o + 58, true),
      userDefined: decodeUserDefined(d, y, o + 60, flags, interfaceId),
      subchannelIndex: d.getUint16(o + 180, true),
      mmioMegabytesOptional: d.getUint16(o + 182, true),
    },
    channelId: d.getUint32(o + 184, true),
    monitorId: d.getUint8(o + 188),
    monitor: { allocated: (d.getUint8(o + 189) & 1) !== 0 },
    interrupt: { isDedicated: (d.getUint16(o + 190, true) & 1) !== 0 },
    connectionId: d.getUint32(o + 192, true),
  }
}

function encodeUserDefined(d: DataView, y: Uint8Array, o: number, v: UserDefined): void {
  if (v.type === 'StandardUserDefined') {
    y.set(v.data, o)
    return
  }
  y.fill(0, o, o + 120)
  if (v.type === 'PipeUserDefined') {
    d.setUint32(o, v.pipeType, true)
    y.set(v.userDefined.data, o + 4)
    d.setUint32(o + 116, v.userDefined.pipeFlags, true)
  } else if (v.type === 'IdeUserDefined') {
    d.setUint8(o + 2, v.path)
    d.setUint8(o + 3, v.target)
    d.setUint32(o + 8, v.flags, true)
  } else {
    d.setUint32(o, v.pipeType, true)
    d.setUint8(o + 4, v.isForGuestAccept)
    d.setUint8(o + 5, v.isForGuestContainer)
    d.setUint32(o + 6, v.version, true)
    writeGuid(d, o + 10, v.siloId)
  }
}

export function encodeOffer(d: DataView, y: Uint8Array, o: number, v: Offer): void {
  d.setUint32(o, 1, true)
  d.setUint32(o + 4, 0, true)
  const { offer } = v
  writeGuid(d, o + 8, offer.interfaceId)
  writeGuid(d, o + 24, offer.instanceId)
  d.setBigUint64(o + 40, 0n, true)
  d.setBigUint64(o + 48, 0n, true)
  d.setUint16(o + 56, offer.flags, true)
  d.setUint16(o + 58, offer.mmioMegabytes, true)
  encodeUserDefined(d, y, o + 60, offer.userDefined)
  d.setUint16(o + 180, offer.subchannelIndex, true)
  d.setUint16(o + 182, offer.mmioMegabytesOptional, true)
  d.setUint32(o + 184, v.channelId, true)
  d.setUint8(o + 188, v.monitorId)
  d.setUint8(o + 189, v.monitor.allocated ? 1 : 0)
  d.setUint16(o + 190, v.interrupt.isDedicated ? 1 : 0, true)
  d.setUint32(o + 192, v.connectionId, true)
}

export function sumOffer(buffer: WireBuffer, o: number): number {
  if (!Number.isSafeInteger(o) || o < 0 || o > buffer.end - 196) throw new RangeError('short')
  const d = buffer.view
  return d.getUint32(o + 184, true) + d.getUint8(o + 188) + d.getUint32(o + 192, true)
}

export interface Scsi {
  operation: number
  flags: number
  status: number
  request: {
    length: number
    srbStatus: { status: number; queueFrozen: number; autosenseValid: number }
    scsiStatus: number
    portNumber: number
    pathId: number
    targetId: number
    lun: number
    cdbLength: number
    senseInfoLength: number
    dataIn: number
    dataTransferLength: number
    cdbOrSense: Uint8Array
    queueTag: number
    queueAction: number
    srbFlags: number
    timeOutValue: number
    queueSortKey: number
  }
}

export function decodeScsi(d: DataView, y: Uint8Array, o: number): Scsi {
  const srb = d.getUint8(o + 14)
  return {
    operation: d.getUint32(o, true),
    flags: d.getUint32(o + 4, true),
    status: d.getUint32(o + 8, true),
    request: {
      length: d.getUint16(o + 12, true),
      srbStatus: { status: srb & 0x3f, queueFrozen: (srb >> 6) & 1, autosenseValid: srb >> 7 },
      scsiStatus: d.getUint8(o + 15),
      portNumber: d.getUint8(o + 16),
      pathId: d.getUint8(o + 17),
      targetId: d.getUint8(o + 18),
      lun: d.getUint8(o + 19),
      cdbLength: d.getUint8(o + 20),
      senseInfoLength: d.getUint8(o + 21),
      dataIn: d.getUint8(o + 22),
      dataTransferLength: d.getUint32(o + 24, true),
      cdbOrSense: y.slice(o + 28, o + 48),
      queueTag: d.getUint8(o + 50),
      queueAction: d.getUint8(o + 51),
      srbFlags: d.getUint32(o + 52, true),
      timeOutValue: d.getUint32(o + 56, true),
      queueSortKey: d.getUint32(o + 60, true),
    },
  }
}

export function encodeScsi(d: DataView, y: Uint8Array, o: number, v: Scsi): void {
  d.setUint32(o, v.operation, true)
  d.setUint32(o + 4, v.flags, true)
  d.setUint32(o + 8, v.status, true)
  const r = v.request
  d.setUint16(o + 12, r.length, true)
  const srb = r.srbStatus
  d.setUint8(o + 14, srb.status | (srb.queueFrozen << 6) | (srb.autosenseValid << 7))
  d.setUint8(o + 15, r.scsiStatus)
  d.setUint8(o + 16, r.portNumber)
  d.setUint8(o + 17, r.pathId)
  d.setUint8(o + 18, r.targetId)
  d.setUint8(o + 19, r.lun)
  d.setUint8(o + 20, r.cdbLength)
  d.setUint8(o + 21, r.senseInfoLength)
  d.setUint8(o + 22, r.dataIn)
  d.setUint8(o + 23, 0)
  d.setUint32(o + 24, r.dataTransferLength, true)
  y.set(r.cdbOrSense, o + 28)
  d.setUint16(o + 48, 0, true)
  d.setUint8(o + 50, r.queueTag)
  d.setUint8(o + 51, r.queueAction)
  d.setUint32(o + 52, r.srbFlags, true)
  d.setUint32(o + 56, r.timeOutValue, true)
  d.setUint32(o + 60, r.queueSortKey, true)
}

export function sumScsi(buffer: WireBuffer, o: number): number {
  if (!Number.isSafeInteger(o) || o < 0 || o > buffer.end - 64) throw new RangeError('short')
  const d = buffer.view
  return d.getUint32(o, true) + d.getUint32(o + 24, true) + d.getUint8(o + 19)
}
