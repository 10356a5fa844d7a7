import {
  bit,
  bits,
  bytes,
  counted,
  i32,
  openEnum,
  pinned,
  reserved,
  rest,
  struct,
  type UnionValue,
  u8,
  u16,
  u32,
  u64,
  union,
} from '../../wire/index.ts'

// Sources: Linux drivers/gpu/drm/hyperv/hyperv_drm_proto.c; the rest Mile.HyperV (SYNTHVID_…) and OpenVMM video_core. All structures are packed.

/** Types of video messages. */
export const VideoMessageType = {
  Error: 0,
  VersionRequest: 1,
  VersionResponse: 2,
  VramLocation: 3,
  VramLocationAck: 4,
  SituationUpdate: 5,
  SituationUpdateAck: 6,
  PointerPosition: 7,
  PointerShape: 8,
  FeatureChange: 9,
  Dirt: 10,
  BiosInfoRequest: 11,
  BiosInfoResponse: 12,
  ResolutionRequest: 13,
  ResolutionResponse: 14,
  CapabilityRequest: 15,
  CapabilityResponse: 16,
} as const

/** Versions of the protocol: `minor << 16 | major`. */
export const VideoVersion = {
  /** Windows 7: 16 bits a pixel, 4 MiB of VRAM, up to 1600×1200. */
  V3_0: 0x0_0003,
  /** Windows 8: 32 bits a pixel, larger screens, the version may be negotiated anew. */
  V3_2: 0x2_0003,
  /** Windows 8.1: BIOS information. */
  V3_3: 0x3_0003,
  /** Windows 10: the host offers resolutions, and asks for another one at run time. */
  V3_4: 0x4_0003,
  /** Windows 10 1511: capabilities. */
  V3_5: 0x5_0003,
} as const

/** Most entries in a list of resolutions. Source: Linux SYNTHVID_MAX_RESOLUTION_COUNT. */
export const maxResolutions = 64
/** Bytes of an EDID block in a message. */
export const edidSize = 128
/** Largest width and height of a pointer, in pixels. Source: Linux SYNTHVID_CURSOR_MAX_X, …_Y. */
export const maxPointerSide = 96
/** Most bytes of a pointer's pixels in one message. Source: Mile.HyperV SYNTHVID_CURSOR_MAX_PAYLOAD_SIZE. */
export const maxPointerPart = 8192
/** The part that completes a pointer's shape. Source: Linux SYNTHVID_CURSOR_COMPLETE. */
export const lastPointerPart = 0xff

/** First 8 bytes of every video message, behind the pipe header. */
export const VideoMessageHeader = /* @__PURE__ */ struct(
  'VideoMessageHeader',
  {
    /** Which message this is. */
    messageType: openEnum('VideoMessageType', u32, VideoMessageType),
    /** Bytes of the message: with this header as Linux counts, or without it as OpenVMM does. */
    size: u32,
  },
  { size: 8, aliases: { linux: 'synthvid_msg_hdr', mile: 'SYNTHVID_MESSAGE_HEADER' } },
)

const versionField = openEnum('VideoVersion', u32, VideoVersion)

/** Guest to host: the version it wants to speak. */
export const VideoVersionRequest = /* @__PURE__ */ struct(
  'VideoVersionRequest',
  {
    /** Version that the guest wants to speak. */
    version: versionField,
  },
  { size: 4, aliases: { linux: 'synthvid_version_req' } },
)

/** Host to guest: whether that version is spoken here. */
export const VideoVersionResponse = /* @__PURE__ */ struct(
  'VideoVersionResponse',
  {
    /** The version that was asked for. */
    version: versionField,
    /** Any value but 0 accepts. */
    isAccepted: openEnum('VideoAcceptance', u8, { Refused: 0, Accepted: 1, AcceptedWithVersionExchange: 2 }),
    /** Screens; always 1. */
    maxVideoOutputs: u8,
  },
  { size: 6, aliases: { linux: 'synthvid_version_resp' } },
)

/** Guest to host: where the guest's framebuffer lies. */
export const VideoVramLocation = /* @__PURE__ */ struct(
  'VideoVramLocation',
  {
    /** Comes back in the acknowledgement. */
    userContext: u64,
    /** 0: there is no framebuffer in guest memory. */
    isVramGpaSpecified: u8,
    /** Guest physical address in bytes. */
    vramGpa: u64,
  },
  { size: 17, aliases: { linux: 'synthvid_vram_location' } },
)

/** Host to guest: what the guest draws there is seen from now on. */
export const VideoVramLocationAck = /* @__PURE__ */ struct(
  'VideoVramLocationAck',
  {
    /** As the guest chose it. */
    userContext: u64,
  },
  { size: 8, aliases: { linux: 'synthvid_vram_location_ack' } },
)

/** One screen's mode. */
export const VideoOutputSituation = /* @__PURE__ */ struct(
  'VideoOutputSituation',
  {
    /** 0: the screen is dark. */
    isActive: u8,
    /** Where the picture starts, in bytes from the start of VRAM. Zero since Windows 10. */
    vramOffset: u32,
    /** Bits a pixel: 16 (RGB 5-6-5) or 32 (blue, green, red, unused). */
    depthBits: u8,
    /** Pixels in a row. */
    widthPixels: u32,
    /** Rows. */
    heightPixels: u32,
    /** Bytes from one row to the next. */
    pitchBytes: u32,
  },
  { size: 18, aliases: { linux: 'video_output_situation', mile: 'VIDEO_OUTPUT_SITUATION' } },
)

/** Guest to host: the mode that it sets. */
export const VideoSituationUpdate = /* @__PURE__ */ struct(
  'VideoSituationUpdate',
  {
    /** Comes back in the acknowledgement. */
    userContext: u64,
    /** Always 1. */
    videoOutputCount: u8,
    /** The one screen's mode. */
    videoOutput: VideoOutputSituation,
  },
  { size: 27, aliases: { linux: 'synthvid_situation_update' } },
)

/** Host to guest: the mode is set. */
export const VideoSituationUpdateAck = /* @__PURE__ */ struct(
  'VideoSituationUpdateAck',
  {
    /** As the guest chose it. */
    userContext: u64,
  },
  { size: 8, aliases: { linux: 'synthvid_situation_update_ack' } },
)

/** Guest to host: where the pointer is. */
export const VideoPointerPosition = /* @__PURE__ */ struct(
  'VideoPointerPosition',
  {
    /** 0: the pointer is not shown. */
    isVisible: u8,
    /** Always 0. */
    videoOutput: u8,
    /** Upper left pixel of the pointer's picture: its place less its hotspot. */
    imageX: i32,
    /** The same, downwards. */
    imageY: i32,
  },
  { size: 10, aliases: { linux: 'synthvid_pointer_position' } },
)

/** Guest to host: how the pointer looks, in as many parts as its pixels need; each part repeats the fields before the pixels. */
export const VideoPointerShape = /* @__PURE__ */ struct(
  'VideoPointerShape',
  {
    /** 0, 1, …; the last part, or the only one, is 255. */
    partialIndex: u8,
    /**
     * Any value but 0: 4 bytes a pixel, blue, green, red, alpha. 0: an AND mask, then an XOR mask, each 1 bit a pixel, the leftmost
     * in the highest bit, rows padded to a byte.
     */
    isArgb: u8,
    /** Pixels, up to 96. */
    width: u32,
    /** Pixels, up to 96. */
    height: u32,
    /** Pixel that points, from the left. */
    hotspotX: u32,
    /** Pixel that points, from the top. */
    hotspotY: u32,
    /** This part's, at most 8192 bytes. */
    pixels: rest(),
  },
  { size: 18 },
)

/** Host to guest: what it wants to be told of. */
export const VideoFeatureChange = /* @__PURE__ */ struct(
  'VideoFeatureChange',
  {
    /** 0: not of what changed on the screen. */
    isDirtNeeded: u8,
    /** 0: not of where the pointer is. */
    isPointerPositionNeeded: u8,
    /** 0: not of how the pointer looks. */
    isPointerShapeNeeded: u8,
    /** 0: not of the mode. */
    isSituationNeeded: u8,
  },
  { size: 4, aliases: { linux: 'synthvid_feature_change' } },
)

/** Host to guest, from 3.4 on: the same, with the monitor's EDID, whose preferred mode the guest is to take. Linux ignores the EDID. */
export const VideoFeatureChangeV2 = /* @__PURE__ */ struct(
  'VideoFeatureChangeV2',
  {
    /** 0: not of what changed on the screen. */
    isDirtNeeded: u8,
    /** 0: not of where the pointer is. */
    isPointerPositionNeeded: u8,
    /** 0: not of how the pointer looks. */
    isPointerShapeNeeded: u8,
    /** 0: not of the mode. */
    isSituationNeeded: u8,
    /** The monitor's description, EDID 1.4. */
    edid: bytes(edidSize),
  },
  { size: 132 },
)

/** A rectangle of pixels; `right` and `bottom` are the first ones outside. */
export const VideoRect = /* @__PURE__ */ struct(
  'VideoRect',
  {
    /** First pixel, from the left. */
    left: i32,
    /** First row, from the top. */
    top: i32,
    /** First pixel behind. */
    right: i32,
    /** First row below. */
    bottom: i32,
  },
  { size: 16, aliases: { linux: 'rect', mile: 'HV_RECT' } },
)

/** Guest to host: what changed in its framebuffer. */
export const VideoDirt = /* @__PURE__ */ struct(
  'VideoDirt',
  {
    /** Always 0. */
    videoOutput: u8,
    /** How many rectangles follow. */
    dirtCount: u8,
    /** What changed. */
    dirt: counted(VideoRect, 'dirtCount'),
  },
  { size: 2 },
)

/** Host to guest: about the virtual machine's firmware. */
export const VideoBiosInfoResponse = /* @__PURE__ */ struct(
  'VideoBiosInfoResponse',
  {
    /** Was the VM's generation; its lowest bit now says that the device can be stopped. */
    flags: bits(u32, { isStopDeviceSupported: bit(0) }),
    reserved: reserved(12),
  },
  { size: 16 },
)

/** Guest to host: it wants to know what the host offers. */
export const VideoResolutionRequest = /* @__PURE__ */ struct(
  'VideoResolutionRequest',
  {
    /** Most entries that the guest takes. */
    maximumResolutionCount: u8,
  },
  { size: 1, aliases: { linux: 'synthvid_supported_resolution_req' } },
)

/** Width and height of a screen in pixels. */
export const VideoResolution = /* @__PURE__ */ struct(
  'VideoResolution',
  {
    /** In pixels. */
    width: u16,
    /** In pixels. */
    height: u16,
  },
  { size: 4, aliases: { linux: 'hvd_screen_info', mile: 'HVD_SCREEN_INFO' } },
)

/** Host to guest: the monitor, and the resolutions to choose from. As long as its count says, or 64 entries whatever the count (OK-21). */
export const VideoResolutionResponse = /* @__PURE__ */ struct(
  'VideoResolutionResponse',
  {
    /** The monitor's description, EDID 1.4. */
    edid: bytes(edidSize),
    /** 1 … 64. */
    resolutionCount: u8,
    /** Which one a guest is to take, from 0. */
    defaultResolutionIndex: u8,
    /** Whether the list is the host's usual one. */
    isStandard: u8,
    /** To choose from. */
    resolutions: counted(VideoResolution, 'resolutionCount'),
  },
  { size: 131 },
)

/** Host to guest: what the host can do. */
export const VideoCapabilityResponse = /* @__PURE__ */ struct(
  'VideoCapabilityResponse',
  {
    /** What the host does. */
    flags: bits(u32, {
      /** The guest is to lock its screen when the viewer goes. */
      isLockOnDisconnect: bit(0),
    }),
    reserved: reserved(60),
  },
  { size: 64 },
)

const header = <const T extends number>(messageType: T) => pinned(VideoMessageHeader, { messageType })

/** Every video message: a header and, for most, a body. */
export const VideoMessage = /* @__PURE__ */ union('VideoMessage', { offset: 0, tag: u32 }, [
  {
    schema: struct('VersionRequest', {
      header: header(1),
      /** What it says. */
      body: VideoVersionRequest,
    }),
    from: 'guest',
  },
  {
    schema: struct('VersionResponse', {
      header: header(2),
      /** What it says. */
      body: VideoVersionResponse,
    }),
    from: 'host',
  },
  {
    schema: struct('VramLocation', {
      header: header(3),
      /** What it says. */
      body: VideoVramLocation,
    }),
    from: 'guest',
  },
  {
    schema: struct('VramLocationAck', {
      header: header(4),
      /** What it says. */
      body: VideoVramLocationAck,
    }),
    from: 'host',
  },
  {
    schema: struct('SituationUpdate', {
      header: header(5),
      /** What it says. */
      body: VideoSituationUpdate,
    }),
    from: 'guest',
  },
  {
    schema: struct('SituationUpdateAck', {
      header: header(6),
      /** What it says. */
      body: VideoSituationUpdateAck,
    }),
    from: 'host',
  },
  {
    schema: struct('PointerPosition', {
      header: header(7),
      /** What it says. */
      body: VideoPointerPosition,
    }),
    from: 'guest',
  },
  {
    schema: struct('PointerShape', {
      header: header(8),
      /** What it says. */
      body: VideoPointerShape,
    }),
    from: 'guest',
  },
  {
    schema: struct('FeatureChange', {
      header: header(9),
      /** What it says. */
      body: VideoFeatureChange,
    }),
    from: 'host',
  },
  {
    schema: struct('FeatureChangeV2', {
      header: header(9),
      /** What it says. */
      body: VideoFeatureChangeV2,
    }),
    from: 'host',
    since: VideoVersion.V3_4,
  },
  {
    schema: struct('Dirt', {
      header: header(10),
      /** What it says. */
      body: VideoDirt,
    }),
    from: 'guest',
  },
  { schema: struct('BiosInfoRequest', { header: header(11) }), from: 'guest', since: VideoVersion.V3_3 },
  {
    schema: struct('BiosInfoResponse', {
      header: header(12),
      /** What it says. */
      body: VideoBiosInfoResponse,
    }),
    from: 'host',
    since: VideoVersion.V3_3,
  },
  {
    schema: struct('ResolutionRequest', {
      header: header(13),
      /** What it says. */
      body: VideoResolutionRequest,
    }),
    from: 'guest',
    since: VideoVersion.V3_4,
  },
  {
    schema: struct('ResolutionResponse', {
      header: header(14),
      /** What it says. */
      body: VideoResolutionResponse,
    }),
    from: 'host',
    since: VideoVersion.V3_4,
  },
  { schema: struct('CapabilityRequest', { header: header(15) }), from: 'guest', since: VideoVersion.V3_5 },
  {
    schema: struct('CapabilityResponse', {
      header: header(16),
      /** What it says. */
      body: VideoCapabilityResponse,
    }),
    from: 'host',
    since: VideoVersion.V3_5,
  },
])
/** A decoded video message; `type` is its name. */
export type VideoMessage = UnionValue<(typeof VideoMessage)['members'][number]['schema']>

/** A type of {@link VideoMessage}. */
export type VideoMessageName = VideoMessage['type']

/** Bodies of messages. */
export type VideoPointerShape = Extract<VideoMessage, { type: 'PointerShape' }>['body']
