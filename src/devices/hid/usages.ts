/** Usage pages. Source: HID Usage Tables 1.4. */
export const HidUsagePage = {
  GenericDesktop: 0x01,
  Keyboard: 0x07,
  Led: 0x08,
  Button: 0x09,
  Consumer: 0x0c,
  Digitizer: 0x0d,
} as const

/** Some usages, `page << 16 | id`. Buttons count from 1: `HidUsage.Button + 3`. Source: HID Usage Tables 1.4. */
export const HidUsage = {
  Pointer: 0x0001_0001,
  Mouse: 0x0001_0002,
  Keyboard: 0x0001_0006,
  X: 0x0001_0030,
  Y: 0x0001_0031,
  Z: 0x0001_0032,
  Wheel: 0x0001_0038,
  /** Button 0: none. */
  Button: 0x0009_0000,
  /** The horizontal wheel. */
  AcPan: 0x000c_0238,
} as const
