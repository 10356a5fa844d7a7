import { describe, expect, it } from 'vitest'
import { type TestApi, vscSuite, vspSuite } from '../src/testing/index.ts'
import { StorageVsc } from '../src/vsc/storage/index.ts'
import { MemoryDisk, StorageVsp } from '../src/vsp/storage/index.ts'
import { packet, srb } from './storage-rig.ts'

// Some of the suites' tests make many buses.
const api: TestApi = { describe, it: (name, body) => it(name, { timeout: 60_000 }, body), expect }

const make = () => new StorageVsp({ disk: new MemoryDisk({ blocks: 64 }), maxSubchannels: 2 })
const driver = (cpus = 1) => new StorageVsc({ ringSize: 16_384, cpus })

describe('StorageVsp', () => {
  vspSuite(api, {
    make,
    driver,
    requests: [srb({ cdb: [0, 0, 0, 0, 0, 0] }), packet(6), packet(9), srb({ cdb: [0x12, 0, 0, 0, 0, 0] })],
    garbage: [new Uint8Array(0), packet(7).subarray(0, 8), packet(11), packet(3), packet(0xff)],
  })
})

describe('StorageVsc', () => {
  vscSuite(api, {
    make: driver,
    host: make,
    use: (storage) => storage.read({ lba: 0, blocks: 8 }),
    garbage: [new Uint8Array(0), packet(1), packet(12), packet(3), new Uint8Array(200).fill(0xff)],
  })
})

describe('StorageVsc with sub-channels', () => {
  vscSuite(api, {
    make: () => driver(3),
    host: make,
    use: (storage) => storage.read({ lba: 0, blocks: 8 }),
  })
})
