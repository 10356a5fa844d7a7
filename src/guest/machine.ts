import { cells64, type FdtNode, flattenDeviceTree } from './fdt.ts'

/** Where guest RAM begins, in guest physical addresses: offset 0 of the RAM file. Source: QEMU hw/arm/virt.c. */
export const ramBase = 0x4000_0000

/** What lies where in guest physical memory. Everything below `kernel` is out of sight of the guest. */
export const Place = {
  /** The EL2 shim. Below it QEMU keeps a device tree of its own. */
  shim: 0x4010_0000,
  /** In the shim: where the guest begins, u64, then what it finds in x0, u64. */
  shimParameters: 0x4010_0008,
  /** See `mailbox.ts`. */
  mailbox: 0x4018_0000,
  kernel: 0x4020_0000,
} as const

/** VMBus's MMIO window, where the video driver wants its frame buffer: RAM behind the guest's memory, so that it can be read from outside. */
export const mmioBytes = 128 * 1024 * 1024

/** Most VPs: as many as the shim has mailboxes for. */
export const maxVps = 8

/** Interrupt ids. SPIs begin at 32 and PPIs at 16; a device tree counts each from 0. */
const vmbusInterrupt = 18
const firstPpi = 16

/** GICv3 redistributors: 128 KiB for each VP, of which the second half holds the words for its private interrupts. */
const redistributors = 0x080a_0000
const redistributorBytes = 0x2_0000
const privateInterrupts = 0x1_0000
const setPending = 0x200

/** The word of the redistributor in which bit n makes private interrupt n of this VP pending (GICR_ISPENDR0). */
export function pendingRegister(vp: number): number {
  return redistributors + vp * redistributorBytes + privateInterrupts + setPending
}

/** What the guest is to be told of its machine. Addresses are guest physical. */
export interface MachineDescription {
  readonly vps: number
  /** Bytes of memory behind `Place.kernel`, and where the MMIO window begins. */
  readonly memoryEnd: number
  readonly commandLine: string
  readonly initrd?: { readonly start: number; readonly end: number }
}

/**
 * The device tree of QEMU's virt machine with a VMBus on it, and without all that the guest shall not see: PCI, firmware, virtio.
 *
 * PSCI goes by HVC, which makes Linux ask the shim who the hypervisor is.
 * Source: Linux Documentation/devicetree/bindings/bus/microsoft,vmbus.yaml; QEMU hw/arm/virt.c.
 */
export function deviceTree({ vps, memoryEnd, commandLine, initrd }: MachineDescription): Uint8Array {
  const phandle = { gic: 1, clock: 2 }
  const level = 4
  const edge = 1
  const [ppi, spi] = [1, 0]
  const region = (start: number, bytes: number) => [...cells64(start), ...cells64(bytes)]
  const cpus: Record<string, FdtNode> = {}
  for (let vp = 0; vp < vps; vp++) {
    cpus[`cpu@${vp}`] = {
      device_type: 'cpu',
      compatible: 'arm,cortex-a72',
      reg: [vp],
      'enable-method': 'psci',
    }
  }
  return flattenDeviceTree({
    '#address-cells': [2],
    '#size-cells': [2],
    compatible: 'linux,dummy-virt',
    model: 'QEMU with VMBus',
    'interrupt-parent': [phandle.gic],
    chosen: {
      'stdout-path': '/pl011@9000000',
      bootargs: commandLine,
      ...(initrd && { 'linux,initrd-start': cells64(initrd.start), 'linux,initrd-end': cells64(initrd.end) }),
    },
    psci: { compatible: ['arm,psci-1.0', 'arm,psci-0.2'], method: 'hvc' },
    [`memory@${Place.kernel.toString(16)}`]: {
      device_type: 'memory',
      reg: region(Place.kernel, memoryEnd - Place.kernel),
    },
    cpus: { '#address-cells': [1], '#size-cells': [0], ...cpus },
    timer: {
      compatible: 'arm,armv8-timer',
      'always-on': true,
      interrupts: [13, 14, 11, 10].flatMap((number) => [ppi, number, level]),
    },
    clock: {
      compatible: 'fixed-clock',
      '#clock-cells': [0],
      'clock-frequency': [24_000_000],
      phandle: [phandle.clock],
    },
    'pl011@9000000': {
      compatible: ['arm,pl011', 'arm,primecell'],
      reg: region(0x0900_0000, 0x1000),
      interrupts: [spi, 1, level],
      clocks: [phandle.clock, phandle.clock],
      'clock-names': ['uartclk', 'apb_pclk'],
    },
    'intc@8000000': {
      compatible: 'arm,gic-v3',
      'interrupt-controller': true,
      '#interrupt-cells': [3],
      reg: [...region(0x0800_0000, 0x1_0000), ...region(redistributors, 0xf6_0000)],
      phandle: [phandle.gic],
    },
    bus: {
      compatible: 'simple-bus',
      '#address-cells': [2],
      '#size-cells': [1],
      ranges: true,
      [`vmbus@${memoryEnd.toString(16)}`]: {
        compatible: 'microsoft,vmbus',
        '#address-cells': [2],
        '#size-cells': [1],
        ranges: [...cells64(memoryEnd), ...cells64(memoryEnd), mmioBytes],
        'dma-coherent': true,
        interrupts: [ppi, vmbusInterrupt - firstPpi, edge],
      },
    },
  })
}
