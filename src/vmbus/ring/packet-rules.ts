import { PacketFlags, PacketType } from '../packet-types.ts'
import { DESCRIPTOR_SIZE, hasRanges, TRAILER_SIZE } from './layout.ts'
import { RingFault } from './ring-fault.ts'
import type { RingView } from './ring-view.ts'

/** How strictly a reader judges packets, where OpenVMM's reader and Linux's differ. */
export interface PacketRules {
  /** Flags other than bit 0: `fault` as OpenVMM does (default, fits a host), `tolerate` as Linux does (fits a guest). */
  readonly unknownFlags?: 'fault' | 'tolerate'
  /**
   * Types other than 6, 7, 9 and 11, and types 7 and 9 without a header: `fault` as OpenVMM does (default), or `tolerate`
   * as Linux's ring code does, which leaves the type to the driver.
   */
  readonly unknownTypes?: 'fault' | 'tolerate'
  /** Also checks the 8 bytes behind each packet, which neither OpenVMM nor Linux does. Default false. */
  readonly checkTrailer?: boolean
}

/**
 * What is wrong with the packet at `start`, of which `available` bytes are written, if anything. Judges the view's snapshot
 * of the descriptor, and adds the first header bytes of types 7 and 9 to it. Throws guest memory's fault.
 */
export function checkPacket(
  view: RingView,
  start: number,
  available: number,
  rules: PacketRules,
): RingFault | undefined {
  const first = view.snapshotWords[0] ?? 0
  const second = view.snapshotWords[1] ?? 0
  const dataOffset = (first >>> 16) * 8
  const length = (second & 0xffff) * 8
  if (dataOffset < DESCRIPTOR_SIZE || length < dataOffset || length > available - TRAILER_SIZE) {
    const why = `data at ${dataOffset}, length ${length}, with ${available} bytes available, trailer included`
    return new RingFault('InvalidDescriptorLengths', start, why)
  }
  const fault = rules.checkTrailer === true ? checkTrailer(view, view.advance(start, length), start) : undefined
  return fault ?? checkFlags(start, second >>> 16, rules) ?? checkType(view, start, first & 0xffff, dataOffset, rules)
}

function checkTrailer(view: RingView, position: number, start: number): RingFault | undefined {
  view.snapshotHeader(position)
  const low = (view.headerWords[0] ?? 0) >>> 0
  const high = (view.headerWords[1] ?? 0) >>> 0
  if (low === 0 && high === start) return undefined
  return new RingFault('InvalidTrailer', position, `{${low}, ${high}} behind the packet at ${start}`)
}

function checkFlags(start: number, flags: number, rules: PacketRules): RingFault | undefined {
  if ((flags & ~PacketFlags.completionRequested) === 0 || rules.unknownFlags === 'tolerate') return undefined
  return new RingFault('InvalidDescriptorFlags', start, `flags 0x${flags.toString(16)}`)
}

function checkType(
  view: RingView,
  start: number,
  type: number,
  dataOffset: number,
  rules: PacketRules,
): RingFault | undefined {
  if (type === PacketType.DataInBand || type === PacketType.Completion) return undefined
  if (hasRanges(type) && dataOffset > DESCRIPTOR_SIZE) {
    view.snapshotHeader(view.advance(start, DESCRIPTOR_SIZE))
    if (type !== PacketType.DataUsingGpaDirect || view.headerWords[1] !== 0) return undefined
    return new RingFault('InvalidDescriptorGpaDirectRangeCount', start, 'no ranges')
  }
  if (rules.unknownTypes === 'tolerate') return undefined
  return hasRanges(type)
    ? new RingFault('InvalidDescriptorLengths', start, `type ${type} without its header`)
    : new RingFault('InvalidDescriptorType', start, `type ${type}`)
}
