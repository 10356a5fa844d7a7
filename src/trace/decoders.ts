import { keyboardDecoder } from '../devices/keyboard/index.ts'
import type { DeviceDecoder } from '../vmbus/device-decoder.ts'

/** The decoders of all devices whose protocol the package knows. */
export const deviceDecoders: readonly DeviceDecoder[] = [keyboardDecoder]
