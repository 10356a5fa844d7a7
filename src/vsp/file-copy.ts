/**
 * The guest file copy integration component in the root partition.
 *
 * @module
 */
import {
  FileCopyCancel,
  FileCopyComplete,
  FileCopyMessage,
  FileCopyStart,
  FileCopyWrite,
  fileCopyFragment,
  fileCopyFrameworkVersions,
  fileCopyMaxPath,
  fileCopyVersions,
} from '../devices/file-copy.ts'
import { IcMessageType } from '../devices/ics/messages.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import { nilGuid } from '../wire/index.ts'
import { type IcRequestOptions, IcRequestVsp, isIcRequestError } from './ic-requests.ts'

export {
  IcRequestError,
  type IcRequestFailure,
  type IcRequestOptions,
  isIcRequestError,
  type Later,
} from './ic-requests.ts'

/** What becomes of a file. */
export interface FileCopyOptions {
  /** See FileCopyFlags; default 0: the folder has to be there, and the file must not. */
  readonly flags?: number
  /** Gives the file up: the guest is told, and `send` fails with the signal's reason. */
  readonly signal?: AbortSignal
  /** So many bytes of the file have arrived. */
  readonly onProgress?: (bytes: number) => void
}

const header = { serviceId0: nilGuid, serviceId1: nilGuid }

/**
 * Writes files into the guest, a piece at a time, each piece answered before the next goes. A Linux guest takes none as long as its daemon
 * does not run.
 */
export class FileCopyVsp extends IcRequestVsp<FileCopyMessage> {
  /** The file under way, and those behind it. */
  #last: Promise<void> = Promise.resolve()

  constructor({ frameworkVersions = fileCopyFrameworkVersions, ...options }: IcRequestOptions = {}) {
    super({ interfaceId: DeviceId.FileCopy, instanceId: InstanceId.FileCopy }, FileCopyMessage, fileCopyVersions, {
      frameworkVersions,
      ...options,
    })
  }

  /**
   * Writes a file. Fails with `IcRequestError`, its status AlreadyExists, DiskFull or what else the guest says; the guest is then told that
   * the file is given up. Files that are sent at the same time go one after the other.
   *
   * @param name 1 … 259 UTF-16 units; else `RangeError`.
   * @param path the folder as the guest names it: `/tmp`. At most 259 units; else `RangeError`.
   */
  async send(name: string, path: string, bytes: Uint8Array, options: FileCopyOptions = {}): Promise<void> {
    if (name === '') throw new RangeError('a file without a name')
    for (const [what, text] of [
      ['name', name],
      ['path', path],
    ] as const) {
      if (text.includes('\0') || text.length >= fileCopyMaxPath) {
        throw new RangeError(`${what}: at most 259 UTF-16 units, and no NUL`)
      }
    }
    const file = this.#last.then(() => this.#send(name, path, bytes, options))
    this.#last = file.catch(() => {})
    return file
  }

  async #send(
    name: string,
    path: string,
    bytes: Uint8Array,
    { flags = 0, signal, onProgress }: FileCopyOptions,
  ): Promise<void> {
    signal?.throwIfAborted()
    const fileSize = BigInt(bytes.length)
    const start = FileCopyStart.encode({ header, fileName: name, pathName: path, flags, fileSize })
    let hasBegun = false
    try {
      await this.#tell(`begin ${name}`, start)
      hasBegun = true
      for (let at = 0; at < bytes.length; at += fileCopyFragment) {
        signal?.throwIfAborted()
        const piece = bytes.subarray(at, at + fileCopyFragment)
        const data = new Uint8Array(fileCopyFragment)
        data.set(piece)
        await this.#tell(
          `write ${name} at ${at}`,
          FileCopyWrite.encode({ header, offset: BigInt(at), size: piece.length, data }),
        )
        onProgress?.(at + piece.length)
      }
      signal?.throwIfAborted()
      await this.#tell(`end ${name}`, FileCopyComplete.encode({ header }))
    } catch (error) {
      const code = isIcRequestError(error) ? error.code : undefined
      const isGone = code === 'closed' || code === 'failed' || (code === 'refused' && !hasBegun)
      // Nobody waits for the answer, which of Linux's daemon is a failure (tools/hv/hv_fcopy_uio_daemon.c).
      if (!isGone) this.#tell(`cancel ${name}`, FileCopyCancel.encode({ header })).catch(() => {})
      throw error
    }
  }

  #tell(what: string, request: Uint8Array): Promise<void> {
    return this.request({ what, messageType: IcMessageType.FileCopy, body: () => request, read: () => undefined })
  }
}
