import { bytes, reserved, u32, u64 } from '../../wire/index.ts'
import { DebugNetData } from '../debug.ts'
import { PostDebugDataOptionsField, ResetDebugSessionOptionsField, RetrieveDebugDataOptionsField } from '../flags.ts'
import { call } from './call.ts'

/** Breaks into the hypervisor's debugger. */
export const HvCallInvokeHypervisorDebugger = /* @__PURE__ */ call(0x000a, 'HvCallInvokeHypervisorDebugger', 'simple', {
  input: {
    reason: u64,
    supplementalCode: u64,
  },
  since: 'Windows Server 2008 R2',
  source: 'Mile.HyperV, OpenVMM hvdef',
})

/** Sends bytes over the hypervisor's debug connection. */
export const HvCallPostDebugData = /* @__PURE__ */ call(0x0069, 'HvCallPostDebugData', 'simple', {
  input: {
    /** Bytes of `data` in use, at most 4088. */
    count: u32,
    options: PostDebugDataOptionsField,
    /** Always sent in full; the first `count` bytes count. */
    data: bytes(4088),
  },
  output: {
    /** Bytes of `data` that were not sent. */
    pendingCount: u32,
    padding: reserved(4),
  },
  chunk: { count: 'count', data: 'data' },
  privilege: 'debugging',
  caller: 'any',
  since: 'Windows Server 2008',
  statuses: ['FeatureUnavailable', 'AccessDenied', 'OperationDenied', 'InvalidParameter', 'InsufficientBuffers'],
  aliases: { linux: 'HVCALL_POST_DEBUG_DATA' },
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Receives bytes from the hypervisor's debug connection. */
export const HvCallRetrieveDebugData = /* @__PURE__ */ call(0x006a, 'HvCallRetrieveDebugData', 'simple', {
  input: {
    /** Most bytes to receive, at most 4088. */
    count: u32,
    options: RetrieveDebugDataOptionsField,
    /** 100 ns units. */
    timeout: u64,
  },
  output: {
    /** Bytes of `data` in use. */
    retrievedCount: u32,
    remainingCount: u32,
    /** The first `retrievedCount` bytes count. */
    data: bytes(4088),
  },
  privilege: 'debugging',
  caller: 'any',
  since: 'Windows Server 2008',
  statuses: ['FeatureUnavailable', 'AccessDenied', 'OperationDenied', 'InvalidParameter', 'Inactive', 'NoData'],
  aliases: { linux: 'HVCALL_RETRIEVE_DEBUG_DATA' },
  source: 'Mile.HyperV, TLFS 2.0A',
})

/** Drops what is queued on the debug connection. TLFS 2.0 has no output block; NetData output from newer symbols. */
export const HvCallResetDebugSession = /* @__PURE__ */ call(0x006b, 'HvCallResetDebugSession', 'simple', {
  input: {
    /** At least one. */
    options: ResetDebugSessionOptionsField,
    padding: reserved(4),
  },
  output: {
    netData: DebugNetData,
  },
  privilege: 'debugging',
  caller: 'any',
  fast: true,
  since: 'Windows Server 2008',
  statuses: ['FeatureUnavailable', 'AccessDenied', 'OperationDenied', 'InvalidParameter', 'NoData'],
  aliases: { linux: 'HVCALL_RESET_DEBUG_SESSION' },
  source: 'Mile.HyperV, TLFS 2.0A',
})

/**
 * Writes a character to the debugger. TLFS 2.0A gives this code to HvGetSystemProperty in its text, and leaves it out of its
 * appendix; all later sources have that at 0x007b.
 */
export const HvCallOutputDebugCharacter = /* @__PURE__ */ call(0x0071, 'HvCallOutputDebugCharacter', 'simple', {
  layout: 'unknown',
  since: 'Windows Server 2008 R2',
  source: 'OpenVMM hvdef',
})

/** A test call. */
export const HvCallEchoIncrement = /* @__PURE__ */ call(0x0072, 'HvCallEchoIncrement', 'unknown', {
  layout: 'unknown',
  since: 'Windows Server 2008 R2',
  source: 'Mile.HyperV',
})

/** A test call that does nothing. */
export const HvCallPerfNop = /* @__PURE__ */ call(0x0073, 'HvCallPerfNop', 'unknown', {
  layout: 'unknown',
  since: 'Windows Server 2008 R2',
  source: 'Mile.HyperV',
})

/** A test call that takes input. */
export const HvCallPerfNopInput = /* @__PURE__ */ call(0x0074, 'HvCallPerfNopInput', 'unknown', {
  layout: 'unknown',
  since: 'Windows Server 2008 R2',
  source: 'Mile.HyperV',
})

/** A test call that gives output. */
export const HvCallPerfNopOutput = /* @__PURE__ */ call(0x0075, 'HvCallPerfNopOutput', 'unknown', {
  layout: 'unknown',
  since: 'Windows Server 2008 R2',
  source: 'Mile.HyperV',
})

/** Runs tests of the hypervisor. */
export const HvCallInvokeTestFramework = /* @__PURE__ */ call(0x00cb, 'HvCallInvokeTestFramework', 'unknown', {
  layout: 'unknown',
  since: 'Windows 10 1709-1803 / Server 2019 development',
  source: 'Mile.HyperV',
})
