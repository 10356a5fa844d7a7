import { bit, bitField, bits, struct, u64 } from '../wire/index.ts'

/** The control word of a hypercall. Bits without a name must be zero. Source: TLFS 3.7. */
export const HypercallInputValue = /* @__PURE__ */ struct(
  'HypercallInputValue',
  {
    control: bits(u64, {
      /** Which call. */
      callCode: bitField(0, 16),
      /** Input in registers instead of memory. */
      isFast: bit(16),
      /** Size of the variable header in 8-byte units. */
      variableHeaderSize: bitField(17, 10),
      /** Meant for the hypervisor one level further out. */
      isNested: bit(31),
      /** Elements of a rep call; 0 for a simple call. */
      repCount: bitField(32, 12),
      /** First element to process. */
      repStartIndex: bitField(48, 12),
    }),
  },
  { size: 8 },
)

/** What a hypercall answers. Bits without a name are reserved. Source: TLFS 3.8. */
export const HypercallResultValue = /* @__PURE__ */ struct(
  'HypercallResultValue',
  {
    result: bits(u64, {
      /** HV_STATUS; 0 is success. */
      status: bitField(0, 16),
      /** Elements of a rep call that were processed, counted from element 0. */
      repsCompleted: bitField(32, 12),
    }),
  },
  { size: 8 },
)
