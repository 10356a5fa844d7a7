/**
 * The volume shadow copy (VSS, backup) integration component in the root partition.
 *
 * @module
 */
import type { IcFault } from '../devices/ics/fault.ts'
import { IcHeader, IcMessageType } from '../devices/ics/messages.ts'
import {
  VssFreeze,
  VssGetDirectMappedInfo,
  VssHotBackup,
  type VssLun,
  VssMessage,
  type VssRequest,
  VssThaw,
  vssFrameworkVersions,
  vssMaxLuns,
  vssVersions,
} from '../devices/vss.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import { nilGuid } from '../wire/index.ts'
import { type IcRequestOptions, IcRequestVsp } from './ic-requests.ts'

export {
  IcRequestError,
  type IcRequestFailure,
  type IcRequestOptions,
  isIcRequestError,
  type Later,
} from './ic-requests.ts'

/** What a freeze says; everything has a default. */
export interface VssFreezeRequest {
  /** No source says which there are. Default 0. */
  readonly backupType?: number
  readonly flags?: number
  /** The disks to be backed up, at most 260; Linux freezes all its file systems. */
  readonly luns?: readonly VssLun[]
  /** Milliseconds until it is given up. Default 16 minutes: a Linux guest gives its daemon 15. */
  readonly timeout?: number
}

/** Bytes of a request without disks. Source: OpenVMM hyperv_ic_protocol vss.rs (header, 24 bytes of data). */
const requestSize = 32

const freezeTimeout = 16 * 60_000

/** A disk that does not count. */
const noLun: VssLun = { busType: 0, controller: nilGuid, port: 0, target: 0, lun: 0 }

/**
 * Has the guest prepare for a backup: {@link freeze}, then the copy is made, then {@link thaw}. One request goes at a time, others
 * wait; each fails with `IcRequestError`. A Linux guest refuses as long as its daemon does not run.
 */
export class VssVsp extends IcRequestVsp<VssMessage> {
  constructor({ frameworkVersions = vssFrameworkVersions, ...options }: IcRequestOptions = {}) {
    super({ interfaceId: DeviceId.Vss, instanceId: InstanceId.Vss }, VssMessage, vssVersions, {
      frameworkVersions,
      ...options,
    })
  }

  /**
   * Whether the guest can be backed up while it runs. Answers its flags, see VssHotBackupSupport; Linux says yes with 0, for it looks for the
   * operation where its daemon has put a status (drivers/hv/hv_snapshot.c, vss_on_msg).
   */
  hotBackup(): Promise<number> {
    return this.#ask('hot backup', VssHotBackup.encode({ header: {}, support: 0 }), (request) =>
      request.type === 'VssHotBackup' ? request.support : undefined,
    )
  }

  /** Whether devices are mapped into the guest directly. Answers its flags; Linux's are 0. */
  directMappedInfo(): Promise<number> {
    return this.#ask('direct-mapped devices', VssGetDirectMappedInfo.encode({ header: {}, flags: 0 }), (request) =>
      request.type === 'VssGetDirectMappedInfo' ? request.flags : undefined,
    )
  }

  /** Fulfilled when the guest's file systems are in order, and nothing writes any more. Fails with `RangeError` for too many disks. */
  freeze({ backupType = 0, flags = 0, luns = [], timeout = freezeTimeout }: VssFreezeRequest = {}): Promise<void> {
    if (luns.length > vssMaxLuns) {
      return Promise.reject(new RangeError(`${luns.length} disks, at most ${vssMaxLuns}`))
    }
    const all = Array.from({ length: vssMaxLuns }, (_, index) => luns[index] ?? noLun)
    const body = VssFreeze.encode({ header: {}, backupType, flags, lunCount: luns.length, luns: all })
    return this.#tell('freeze', body, timeout)
  }

  /** Fulfilled when the guest writes again. */
  thaw(): Promise<void> {
    return this.#tell('thaw', VssThaw.encode({ header: {}, flags: 0 }))
  }

  #tell(what: string, request: Uint8Array, timeout?: number): Promise<void> {
    return this.request({
      what,
      messageType: IcMessageType.Vss,
      body: () => padded(request),
      read: () => undefined,
      ...(timeout !== undefined && { timeout }),
    })
  }

  /** @param flagsOf answers nothing for another operation's answer. */
  #ask(what: string, request: Uint8Array, flagsOf: (request: VssRequest) => number | undefined): Promise<number> {
    return this.request<number>({
      what,
      messageType: IcMessageType.Vss,
      body: () => padded(request),
      read: (message) => (message.type === 'IcVss' ? flagsOf(message.request) : undefined) ?? notAsked,
    })
  }
}

const notAsked: IcFault = {
  code: 'TYPE',
  field: 'request',
  offset: IcHeader.size,
  why: 'no answer to what was asked for',
}

function padded(request: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(Math.max(request.length, requestSize))
  bytes.set(request)
  return bytes
}
