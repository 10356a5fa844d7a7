import { type Guid, guid } from '../wire/index.ts'

/**
 * Interface ids of the known device classes.
 *
 * Source: Linux include/linux/hyperv.h (HV_*_GUID); those Linux has no driver for OpenVMM.
 */
export const DeviceId = {
  /** Synthetic network adapter (NVSP, RNDIS). */
  Network: guid('f8615163-df3e-46c5-913f-f2d2f965ed0e'),
  /** SCSI controller (VSTOR). */
  Scsi: guid('ba6163d9-04a1-4d29-b605-72e2ffb1dc7f'),
  /** IDE accelerator (VSTOR). */
  Ide: guid('32412632-86cb-44a2-9b5c-50d1417354f5'),
  /** Fibre Channel adapter (VSTOR). */
  FibreChannel: guid('2f9bcc4a-0069-4af3-b76b-6fd0be528cda'),
  /** Synthetic video. */
  Video: guid('da0a7802-e377-4aac-8e77-0558eb1073f8'),
  /** Synthetic keyboard. */
  Keyboard: guid('f912ad6d-2b17-48ea-bd65-f927a61c7684'),
  /** Synthetic mouse (HID). */
  Mouse: guid('cfa8b69e-5b4a-4cc0-b98b-8ba1a1f3f95a'),
  /** Virtual PCI bus. */
  Pci: guid('44c4f61d-4444-4400-9d52-802e27ede19f'),
  /** Network Direct (RDMA). */
  NetworkDirect: guid('8c2eaf3d-32a7-4b09-ab99-bd1f1c86b501'),
  /** Dynamic memory (balloon). */
  DynamicMemory: guid('525074dc-8985-46e2-8057-a307dc18a502'),
  /** Integration component: shutdown. */
  Shutdown: guid('0e0b6031-5213-4934-818b-38d90ced39db'),
  /** Integration component: time synchronisation. */
  TimeSync: guid('9527e630-d0ae-497b-adce-e80ab0175caf'),
  /** Integration component: heartbeat. */
  Heartbeat: guid('57164f39-9115-4e78-ab55-382f3bd5422d'),
  /** Integration component: key-value pair exchange. */
  Kvp: guid('a9a0f4e7-5a45-4d96-b827-8a841e8c03e6'),
  /** Integration component: volume shadow copy (backup). */
  Vss: guid('35fa2e29-ea23-4236-96ae-3a6ebacba440'),
  /** Integration component: guest file copy. */
  FileCopy: guid('34d14be3-dee4-41c8-9ae7-6b174977c192'),
  /** Automatic VM activation, first interface. */
  Activation: guid('f8e65716-3cb3-4a06-9a60-1889c5cccab5'),
  /** Automatic VM activation, inherited. */
  InheritedActivation: guid('3375baf4-9e15-4b30-b765-67acb10d607b'),
  /** Remote desktop virtualization. */
  RemoteDesktop: guid('276aacf4-ac15-426c-98dd-7521ad3f01fe'),
  /** Initial machine configuration (vmbfs). */
  InitialMachineConfiguration: guid('c376c1c3-d276-48d2-90a9-c04748072c60'),
  /** Virtual serial port. */
  Serial: guid('8b60ccf6-709f-4c11-90b5-229c959a9e6a'),
  /** Guest emulation transport (firmware services). */
  GuestEmulation: guid('8dedd1aa-9056-49e4-bfd6-1bf90dc38ef0'),
  /** Guest emulation log. */
  GuestEmulationLog: guid('aa5de534-d149-487a-9053-05972ba20a7c'),
  /** Guest crash dump. */
  CrashDump: guid('427b03e7-4ceb-4286-b5fc-486f4a1dd439'),
} as const satisfies Readonly<Record<string, Guid>>

/** Well-known instance ids: devices of which a VM has one. Source: OpenVMM. */
export const InstanceId = {
  Keyboard: guid('d34b2567-b9b6-42b9-8778-0a4ec0b955bf'),
  Mouse: guid('58f75a6d-d949-4320-99e1-a2a2576d581c'),
  Video: guid('5620e0c7-8062-4dce-aeb7-520c7ef76171'),
  Shutdown: guid('b6650ff7-33bc-4840-8048-e0676786f393'),
  Kvp: guid('242ff919-07db-4180-9c2e-b86cb68c8c55'),
  TimeSync: guid('2dd1ce17-079e-403c-b352-a1921ee207ee'),
  /** As recorded with a Linux guest; OpenVMM has no heartbeat. */
  Heartbeat: guid('fd149e91-82e0-4a7d-afa6-2a4166cbd7c0'),
  /** As Hyper-V offers it; OpenVMM has no backup. */
  Vss: guid('2450ee40-33bf-4fbd-892e-9fb06e9214cf'),
  /** As Hyper-V offers it: Linux tools/hv/hv_fcopy_uio_daemon.c looks for it there. */
  FileCopy: guid('eb765408-105f-49b6-b4aa-c123b64d17d4'),
  GuestEmulation: guid('d3e4454d-62af-44ec-b851-3170915e5f56'),
  Com1: guid('700df40e-b947-4776-b839-d1b0a35af034'),
  Com2: guid('7e55f4b8-af84-4e98-9f1a-8e8d0bde3744'),
  Com3: guid('3f158fa1-b0aa-45e9-ba54-9fc73f6c59ec'),
  Com4: guid('8688a06f-9b53-48ce-b408-7581626228c5'),
  /** vmbfs instance: initial machine configuration. */
  ImcFiles: guid('c4e5e7d1-d748-4afc-979d-683167910a55'),
  /** vmbfs instance: boot files. */
  BootFiles: guid('c63c9bdf-5fa5-4208-b03f-6b458b365592'),
} as const satisfies Readonly<Record<string, Guid>>

const names: ReadonlyMap<string, string> = /* @__PURE__ */ new Map([
  ...Object.entries(InstanceId).map(([name, id]) => [id, `${name} instance`] as const),
  ...Object.entries(DeviceId).map(([name, id]) => [id, name] as const),
])

/** The name of a known interface or instance id. */
export function deviceName(id: Guid): string | undefined {
  return names.get(id)
}
