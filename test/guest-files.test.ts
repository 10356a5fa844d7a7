import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { cpioArchive } from '../src/guest/assets/cpio.ts'
import { driversFor } from '../src/guest/assets/drivers.ts'
import { initramfs } from '../src/guest/assets/initramfs.ts'
import { loadBootImage, ramBytesOf } from '../src/guest/boot-image.ts'
import { Place, ramBase } from '../src/guest/machine.ts'
import { shimImage } from '../src/guest/shim-image.ts'
import { BufferMemory } from '../src/memory/index.ts'
import { DeviceId } from '../src/vmbus/device-ids.ts'

const text = (value: string) => new TextEncoder().encode(value)
const hasCpio = spawnSync('cpio', ['--version']).error === undefined

describe('initramfs', () => {
  it('a newc archive, byte for byte', () => {
    const archive = cpioArchive([{ path: 'ab', kind: 'file', data: text('xyz'), executable: true }])
    const record = (inode: string, mode: string, size: string, name: string) =>
      `070701${inode}${mode}${'00000000'.repeat(2)}00000001${'00000000'}${size}${'00000000'.repeat(4)}${name}${'00000000'}`
    expect(Buffer.from(archive).toString('latin1')).toBe(
      `${record('00000001', '000081ed', '00000003', '00000003')}ab\0${'\0'.repeat(3)}xyz\0` +
        `${record('00000000', '00000000', '00000000', '0000000b')}TRAILER!!!\0${'\0'.repeat(3)}`,
    )
  })

  it.skipIf(!hasCpio)('cpio reads it', () => {
    const archive = cpioArchive([
      { path: 'bin', kind: 'folder' },
      { path: 'bin/sh', kind: 'file', data: new Uint8Array(5), executable: true },
      { path: 'bin/ls', kind: 'link', target: 'sh' },
      { path: 'console', kind: 'character-device', major: 5, minor: 1 },
    ])
    const { stdout } = spawnSync('cpio', ['-tv', '--quiet'], { input: archive, encoding: 'utf8' })
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +\S+ \d+ +\d+ /, ' ').replace(/\s+/g, ' '))
    expect(lines.map((line) => line.replace(/ 1 root root/, ''))).toEqual([
      expect.stringMatching(/^drwxr-xr-x.* bin$/),
      expect.stringMatching(/^-rwxr-xr-x.* 5 .*bin\/sh$/),
      expect.stringMatching(/^lrwxrwxrwx.*bin\/ls -> sh$/),
      expect.stringMatching(/^crw-------.* 5, 1 .*console$/),
    ])
  })

  it('has busybox, the modules, and an init that loads them', () => {
    const archive = Buffer.from(initramfs(text('BUSYBOX'), [{ name: 'hv_utils', needs: [], data: text('MODULE') }]))
    for (const part of ['bin/busybox\0', 'BUSYBOX', 'modules/hv_utils.ko\0', 'MODULE', 'init\0', 'sbin/poweroff\0']) {
      expect(archive.includes(part)).toBe(true)
    }
  })

  it('knows the drivers of devices, each once', () => {
    expect(driversFor([DeviceId.Heartbeat, DeviceId.Keyboard, DeviceId.Shutdown])).toEqual([
      'hv_utils',
      'hyperv_keyboard',
      'evdev',
    ])
    expect(driversFor([DeviceId.RemoteDesktop])).toEqual([])
  })
})

describe('boot image', () => {
  const memoryBytes = 4 * 1024 * 1024
  const memoryEnd = Place.kernel + memoryBytes
  const load = (kernel: Uint8Array, initrd?: Uint8Array) => {
    const ram = new BufferMemory(new ArrayBuffer(Place.kernel - ramBase + memoryBytes))
    loadBootImage(ram, { vps: 1, memoryEnd, commandLine: '', kernel, initrd })
    const read = (gpa: number, length: number) => {
      const bytes = new Uint8Array(length)
      ram.read(gpa - ramBase, bytes, 0, length)
      return Buffer.from(bytes)
    }
    const parameters = read(Place.shimParameters, 16)
    return { read, entry: parameters.readBigUInt64LE(0), tree: Number(parameters.readBigUInt64LE(8)) }
  }

  it('shim, kernel, device tree and initrd each in their place', () => {
    const { read, entry, tree } = load(text('KERNEL'), text('INITRD'))
    expect(entry).toBe(BigInt(Place.kernel))
    expect(read(Place.kernel, 6).toString()).toBe('KERNEL')
    expect(read(memoryEnd - 0x1000, 6).toString()).toBe('INITRD')
    expect(read(tree, 4).toString('hex')).toBe('d00dfeed')
    expect(tree).toBeLessThan(memoryEnd - 0x1000)
    // All of the shim but for its parameters.
    const shim = Buffer.from(shimImage, 'base64')
    expect(read(Place.shim + 24, shim.length - 24)).toEqual(shim.subarray(24))
    expect(read(Place.shim, 8)).toEqual(shim.subarray(0, 8))
  })

  it('an ELF file goes where its segments say, and is entered where it says', () => {
    const elf = Buffer.alloc(0x100)
    elf.write('\x7fELF\x02\x01\x01', 'latin1')
    elf.writeUInt16LE(183, 18)
    elf.writeBigUInt64LE(BigInt(Place.kernel + 0x1008), 24)
    elf.writeBigUInt64LE(64n, 32)
    elf.writeUInt16LE(56, 54)
    elf.writeUInt16LE(1, 56)
    elf.writeUInt32LE(1, 64)
    elf.writeBigUInt64LE(0xf0n, 64 + 8)
    elf.writeBigUInt64LE(BigInt(Place.kernel + 0x1000), 64 + 24)
    elf.writeBigUInt64LE(4n, 64 + 32)
    elf.writeBigUInt64LE(0x800n, 64 + 40)
    elf.write('CODE', 0xf0)
    const { read, entry } = load(elf)
    expect(entry).toBe(BigInt(Place.kernel + 0x1008))
    expect(read(Place.kernel + 0x1000, 5).toString()).toBe('CODE\0')
    elf.writeBigUInt64LE(0xfffn, 64 + 32)
    expect(() => load(elf)).toThrow('segment outside the file')
    elf.writeUInt16LE(62, 18)
    expect(() => load(elf)).toThrow('not an ELF file for arm64')
  })

  it('what does not fit is refused', () => {
    expect(() => load(new Uint8Array(memoryBytes))).toThrow('memory is too small')
    const linux = Buffer.alloc(64)
    linux.writeBigUInt64LE(BigInt(memoryBytes), 16)
    linux.write('ARM\x64', 56, 'latin1')
    expect(() => load(linux)).toThrow('memory is too small')
    expect(ramBytesOf(memoryBytes)).toBe(0x20_0000 + memoryBytes + 128 * 1024 * 1024)
  })
})
