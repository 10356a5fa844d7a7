import {
  HvCallConnectPort,
  HvCallConnectPortDeprecated,
  HvCallCreatePort,
  HvCallCreatePortDeprecated,
  HvCallDeletePort,
  HvCallDisconnectPort,
  HvCallGetPortProperty,
  HvCallPostMessage,
  HvCallPostMessageDirect,
  HvCallRootSignalEvent,
  HvCallSetPortProperty,
  HvCallSignalEvent,
  HvCallSignalEventDirect,
} from '../../hypercall/calls/ports.ts'
import type { ConnectionInfo, PortInfo } from '../../hypercall/ports.ts'
import { HvStatus } from '../../hypercall/status.ts'
import type { Infer } from '../../wire/index.ts'
import type { ConnectionTarget, PortTarget } from '../port.ts'
import { getPortProperty, setPortProperty } from '../port-properties.ts'
import {
  connectPort,
  createPort,
  deletePort,
  disconnectPort,
  postMessage,
  postMessageDirect,
  signalEvent,
  signalEventDirect,
} from '../ports.ts'
import { rootSignalEvent } from '../root-signal.ts'
import type { VirtualProcessor } from '../virtual-processor.ts'
import { type ModelDispatcher, toNumber } from './dispatcher.ts'
import { outputOf } from './output.ts'

/** Ports, connections, messages and events. */
export function bindPortCalls(to: ModelDispatcher): void {
  to.on(HvCallCreatePort, ({ caller, input }) => {
    const target = portTarget(input.portInfo)
    if (target === undefined) return HvStatus.InvalidParameter
    const { portPartition, portId, connectionPartition, portVtl, minConnectionVtl } = input
    const port = { portPartition, portId: portId.id, connectionPartition, target, portVtl, minConnectionVtl }
    return createPort(caller.partition, port)
  })
  to.on(HvCallCreatePortDeprecated, ({ caller, input }) => {
    const target = portTarget(input.portInfo)
    if (target === undefined) return HvStatus.InvalidParameter
    const { portPartition, portId, connectionPartition } = input
    return createPort(caller.partition, { portPartition, portId: portId.id, connectionPartition, target })
  })
  to.on(HvCallGetPortProperty, ({ caller, input }) => {
    const { portPartition, portId, propertyCode } = input
    return outputOf(getPortProperty(caller.partition, portPartition, portId.id, propertyCode), (propertyValue) => ({
      propertyValue,
    }))
  })
  to.on(HvCallSetPortProperty, ({ caller, input }) =>
    setPortProperty(caller.partition, input.portPartition, input.portId.id, input.propertyCode, input.propertyValue),
  )
  to.on(HvCallDeletePort, ({ caller, input }) => deletePort(caller.partition, input.portPartition, input.portId.id))
  to.on(HvCallConnectPort, ({ caller, input }) => {
    const target = connectionTarget(input.connectionInfo)
    if (target === undefined) return HvStatus.InvalidParameter
    const { connectionPartition, connectionId, portPartition, portId, connectionVtl } = input
    const ids = { connectionPartition, connectionId: connectionId.id, portPartition, portId: portId.id }
    return connectPort(caller.partition, { ...ids, target, connectionVtl })
  })
  to.on(HvCallConnectPortDeprecated, ({ caller, input }) => {
    const target = connectionTarget(input.connectionInfo)
    if (target === undefined) return HvStatus.InvalidParameter
    const { connectionPartition, connectionId, portPartition, portId } = input
    const ids = { connectionPartition, connectionId: connectionId.id, portPartition, portId: portId.id }
    return connectPort(caller.partition, { ...ids, target })
  })
  to.on(HvCallDisconnectPort, ({ caller, input }) =>
    disconnectPort(caller.partition, input.connectionPartition, input.connectionId.id),
  )
  to.on(HvCallPostMessage, ({ caller, input }) => answerPostMessage(caller, input))
  to.on(HvCallSignalEvent, ({ caller, input }) => answerSignalEvent(caller, input))
  to.on(HvCallRootSignalEvent, ({ caller, input }) =>
    outputOf(rootSignalEvent(caller.partition, input.connectionId.id, input.flagNumber), (signal) => ({
      destinationPartitionId: signal.partition,
      destinationVpIndex: signal.vp,
      newlySignalled: signal.newlySignalled ? 1 : 0,
    })),
  )
  to.on(HvCallPostMessageDirect, ({ caller, input }) => {
    const { header, payload } = input.message
    if (header.payloadSize > payload.length) return HvStatus.InvalidParameter
    return postMessageDirect(caller.partition, {
      partition: input.partitionId,
      vp: input.vpIndex,
      vtl: input.vtl,
      sint: input.sintIndex,
      messageType: header.messageType,
      payload: payload.subarray(0, header.payloadSize),
    })
  })
  to.on(HvCallSignalEventDirect, ({ caller, input }) => {
    const { status, newlySignalled } = signalEventDirect(caller.partition, {
      partition: input.targetPartition,
      vp: input.targetVp,
      vtl: input.targetVtl,
      sint: input.targetSint,
      flag: input.flagNumber,
    })
    return { status, output: { newlySignaled: newlySignalled ? 1 : 0 } }
  })
}

/** Answers an HvCallPostMessage of a VP: its HV_STATUS. */
export function answerPostMessage(caller: VirtualProcessor, input: Infer<typeof HvCallPostMessage.input>): number {
  const { connectionId, messageType, payloadSize, payload } = input
  return postMessage(caller.partition, { connectionId: connectionId.id, messageType, payloadSize, payload }, caller.vtl)
}

/** Answers an HvCallSignalEvent of a VP: its HV_STATUS. */
export function answerSignalEvent(caller: VirtualProcessor, input: Infer<typeof HvCallSignalEvent.input>): number {
  return signalEvent(caller.partition, input.connectionId.id, input.flagNumber, caller.vtl)
}

function portTarget({ info }: Infer<typeof PortInfo>): PortTarget | undefined {
  switch (info.type) {
    case 'MessagePortInfo':
      return { kind: 'message', sint: info.targetSint, vp: info.targetVp }
    case 'EventPortInfo': {
      const { targetSint, targetVp, baseFlagNumber, flagCount } = info
      return { kind: 'event', sint: targetSint, vp: targetVp, baseFlag: baseFlagNumber, flagCount }
    }
    case 'MonitorPortInfo':
      return { kind: 'monitor', monitorAddress: toNumber(info.monitorAddress) }
    case 'DoorbellPortInfo':
      return { kind: 'doorbell', sint: info.targetSint, vp: info.targetVp }
    default:
      return undefined
  }
}

function connectionTarget({ portType, info }: Infer<typeof ConnectionInfo>): ConnectionTarget | undefined {
  switch (info.type) {
    case 'PlainConnectionInfo':
      return { kind: portType === 1 ? 'message' : 'event' }
    case 'MonitorConnectionInfo':
      return { kind: 'monitor', monitorAddress: toNumber(info.monitorAddress) }
    case 'DoorbellConnectionInfo': {
      const { guestPhysicalAddress, triggerValue, flags } = info
      const size = flags.triggerSize === 0 ? 0 : 2 ** (flags.triggerSize - 1)
      const value = flags.anyValue ? undefined : triggerValue
      return { kind: 'doorbell', gpa: toNumber(guestPhysicalAddress), size, value }
    }
    default:
      return undefined
  }
}
