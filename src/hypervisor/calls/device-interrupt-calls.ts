import type { Arm64InterruptEntry } from '../../hypercall/arm64.ts'
import { HvCallAttachDevice, HvCallDetachDevice } from '../../hypercall/calls/devices.ts'
import {
  HvCallAssertDeviceInterrupt,
  HvCallMapDeviceInterrupt,
  HvCallRetargetDeviceInterrupt,
  HvCallUnmapDeviceInterrupt,
} from '../../hypercall/calls/interrupts.ts'
import { onArm64 } from '../../hypercall/conventions/convention.ts'
import {
  DeviceInterruptTargetFlags,
  type DeviceInterruptTarget as GivenTarget,
  InterruptEntry,
} from '../../hypercall/device-interrupts.ts'
import { InterruptSource } from '../../hypercall/enums/interrupts.ts'
import { HvStatus } from '../../hypercall/status.ts'
import { VpSetFormat, vpsIn, vpsInMask } from '../../hypercall/vp-set.ts'
import { type Infer, WireReader, WireWriter } from '../../wire/index.ts'
import type { DeviceInterruptId, DeviceInterruptTarget } from '../device-interrupt.ts'
import {
  assertDeviceInterrupt,
  mapDeviceInterrupt,
  retargetDeviceInterrupt,
  unmapDeviceInterrupt,
} from '../device-interrupts.ts'
import { attachDevice, detachDevice } from '../devices.ts'
import type { VirtualProcessor } from '../virtual-processor.ts'
import { deviceWord } from './device-word.ts'
import type { ModelDispatcher } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** An interrupt as calls tell it, on x64 or ARM64. */
type GivenEntry = Infer<typeof InterruptEntry> | Infer<typeof Arm64InterruptEntry>

/** Devices and their interrupts. */
export function bindDeviceInterruptCalls(to: ModelDispatcher, isArm64: boolean): void {
  to.on(HvCallAttachDevice, ({ caller, input }) => {
    const { partitionId, deviceId, flags, logicalDeviceId } = input
    const call = { partition: partitionId, device: deviceWord(deviceId) }
    return attachDevice(caller.partition, flags.logicalId ? { ...call, logicalId: logicalDeviceId } : call)
  })
  to.on(HvCallDetachDevice, ({ caller, input }) =>
    detachDevice(caller.partition, input.partitionId, deviceWord(input.deviceId)),
  )
  to.on(HvCallMapDeviceInterrupt, ({ caller, input }) => {
    const { partitionId: partition, deviceId: device, interruptDescriptor } = input
    const { interruptType: type, vectorCount } = interruptDescriptor
    const target = targetOf(interruptDescriptor.target)
    if (target === undefined) return HvStatus.InvalidParameter
    const mapped = mapDeviceInterrupt(caller.partition, { partition, device, type, vectorCount, target })
    return outputOf(mapped, (id) => ({ interruptEntry: entryOf(id) }))
  })
  to.on(HvCallUnmapDeviceInterrupt, ({ caller, input }) =>
    unmapDeviceInterrupt(caller.partition, input.partitionId, input.deviceId, idOf(input.interruptEntry)),
  )
  if (isArm64) {
    to.on(onArm64(HvCallRetargetDeviceInterrupt), retarget)
    to.on(onArm64(HvCallAssertDeviceInterrupt), assert)
  } else {
    to.on(HvCallRetargetDeviceInterrupt, retarget)
    to.on(HvCallAssertDeviceInterrupt, assert)
  }
}

function retarget(call: {
  readonly caller: VirtualProcessor
  readonly input: {
    readonly partitionId: bigint
    readonly deviceId: bigint
    readonly interruptEntry: GivenEntry
    readonly interruptTarget: Infer<typeof GivenTarget>
  }
}): number {
  const { partitionId, deviceId, interruptEntry, interruptTarget } = call.input
  const target = targetOf(interruptTarget)
  if (target === undefined) return HvStatus.InvalidParameter
  return retargetDeviceInterrupt(call.caller.partition, partitionId, deviceId, idOf(interruptEntry), target)
}

function assert(call: {
  readonly caller: VirtualProcessor
  readonly input: {
    readonly partitionId: bigint
    readonly logicalDeviceId: bigint
    readonly interruptEntry: GivenEntry
  }
}): number {
  const { partitionId, logicalDeviceId, interruptEntry } = call.input
  return assertDeviceInterrupt(call.caller.partition, partitionId, logicalDeviceId, idOf(interruptEntry))
}

/** The target that a call gives; `undefined` for a set of no known form. */
function targetOf({ vector, flags, target }: Infer<typeof GivenTarget>): DeviceInterruptTarget | undefined {
  const isMulticast = (flags & DeviceInterruptTargetFlags.multicast) !== 0
  if (target.type === 'ProcessorMaskTarget') return { vector, isMulticast, vps: vpsInMask(target.processorMask) }
  const { format } = target
  if (format !== VpSetFormat.Sparse4k && format !== VpSetFormat.All) return undefined
  return { vector, isMulticast, vps: vpsIn(target) }
}

/** The data of an entry stand in 8 bytes, on ARM64 in 16. */
function idOf({ interruptSource: source, data }: GivenEntry): DeviceInterruptId {
  const isMsi = source === InterruptSource.Msi
  if (Array.isArray(data)) {
    const [address = 0n, word = 0n] = data
    return isMsi ? { source, address, data: word & 0xffff_ffffn } : { source, address: 0n, data: address }
  }
  const { view } = new WireReader(InterruptEntry.encode({ interruptSource: source, data }))
  const at = InterruptEntry.offsetOf('data')
  if (!isMsi) return { source, address: 0n, data: view.getBigUint64(at, true) }
  return { source, address: BigInt(view.getUint32(at, true)), data: BigInt(view.getUint32(at + 4, true)) }
}

function entryOf({ source, address, data }: DeviceInterruptId): Infer<typeof InterruptEntry> {
  const writer = new WireWriter(new Uint8Array(InterruptEntry.size))
  const at = InterruptEntry.offsetOf('data')
  writer.view.setUint32(0, source, true)
  writer.view.setBigUint64(at, source === InterruptSource.Msi ? address | (data << 32n) : data, true)
  return InterruptEntry.decode(writer.bytes)
}
