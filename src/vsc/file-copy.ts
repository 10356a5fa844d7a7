/**
 * The guest file copy integration component's driver.
 *
 * @module
 */
import {
  FileCopyFlags,
  FileCopyMessage,
  type FileCopyStart,
  type FileCopyWrite,
  fileCopyFragment,
  fileCopyFrameworkVersions,
  fileCopyMaxPath,
  fileCopyVersions,
} from '../devices/file-copy.ts'
import type { IcFault } from '../devices/ics/fault.ts'
import { IcHeader, IcStatus } from '../devices/ics/messages.ts'
import { DeviceId } from '../vmbus/device-ids.ts'
import { type IcAnswer, IcVsc, type IcVscOptions } from './ics.ts'

/** A file that the host begins. */
export interface IncomingFile {
  readonly name: string
  /** The folder: whatever the host says, `..` included. */
  readonly path: string
  readonly isOverwriting: boolean
  readonly isCreatingPath: boolean
  /** Bytes that the host announces. It sends none beyond. */
  readonly size: bigint
}

/** Where a file goes to. Each call answers a status, see IcStatus, or nothing for Ok; what it throws is answered with Fail. */
export interface FileSink {
  /** A piece of the file, inside of its size. Pieces may leave gaps, or overlap. The bytes are the sink's to keep. */
  write(offset: bigint, bytes: Uint8Array): number | undefined
  /** The host says that the file is whole. */
  complete(): number | undefined
  /** The file is given up: by the host, by a status that the sink answered, or since the channel is closed. */
  cancel(): void
}

/** How a file copy driver is made. */
export interface FileCopyVscOptions extends IcVscOptions {
  /** Takes a file, or answers the status by which it is refused: AlreadyExists, Fail, DiskFull. Without it every file is refused. */
  readonly open?: (file: IncomingFile) => FileSink | number
  /** Most bytes of a file; larger ones are refused with DiskFull. Default 1 GiB: the host announces what it likes. */
  readonly maxFileSize?: bigint
}

const requestAt = IcHeader.size
const sizeAt = requestAt + 48
const offsetAt = requestAt + 40

/**
 * Takes files from the host, one at a time. What the host gets wrong is a violation, and is answered with InvalidArgument. Source: Linux
 * tools/hv/hv_fcopy_uio_daemon.c.
 */
export class FileCopyVsc extends IcVsc<FileCopyMessage> {
  readonly #open: FileCopyVscOptions['open']
  readonly #maxFileSize: bigint
  #file: { readonly sink: FileSink; readonly size: bigint } | undefined

  constructor({
    open,
    maxFileSize = 1n << 30n,
    frameworkVersions = fileCopyFrameworkVersions,
    ...options
  }: FileCopyVscOptions = {}) {
    super(DeviceId.FileCopy, FileCopyMessage, fileCopyVersions, { frameworkVersions, ...options })
    this.#open = open
    this.#maxFileSize = maxFileSize
  }

  /** Whether a file is under way. */
  get isReceiving(): boolean {
    return this.#file !== undefined
  }

  protected answer(message: FileCopyMessage): IcAnswer | undefined {
    if (message.type !== 'IcFileCopy') return undefined
    const { request } = message
    switch (request.type) {
      case 'FileCopyStart':
        return this.#start(request)
      case 'FileCopyWrite':
        return this.#write(request)
      case 'FileCopyComplete':
        return this.#complete()
      case 'FileCopyCancel':
        // The host also gives up what the sink has refused. Linux answers all of these with failure.
        if (this.#file === undefined) return { status: IcStatus.Fail }
        this.#cancel()
        return { status: IcStatus.Ok }
      default:
        return { status: IcStatus.Fail }
    }
  }

  protected override onClose(): void {
    super.onClose()
    this.#cancel()
  }

  #start({ fileName, pathName, flags, fileSize }: FileCopyStart): IcAnswer {
    if (this.#file !== undefined) {
      return this.#refused({ code: 'STATE', field: 'operation', offset: requestAt, why: 'the file before has no end' })
    }
    if (fileName.length >= fileCopyMaxPath || pathName.length >= fileCopyMaxPath) {
      return this.#refused({ code: 'RANGE', field: 'fileName', offset: requestAt + 36, why: 'no NUL ends a name' })
    }
    if (fileSize > this.#maxFileSize) return { status: IcStatus.DiskFull }
    const sink = orFail(() =>
      this.#open?.({
        name: untilNul(fileName),
        path: untilNul(pathName),
        isOverwriting: (flags & FileCopyFlags.overwrite) !== 0,
        isCreatingPath: (flags & FileCopyFlags.createPath) !== 0,
        size: fileSize,
      }),
    )
    if (typeof sink !== 'object') return { status: sink ?? IcStatus.Fail }
    this.#file = { sink, size: fileSize }
    return { status: IcStatus.Ok }
  }

  #write({ offset, size, data }: FileCopyWrite): IcAnswer {
    const file = this.#file
    if (file === undefined) return this.#notBegun()
    if (size > fileCopyFragment) {
      return this.#refused({
        code: 'RANGE',
        field: 'size',
        offset: sizeAt,
        why: `${size} bytes in ${fileCopyFragment}`,
      })
    }
    if (BigInt(size) > file.size || offset > file.size - BigInt(size)) {
      const why = `${size} bytes at ${offset} of a file of ${file.size}`
      return this.#refused({ code: 'RANGE', field: 'offset', offset: offsetAt, why })
    }
    return this.#told(orFail(() => file.sink.write(offset, data.slice(0, size))))
  }

  #complete(): IcAnswer {
    const file = this.#file
    if (file === undefined) return this.#notBegun()
    const answer = this.#told(orFail(() => file.sink.complete()))
    if (answer.status === IcStatus.Ok) this.#file = undefined
    return answer
  }

  /** A sink that answers with a status has had enough of the file. */
  #told(status: number = IcStatus.Ok): IcAnswer {
    if (status !== IcStatus.Ok) this.#cancel()
    return { status }
  }

  #cancel(): void {
    const file = this.#file
    this.#file = undefined
    orFail(() => file?.sink.cancel())
  }

  #notBegun(): IcAnswer {
    return this.#refused({ code: 'STATE', field: 'operation', offset: requestAt, why: 'no file has begun' })
  }

  #refused(fault: IcFault): IcAnswer {
    const { channel } = this
    channel?.violation({ rule: 'file-copy-bad-request', ...fault, channelId: channel.channelId })
    return { status: IcStatus.InvalidArgument }
  }
}

/** What a callback of the owner's throws is no affair of the bus. */
function orFail<T>(callback: () => T): T | number {
  try {
    return callback()
  } catch {
    return IcStatus.Fail
  }
}

function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}
