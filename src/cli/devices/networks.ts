import { Gateway, NetworkSwitch } from '../../vsp/network/index.ts'

/** The networks that NICs of one command line share, whosever guest they are in: made when the first NIC wants one. */
export class Networks {
  #switch: NetworkSwitch | undefined
  #lan: NetworkSwitch | undefined
  readonly #captures = new Set<string>()

  /** Joins NICs, and nothing else. */
  get switch(): NetworkSwitch {
    this.#switch ??= new NetworkSwitch()
    return this.#switch
  }

  /** Joins NICs, with a gateway among them. */
  get lan(): NetworkSwitch {
    if (this.#lan === undefined) {
      this.#lan = new NetworkSwitch()
      this.#lan.plug(new Gateway())
    }
    return this.#lan
  }

  /** Keeps the file of a capture from being written by two NICs. */
  claim(file: string): boolean {
    const isFree = !this.#captures.has(file)
    this.#captures.add(file)
    return isFree
  }
}
