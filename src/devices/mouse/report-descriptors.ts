import {
  collection,
  HidCollectionType,
  HidFieldFlags,
  type HidPart,
  HidUsage,
  HidUsagePage,
  input,
  logicalRange,
  reportCount,
  reportDescriptor,
  reportSize,
  usage,
  usagePage,
  usageRange,
} from '../hid/index.ts'

/** How a pointing device tells where it is: its place, or how far it went. */
export type MousePointing = 'absolute' | 'relative'

/** Greatest value of an absolute place, both ways; the smallest is 0. */
export const mouseRange = 0x7fff

const { variable, relative, constant } = HidFieldFlags

/**
 * A mouse with five buttons: a byte of buttons (left, right, middle, back, forward from bit 0 on), x and y, and the wheel, 16 bits
 * each: 7 bytes, as Hyper-V's and OpenVMM's reports are. A horizontal wheel adds 16 bits.
 */
export function mouseReportDescriptor(pointing: MousePointing, hasHorizontalWheel: boolean): Uint8Array {
  const isAbsolute = pointing === 'absolute'
  const horizontal: HidPart = hasHorizontalWheel
    ? [usagePage(HidUsagePage.Consumer), usage(HidUsage.AcPan & 0xffff), input(variable | relative)]
    : []
  return reportDescriptor(
    usagePage(HidUsagePage.GenericDesktop),
    usage(HidUsage.Mouse & 0xffff),
    collection(
      HidCollectionType.Application,
      usage(HidUsage.Pointer & 0xffff),
      collection(
        HidCollectionType.Physical,
        [usagePage(HidUsagePage.Button), usageRange(1, 5), logicalRange(0, 1)],
        [reportSize(1), reportCount(5), input(variable)],
        [reportSize(3), reportCount(1), input(constant)],
        [usagePage(HidUsagePage.GenericDesktop), usage(HidUsage.X & 0xffff, HidUsage.Y & 0xffff)],
        logicalRange(isAbsolute ? 0 : -mouseRange, mouseRange),
        [reportSize(16), reportCount(2), input(isAbsolute ? variable : variable | relative)],
        [usage(HidUsage.Wheel & 0xffff), logicalRange(-mouseRange, mouseRange)],
        [reportCount(1), input(variable | relative)],
        horizontal,
      ),
    ),
  )
}
