import {
  bit,
  bits,
  flags,
  openEnum,
  pinned,
  reserved,
  struct,
  type UnionValue,
  u16,
  u32,
  union,
} from '../../wire/index.ts'

/** Types of keyboard messages. They travel as plain in-band packets, without a pipe header. Source: Linux synth_kbd_msg_type. */
export const KeyboardMessageType = { ProtocolRequest: 1, ProtocolResponse: 2, Event: 3, LedIndicators: 4 } as const

/** The one protocol version: 1.0, `major << 16 | minor`. */
export const keyboardVersion = 0x0001_0000

/** First 4 bytes of every keyboard message. Source: Linux drivers/input/serio/hyperv-keyboard.c (synth_kbd_msg_hdr). */
export const KeyboardMessageHeader = /* @__PURE__ */ struct(
  'KeyboardMessageHeader',
  {
    /** Which message this is. */
    messageType: openEnum('KeyboardMessageType', u32, KeyboardMessageType),
  },
  { size: 4, aliases: { linux: 'synth_kbd_msg_hdr' } },
)

/** Guest to host: the version it speaks. Sent with a completion requested, answered by a packet of its own. */
export const KeyboardProtocolRequest = /* @__PURE__ */ struct(
  'KeyboardProtocolRequest',
  {
    header: pinned(KeyboardMessageHeader, { messageType: 1 }),
    /** `major << 16 | minor`. */
    version: u32,
  },
  { size: 8, aliases: { linux: 'synth_kbd_protocol_request' } },
)

/** Host to guest: whether that version is spoken here. */
export const KeyboardProtocolResponse = /* @__PURE__ */ struct(
  'KeyboardProtocolResponse',
  {
    header: pinned(KeyboardMessageHeader, { messageType: 2 }),
    /** Whether the guest may go on. */
    status: bits(u32, { accepted: bit(0) }),
  },
  { size: 8, aliases: { linux: 'synth_kbd_protocol_response' } },
)

/** How a keystroke's make code is to be taken. Source: Linux hyperv-keyboard.c (IS_UNICODE, IS_BREAK, IS_E0, IS_E1). */
export const KeystrokeFlags = {
  /** `makeCode` is a UTF-16 unit instead of a scan code. */
  unicode: 0x1,
  /** The key was released. */
  break: 0x2,
  /** The scan code has the prefix E0. */
  e0: 0x4,
  /** The scan code has the prefix E1. */
  e1: 0x8,
} as const

/** Host to guest: a key went down or up. Set 1 scan codes. */
export const Keystroke = /* @__PURE__ */ struct(
  'Keystroke',
  {
    header: pinned(KeyboardMessageHeader, { messageType: 3 }),
    /** Set 1 make code without prefix, 0 … 0x7f. */
    makeCode: u16,
    reserved: reserved(u16),
    /** How the make code is to be taken. */
    flags: flags('KeystrokeFlags', u32, KeystrokeFlags),
  },
  { size: 12, aliases: { linux: 'synth_kbd_keystroke' } },
)

/** The lamps of a keyboard. Source: Windows KEYBOARD_INDICATOR_PARAMETERS, of which the message carries the flags. */
export const LedFlags = { scrollLock: 0x1, numLock: 0x2, capsLock: 0x4 } as const

/** Guest to host: the lamps. Linux never sends it. Source: OpenVMM uidevices. */
export const LedIndicators = /* @__PURE__ */ struct(
  'LedIndicators',
  {
    header: pinned(KeyboardMessageHeader, { messageType: 4 }),
    /** Lamps that are lit. */
    leds: flags('LedFlags', u16, LedFlags),
    reserved: reserved(u16),
  },
  { size: 8 },
)

/** Every keyboard message. A type that is not known is a fault: the protocol has no others. */
export const KeyboardMessage = /* @__PURE__ */ union('KeyboardMessage', { offset: 0, tag: u32 }, [
  { schema: KeyboardProtocolRequest, from: 'guest' },
  { schema: KeyboardProtocolResponse, from: 'host' },
  { schema: Keystroke, from: 'host' },
  { schema: LedIndicators, from: 'guest' },
])
/** A decoded keyboard message; `type` is the structure's name. */
export type KeyboardMessage = UnionValue<(typeof KeyboardMessage)['members'][number]['schema']>
