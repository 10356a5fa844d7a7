import { choice, flags, reserved, struct, u8, u16, u32, u64 } from '../wire/index.ts'
import { InterceptType, InterceptTypeField } from './enums/messages.ts'
import { UnimplementedMsrActionField } from './enums/vp.ts'

/** An intercept on one I/O port. */
export const IoPortParameters = /* @__PURE__ */ struct('IoPortParameters', { ioPort: u16, padding: reserved(6) })
/** An intercept on a range of I/O ports, both ends included. */
export const IoPortRangeParameters = /* @__PURE__ */ struct('IoPortRangeParameters', {
  base: u16,
  end: u16,
  padding: reserved(u32),
})
/** An intercept on a CPUID leaf. */
export const CpuidParameters = /* @__PURE__ */ struct('CpuidParameters', {
  /** Leaf. */
  cpuidIndex: u32,
  padding: reserved(u32),
})
/** An intercept on an exception. */
export const ExceptionParameters = /* @__PURE__ */ struct('ExceptionParameters', {
  /** 0 … 31. */
  exceptionVector: u16,
  padding: reserved(6),
})
/** An intercept on one MSR. */
export const MsrIndexParameters = /* @__PURE__ */ struct('MsrIndexParameters', {
  msrIndex: u32,
  padding: reserved(u32),
})
/** An intercept on APIC registers. */
export const ApicWriteParameters = /* @__PURE__ */ struct('ApicWriteParameters', {
  apicWriteMask: u32,
  padding: reserved(u32),
})
/** An intercept that needs no parameter, or one without a name. */
export const OtherInterceptParameters = /* @__PURE__ */ struct('OtherInterceptParameters', { parameter: u64 })

/** What an intercept is set on, told by `interceptType`. Source: TLFS (HV_INTERCEPT_PARAMETERS), Linux hv_intercept_parameters. */
export const InterceptParameters = /* @__PURE__ */ choice(
  'InterceptParameters',
  [
    IoPortParameters,
    IoPortRangeParameters,
    CpuidParameters,
    ExceptionParameters,
    MsrIndexParameters,
    ApicWriteParameters,
    OtherInterceptParameters,
  ],
  ({ interceptType }) => {
    switch (interceptType) {
      case InterceptType.X64IoPort:
        return 'IoPortParameters'
      case InterceptType.X64IoPortRange:
        return 'IoPortRangeParameters'
      case InterceptType.X64Cpuid:
        return 'CpuidParameters'
      case InterceptType.Exception:
        return 'ExceptionParameters'
      case InterceptType.X64MsrIndex:
        return 'MsrIndexParameters'
      case InterceptType.X64ApicWrite:
        return 'ApicWriteParameters'
      default:
        return 'OtherInterceptParameters'
    }
  },
  'interceptType',
)

/** What an intercept is set on. Source: TLFS (HV_INTERCEPT_DESCRIPTOR). */
export const InterceptDescriptor = /* @__PURE__ */ struct(
  'InterceptDescriptor',
  { interceptType: InterceptTypeField, padding: reserved(u32), parameters: InterceptParameters },
  { size: 16, aliases: { mile: 'HV_INTERCEPT_DESCRIPTOR' } },
)

/** Which CPUID leaf HvCallRegisterInterceptResult answers, and what to put in its registers: of each, the bits in the mask. */
export const CpuidResultParameters = /* @__PURE__ */ struct(
  'CpuidResultParameters',
  {
    leaf: u32,
    subleaf: u32,
    /** 1: only for this subleaf. */
    subleafSpecific: u8,
    /** 1: even where the hypervisor would answer itself. */
    alwaysOverride: u8,
    padding: reserved(u16),
    eax: u32,
    eaxMask: u32,
    ebx: u32,
    ebxMask: u32,
    ecx: u32,
    ecxMask: u32,
    edx: u32,
    edxMask: u32,
  },
  { size: 44, aliases: { mile: 'HV_REGISTER_X64_CPUID_RESULT_PARAMETERS' } },
)

/** Accesses to an MSR that is not implemented, as a mask. */
export const MsrAccess = { read: 0x1, write: 0x2 } as const

/** What accesses to an MSR do from now on. */
export const MsrResultParameters = /* @__PURE__ */ struct(
  'MsrResultParameters',
  {
    msrIndex: u32,
    accessType: flags('MsrAccess', u32, MsrAccess),
    action: UnimplementedMsrActionField,
    padding: reserved(32),
  },
  { size: 44, aliases: { like: 'HV_REGISTER_X64_MSR_RESULT_PARAMETERS' } },
)

/** What HvCallRegisterInterceptResult lays down, told by `interceptType`. Source: rust-vmm/mshv hv_register_intercept_result_parameters. */
export const InterceptResultParameters = /* @__PURE__ */ choice(
  'InterceptResultParameters',
  [CpuidResultParameters, MsrResultParameters],
  ({ interceptType }) => (interceptType === InterceptType.X64Cpuid ? 'CpuidResultParameters' : 'MsrResultParameters'),
  'interceptType',
)
