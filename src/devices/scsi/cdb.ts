import { rest, struct, type UnionValue, u8, union } from '../../wire/index.ts'
import * as block from './cdb-block.ts'
import * as multimedia from './cdb-multimedia.ts'
import * as primary from './cdb-primary.ts'
import * as reservations from './reservations.ts'

/** A command that is none of those described here: its operation code and what follows. */
export const OtherCdb = /* @__PURE__ */ struct('OtherCdb', {
  /** Upper 3 bits: the group, which tells the length of most CDBs. */
  opcode: u8,
  /** To the end of the CDB, the CONTROL byte included. */
  rest: rest(),
})

/** Every command descriptor block, told apart by its operation code. */
export const Cdb = /* @__PURE__ */ union('Cdb', { offset: 0, tag: u8, otherwise: OtherCdb }, [
  { schema: primary.TestUnitReady },
  { schema: primary.RequestSense },
  { schema: block.Read6 },
  { schema: block.Write6 },
  { schema: primary.Inquiry },
  { schema: primary.ModeSelect6 },
  { schema: primary.ModeSense6 },
  { schema: primary.StartStopUnit },
  { schema: primary.PreventAllowMediumRemoval },
  { schema: multimedia.ReadFormatCapacities },
  { schema: block.ReadCapacity10 },
  { schema: block.Read10 },
  { schema: block.Write10 },
  { schema: block.WriteAndVerify10 },
  { schema: block.Verify10 },
  { schema: block.SynchronizeCache10 },
  { schema: block.WriteSame10 },
  { schema: block.Unmap },
  { schema: multimedia.ReadToc },
  { schema: multimedia.GetConfiguration },
  { schema: multimedia.GetEventStatusNotification },
  { schema: primary.LogSense },
  { schema: multimedia.ReadDiscInformation },
  { schema: primary.ModeSelect10 },
  { schema: primary.ModeSense10 },
  { schema: reservations.PersistentReserveIn },
  { schema: reservations.PersistentReserveOut },
  { schema: primary.AtaPassThrough16 },
  { schema: block.Read16 },
  { schema: block.Write16 },
  { schema: block.WriteAndVerify16 },
  { schema: block.Verify16 },
  { schema: block.SynchronizeCache16 },
  { schema: block.WriteSame16 },
  { schema: block.ServiceActionIn16 },
  { schema: primary.ReportLuns },
  { schema: primary.AtaPassThrough12 },
  { schema: primary.MaintenanceIn },
  { schema: block.Read12 },
  { schema: block.Write12 },
  { schema: multimedia.ReadDvdStructure },
  { schema: block.Verify12 },
])
/** A decoded command; `type` is the structure's name. */
export type Cdb = UnionValue<(typeof Cdb)['members'][number]['schema'] | typeof OtherCdb>
