import {
  buildHidReport,
  encodeHidItems,
  type HidItem,
  type HidReportDescriptor,
  longItem,
  parseHidItems,
  parseReportDescriptor,
  readHidReport,
} from '../../devices/hid/index.ts'
import { mouseReportDescriptor } from '../../devices/mouse/report-descriptors.ts'
import { fromHex } from '../../trace/hex.ts'
import { isWireError, toHex } from '../../wire/index.ts'
import type { Draw } from '../draw.ts'
import { flip } from '../mutate.ts'
import { expect, type FuzzTarget, type Step } from '../target.ts'

/**
 * HID report descriptors and reports by them: those of mice, spoiled, items that fit together or not, and bytes. Nothing but a `WireError`
 * may be thrown; items encode to the same bytes again; a report reads the same after it was built from what was read.
 *
 * Its inputs: the first `mem` is a report descriptor, those after it are input reports.
 */
export function hidTarget(): FuzzTarget {
  return {
    name: 'hid',
    generate(draw) {
      const descriptor = descriptorOf(draw)
      const steps = [step(descriptor, draw)]
      const lengths = reportLengths(descriptor)
      for (let count = draw.between(1, 6); count > 0; count--) {
        const length = draw.oneIn(4) ? draw.below(40) : draw.pick(lengths)
        steps.push(step(draw.bytes(Math.min(length, 1024)), draw))
      }
      return steps
    },
    run(events) {
      let descriptor: HidReportDescriptor | undefined
      let isFirst = true
      for (const event of events) {
        if (event.kind !== 'mem') continue
        const bytes = fromHex(event.hex)
        if (isFirst) descriptor = understood(bytes)
        else if (descriptor !== undefined) checkReport(descriptor, bytes)
        isFirst = false
      }
    },
  }
}

function step(bytes: Uint8Array, draw: Draw): Step {
  const event = { kind: 'mem', t: 0, gpa: '0x0', hex: toHex(bytes) } as const
  if (bytes.length === 0 || !draw.oneIn(3)) return { event }
  return { event, mutations: [flip(bytes, draw)] }
}

function descriptorOf(draw: Draw): Uint8Array {
  if (draw.oneIn(8)) return draw.bytes(draw.below(64))
  if (draw.oneIn(3)) return mouseReportDescriptor(draw.pick(['absolute', 'relative']), draw.oneIn(2))
  return encodeHidItems(Array.from({ length: draw.between(1, 40) }, () => itemOf(draw)))
}

/** Main, global and local items with values as descriptors have them, more or less. */
function itemOf(draw: Draw): HidItem {
  if (draw.oneIn(30)) return longItem(draw.below(256), draw.bytes(draw.below(8)))
  const type = draw.pick([0, 0, 1, 1, 1, 2, 2, 3])
  const size = draw.pick([0, 1, 1, 1, 2, 4] as const)
  const value = draw.pick([0, 1, 2, 3, 8, 16, draw.below(256), draw.below(0x1_0000), draw.below(0x1_0000_0000)])
  const tag = type === 0 ? draw.pick([8, 8, 8, 9, 10, 11, 12, draw.below(16)]) : draw.below(12)
  return { form: 'short', type, tag, size, value: value % 256 ** size }
}

/** Lengths of the descriptor's input reports. */
function reportLengths(descriptor: Uint8Array): readonly number[] {
  const reports = understood(descriptor)?.reports.filter(({ kind }) => kind === 'input') ?? []
  return reports.length === 0 ? [0] : reports.map(({ byteLength }) => byteLength)
}

function understood(bytes: Uint8Array): HidReportDescriptor | undefined {
  const items = attempt(() => parseHidItems(bytes))
  if (items === undefined) return undefined
  expect(toHex(encodeHidItems(items)) === toHex(bytes), 'other-items', 'the items encode to other bytes')
  return attempt(() => parseReportDescriptor(bytes))
}

function checkReport(descriptor: HidReportDescriptor, bytes: Uint8Array): void {
  const report = attempt(() => readHidReport(descriptor, 'input', bytes))
  if (report === undefined) return
  const values = new Map<number, number>()
  for (const { usage, value, field } of report.values) {
    // Built are only values that a device may send, each under one usage.
    if (value < field.logicalMinimum || value > field.logicalMaximum || values.has(usage)) return
    values.set(usage, value)
  }
  let built: Uint8Array
  try {
    built = buildHidReport(descriptor, 'input', report.shape.id, values)
  } catch (error) {
    if (error instanceof RangeError) return
    throw error
  }
  const again = new Map(readHidReport(descriptor, 'input', built).values.map(({ usage, value }) => [usage, value]))
  for (const [usage, value] of values) {
    expect(
      again.get(usage) === value,
      'other-report',
      `usage 0x${usage.toString(16)} is ${again.get(usage)}, not ${value}`,
    )
  }
}

function attempt<T>(what: () => T): T | undefined {
  try {
    return what()
  } catch (error) {
    if (isWireError(error)) return undefined
    throw error
  }
}
