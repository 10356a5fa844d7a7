import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { collectModules } from '../src/guest/assets/modules.ts'
import { cachedKernels, debianKernel, GuestSetupError, LinuxGuest } from '../src/guest/index.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vmbus-setup-'))
  vi.stubEnv('TMPDIR', folder)
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

describe('what a guest needs', () => {
  it('without apt it is said what is missing, and how to do without', async () => {
    vi.stubEnv('PATH', folder)
    vi.stubEnv('VMBUS_CACHE', join(folder, 'cache'))
    await expect(debianKernel()).rejects.toThrow(GuestSetupError)
    await expect(debianKernel()).rejects.toThrow(/there is no apt-get here.*--kernel IMAGE --initrd FILE/)
    expect(cachedKernels()).toEqual([])
  })

  it('without QEMU too, and nothing is left', async () => {
    const file = join(folder, 'image')
    writeFileSync(file, new Uint8Array(64))
    await expect(LinuxGuest.boot({ kernel: { file }, qemu: join(folder, 'no-qemu') })).rejects.toThrow(
      /there is no such program; Debian has it in qemu-system-arm/,
    )
    expect(readdirSync(folder)).toEqual(['image'])
  })

  it('what QEMU says when it does not start is handed on', async () => {
    const qemu = join(folder, 'qemu')
    writeFileSync(qemu, '#!/bin/sh\necho "no such machine" >&2\nexit 3\n')
    chmodSync(qemu, 0o755)
    const file = join(folder, 'image')
    writeFileSync(file, new Uint8Array(64))
    await expect(LinuxGuest.boot({ kernel: { file }, qemu })).rejects.toThrow('status 3: no such machine')
  })

  it.each([
    [{ smp: 0 }, 'smp: 1 to 8, not 0'],
    [{ smp: 9 }, 'smp: 1 to 8, not 9'],
    [{ memory: 3 }, 'memory: a multiple of 2 MiB'],
    [{ version: '7.x' }, '7.x'],
  ])('%o is refused', async (options, why) => {
    await expect(LinuxGuest.boot(options)).rejects.toThrow(RangeError)
    await expect(LinuxGuest.boot(options)).rejects.toThrow(why)
  })
})

describe('kernel modules', () => {
  it('come with what they depend on, in an order in which they load; those that are built in are left out', async () => {
    const module = (path: string, depends: string) => {
      const file = join(folder, path)
      mkdirSync(join(file, '..'), { recursive: true })
      writeFileSync(file, `\x7fELF...\0license=GPL\0depends=${depends}\0name=x\0`, 'latin1')
    }
    module('kernel/drivers/scsi/hv_storvsc.ko', 'scsi_mod,scsi-transport-fc,hv_vmbus')
    module('kernel/drivers/scsi/scsi_mod.ko', 'scsi-common')
    module('kernel/drivers/scsi/scsi_common.ko', '')
    module('kernel/drivers/scsi/scsi_transport_fc.ko', 'scsi_mod')
    module('kernel/drivers/input/serio/hyperv-keyboard.ko', '')
    const modules = await collectModules(folder, ['hv_storvsc', 'hyperv_keyboard', 'not_there'])
    expect(modules.map(({ name, needs }) => [name, needs])).toEqual([
      ['scsi_common', []],
      ['scsi_mod', ['scsi_common']],
      ['scsi_transport_fc', ['scsi_common', 'scsi_mod']],
      ['hv_storvsc', ['scsi_common', 'scsi_mod', 'scsi_transport_fc']],
      ['hyperv_keyboard', []],
    ])
  })
})
