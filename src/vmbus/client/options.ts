import type { Guid } from '../../wire/index.ts'
import type { MonitorPages } from '../server/effects.ts'
import type { ViolationPolicy } from '../violation.ts'

/** How a guest wants to be connected. Whatever is left out is what Linux does. */
export interface VmbusClientOptions {
  /** Versions to try, in this order. Default: all, newest first. */
  readonly versions?: readonly number[]
  /** Features to ask for at 6.0 (see FeatureFlags). Default: none. */
  readonly features?: number
  /** VP that control messages come to, from 3.0 on. Default 0. */
  readonly targetVp?: number
  /** SINT that control messages come to, from 5.0 on. Default 2. */
  readonly sint?: number
  /** VTL that control messages come to, from 5.1 on. Default 0. */
  readonly vtl?: number
  /** GPA of the shared interrupt page; told below 5.0, used by hosts below 2.4. Default: none. */
  readonly interruptPage?: bigint
  /** GPAs of the monitor pages. Default: none. */
  readonly monitorPages?: MonitorPages
  /** Sent with the feature `clientId`. Default: all zeros, which means none. */
  readonly clientId?: Guid
  /** The first GPADL handle; the next ones count up, around 2³², past 0 and those in use. Default 0xE1E10, as Linux. */
  readonly firstGpadlId?: number
  /**
   * Whether closing a rescinded channel posts CloseChannel. A host ignores it (behaviours 49, 89), so by default nothing is
   * sent, as OpenVMM's client; Linux (drivers/hv/channel.c vmbus_close_internal) sends it all the same.
   */
  readonly closeRescinded?: boolean
  /** How often a post is tried while the host has no room. Default 100, as Linux (vmbus_post_msg). */
  readonly maxPostAttempts?: number
  /** What happens to violations besides being ignored. Default: they are collected. */
  readonly violations?: ViolationPolicy
}
