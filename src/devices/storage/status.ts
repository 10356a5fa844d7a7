import { SrbStatus } from './messages.ts'

/** The NTSTATUS values in storage packets. Source: OpenVMM storvsp_protocol. */
export const VstorStatus = {
  Success: 0,
  BufferOverflow: 0x8000_0005,
  DeviceBusy: 0x8000_0011,
  Unsuccessful: 0xc000_0001,
  InvalidParameter: 0xc000_000d,
  InvalidDeviceRequest: 0xc000_0010,
  RevisionMismatch: 0xc000_0059,
  DeviceNotConnected: 0xc000_009d,
  IoTimeout: 0xc000_00b5,
  DeviceDoesNotExist: 0xc000_00c0,
  Cancelled: 0xc000_0120,
  InvalidDeviceState: 0xc000_0184,
  IoDeviceError: 0xc000_0185,
} as const

/** The NTSTATUS that goes with an SRB status. Behaviour 177; source: OpenVMM storvsp. */
export function ntStatusOf(srbStatus: number): number {
  switch (srbStatus) {
    case SrbStatus.Success:
      return VstorStatus.Success
    case SrbStatus.Busy:
      return VstorStatus.DeviceBusy
    case SrbStatus.InvalidLun:
    case SrbStatus.InvalidTargetId:
    case SrbStatus.NoDevice:
    case SrbStatus.NoHba:
      return VstorStatus.DeviceDoesNotExist
    case SrbStatus.Timeout:
    case SrbStatus.CommandTimeout:
      return VstorStatus.IoTimeout
    case SrbStatus.SelectionTimeout:
      return VstorStatus.DeviceNotConnected
    case SrbStatus.BadFunction:
    case SrbStatus.BadSrbBlockLength:
      return VstorStatus.InvalidDeviceRequest
    case SrbStatus.DataOverrun:
      return VstorStatus.BufferOverflow
    case SrbStatus.RequestFlushed:
      return VstorStatus.Unsuccessful
    case SrbStatus.Aborted:
      return VstorStatus.Cancelled
    default:
      return VstorStatus.IoDeviceError
  }
}
