import { buildEdid } from '../../devices/edid/index.ts'
import { edidSize, maxResolutions, type Resolution } from '../../devices/video/index.ts'
import type { Guid } from '../../wire/index.ts'

/** How a screen is made; everything has a default. */
export interface VideoVspOptions {
  /** What the guest may choose from, up to 64. Default 1024×768 and 1280×1024, as OpenVMM's. */
  readonly resolutions?: readonly Resolution[]
  /** Which of them it is to take. Default 0. */
  readonly defaultIndex?: number
  /** Size of VRAM in MiB: what the guest's picture has to fit in. Default 8. */
  readonly vramMegabytes?: number
  /** The monitor's description, 128 bytes. By default one whose preferred mode is the default resolution. */
  readonly edid?: Uint8Array
  /** For a second screen; default is the one that every VM has. */
  readonly instanceId?: Guid
}

/** What the guest is told. Throws `RangeError` for what a message cannot say. */
export class Offered {
  readonly resolutions: readonly Resolution[]
  readonly defaultIndex: number
  readonly edid: Uint8Array
  readonly vramMegabytes: number

  constructor(options: VideoVspOptions) {
    this.resolutions = options.resolutions ?? [
      { width: 1024, height: 768 },
      { width: 1280, height: 1024 },
    ]
    this.defaultIndex = options.defaultIndex ?? 0
    this.vramMegabytes = options.vramMegabytes ?? 8
    const preferred = this.resolutions[this.defaultIndex]
    if (this.resolutions.length > maxResolutions || preferred === undefined) {
      throw new RangeError(`1 to ${maxResolutions} resolutions, one of them the default`)
    }
    this.edid = options.edid ?? buildEdid(preferred)
    if (this.edid.length !== edidSize) throw new RangeError(`an EDID of ${this.edid.length} bytes`)
  }
}
