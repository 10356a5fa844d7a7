import {
  BlockDeviceCharacteristics,
  BlockLimits,
  DeviceIdentification,
  inquiryText,
  LogicalBlockProvisioning,
  SupportedVpdPages,
  UnitSerialNumber,
  VpdPageCode,
} from '../../devices/scsi/index.ts'
import { vendor } from './absent-unit.ts'

/** What the pages of vital product data say of a unit. */
export interface VpdFacts {
  readonly deviceType: number
  /** Eight bytes that no other unit has. */
  readonly identity: Uint8Array
  /** Of block devices: whether blocks can be given back, and how many bytes one has. */
  readonly block?: { readonly canUnmap: boolean; readonly maxWriteSame: number }
}

/** A page of vital product data; `undefined` for one that the unit does not have. */
export function vpdPage(code: number, { deviceType, identity, block }: VpdFacts): Uint8Array | undefined {
  const peripheral = { deviceType, qualifier: 0 }
  switch (code) {
    case VpdPageCode.SupportedPages: {
      const pages: number[] = [
        VpdPageCode.SupportedPages,
        VpdPageCode.UnitSerialNumber,
        VpdPageCode.DeviceIdentification,
      ]
      if (block !== undefined) pages.push(VpdPageCode.BlockLimits, VpdPageCode.BlockDeviceCharacteristics)
      if (block?.canUnmap === true) pages.push(VpdPageCode.LogicalBlockProvisioning)
      return SupportedVpdPages.encode({ header: { peripheral, pageLength: pages.length }, pages })
    }
    case VpdPageCode.UnitSerialNumber: {
      const text = Array.from(identity, (byte) => byte.toString(16).padStart(2, '0')).join('')
      return UnitSerialNumber.encode({
        header: { peripheral, pageLength: text.length },
        serialNumber: inquiryText(text, text.length),
      })
    }
    case VpdPageCode.DeviceIdentification:
      return identification(peripheral, identity)
    case VpdPageCode.BlockLimits:
      return block && limits(peripheral, block.canUnmap, block.maxWriteSame)
    case VpdPageCode.BlockDeviceCharacteristics:
      return (
        block &&
        BlockDeviceCharacteristics.encode({
          header: { peripheral, pageLength: 60 },
          rotationRate: 1,
          productType: 0,
          formFactor: { nominalFormFactor: 0 },
        })
      )
    case VpdPageCode.LogicalBlockProvisioning:
      if (block?.canUnmap !== true) return undefined
      return LogicalBlockProvisioning.encode({
        header: { peripheral, pageLength: 4 },
        thresholdExponent: 0,
        support: {
          descriptorPresent: false,
          anchor: false,
          readsZeros: true,
          writeSame10: true,
          writeSame16: true,
          unmap: true,
        },
        provisioning: { provisioningType: 2 },
      })
    default:
      return undefined
  }
}

type Peripheral = { readonly deviceType: number; readonly qualifier: number }

/** A locally assigned NAA name (binary, 8 bytes) and a T10 vendor name (ASCII). */
function identification(peripheral: Peripheral, identity: Uint8Array): Uint8Array {
  const naa = new Uint8Array(8)
  new DataView(naa.buffer).setBigUint64(0, nameOf(identity))
  const text = Array.from(identity, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const t10 = new Uint8Array([...inquiryText(vendor, 8), ...inquiryText(text, text.length)])
  const kind = (designatorType: number) => ({ designatorType, association: 0, protocolValid: false })
  const designators = [
    { coding: { codeSet: 1, protocol: 0 }, kind: kind(3), length: naa.length, designator: naa },
    { coding: { codeSet: 2, protocol: 0 }, kind: kind(1), length: t10.length, designator: t10 },
  ]
  const pageLength = designators.reduce((sum, { length }) => sum + 4 + length, 0)
  return DeviceIdentification.encode({ header: { peripheral, pageLength }, designators })
}

function limits(peripheral: Peripheral, canUnmap: boolean, maxWriteSame: number): Uint8Array {
  return BlockLimits.encode({
    header: { peripheral, pageLength: 60 },
    writeSame: { nonZero: true },
    maxCompareAndWriteLength: 0,
    optimalTransferGranularity: 0,
    maxTransferLength: 0,
    optimalTransferLength: 0,
    maxPrefetchLength: 0,
    maxUnmapLbaCount: canUnmap ? 0xffff_ffff : 0,
    maxUnmapDescriptorCount: canUnmap ? 256 : 0,
    optimalUnmapGranularity: 0,
    unmapAlignment: { alignment: 0, valid: false },
    maxWriteSameLength: BigInt(maxWriteSame),
  })
}

/** A name made of an identity: NAA 3, locally assigned. Source: T10 SPC-4 7.8.6.6. */
export function nameOf(identity: Uint8Array): bigint {
  const { buffer, byteOffset } = identity
  return (new DataView(buffer, byteOffset).getBigUint64(0) & 0x0fff_ffff_ffff_ffffn) | 0x3000_0000_0000_0000n
}

/** Eight bytes drawn from a text: two hashes of it (FNV-1a, 32 bits). */
export function identityOf(text: string): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  for (const [at, basis] of [0x811c_9dc5, 0x0100_0193].entries()) {
    let hash = basis
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193)
    view.setUint32(4 * at, hash >>> 0)
  }
  return bytes
}
