import {
  bit,
  bits,
  bytes,
  choice,
  counted,
  openEnum,
  pinned,
  reserved,
  type Siblings,
  struct,
  u8,
  u16,
  u32,
  u64,
} from '../../wire/index.ts'
import { NvspHeader, nvspMessage } from './nvsp-header.ts'

/** Operations of the packet direct interface (NVSP 6). Source: Linux hyperv_net.h (nvsp_6_pd_api_op). */
export const PdApiOperation = {
  Config: 1,
  SwitchDataPath: 2,
  OpenProvider: 3,
  CloseProvider: 4,
  CreateQueue: 5,
  FlushQueue: 6,
  FreeQueue: 7,
  AllocateCommonBuffer: 8,
  FreeCommonBuffer: 9,
} as const

const operation = /* @__PURE__ */ openEnum('PdApiOperation', u32, PdApiOperation)

/** Processors that a queue belongs to. Source: Linux group_affinity. */
export const PdGroupAffinity = /* @__PURE__ */ struct(
  'PdGroupAffinity',
  {
    /** A bit for each processor of the group. */
    mask: u64,
    /** Group of 64 processors. */
    group: u16,
    reserved: reserved(6),
  },
  { size: 16 },
)

const createQueue = {
  providerId: u32,
  queueId: u16,
  queueSize: u16,
  isReceiveQueue: u8,
  isRssQueue: u8,
  receiveDataLength: u32,
  affinity: PdGroupAffinity,
}

const config = /* @__PURE__ */ struct('PdConfig', { mmioAddress: u64, mmioLength: u32, subchannelCount: u16 })
const dataPath = /* @__PURE__ */ struct('PdDataPath', { hostDataPathIsPd: u8, guestPdEnabled: u8 })
const openProvider = /* @__PURE__ */ struct('PdProvider', { providerId: u32, flags: u32 })
const closeProvider = /* @__PURE__ */ struct('PdProviderId', { providerId: u32 })
const queue = /* @__PURE__ */ struct('PdQueue', { providerId: u32, queueId: u16 })
const allocate = /* @__PURE__ */ struct('PdAllocation', { length: u32, preferredNode: u32, regionId: u16 })
const free = /* @__PURE__ */ struct('PdRelease', {
  length: u32,
  address: u64,
  preferredNode: u32,
  regionId: u16,
  cacheType: u8,
})

/** Parameters of a request; all take up the 30 bytes of the largest. */
const requestParameters = /* @__PURE__ */ choice(
  'PdApiRequestParameters',
  [
    struct('PdConfigRequest', { config, reserved: reserved(16) }, { size: 30 }),
    struct('PdSwitchDataPathRequest', { dataPath, reserved: reserved(28) }, { size: 30 }),
    struct('PdOpenProviderRequest', { provider: openProvider, reserved: reserved(22) }, { size: 30 }),
    struct('PdCloseProviderRequest', { provider: closeProvider, reserved: reserved(26) }, { size: 30 }),
    struct('PdCreateQueueRequest', createQueue, { size: 30 }),
    struct('PdQueueRequest', { queue, reserved: reserved(24) }, { size: 30 }),
    struct('PdAllocateCommonBufferRequest', { buffer: allocate, reserved: reserved(20) }, { size: 30 }),
    struct('PdFreeCommonBufferRequest', { buffer: free, reserved: reserved(11) }, { size: 30 }),
    struct('PdUnknownRequest', { data: bytes(30) }, { size: 30 }),
  ],
  ({ operation }: Siblings) => {
    switch (operation) {
      case PdApiOperation.Config:
        return 'PdConfigRequest'
      case PdApiOperation.SwitchDataPath:
        return 'PdSwitchDataPathRequest'
      case PdApiOperation.OpenProvider:
        return 'PdOpenProviderRequest'
      case PdApiOperation.CloseProvider:
        return 'PdCloseProviderRequest'
      case PdApiOperation.CreateQueue:
        return 'PdCreateQueueRequest'
      case PdApiOperation.FlushQueue:
      case PdApiOperation.FreeQueue:
        return 'PdQueueRequest'
      case PdApiOperation.AllocateCommonBuffer:
        return 'PdAllocateCommonBufferRequest'
      case PdApiOperation.FreeCommonBuffer:
        return 'PdFreeCommonBufferRequest'
      default:
        return 'PdUnknownRequest'
    }
  },
  'by operation',
)

const configured = /* @__PURE__ */ struct('PdConfiguration', {
  pdQueueCount: u16,
  rssQueueCount: u8,
  isSupported: u8,
  isEnabled: u8,
})
const allocated = /* @__PURE__ */ struct('PdCommonBuffer', {
  address: u64,
  length: u32,
  preferredNode: u32,
  regionId: u16,
  cacheType: u8,
})

/** What a request came to; all take up the 28 bytes of the largest. */
const answerParameters = /* @__PURE__ */ choice(
  'PdApiAnswerParameters',
  [
    struct('PdConfigAnswer', { config: configured, reserved: reserved(23) }, { size: 28 }),
    struct('PdOpenProviderAnswer', { provider: closeProvider, reserved: reserved(24) }, { size: 28 }),
    struct(
      'PdCreateQueueAnswer',
      { providerId: u32, queueId: u16, queueSize: u16, receiveDataLength: u32, affinity: PdGroupAffinity },
      { size: 28 },
    ),
    struct('PdAllocateCommonBufferAnswer', { buffer: allocated, reserved: reserved(9) }, { size: 28 }),
    struct('PdOtherAnswer', { data: bytes(28) }, { size: 28 }),
  ],
  ({ operation }: Siblings) => {
    switch (operation) {
      case PdApiOperation.Config:
        return 'PdConfigAnswer'
      case PdApiOperation.OpenProvider:
        return 'PdOpenProviderAnswer'
      case PdApiOperation.CreateQueue:
        return 'PdCreateQueueAnswer'
      case PdApiOperation.AllocateCommonBuffer:
        return 'PdAllocateCommonBufferAnswer'
      default:
        return 'PdOtherAnswer'
    }
  },
  'by operation',
)

/** Body of {@link NvspPdApiRequest}. */
export const NvspPdApiRequestBody = /* @__PURE__ */ struct(
  'NvspPdApiRequestBody',
  {
    /** What is asked for. */
    operation,
    /** By `operation`. */
    parameters: requestParameters,
  },
  { size: 34, aliases: { linux: 'nvsp_6_pd_api_req' } },
)

/** Body of {@link NvspPdApiComplete}. */
export const NvspPdApiCompleteBody = /* @__PURE__ */ struct(
  'NvspPdApiCompleteBody',
  {
    /** What is asked for. */
    operation,
    /** An NTSTATUS: 0 for success. */
    status: u32,
    /** By `operation`. */
    parameters: answerParameters,
  },
  { size: 36, aliases: { linux: 'nvsp_6_pd_api_comp' } },
)

/** Guest to host: sets packet direct up. No driver at hand sends it. */
export const NvspPdApiRequest = /* @__PURE__ */ nvspMessage('NvspPdApiRequest', 135, NvspPdApiRequestBody)
/** Host to guest: the answer. */
export const NvspPdApiComplete = /* @__PURE__ */ nvspMessage('NvspPdApiComplete', 135, NvspPdApiCompleteBody)

/** A frame in the common buffer. */
export const NvspPdBuffer = /* @__PURE__ */ struct(
  'NvspPdBuffer',
  {
    /** Where in its region. */
    regionOffset: u32,
    /** Region of the common buffer. */
    regionId: u16,
    /** Whether the frame goes on in the next one. */
    flags: bits(u16, { isPartial: bit(0) }),
  },
  { size: 8, aliases: { linux: 'nvsp_6_pd_buf' } },
)

/** Either way: frames in the common buffer. */
export const NvspPdPostBatch = /* @__PURE__ */ struct(
  'NvspPdPostBatch',
  {
    header: pinned(NvspHeader, { messageType: 136 }),
    /** How many frames follow. */
    count: u16,
    /** Which way they go. */
    flags: bits(u16, { guestToHost: bit(0), isReceive: bit(1) }),
    /** Where they are. */
    buffers: counted(NvspPdBuffer, 'count'),
  },
  { size: 8, aliases: { linux: 'nvsp_6_pd_batch_msg' } },
)
