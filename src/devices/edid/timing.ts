import type { Infer } from '../../wire/index.ts'
import type { EdidTiming } from './messages.ts'

/** One mode of a monitor. Distances are in pixels and lines. */
export interface Timing {
  /** In kHz. */
  readonly pixelClock: number
  /** In pixels. */
  readonly horizontal: Span
  /** In rows. */
  readonly vertical: Span
}

/** What a line, or a picture, is made of: active, front porch, sync, and the rest of the blanking. */
export interface Span {
  /** What is seen. */
  readonly active: number
  /** From there to the sync. */
  readonly frontPorch: number
  /** Length of the sync. */
  readonly sync: number
  /** All that is not active. */
  readonly blanking: number
  /** Its polarity. */
  readonly isSyncPositive: boolean
}

/** Least time of a picture that is not active, in microseconds. */
const leastBlanking = 460

/**
 * The timing of a flat screen by VESA's Coordinated Video Timings 1.1 with reduced blanking. Throws `RangeError` for what a
 * descriptor cannot say: more than 4095 pixels or lines, or a clock that is 0 or above 655.35 MHz.
 *
 * @param refresh pictures a second.
 */
export function reducedTiming(width: number, height: number, refresh = 60): Timing {
  for (const side of [width, height]) {
    if (!Number.isInteger(side) || side < 1 || side > 4095)
      throw new RangeError(`an EDID cannot tell ${width}×${height}`)
  }
  const sync = syncLines(width, height)
  const linePeriod = (1_000_000 / refresh - leastBlanking) / height
  const blanking = Math.max(Math.floor(leastBlanking / linePeriod) + 1, 3 + sync + 6)
  const exact = (refresh * (width + 160) * (height + blanking)) / 1000
  const pixelClock = Math.floor(exact / 250) * 250
  if (pixelClock === 0 || pixelClock > 655_350) throw new RangeError(`an EDID cannot tell a clock of ${pixelClock} kHz`)
  return {
    pixelClock,
    horizontal: { active: width, frontPorch: 48, sync: 32, blanking: 160, isSyncPositive: true },
    vertical: { active: height, frontPorch: 3, sync, blanking, isSyncPositive: false },
  }
}

/** The length of vertical sync tells the shape of the screen. */
function syncLines(width: number, height: number): number {
  if (width * 3 === height * 4) return 4
  if (width * 9 === height * 16) return 5
  if (width * 10 === height * 16) return 6
  if (width * 4 === height * 5 || width * 9 === height * 15) return 7
  return 10
}

/** A timing as its descriptor has it. */
export function descriptorOf({ pixelClock, horizontal, vertical }: Timing): Infer<typeof EdidTiming> {
  return {
    pixelClock: pixelClock / 10,
    horizontalActiveLow: horizontal.active & 0xff,
    horizontalBlankingLow: horizontal.blanking & 0xff,
    horizontalHigh: { active: horizontal.active >> 8, blanking: horizontal.blanking >> 8 },
    verticalActiveLow: vertical.active & 0xff,
    verticalBlankingLow: vertical.blanking & 0xff,
    verticalHigh: { active: vertical.active >> 8, blanking: vertical.blanking >> 8 },
    horizontalFrontPorchLow: horizontal.frontPorch & 0xff,
    horizontalSyncWidthLow: horizontal.sync & 0xff,
    verticalSyncLow: { frontPorch: vertical.frontPorch & 0xf, width: vertical.sync & 0xf },
    syncHigh: {
      horizontalFrontPorch: horizontal.frontPorch >> 8,
      horizontalWidth: horizontal.sync >> 8,
      verticalFrontPorch: vertical.frontPorch >> 4,
      verticalWidth: vertical.sync >> 4,
    },
    imageWidthLow: 0,
    imageHeightLow: 0,
    imageHigh: { width: 0, height: 0 },
    horizontalBorder: 0,
    verticalBorder: 0,
    features: {
      stereoLow: false,
      isHorizontalSyncPositive: horizontal.isSyncPositive,
      isVerticalSyncPositive: vertical.isSyncPositive,
      sync: 3,
      stereoHigh: 0,
      isInterlaced: false,
    },
  }
}

/** The timing that a descriptor has. */
export function timingOf(descriptor: Infer<typeof EdidTiming>): Timing {
  const { horizontalHigh, verticalHigh, verticalSyncLow, syncHigh, features } = descriptor
  return {
    pixelClock: descriptor.pixelClock * 10,
    horizontal: {
      active: (horizontalHigh.active << 8) | descriptor.horizontalActiveLow,
      frontPorch: (syncHigh.horizontalFrontPorch << 8) | descriptor.horizontalFrontPorchLow,
      sync: (syncHigh.horizontalWidth << 8) | descriptor.horizontalSyncWidthLow,
      blanking: (horizontalHigh.blanking << 8) | descriptor.horizontalBlankingLow,
      isSyncPositive: features.isHorizontalSyncPositive,
    },
    vertical: {
      active: (verticalHigh.active << 8) | descriptor.verticalActiveLow,
      frontPorch: (syncHigh.verticalFrontPorch << 4) | verticalSyncLow.frontPorch,
      sync: (syncHigh.verticalWidth << 4) | verticalSyncLow.width,
      blanking: (verticalHigh.blanking << 8) | descriptor.verticalBlankingLow,
      isSyncPositive: features.isVerticalSyncPositive,
    },
  }
}
