import { openSync, writeSync } from 'node:fs'
import { CapturedBackend } from '../../trace/index.ts'
import { NetworkVsc } from '../../vsc/network/index.ts'
import {
  ImpairedBackend,
  LoopbackBackend,
  macAddressOf,
  macAddressText,
  type NetworkBackend,
  NetworkVsp,
  NullBackend,
} from '../../vsp/network/index.ts'
import { UsageError } from '../command.ts'
import { type DeviceChoice, type GuestPeer, instanceSetting, type OfferedDevice, type Siblings } from './choice.ts'
import type { Networks } from './networks.ts'
import type { Settings } from './settings.ts'

/** What can be at the other end of the cable. */
const backends: Readonly<Record<string, (networks: Networks) => NetworkBackend>> = {
  gateway: ({ lan }) => lan,
  switch: (networks) => networks.switch,
  loopback: () => new LoopbackBackend(),
  null: () => new NullBackend(),
}

/** Milliseconds after which a frame that is held back comes even if nothing overtakes it. */
const longestHold = 100

export const networkChoice: DeviceChoice = {
  help: 'a NIC',
  isStock: true,
  vsp: {
    settings: {
      backend: {
        value: 'WORD',
        help: 'gateway (default: all such NICs, and a gateway with DHCP), switch (all such NICs), loopback, null',
      },
      mac: { value: 'ADDRESS', help: "the first guest's, others count on; default 00:15:5d:00:00:01 and on" },
      queues: { value: 'N', help: 'most channels; default 8' },
      capture: { value: 'FILE', help: 'write its frames as pcapng' },
      loss: { value: 'P', help: 'lose frames with this probability, 0 to 1' },
      duplication: { value: 'P', help: 'double frames' },
      reordering: { value: 'P', help: 'hold frames back' },
      seed: { value: 'N', help: 'for these three; default 0' },
      ...instanceSetting,
    },
    prepare: prepareNic,
  },
  vsc: {
    settings: { queues: { value: 'N', help: 'channels to ask for; default 1' } },
    prepare(settings) {
      const queues = settings.number('queues') ?? 1
      return ({ say }) => {
        const nic = new NetworkVsc({ queues })
        nic.on('ready', () => say(`a NIC, channels: ${nic.queues}, MTU ${nic.mtu}`))
        nic.on('frame', ({ bytes }) => say(`a frame of ${bytes.length} bytes`))
        return nic
      }
    },
  },
}

function prepareNic(settings: Settings, siblings: Siblings): (peer: GuestPeer) => OfferedDevice {
  const { nth, count } = siblings
  const backend = captured(impaired(backendOf(settings, siblings.networks), settings), settings, siblings.networks)
  const given = settings.parsed('mac', macAddressOf)
  const first = given ?? macAddressOf('00:15:5d:00:00:01')
  const queues = settings.number('queues') ?? 8
  const instanceId = settings.guid('instance')
  return ({ place, say }) => {
    const macAddress = countedOn(first, place * count + (given === undefined ? nth : 0))
    const nic = new NetworkVsp({ backend, macAddress, queues, ...(instanceId && { instanceId }) })
    nic.on('initialized', () => say(`the driver is ready, MAC ${macAddress}`))
    nic.on('filter', (filter) => say(filter === 0 ? 'it receives nothing' : `it receives (filter ${hex(filter)})`))
    return nic
  }
}

function backendOf(settings: Settings, networks: Networks): NetworkBackend {
  const name = settings.text('backend') ?? 'gateway'
  const make = Object.hasOwn(backends, name) ? backends[name] : undefined
  return make === undefined ? settings.refuse('backend', Object.keys(backends).join(', '), name) : make(networks)
}

/** A bad line before the back end, if that is wanted. */
function impaired(backend: NetworkBackend, settings: Settings): NetworkBackend {
  const [loss, duplication, reordering] = ['loss', 'duplication', 'reordering'].map((name) =>
    settings.fraction(name, 1),
  )
  const seed = settings.number('seed', 0) ?? 0
  if (loss === undefined && duplication === undefined && reordering === undefined) return backend
  const line = new ImpairedBackend(backend, {
    seed,
    loss: loss ?? 0,
    duplication: duplication ?? 0,
    reordering: reordering ?? 0,
  })
  setInterval(() => line.flush(), longestHold).unref()
  return line
}

/** A tap before the back end, if that is wanted: it sees what the guest sees. */
function captured(backend: NetworkBackend, settings: Settings, networks: Networks): NetworkBackend {
  const path = settings.text('capture')
  if (path === undefined) return backend
  if (!networks.claim(path)) throw new UsageError(`network: ${path} is written by another NIC`)
  const file = settings.explained(() => openSync(path, 'w'))
  const start = performance.now()
  return new CapturedBackend(backend, (block) => void writeSync(file, block), {
    now: () => (performance.now() - start) / 1000,
  })
}

/** A MAC address so many further on, in its last two bytes. */
function countedOn(address: Uint8Array, by: number): string {
  const bytes = address.slice()
  const view = new DataView(bytes.buffer)
  view.setUint16(4, view.getUint16(4) + by)
  return macAddressText(bytes)
}

function hex(value: number): string {
  return `0x${value.toString(16)}`
}
