import { AdditionalSense, Cdb, parseSense, SenseKey } from '../devices/scsi/index.ts'
import { DataDirection, SrbStatus } from '../devices/storage/index.ts'
import type { DevicePayload } from '../vmbus/device-decoder.ts'
import { toHex, tryDecode } from '../wire/index.ts'
import { property } from '../wire/property.ts'
import { fieldsOf, type LineField } from './fields.ts'

/**
 * What a SCSI request asks, or what came of it: the unit, the command's own fields, bytes to transfer or transferred, sense data. What
 * only matters to a queue is left out. `undefined` of any other storage packet.
 */
export function srbFields({ name, value }: DevicePayload): LineField[] | undefined {
  const request = property(value, 'request')
  const isAnswer = name === 'SrbCompletion'
  const block = property(request, 'cdbOrSense')
  if (!(isAnswer || name.startsWith('ExecuteSrb')) || !(block instanceof Uint8Array)) return undefined
  const number = (field: string): number => {
    const found = property(request, field)
    return typeof found === 'number' ? found : 0
  }
  const present = (field: string): LineField[] =>
    number(field) === 0 ? [] : [{ name: field, text: String(number(field)) }]
  const bytes = number('dataTransferLength')
  const moves = isAnswer ? 'transferred' : number('dataIn') === DataDirection.Read ? 'reads' : 'writes'
  return [
    ...ntStatus(value),
    ...(isAnswer ? answerFields(request, block, present('scsiStatus')) : []),
    ...['portNumber', 'pathId', 'targetId', 'lun'].flatMap(present),
    ...(isAnswer ? [] : commandFields(block.subarray(0, Math.min(number('cdbLength'), 16)))),
    ...(bytes === 0 ? [] : [{ name: moves, text: `${bytes} bytes` }]),
  ]
}

/** The fields of a command; of an unknown one its bytes. */
function commandFields(cdb: Uint8Array): LineField[] {
  const { ok, value } = tryDecode(Cdb, cdb)
  if (!ok || value.type === 'OtherCdb') return [{ name: 'cdb', text: toHex(cdb) }]
  return fieldsOf({ schema: Cdb, value })
}

/** The status of the packet as a whole, when it is no success. */
function ntStatus(value: object | undefined): LineField[] {
  const status = property(property(value, 'header'), 'status')
  return typeof status === 'number' && status !== 0 ? [{ name: 'ntStatus', text: `0x${status.toString(16)}` }] : []
}

/** How a request ended, with the sense data where there are any. */
function answerFields(request: unknown, block: Uint8Array, scsiStatus: readonly LineField[]): LineField[] {
  const srbStatus = property(request, 'srbStatus')
  const status = property(srbStatus, 'status')
  const sense = property(srbStatus, 'autosenseValid') === 1 ? parseSense(block) : undefined
  const text = sense === undefined ? '' : `${nameIn(SenseKey, sense.key)}, ${nameIn(AdditionalSense, sense.additional)}`
  return [
    { name: 'status', text: typeof status === 'number' ? nameIn(SrbStatus, status) : '?' },
    ...scsiStatus,
    ...(text === '' ? [] : [{ name: 'sense', text }]),
  ]
}

function nameIn(names: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(names).find(([, known]) => known === value)?.[0] ?? `0x${value.toString(16)}`
}
