import {
  AdditionalSense,
  CachingModePage,
  type Cdb,
  ControlModePage,
  InformationalExceptionsModePage,
  ModeBlockDescriptor,
  ModeHeader6,
  ModeHeader10,
  ModePageCode,
} from '../../devices/scsi/index.ts'
import { illegalRequest, type ScsiTask } from './scsi-task.ts'

/** What mode data say of a unit. */
export interface ModeFacts {
  readonly mediumType: number
  readonly isReadOnly: boolean
  readonly blocks: number
  readonly blockSize: number
  /** Mode pages by code, as they are in the page's current values. */
  readonly pages: ReadonlyMap<number, Uint8Array>
}

/** The mode pages of a disk. `cached`: what is written survives only once it is flushed. */
export function diskPages(cached: boolean): Map<number, Uint8Array> {
  const caching = CachingModePage.encode({
    header: {},
    cache: { readDisabled: false, multiplication: false, writeEnabled: cached, discontinuity: false },
    retention: 0,
    disablePrefetchLength: 0,
    minimumPrefetch: 0,
    maximumPrefetch: 0,
    maximumPrefetchCeiling: 0,
    flags: { readAheadDisabled: false },
    segments: 0,
    segmentSize: 0,
  })
  const control = ControlModePage.encode({
    header: {},
    sense: { logDisabled: true, descriptorSense: false },
    queue: { errorManagement: 0, algorithm: 1 },
    protection: { softwareWriteProtected: false },
    application: 0,
    busyTimeoutPeriod: 0,
    selfTestTime: 0,
  })
  const exceptions = InformationalExceptionsModePage.encode({
    header: {},
    flags: { logErrors: false, test: false, disabled: true, performance: false },
    method: { reportingMethod: 0 },
    interval: 0,
    reportCount: 0,
  })
  return new Map([
    [ModePageCode.Caching, caching],
    [ModePageCode.Control, control],
    [ModePageCode.InformationalExceptions, exceptions],
  ])
}

/** MODE SENSE(6) and (10). Nothing can be changed, and nothing is saved. */
export function modeSense(
  task: ScsiTask,
  cdb: Extract<Cdb, { type: 'ModeSense6' | 'ModeSense10' }>,
  facts: ModeFacts,
): void {
  const { pageCode, pageControl } = cdb.page
  if (pageControl === 3) {
    task.check(illegalRequest(AdditionalSense.SavingParametersNotSupported))
    return
  }
  const chosen =
    pageCode === ModePageCode.All
      ? [...facts.pages.values()]
      : [...facts.pages].filter(([code]) => code === pageCode).map(([, page]) => page)
  const isSubpage = cdb.subpageCode !== 0 && cdb.subpageCode !== 0xff
  if (isSubpage || (chosen.length === 0 && pageCode !== ModePageCode.All)) {
    task.check(illegalRequest(AdditionalSense.InvalidFieldInCdb))
    return
  }
  // Of the changeable values only the two header bytes are set.
  const pages = chosen.map((page) => (pageControl === 1 ? page.map((byte, at) => (at < 2 ? byte : 0)) : page))
  const descriptor = cdb.flags.disableBlockDescriptors
    ? new Uint8Array(0)
    : ModeBlockDescriptor.encode({
        blocks: Math.min(facts.blocks, 0xffff_ffff),
        length: { blockLength: facts.blockSize },
      })
  const length = pages.reduce((sum, page) => sum + page.byteLength, descriptor.byteLength)
  const header = headerOf(cdb.type, length, descriptor.byteLength, facts)
  const data = new Uint8Array(header.byteLength + length)
  let at = 0
  for (const part of [header, descriptor, ...pages]) {
    data.set(part, at)
    at += part.byteLength
  }
  task.reply(data, cdb.allocationLength)
}

function headerOf(
  type: 'ModeSense6' | 'ModeSense10',
  length: number,
  descriptors: number,
  facts: ModeFacts,
): Uint8Array {
  const { mediumType } = facts
  const device = { dpoFua: false, writeProtected: facts.isReadOnly }
  return type === 'ModeSense6'
    ? ModeHeader6.encode({ dataLength: length + 3, mediumType, device, blockDescriptorLength: descriptors })
    : ModeHeader10.encode({
        dataLength: length + 6,
        mediumType,
        device,
        longLba: { longLba: false },
        blockDescriptorLength: descriptors,
      })
}

/** MODE SELECT(6) and (10): what is there already may be set again, anything else may not. */
export function modeSelect(
  task: ScsiTask,
  cdb: Extract<Cdb, { type: 'ModeSelect6' | 'ModeSelect10' }>,
  facts: ModeFacts,
): void {
  const headerLength = cdb.type === 'ModeSelect6' ? ModeHeader6.size : ModeHeader10.size
  const list = task.received(cdb.parameterListLength)
  if (cdb.parameterListLength === 0) {
    task.good()
    return
  }
  if (list.byteLength < Math.max(headerLength, cdb.parameterListLength)) {
    task.check(illegalRequest(AdditionalSense.ParameterListLengthError))
    return
  }
  const descriptors = cdb.type === 'ModeSelect6' ? (list[3] ?? 0) : (list[6] ?? 0) * 256 + (list[7] ?? 0)
  for (let at = headerLength + descriptors; at < list.byteLength; ) {
    const page = facts.pages.get((list[at] ?? 0) & 0x3f)
    const given = list.subarray(at, at + (page?.byteLength ?? 0))
    if (page === undefined || given.byteLength !== page.byteLength || !given.every((byte, i) => byte === page[i])) {
      task.check(illegalRequest(AdditionalSense.InvalidFieldInParameterList))
      return
    }
    at += page.byteLength
  }
  task.good(list.byteLength)
}
