/**
 * The guest file copy integration component's protocol: the host writes a file into the guest.
 *
 * @module
 */
import { DeviceId } from '../vmbus/device-ids.ts'
import { PipeHeader } from '../vmbus/pipe-header.ts'
import {
  bytes,
  flags,
  guidField,
  type Infer,
  openEnum,
  pinned,
  reserved,
  rest,
  struct,
  u16,
  u32,
  u64,
  union,
  utf16,
} from '../wire/index.ts'
import { icDecoder } from './ics/decoder.ts'
import { IcHeader, IcNegotiate, OtherIcMessage } from './ics/messages.ts'

/** Versions of the messages, newest first. Source: Linux tools/hv/hv_fcopy_uio_daemon.c (fcopy_versions). */
export const fileCopyVersions: readonly number[] = [0x1_0001]

/** Versions of the framework under which Linux takes files. Source: Linux tools/hv/hv_fcopy_uio_daemon.c (fw_versions). */
export const fileCopyFrameworkVersions: readonly number[] = [0x3_0000]

/** What a message does. Source: Linux include/uapi/linux/hyperv.h (hv_fcopy_op). */
export const FileCopyOperation = { Start: 0, Write: 1, Complete: 2, Cancel: 3 } as const

/** How a file is written. Source: Linux include/uapi/linux/hyperv.h (OVER_WRITE, CREATE_PATH). */
export const FileCopyFlags = {
  /** A file that is there already is written over. */
  overwrite: 0x1,
  /** Folders that are missing are made. */
  createPath: 0x2,
} as const

/** First 36 bytes of a message. Source: Linux include/uapi/linux/hyperv.h (hv_fcopy_hdr). */
export const FileCopyHeader = /* @__PURE__ */ struct(
  'FileCopyHeader',
  {
    /** Start once, Write as often as need be, then Complete or Cancel. */
    operation: openEnum('FileCopyOperation', u32, FileCopyOperation),
    /** Not used, as the next. */
    serviceId0: guidField,
    /** Not used either. */
    serviceId1: guidField,
  },
  { size: 36, aliases: { linux: 'hv_fcopy_hdr' } },
)
export interface FileCopyHeader extends Infer<typeof FileCopyHeader> {}

/** Most UTF-16 units of a file's name, and of its folder's, the NUL included. Source: Linux include/uapi/linux/hyperv.h (W_MAX_PATH). */
export const fileCopyMaxPath = 260

/** A file begins. Source: Linux include/uapi/linux/hyperv.h (hv_start_fcopy). */
export const FileCopyStart = /* @__PURE__ */ struct(
  'FileCopyStart',
  {
    header: pinned(FileCopyHeader, { operation: 0 }),
    /** Without its folder; at most 259 UTF-16 units and a NUL. */
    fileName: utf16(2 * fileCopyMaxPath),
    /** The folder. */
    pathName: utf16(2 * fileCopyMaxPath),
    /** What to do about a file that is there already, and about folders that are not. */
    flags: flags('FileCopyFlags', u32, FileCopyFlags),
    /** Bytes of the whole file. */
    fileSize: u64,
  },
  { size: 1088, aliases: { linux: 'hv_start_fcopy' } },
)
export interface FileCopyStart extends Infer<typeof FileCopyStart> {}

/** Most bytes of a file in a message. Source: Linux include/uapi/linux/hyperv.h (DATA_FRAGMENT). */
export const fileCopyFragment = 6144

/** A piece of the file. Source: Linux include/uapi/linux/hyperv.h (hv_do_fcopy). */
export const FileCopyWrite = /* @__PURE__ */ struct(
  'FileCopyWrite',
  {
    header: pinned(FileCopyHeader, { operation: 1 }),
    reserved: reserved(4),
    /** Where in the file it goes. */
    offset: u64,
    /** How many of the bytes count. */
    size: u32,
    /** Those from `size` on mean nothing. */
    data: bytes(fileCopyFragment),
  },
  { size: 6196, aliases: { linux: 'hv_do_fcopy' } },
)
export interface FileCopyWrite extends Infer<typeof FileCopyWrite> {}

/** The file is whole. */
export const FileCopyComplete = /* @__PURE__ */ struct('FileCopyComplete', {
  header: pinned(FileCopyHeader, { operation: 2 }),
})

/** The file is given up. */
export const FileCopyCancel = /* @__PURE__ */ struct('FileCopyCancel', {
  header: pinned(FileCopyHeader, { operation: 3 }),
})

/** An operation that is not known. */
export const OtherFileCopyRequest = /* @__PURE__ */ struct('OtherFileCopyRequest', {
  header: FileCopyHeader,
  /** All behind the header. */
  body: rest(),
})

/** What is asked for, by operation. */
export const FileCopyRequest = /* @__PURE__ */ union(
  'FileCopyRequest',
  { offset: 0, tag: u32, otherwise: OtherFileCopyRequest },
  [{ schema: FileCopyStart }, { schema: FileCopyWrite }, { schema: FileCopyComplete }, { schema: FileCopyCancel }],
)
/** A decoded request; `type` is the structure's name. */
export type FileCopyRequest = Infer<typeof FileCopyRequest>

/** Either way: a request. The guest answers in its bytes. */
export const IcFileCopy = /* @__PURE__ */ struct('IcFileCopy', {
  header: pinned(IcHeader, { messageType: 7 }),
  request: FileCopyRequest,
})

/** Guest to host: an answer without a body. */
export const IcFileCopyReply = /* @__PURE__ */ struct('IcFileCopyReply', {
  header: pinned(IcHeader, { messageType: 7 }),
})

/** Every message of the component. */
export const FileCopyMessage = /* @__PURE__ */ union(
  'FileCopyMessage',
  { offset: 4, tag: u16, otherwise: OtherIcMessage },
  [{ schema: IcNegotiate }, { schema: IcFileCopy }, { schema: IcFileCopyReply, from: 'guest' }],
)
/** A decoded message; `type` is the structure's name. */
export type FileCopyMessage = Infer<typeof FileCopyMessage>

/** A whole packet: pipe header and message. */
export const FileCopyPacket = /* @__PURE__ */ struct('FileCopyPacket', {
  /** Says how long the message is. */
  pipe: PipeHeader,
  message: FileCopyMessage,
})

/** Decodes the component's packets. */
export const fileCopyDecoder = /* @__PURE__ */ icDecoder(DeviceId.FileCopy, 'fcopy', FileCopyPacket)
