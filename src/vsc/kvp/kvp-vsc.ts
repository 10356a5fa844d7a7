import { type IcFault, isIcFault } from '../../devices/ics/fault.ts'
import { IcHeader, IcStatus } from '../../devices/ics/messages.ts'
import {
  ipBinaryOf,
  ipTextOf,
  isAdapterId,
  isGuidLike,
  type KvpAdapter,
  readIpBinary,
  readIpText,
} from '../../devices/kvp/ip-info.ts'
import {
  KvpEnumerate,
  type KvpExchange,
  KvpGet,
  KvpGetIpBinary,
  KvpGetIpText,
  KvpHeader,
  KvpIpBinary,
  KvpMessage,
  kvpVersions,
} from '../../devices/kvp/messages.ts'
import { type KvpData, type KvpPair, kvpValueOf, readKvpKey, readKvpPair } from '../../devices/kvp/values.ts'
import { DeviceId } from '../../vmbus/device-ids.ts'
import { WireWriter } from '../../wire/index.ts'
import { type IcAnswer, IcVsc, type IcVscOptions } from '../ics.ts'
import { type KvpAdapters, type KvpStore, MemoryKvpStore } from './store.ts'

/** What a KVP driver tells. */
export interface KvpVscEvents {
  /** The host set a value. */
  set: (pool: number, pair: KvpPair) => void
  /** The host removed a pair. */
  delete: (pool: number, key: string) => void
}

/** How a KVP driver is made. */
export interface KvpVscOptions extends IcVscOptions {
  /** Where the pairs are. Default a {@link MemoryKvpStore}. */
  readonly store?: KvpStore
  /** The adapters' IP settings. By default there are none to ask for. */
  readonly adapters?: KvpAdapters
}

/** Versions of the messages that a guest knows, newest first: the host's, and Linux's oldest. Source: Linux drivers/hv/hv_kvp.c (kvp_versions). */
const versions: readonly number[] = [...kvpVersions, 0x1_0000]

const exchangeAt = IcHeader.size
const bodyAt = exchangeAt + KvpHeader.size
const textAt = exchangeAt + KvpGetIpText.offsetOf('ip')

/** An exchange of that name. */
type Of<N extends KvpExchange['type']> = Extract<KvpExchange, { readonly type: N }>
type IpExchange = Of<'KvpGetIpText' | 'KvpGetIpBinary' | 'KvpSetIpText' | 'KvpSetIpBinary'>

/**
 * Answers for this partition's pairs and IP settings. What the host gets wrong is a violation, and is answered with InvalidArgument. Source:
 * Linux drivers/hv/hv_kvp.c and tools/hv/hv_kvp_daemon.c.
 */
export class KvpVsc extends IcVsc<KvpMessage, KvpVscEvents> {
  readonly store: KvpStore
  readonly #adapters: KvpAdapters | undefined

  constructor({ store = new MemoryKvpStore(), adapters, ...options }: KvpVscOptions = {}) {
    super(DeviceId.Kvp, KvpMessage, versions, options)
    this.store = store
    this.#adapters = adapters
  }

  protected answer(message: KvpMessage, reply: Uint8Array): IcAnswer | undefined {
    if (message.type !== 'IcKvp') return undefined
    try {
      return this.#answerTo(message.exchange, reply)
    } catch (error) {
      // The store, or the adapters, have what does not fit into an answer.
      if (error instanceof RangeError) return { status: IcStatus.Fail }
      throw error
    }
  }

  #answerTo(exchange: KvpExchange, reply: Uint8Array): IcAnswer {
    switch (exchange.type) {
      case 'KvpGet':
        return this.#get(exchange, new WireWriter(reply))
      case 'KvpSet':
        return this.#set(exchange)
      case 'KvpDelete':
        return this.#delete(exchange)
      case 'KvpEnumerate':
        return this.#enumerate(exchange, new WireWriter(reply))
      case 'KvpGetIpText':
      case 'KvpGetIpBinary':
        return this.#getIp(exchange, new WireWriter(reply))
      case 'KvpSetIpText':
      case 'KvpSetIpBinary':
        return this.#setIp(exchange)
      default:
        return { status: IcStatus.NotSupported }
    }
  }

  #get({ header, pair }: Of<'KvpGet'>, reply: WireWriter): IcAnswer {
    const key = readKvpKey(pair, bodyAt + 4)
    if (isIcFault(key)) return this.#refused(key)
    const value = this.store.get(header.pool, key)
    // As Linux's daemon has it for what is not there.
    if (value === undefined) return { status: IcStatus.NoMoreItems }
    KvpGet.encodeAt(reply, 0, { header, pair: this.#pairOf(key, value) })
    return { status: IcStatus.Ok }
  }

  #set({ header, pair: sent }: Of<'KvpSet'>): IcAnswer {
    const pair = readKvpPair(sent, bodyAt)
    if (isIcFault(pair)) return this.#refused(pair)
    if (!this.store.set(header.pool, pair.key, pair.value)) return { status: IcStatus.Fail }
    return { status: IcStatus.Ok, afterwards: () => this.emit('set', header.pool, pair) }
  }

  #delete({ header, key: sent }: Of<'KvpDelete'>): IcAnswer {
    const key = readKvpKey(sent, bodyAt)
    if (isIcFault(key)) return this.#refused(key)
    if (!this.store.delete(header.pool, key)) return { status: IcStatus.NoMoreItems }
    return { status: IcStatus.Ok, afterwards: () => this.emit('delete', header.pool, key) }
  }

  #enumerate({ header, item }: Of<'KvpEnumerate'>, reply: WireWriter): IcAnswer {
    const pair = this.store.at(header.pool, item.index)
    if (pair === undefined) return { status: IcStatus.NoMoreItems }
    KvpEnumerate.encodeAt(reply, 0, { header, item: { index: item.index, pair: this.#pairOf(pair.key, pair.value) } })
    return { status: IcStatus.Ok }
  }

  #getIp(exchange: Of<'KvpGetIpText' | 'KvpGetIpBinary'>, reply: WireWriter): IcAnswer {
    const adapter = this.#adapterIn(exchange, isAdapterId)
    if (isIcFault(adapter)) return this.#refused(adapter)
    const info = this.#adapters?.get(adapter.adapterId)
    if (info === undefined) return { status: IcStatus.NotFound }
    if (exchange.type === 'KvpGetIpText') {
      KvpGetIpText.encodeAt(reply, 0, { pool: exchange.pool, ip: ipTextOf(adapter.adapterId, info) })
    } else {
      KvpGetIpBinary.encodeAt(reply, 0, { header: exchange.header, ip: ipBinaryOf(adapter.adapterId, info) })
    }
    return { status: IcStatus.Ok }
  }

  #setIp(exchange: Of<'KvpSetIpText' | 'KvpSetIpBinary'>): IcAnswer {
    const adapter = this.#adapterIn(exchange, isGuidLike)
    if (isIcFault(adapter)) return this.#refused(adapter)
    const isSet = this.#adapters?.set(adapter.adapterId, adapter.info) ?? false
    return { status: isSet ? IcStatus.Ok : IcStatus.NotFound }
  }

  #adapterIn(exchange: IpExchange, isId: (text: string) => boolean): KvpAdapter | IcFault {
    const isText = exchange.type === 'KvpGetIpText' || exchange.type === 'KvpSetIpText'
    const adapter = isText ? readIpText(exchange.ip, textAt) : readIpBinary(exchange.ip, bodyAt)
    if (isIcFault(adapter) || isId(adapter.adapterId)) return adapter
    const offset = isText ? textAt : bodyAt + KvpIpBinary.offsetOf('adapterId')
    return { code: 'RANGE', field: 'adapterId', offset, why: `${adapter.adapterId} names no adapter` }
  }

  #pairOf(key: string, value: KvpData): ReturnType<typeof kvpValueOf> {
    return kvpValueOf(key, value, this.agreed?.message ?? 0)
  }

  #refused(fault: IcFault): IcAnswer {
    const { channel } = this
    channel?.violation({ rule: 'kvp-bad-request', ...fault, channelId: channel.channelId })
    return { status: IcStatus.InvalidArgument }
  }
}
