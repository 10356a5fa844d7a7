import { fixedSense, type Sense } from '../../devices/scsi/index.ts'
import { ntStatusOf, ScsiRequest, SrbStatus, VstorHeader, VstorOperation } from '../../devices/storage/index.ts'

/** Where a field of the outcome stands in the packet. */
const at = (field: keyof typeof ScsiRequest.properties) => VstorHeader.size + ScsiRequest.offsetOf(field)
const place = {
  status: VstorHeader.offsetOf('status'),
  length: at('length'),
  srbStatus: at('srbStatus'),
  scsiStatus: at('scsiStatus'),
  cdbLength: at('cdbLength'),
  senseInfoLength: at('senseInfoLength'),
  dataTransferLength: at('dataTransferLength'),
  sense: at('cdbOrSense'),
}
/** `ScsiRequest.length`, CDB length and sense length of every outcome, as OpenVMM's. */
const outcome = { length: ScsiRequest.size, cdbLength: 16, senseLength: 20 }
const autosenseValid = 0x80

/** What goes back for a SCSI request; used again and again. What is the same in all answers is written once. */
export class ScsiAnswer {
  readonly #bytes = new Uint8Array(64)
  readonly #view = new DataView(this.#bytes.buffer)
  readonly #bytes48 = this.#bytes.subarray(0, 48)
  readonly #bytes56 = this.#bytes.subarray(0, 56)
  #hasSense = false

  constructor() {
    this.#bytes[0] = VstorOperation.CompleteIo
    this.#view.setUint16(place.length, outcome.length, true)
    this.#bytes[place.cdbLength] = outcome.cdbLength
    this.#bytes[place.senseInfoLength] = outcome.senseLength
  }

  /** The answer in the length that the request had: 48, 56 or 64 bytes. */
  bytes(length: number): Uint8Array {
    return length >= 64 ? this.#bytes : length >= 56 ? this.#bytes56 : this.#bytes48
  }

  /** Fills in what the command came to. Behaviours 169 and 176. */
  fill(srbStatus: number, scsiStatus: number, transferred: number, sense: Sense | undefined): void {
    const bytes = this.#bytes
    const view = this.#view
    view.setUint32(place.status, srbStatus === SrbStatus.Success ? 0 : ntStatusOf(srbStatus), true)
    bytes[place.srbStatus] = sense === undefined ? srbStatus : srbStatus | autosenseValid
    bytes[place.scsiStatus] = scsiStatus
    view.setUint32(place.dataTransferLength, transferred, true)
    if (this.#hasSense) bytes.fill(0, place.sense, place.sense + outcome.senseLength)
    if (sense !== undefined) bytes.set(fixedSense(sense), place.sense)
    this.#hasSense = sense !== undefined
  }
}
