import { WireWriter } from '../../wire/index.ts'
import { IcFlags, IcHeader, IcNegotiate, IcVersion, IcVersionLists } from './messages.ts'
import { chooseVersion, toIcVersion } from './versions.ts'

/** The versions that host and guest agreed on, `major << 16 | minor`. */
export interface IcVersions {
  /** Of the framework. */
  readonly framework: number
  /** Of the component's messages. */
  readonly message: number
}

/** Bytes of a choice: counts and two versions. */
const choiceSize = IcVersionLists.size + 2 * IcVersion.size

/** The host's first message: its versions, oldest first as OpenVMM and Hyper-V send them. Behaviour 214. */
export function offerVersions(frameworks: readonly number[], messages: readonly number[]): Uint8Array {
  const frameworkVersions = frameworks.toReversed().map(toIcVersion)
  const messageVersions = messages.toReversed().map(toIcVersion)
  return IcNegotiate.encode({
    header: {
      frameworkVersion: toIcVersion(0),
      messageVersion: toIcVersion(0),
      size: IcVersionLists.size + IcVersion.size * (frameworkVersions.length + messageVersions.length),
      status: 0,
      transactionId: 0,
      flags: IcFlags.transaction | IcFlags.request,
    },
    versions: {
      frameworkCount: frameworkVersions.length,
      messageCount: messageVersions.length,
      frameworkVersions,
      messageVersions,
    },
  })
}

/**
 * The guest's answer, in the request's own bytes and length as Linux does: the two versions in the first two places, counts 1/1; 0/0
 * and zeros when nothing fits (IC-04). What is behind them stays. Source: Linux drivers/hv/channel_mgmt.c (vmbus_prep_negotiate_resp).
 */
export function answerVersions(
  { header, bytes, negotiation }: { header: IcHeader; bytes: Uint8Array; negotiation: IcNegotiate },
  frameworks: readonly number[],
  messages: readonly number[],
): { readonly reply: Uint8Array; readonly versions: IcVersions | undefined } {
  const framework = chooseVersion(frameworks, negotiation.versions.frameworkVersions)
  const version = chooseVersion(messages, negotiation.versions.messageVersions)
  const versions = framework === undefined || version === undefined ? undefined : { framework, message: version }
  const count = versions === undefined ? 0 : 1
  const reply = bytes.slice()
  const size = Math.min(choiceSize, reply.length - IcHeader.size)
  const writer = new WireWriter(reply)
  IcHeader.encodeAt(writer, 0, { ...header, size, flags: IcFlags.transaction | IcFlags.response })
  const { reserved } = negotiation.versions
  const counts = {
    frameworkCount: count,
    messageCount: count,
    ...(reserved === undefined ? {} : { reserved }),
    frameworkVersions: versions === undefined ? [] : [toIcVersion(versions.framework)],
    messageVersions: versions === undefined ? [] : [toIcVersion(versions.message)],
  }
  reply.fill(0, IcHeader.size + IcVersionLists.size, IcHeader.size + size)
  IcVersionLists.encodeAt(writer, IcHeader.size, counts)
  return { reply, versions }
}
