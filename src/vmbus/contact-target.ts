import { choice, reserved, struct, u8, u16, u64 } from '../wire/index.ts'
import { FeatureFlagsField, VmbusVersion } from './versions.ts'

/** Where and how the host is to answer, from 5.0 on. Source: OpenVMM vmbus_core/protocol.rs (TargetInfo). */
export const TargetInfo = /* @__PURE__ */ struct(
  'TargetInfo',
  {
    /** SINT for control messages: 2, or 7 for redirected ones. */
    sint: u8,
    /** VTL for control messages (from 5.1 on). */
    vtl: u8,
    reserved: reserved(u16),
    /** Features asked for (from 6.0 on). */
    featureFlags: FeatureFlagsField,
  },
  { size: 8 },
)

/** The shared interrupt page, below 5.0; only used below 2.4. */
export const InterruptPage = /* @__PURE__ */ struct(
  'InterruptPage',
  {
    /** GPA of the page; 0 for none. */
    interruptPage: u64,
  },
  { size: 8 },
)

/** The third field of InitiateContact: one of two things, by the version asked for. */
export const ContactTarget = /* @__PURE__ */ choice(
  'ContactTarget',
  [TargetInfo, InterruptPage],
  (fields) => (Number(fields.version) >= VmbusVersion.V5_0 ? 'TargetInfo' : 'InterruptPage'),
  'TargetInfo from version 5.0 on, InterruptPage below',
)
