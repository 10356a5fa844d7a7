import { describe, expect, it } from 'vitest'
import { ForeignGuest, type GuestCrashReport, Pump } from '../src/channels/index.ts'
import {
  arm64SmcccConvention,
  CommonRegister,
  HvCallGetVpRegisters,
  HvCallPostMessage,
  HvCallSetVpRegisters,
  HvCallSignalEvent,
  HypercallRegisters,
  placeCall,
} from '../src/hypercall/index.ts'
import { createHost } from '../src/index.ts'
import { BufferMemory, PAGE_SIZE } from '../src/memory/index.ts'
import { ChannelMessage, InitiateContact, RequestOffers } from '../src/vmbus/messages.ts'
import { KeyboardVsp } from '../src/vsp/keyboard.ts'

const base = 0x4000_0000
const self = {
  partitionId: 0xffff_ffff_ffff_ffffn,
  vpIndex: 0xffff_fffe,
  inputVtl: { targetVtl: 0, useTargetVtl: false },
}
const R = CommonRegister

/** An ARM64 guest of 64 pages at 1 GiB whose processors are the test. */
function rig(options: { vps?: number; now?: () => bigint } = {}) {
  const pump = new Pump()
  const ram = new BufferMemory(new ArrayBuffer(64 * PAGE_SIZE))
  const interrupts: string[] = []
  const crashes: GuestCrashReport[] = []
  const guest = new ForeignGuest(pump, {
    memory: ram,
    base,
    architecture: 'arm64',
    ...options,
    link: {
      interrupt: (vp, vector) => interrupts.push(`${vp}:${vector}`),
      crashed: (report) => crashes.push(report),
    },
  })
  const call = (vp: number) => {
    const registers = new HypercallRegisters(arm64SmcccConvention)
    return {
      registers,
      run: () => {
        const outcome = guest.hypercall(vp, registers.bytes)
        return outcome.kind === 'completed' || outcome.kind === 'refused' ? registers.status : outcome.kind
      },
    }
  }
  const get = (name: number, vp = 0): [number | string, bigint, bigint] => {
    const { registers, run } = call(vp)
    placeCall(registers, HvCallGetVpRegisters, { input: self, elements: [{ registerName: name }] })
    const status = run()
    // Linux takes the value from X6 and X7.
    return [status, registers.get('X6'), registers.get('X7')]
  }
  const set = (name: number, low: bigint, vp = 0): number | string => {
    const { registers, run } = call(vp)
    const elements = [{ registerName: name, registerValue: { low, high: 0n } }]
    placeCall(registers, HvCallSetVpRegisters, { input: self, elements })
    return run()
  }
  /** As Linux: by memory, the block in page 3. */
  const post = (connectionId: number, payload: Uint8Array, vp = 0): number | string => {
    const { registers, run } = call(vp)
    const block = new Uint8Array(240)
    block.set(payload)
    const input = { connectionId: { id: connectionId }, messageType: 1, payloadSize: payload.length, payload: block }
    placeCall(
      registers,
      HvCallPostMessage,
      { input },
      {
        memory: guest.memory,
        inputGpa: base + 3 * PAGE_SIZE,
        outputGpa: 0,
      },
    )
    return run()
  }
  const signal = (connectionId: number, flagNumber = 0): number | string => {
    const { registers, run } = call(0)
    placeCall(registers, HvCallSignalEvent, { input: { connectionId: { id: connectionId }, flagNumber } })
    return run()
  }
  /** SIMP in page 1 + 2 × VP, SIEFP in the next, SINT2 with INTID 18. */
  const startSynic = (vp = 0): void => {
    expect(set(R.HvRegisterSipp, BigInt(base + (1 + 2 * vp) * PAGE_SIZE) | 1n, vp)).toBe(0)
    expect(set(R.HvRegisterSifp, BigInt(base + (2 + 2 * vp) * PAGE_SIZE) | 1n, vp)).toBe(0)
    expect(set(R.HvRegisterSint2, 18n, vp)).toBe(0)
    expect(set(R.HvRegisterScontrol, 1n, vp)).toBe(0)
  }
  /** Takes a message out of slot SINT2 as Linux does. */
  const takeMessage = (vp = 0) => {
    const slot = (1 + 2 * vp) * PAGE_SIZE + 2 * 256
    if (ram.load32(slot) === 0) return undefined
    const bytes = new Uint8Array(256)
    ram.read(slot, bytes, 0, 256)
    ram.store32(slot, 0)
    if (((bytes[5] ?? 0) & 1) !== 0) expect(set(R.HvRegisterEom, 0n, vp)).toBe(0)
    return ChannelMessage.decode(bytes.subarray(16, 16 + (bytes[4] ?? 0)))
  }
  // What a guest is it has to say first: before that it reads no more than who hosts it.
  expect(set(R.HvRegisterGuestOsId, 0x8100_0000_0000_0000n)).toBe(0)
  return { pump, ram, guest, interrupts, crashes, get, set, post, signal, startSynic, takeMessage }
}

const contact = InitiateContact.encode({
  version: 0x5_0003,
  targetVp: 0,
  target: { type: 'TargetInfo', sint: 2, vtl: 0, featureFlags: 0 },
  parentToChildMonitorPage: 0n,
  childToParentMonitorPage: 0n,
})

describe('what a foreign guest is told', () => {
  it('version, privileges and features, as a stock Linux on ARM64 reads and prints them', () => {
    const { get } = rig()
    expect(get(R.HvRegisterPrivilegesAndFeaturesInfo)).toEqual([0, 0x30_0000_0066n, 0x100n])
    expect(get(R.HvRegisterFeaturesInfo)).toEqual([0, 0n, 0n])
    expect(get(R.HvRegisterHypervisorVersion)).toEqual([0, 0xa_0000_0000_4f7cn, 0x3e8_0000_0001n])
  })

  it('its VP index, its time, and the reset values of its SynIC', () => {
    const clock = { time: 0n }
    const { get } = rig({ vps: 2, now: () => clock.time })
    clock.time = 12_345n
    expect(get(R.HvRegisterVpIndex, 1)).toEqual([0, 1n, 0n])
    expect(get(R.HvRegisterTimeRefCount)).toEqual([0, 12_345n, 0n])
    expect(get(R.HvRegisterSint2)).toEqual([0, 0x1_0000n, 0n])
    expect(get(R.HvRegisterSipp)).toEqual([0, 0n, 0n])
  })

  it('nothing that it could write: registers that inform are read-only', () => {
    const { set } = rig()
    expect(set(R.HvRegisterHypervisorVersion, 1n)).toBe(0x05)
    expect(set(R.HvRegisterPrivilegesAndFeaturesInfo, ~0n & 0xffff_ffff_ffff_ffffn)).toBe(0x05)
  })
})

describe('VMBus with a foreign guest', () => {
  it('connects: the answer is in the slot of SIMP, in the guest’s own memory, and SINT2’s vector is raised', () => {
    const world = rig()
    const host = createHost({ transport: world.guest.host, pump: world.pump })
    host.offer(new KeyboardVsp())
    world.startSynic()
    expect(world.post(4, contact)).toBe(0)
    expect(world.interrupts).toEqual([])
    world.pump.settle()
    expect(world.interrupts).toEqual(['0:18'])
    expect(world.takeMessage()).toMatchObject({ type: 'VersionResponse', versionSupported: 1 })
    expect(world.post(1, RequestOffers.encode({}))).toBe(0)
    world.pump.settle()
    expect(world.takeMessage()).toMatchObject({ type: 'OfferChannel', channelId: 1 })
    // The slot was taken: the host waits for the EOM that the pending flag made the guest write.
    world.pump.settle()
    expect(world.takeMessage()).toMatchObject({ type: 'AllOffersDelivered' })
    expect(host.explain()).toEqual(['guest connected at 5.3'])
  })

  it('a second VP has a SynIC of its own', () => {
    const world = rig({ vps: 2 })
    createHost({ transport: world.guest.host, pump: world.pump })
    world.startSynic(1)
    expect(world.guest.host.post(1, 2, 1, Uint8Array.of(7))).toBe('delivered')
    expect(world.guest.host.post(0, 2, 1, Uint8Array.of(7))).toBe('refused')
    world.guest.host.setEventFlag(1, 2, 9)
    expect(world.ram.load32(4 * PAGE_SIZE + 512)).toBe(0x200)
    expect(world.interrupts).toEqual(['1:18', '1:18'])
  })

  it('signals that come by a ring are answered as the hypercall is', () => {
    const { guest, signal, pump } = rig()
    createHost({ transport: guest.host, pump })
    expect([signal(77), guest.signal(0, 77)]).toEqual([0x12, 0x12])
    expect([signal(2), guest.signal(0, 2)]).toEqual([0, 0])
  })
})

describe('a foreign guest that means ill', () => {
  it('gets a status for a block that is not in its memory, and goes on', () => {
    const { guest, get } = rig()
    const registers = new HypercallRegisters(arm64SmcccConvention)
    registers.control = 0x5cn
    registers.set('X2', 0x1000n)
    expect(guest.hypercall(0, registers.bytes)).toMatchObject({ kind: 'refused', rule: 'unreachable' })
    expect(get(R.HvRegisterVpIndex)).toEqual([0, 0n, 0n])
  })

  it('may place its SynIC pages outside its memory: then nothing is delivered', () => {
    const { guest, set } = rig()
    expect([set(R.HvRegisterSipp, 0x1001n), set(R.HvRegisterSint2, 18n), set(R.HvRegisterScontrol, 1n)]).toEqual([
      0, 0, 0,
    ])
    expect(guest.host.post(0, 2, 1, new Uint8Array(8))).toBe('refused')
  })

  it('uses up nothing by calls that fail on connections that it makes up', () => {
    const { guest, pump, post } = rig()
    createHost({ transport: guest.host, pump })
    const { root } = guest.hypervisor
    const before = [root.pool.inUse, root.ports.size]
    for (let id = 100; id < 400; id++) {
      expect(guest.post(0, id, 0, new Uint8Array(0))).toBe(0x05)
      expect(guest.signal(0, id, 9)).toBe(0x05)
    }
    expect([root.pool.inUse, root.ports.size]).toEqual(before)
    expect(post(4, contact)).toBe(0)
  })

  it('is told what is no hypercall', () => {
    const { guest } = rig()
    expect(guest.hypercall(0, new Uint8Array(144))).toEqual({ kind: 'not-a-hypercall' })
    expect(() => guest.hypercall(1, new Uint8Array(144))).toThrow(RangeError)
  })
})

describe('a guest that crashes', () => {
  it('reports its registers, and the text that P3 and P4 point to', () => {
    const { set, ram, crashes } = rig()
    const text = new TextEncoder().encode('Kernel panic - not syncing\n')
    ram.write(5 * PAGE_SIZE, text, 0, text.length)
    const parameters = [1n, 2n, 3n, BigInt(base + 5 * PAGE_SIZE), BigInt(text.length)]
    for (const [n, value] of parameters.entries()) set(R.HvRegisterGuestCrashP0 + n, value)
    expect(set(R.HvRegisterGuestCrashCtl, 3n << 62n)).toBe(0)
    expect(crashes).toEqual([{ vp: 0, parameters, text: 'Kernel panic - not syncing\n' }])
  })

  it('may point anywhere, and may say nothing', () => {
    const { set, get, crashes } = rig()
    expect(get(R.HvRegisterGuestCrashCtl)).toEqual([0, 3n << 62n, 0n])
    set(R.HvRegisterGuestCrashP3, 0x10n)
    set(R.HvRegisterGuestCrashP4, (1n << 64n) - 1n)
    set(R.HvRegisterGuestCrashCtl, 1n << 62n)
    expect(crashes).toEqual([])
    set(R.HvRegisterGuestCrashCtl, 3n << 62n)
    expect(crashes.map(({ text }) => text)).toEqual([undefined])
  })
})
