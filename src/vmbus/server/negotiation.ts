import { type Guid, nilGuid } from '../../wire/index.ts'
import { ConnectionIds } from '../ids.ts'
import { ConnectionState, InitiateContact, VersionResponse, VersionResponse2, VersionResponse3 } from '../messages.ts'
import { FeatureFlags, VmbusVersion, versionText, vmbusVersions } from '../versions.ts'
import type { Connection, Contact, Core, Incoming } from './core.ts'
import { disconnect } from './disconnect.ts'
import type { MessageTarget, MonitorPages } from './effects.ts'

const offsetOf = (field: string) => InitiateContact.offsetOf(field)

/** InitiateContact: whose is it, does it end a connection, and what is agreed. */
export function receiveContact(core: Core, message: Contact['message'], { bytes, origin }: Incoming): void {
  const { version, target } = message
  const { settings } = core
  // Several servers share that port: a contact through it says which SINT and VTL it is for (OpenVMM).
  if (origin.connectionId === ConnectionIds.multiClient && target.type === 'TargetInfo') {
    if (version >= VmbusVersion.V5_1 && target.vtl !== settings.vtl) {
      core.effect({ kind: 'forward-contact', vtl: target.vtl, bytes, origin })
      return
    }
    if (target.sint !== settings.sint) {
      core.refuse('contact-sint', 'target', offsetOf('target'), { why: `SINT ${target.sint}, not ${settings.sint}` })
      // Another client waits there; ours, if there is one, must not notice.
      if (target.sint < 16) core.sendTo({ vp: message.targetVp, sint: target.sint }, refusal)
      return
    }
  }
  const asked = requestedFeatures(message)
  if (isSupported(core, version) && (asked & FeatureFlags.clientId) !== 0 && message.type === 'InitiateContact') {
    core.refuse('contact-without-client-id', 'clientId', InitiateContact.size)
    return
  }
  const contact: Contact = { message, trusted: origin.trusted === true }
  if (core.ending !== undefined) core.ending.next = { kind: 'contact', contact }
  else if (core.connection !== undefined) disconnect(core, { kind: 'contact', contact })
  else negotiate(core, contact)
}

/** Answers a contact while there is no connection. */
export function negotiate(core: Core, { message, trusted }: Contact): void {
  const { settings } = core
  const { version } = message
  const target: MessageTarget = { vp: version >= VmbusVersion.V3_0 ? message.targetVp : 0, sint: settings.sint }
  if (!isSupported(core, version)) {
    core.refuse('version-unsupported', 'version', offsetOf('version'), { why: `version ${versionText(version)}` })
    core.sendTo(target, refusal)
    return
  }
  const interruptPage = interruptPageOf(message)
  const fault = pageFault(message, interruptPage)
  const { parentToChildMonitorPage: parentToChild, childToParentMonitorPage: childToParent } = message
  const guestPages: MonitorPages | undefined = childToParent === 0n ? undefined : { parentToChild, childToParent }
  const asked = requestedFeatures(message)
  const ownPages = settings.monitorPages !== undefined && (asked & FeatureFlags.serverSpecifiedMonitorPages) !== 0
  const features = asked & grantable(core, trusted)
  const usable = settings.ownMonitorPagesOnly ? undefined : guestPages
  const connection: Connection = {
    version,
    features,
    target,
    trusted: (features & FeatureFlags.confidentialChannels) !== 0,
    monitorPages: (features & FeatureFlags.serverSpecifiedMonitorPages) !== 0 ? settings.monitorPages : usable,
    ownPages: ownPages && (features & FeatureFlags.serverSpecifiedMonitorPages) !== 0,
    interruptPage,
    clientId: (features & FeatureFlags.clientId) !== 0 ? clientIdOf(message) : undefined,
    offersSent: false,
  }
  if (fault !== undefined) {
    core.refuse(fault.rule, fault.field, offsetOf(fault.field))
    // Before 2.4 there is no way to say more than no.
    core.sendTo(target, version < VmbusVersion.V2_4 ? refusal : answer(core, connection, ConnectionState.FailedUnknown))
    return
  }
  core.connection = connection
  core.effect({
    kind: 'connected',
    version,
    features,
    monitorPages: connection.monitorPages,
    ...(interruptPage === undefined ? {} : { interruptPage }),
    ...(connection.clientId === undefined ? {} : { clientId: connection.clientId }),
  })
  core.send(answer(core, connection, ConnectionState.Successful))
}

const refusal = /* @__PURE__ */ VersionResponse.encode({
  versionSupported: 0,
  connectionState: ConnectionState.Successful,
  versionOrConnectionId: 0,
})

function answer(core: Core, connection: Connection, connectionState: number): Uint8Array {
  const { version, features: supportedFeatures } = connection
  const versionOrConnectionId = version >= VmbusVersion.V5_0 ? core.settings.messageConnectionId : version
  const common = { versionSupported: 1, connectionState, versionOrConnectionId }
  if (version < VmbusVersion.V6_0) return VersionResponse.encode(common)
  const pages = connection.monitorPages
  if (!connection.ownPages || pages === undefined) return VersionResponse2.encode({ ...common, supportedFeatures })
  return VersionResponse3.encode({
    ...common,
    supportedFeatures,
    parentToChildMonitorPage: pages.parentToChild,
    childToParentMonitorPage: pages.childToParent,
  })
}

/** Versions are compared by equality: what lies between known ones is unknown. */
function isSupported(core: Core, version: number): boolean {
  const { maxVersion, delayMaxVersion } = core.settings
  const limited = !delayMaxVersion || core.unloadedOnce
  return vmbusVersions.includes(version) && (!limited || version <= maxVersion)
}

function requestedFeatures({ version, target }: Contact['message']): number {
  return version >= VmbusVersion.V6_0 && target.type === 'TargetInfo' ? target.featureFlags : 0
}

function clientIdOf(message: Contact['message']): Guid {
  return message.type === 'InitiateContact2' ? message.clientId : nilGuid
}

function grantable({ settings }: Core, trusted: boolean): number {
  let features = settings.features
  if (!trusted) features &= ~FeatureFlags.confidentialChannels
  if (settings.monitorPages === undefined) features &= ~FeatureFlags.serverSpecifiedMonitorPages
  return features
}

function interruptPageOf({ version, target }: Contact['message']): bigint | undefined {
  if (version >= VmbusVersion.V2_4 || target.type !== 'InterruptPage' || target.interruptPage === 0n) return undefined
  return target.interruptPage
}

type PageFault = { readonly rule: 'page-unaligned' | 'monitor-pages-incomplete'; readonly field: string }

function pageFault(message: Contact['message'], interruptPage: bigint | undefined): PageFault | undefined {
  if (interruptPage !== undefined && !isPageAligned(interruptPage)) return { rule: 'page-unaligned', field: 'target' }
  return monitorPageFault(message)
}

/** What is wrong with two monitor page addresses; both 0 is right. */
export function monitorPageFault(pages: {
  readonly parentToChildMonitorPage: bigint
  readonly childToParentMonitorPage: bigint
}): PageFault | undefined {
  const { parentToChildMonitorPage, childToParentMonitorPage } = pages
  if ((parentToChildMonitorPage === 0n) !== (childToParentMonitorPage === 0n)) {
    const field = parentToChildMonitorPage === 0n ? 'parentToChildMonitorPage' : 'childToParentMonitorPage'
    return { rule: 'monitor-pages-incomplete', field }
  }
  if (!isPageAligned(parentToChildMonitorPage)) return { rule: 'page-unaligned', field: 'parentToChildMonitorPage' }
  if (!isPageAligned(childToParentMonitorPage)) return { rule: 'page-unaligned', field: 'childToParentMonitorPage' }
  return undefined
}

function isPageAligned(gpa: bigint): boolean {
  return (gpa & 0xfffn) === 0n
}
