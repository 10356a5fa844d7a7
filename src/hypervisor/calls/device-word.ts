import { DeviceId } from '../../hypercall/device-id.ts'
import { type Infer, WireReader } from '../../wire/index.ts'

/** A device id as one number of 64 bits. */
export function deviceWord(contents: Infer<typeof DeviceId>['contents']): bigint {
  return new WireReader(DeviceId.encode({ contents })).view.getBigUint64(0, true)
}
