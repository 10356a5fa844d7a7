import { FileDisk } from '../../node/file-disk.ts'
import { StorageVsc } from '../../vsc/storage/index.ts'
import { DvdUnit, MemoryDisk, StorageVsp } from '../../vsp/storage/index.ts'
import { guid } from '../../wire/index.ts'
import { type DeviceChoice, type GuestPeer, instanceSetting, type OfferedDevice, type Siblings } from './choice.ts'
import { instanceOf, type Settings } from './settings.ts'

/** Instance of the first of Hyper-V's SCSI controllers; the others count on from it. */
const firstController = guid('f8b3781a-1e82-4818-a1c3-63d806ec15bb')
/** Blocks of a disk in memory: 64 MiB. */
const memoryBlocks = 131_072

export const storageChoice: DeviceChoice = {
  help: 'a SCSI controller, with disks from LUN 0 on and DVD drives behind them',
  isStock: true,
  vsp: {
    settings: {
      disk: { value: 'FILE', repeats: true, help: 'a disk: raw image or block device' },
      dvd: { value: 'FILE', repeats: true, help: 'a DVD drive with an ISO image' },
      readonly: { help: 'write nothing to the disks' },
      blocks: {
        value: 'N',
        help: `blocks of 512 bytes of a disk in memory; default ${memoryBlocks}, if there is no file`,
      },
      subchannels: { value: 'N', help: 'most channels beside the first; default 0' },
      ...instanceSetting,
    },
    prepare: prepareController,
  },
  vsc: {
    settings: {},
    prepare:
      () =>
      ({ say }) => {
        const storage = new StorageVsc()
        const tell = () =>
          void unitLines(storage).then(
            (lines) => lines.forEach(say),
            (error) => say(String(error)),
          )
        storage.on('ready', tell)
        storage.on('changed', tell)
        return storage
      },
  },
}

function prepareController(settings: Settings, { nth }: Siblings): (peer: GuestPeer) => OfferedDevice {
  const readOnly = settings.has('readonly')
  // Files are opened once, for all guests: what is wrong with them shows now.
  const files = settings.all('disk').map((path) => settings.explained(() => new FileDisk(path, { readOnly })))
  const media = settings
    .all('dvd')
    .map((path) => settings.explained(() => new FileDisk(path, { blockSize: 2048, readOnly: true })))
  const blocks = settings.number('blocks') ?? (files.length + media.length === 0 ? memoryBlocks : undefined)
  const maxSubchannels = settings.number('subchannels', 0) ?? 0
  const instanceId = instanceOf(settings, firstController, nth)
  return ({ say }) => {
    const memory = blocks === undefined ? [] : [new MemoryDisk({ blocks })]
    const disks = [...files, ...memory, ...media.map((medium) => new DvdUnit(medium))]
    const storage = new StorageVsp({ disks, maxSubchannels, instanceId })
    storage.on('ready', (version) => say(`the driver is ready, version ${version >> 8}.${version & 0xff}`))
    return storage
  }
}

async function unitLines(storage: StorageVsc): Promise<string[]> {
  return (await storage.units()).map(({ lun, vendor, product, capacity }) => {
    const size = capacity === undefined ? 'no medium' : `${capacity.blocks} blocks of ${capacity.blockSize} bytes`
    return `LUN ${lun}: ${vendor} ${product}, ${size}`
  })
}
