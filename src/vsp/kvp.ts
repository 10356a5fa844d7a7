/**
 * The key-value pair exchange integration component in the root partition.
 *
 * @module
 */
import { type IcFault, isIcFault } from '../devices/ics/fault.ts'
import { IcHeader, IcMessageType, IcStatus } from '../devices/ics/messages.ts'
import {
  ipBinaryOf,
  ipTextOf,
  type KvpAdapter,
  type KvpIpInfo,
  noIpInfo,
  readIpBinary,
  readIpText,
} from '../devices/kvp/ip-info.ts'
import {
  KvpDelete,
  KvpEnumerate,
  type KvpExchange,
  KvpGet,
  KvpGetIpBinary,
  KvpGetIpText,
  KvpHeader,
  KvpItem,
  KvpMessage,
  KvpPool,
  KvpSet,
  KvpSetIpBinary,
  KvpSetIpText,
  kvpBinaryIpVersion,
  kvpVersions,
} from '../devices/kvp/messages.ts'
import { type KvpData, type KvpPair, kvpKeyOf, kvpValueOf, readKvpPair, readKvpValue } from '../devices/kvp/values.ts'
import { DeviceId, InstanceId } from '../vmbus/device-ids.ts'
import { type IcRequestOptions, IcRequestVsp, isIcRequestError } from './ic-requests.ts'

export {
  IcRequestError,
  type IcRequestFailure,
  type IcRequestOptions,
  isIcRequestError,
  type Later,
} from './ic-requests.ts'

/** Bytes of an exchange, whatever its operation. Source: OpenVMM hyperv_ic_protocol kvp.rs (KvpMessage, KvpMessage2). */
const exchangeSize = 2580
const ipExchangeSize = 7428

/** Where exchange and IP settings lie in a message. */
const exchangeAt = IcHeader.size
const bodyAt = exchangeAt + KvpHeader.size

/**
 * Reads and writes the guest's pairs, and its adapters' IP settings. One request goes at a time, others wait; each fails with
 * `IcRequestError`. A Linux guest answers only while its daemon runs.
 */
export class KvpVsp extends IcRequestVsp<KvpMessage> {
  constructor(options: IcRequestOptions = {}) {
    super({ interfaceId: DeviceId.Kvp, instanceId: InstanceId.Kvp }, KvpMessage, kvpVersions, options)
  }

  /**
   * Sets a value. Linux keeps numbers as text.
   *
   * @param pool see KvpPool; of the guest's own pools Linux takes each but Auto.
   * @param key 1 … 255 UTF-16 units; else `RangeError`.
   * @param value text of at most 1023 units, a DWORD, or a QWORD; else `RangeError`.
   */
  async set(pool: number, key: string, value: KvpData): Promise<void> {
    // What does not fit is said at once, not when its turn comes.
    kvpValueOf(key, value, 0)
    return this.#tell(`set ${key}`, exchangeSize, (version) =>
      KvpSet.encode({ header: { pool }, pair: kvpValueOf(key, value, version) }),
    )
  }

  /**
   * The value of a key. Real hosts do not ask for it, they enumerate: of what Linux answers the first four bytes of UTF-8 are lost
   * (drivers/hv/hv_kvp.c, kvp_respond_to_host). For a key that is not there it answers NoMoreItems.
   */
  async get(pool: number, key: string): Promise<KvpData> {
    const asked = kvpKeyOf(key)
    return this.#ask(
      `get ${key}`,
      exchangeSize,
      () =>
        KvpGet.encode({
          header: { pool },
          pair: { valueType: 0, valueSize: 0, ...asked, value: new Uint8Array(2048) },
        }),
      (exchange) => (exchange.type === 'KvpGet' ? readKvpValue(exchange.pair, bodyAt) : notAsked(exchange)),
    )
  }

  /** Removes a pair. */
  async delete(pool: number, key: string): Promise<void> {
    const asked = kvpKeyOf(key)
    return this.#tell(`delete ${key}`, exchangeSize, () => KvpDelete.encode({ header: { pool }, key: asked }))
  }

  /** The pairs of a pool, one by one: until the guest says that there are no more, or whoever reads has enough. */
  async *enumerate(pool: number): AsyncGenerator<KvpPair, void, undefined> {
    for (let index = 0; index <= 0xffff_ffff; index++) {
      const pair = await this.#pair(pool, index)
      if (pair === undefined) return
      yield pair
    }
  }

  /** An adapter's IP settings. @param adapterId Linux wants the MAC address as `00:15:5D:01:02:03`, Windows the GUID. */
  async getIpInfo(adapterId: string): Promise<KvpIpInfo> {
    return this.#ask(
      `IP settings of ${adapterId}`,
      ipExchangeSize,
      (version) =>
        version >= kvpBinaryIpVersion
          ? KvpGetIpBinary.encode({ header: { pool: KvpPool.Guest }, ip: ipBinaryOf(adapterId, noIpInfo) })
          : KvpGetIpText.encode({ pool: KvpPool.Guest, ip: ipTextOf(adapterId, noIpInfo) }),
      (exchange) => {
        const adapter = adapterIn(exchange)
        return isIcFault(adapter) ? adapter : adapter.info
      },
    )
  }

  /** Gives an adapter other IP settings. @param adapterId its GUID, in braces. */
  async setIpInfo(adapterId: string, info: KvpIpInfo): Promise<void> {
    return this.#tell(`IP settings for ${adapterId}`, ipExchangeSize, (version) =>
      version >= kvpBinaryIpVersion
        ? KvpSetIpBinary.encode({ header: { pool: KvpPool.Guest }, ip: ipBinaryOf(adapterId, info) })
        : KvpSetIpText.encode({ pool: KvpPool.Guest, ip: ipTextOf(adapterId, info) }),
    )
  }

  async #pair(pool: number, index: number): Promise<KvpPair | undefined> {
    const pair = { valueType: 0, keySize: 0, valueSize: 0, key: '', value: new Uint8Array(2048) }
    try {
      return await this.#ask(
        `pair ${index} of pool ${pool}`,
        exchangeSize,
        () => KvpEnumerate.encode({ header: { pool }, item: { index, pair } }),
        (exchange) =>
          exchange.type === 'KvpEnumerate'
            ? readKvpPair(exchange.item.pair, bodyAt + KvpItem.offsetOf('pair'))
            : notAsked(exchange),
      )
    } catch (error) {
      if (isIcRequestError(error) && error.status === IcStatus.NoMoreItems) return undefined
      throw error
    }
  }

  /** A request that is answered by its status alone. @param size of the message: what it does not use is zero. */
  #tell(what: string, size: number, encode: (version: number) => Uint8Array): Promise<void> {
    return this.request({
      what,
      messageType: IcMessageType.KvpExchange,
      body: (version) => padded(encode(version), size),
      read: () => undefined,
    })
  }

  #ask<T>(
    what: string,
    size: number,
    encode: (version: number) => Uint8Array,
    read: (exchange: KvpExchange) => T | IcFault,
  ): Promise<T> {
    return this.request({
      what,
      messageType: IcMessageType.KvpExchange,
      body: (version) => padded(encode(version), size),
      read: (message) =>
        message.type === 'IcKvp'
          ? read(message.exchange)
          : { code: 'SHORT', field: 'exchange', offset: exchangeAt, why: 'an answer without a body' },
    })
  }
}

function padded(message: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  bytes.set(message)
  return bytes
}

function adapterIn(exchange: KvpExchange): KvpAdapter | IcFault {
  if (exchange.type === 'KvpGetIpText') return readIpText(exchange.ip, exchangeAt + KvpGetIpText.offsetOf('ip'))
  if (exchange.type === 'KvpGetIpBinary') return readIpBinary(exchange.ip, bodyAt)
  return notAsked(exchange)
}

function notAsked({ type }: KvpExchange): IcFault {
  return { code: 'TYPE', field: 'exchange', offset: exchangeAt, why: `${type} answers another question` }
}
