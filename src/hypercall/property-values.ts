import type { StructSchema } from '../wire/index.ts'
import { WireReader } from '../wire/index.ts'
import { PartitionProperty as P } from './enums/partition.ts'
import {
  EmulatedTimerControl,
  PartitionDiagLogBufferConfig,
  PartitionEnlightenmentModifications,
  PartitionIsolationControl,
  PartitionPageAccessTrackingConfig,
  PartitionPerfmonModeConfig,
  PartitionVsmConfig,
  PmTimerInfo,
  SevVmgexitOffload,
  SgxLaunchControlConfig,
  UserModeHypercalls,
} from './partition.ts'
import { PartitionProcessorXsaveFeatures, PartitionSyntheticProcessorFeatures } from './processor-features.ts'

/**
 * Partition properties whose value of 64 bits has parts, by code, and their structure. Of all others sources tell no more than a number.
 * Source: Mile.HyperV, rust-vmm/mshv (the structures named after the properties).
 */
export const partitionPropertyValues: ReadonlyMap<number, StructSchema> = /* @__PURE__ */ new Map<number, StructSchema>(
  [
    [P.SyntheticProcFeatures, PartitionSyntheticProcessorFeatures],
    [P.AllowedParentUserModeHypercalls, UserModeHypercalls],
    [P.EmulatedTimerControl, EmulatedTimerControl],
    [P.PmTimerAssist, PmTimerInfo],
    [P.VsmConfig, PartitionVsmConfig],
    [P.GpaPageAccessTracking, PartitionPageAccessTrackingConfig],
    [P.SgxLaunchControlConfig, SgxLaunchControlConfig],
    [P.IsolationControl, PartitionIsolationControl],
    [P.PerfmonMode, PartitionPerfmonModeConfig],
    [P.SevVmgexitOffloads, SevVmgexitOffload],
    [P.PartitionDiagBufferConfig, PartitionDiagLogBufferConfig],
    [P.ProcessorXsaveFeatures, PartitionProcessorXsaveFeatures],
    [P.EnlightenmentModifications, PartitionEnlightenmentModifications],
  ],
)

/** The parts of a property's value; `undefined` where it is only a number. */
export function decodePropertyValue(code: number, value: bigint): object | undefined {
  const { bytes, view } = new WireReader(new Uint8Array(8))
  view.setBigUint64(0, BigInt.asUintN(64, value), true)
  return partitionPropertyValues.get(code)?.decode(bytes)
}

/** The value of a property from its parts. Throws a `RangeError` for one without parts, and a `WireError` for parts that do not fit. */
export function encodePropertyValue(code: number, parts: object): bigint {
  const schema = partitionPropertyValues.get(code)
  if (schema === undefined) throw new RangeError(`property 0x${code.toString(16)} has a number for a value`)
  return new WireReader(schema.encode(parts)).view.getBigUint64(0, true)
}
