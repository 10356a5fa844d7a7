import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const main = new URL('../dist/cli/main.js', import.meta.url).pathname

function demo(...args: readonly string[]) {
  const { status, stdout } = spawnSync(process.execPath, [main, 'demo', ...args])
  return { status, lines: stdout.toString().split('\n') }
}

const whole = demo()

describe('vmbus demo', () => {
  it('shows the partitions and the channels between them', () => {
    expect(whole.status).toBe(0)
    const text = whole.lines.join('\n')
    expect(text).toContain('│ Keyboard VSP             │══ channel 3 ══│ Keyboard VSC             │')
    expect(text).toContain('│ Echo VSP                 │══ channel 1 ══│ Echo VSC                 │')
    expect(text).toContain('VMBus 6.0')
  })

  it('shows the conversation and what came of it', () => {
    const words = whole.lines.map((line) => line.replace(/\s+/g, ' ').trim())
    expect(words.some((line) => /child → root InitiateContact version 6\.0/.test(line))).toBe(true)
    expect(words.some((line) => /root → child Keystroke #3 keyboard makeCode 35$/.test(line))).toBe(true)
    expect(words).toContain('child: key 0x23 down')
    expect(words).toContain('child: the echo device answered "hello, root"')
    expect(words).toContain('keys heard by the child 6')
  })

  it('shows the root making the child, and each call’s status', () => {
    const calls = whole.lines.map((line) => /root {2}→ hypervisor {2}(HvCall\w+) +(\w+)/.exec(line)?.slice(1).join(' '))
    const setUp = calls.filter((call) => call !== undefined).slice(0, 10)
    expect(setUp).toEqual(
      [
        ...[
          'CreatePartition',
          'DepositMemory',
          'SetPartitionProperty',
          'InitializePartition',
          'MapGpaPages',
          'CreateVp',
        ],
        ...['SetVpRegisters', 'MapGpaPages', 'CreatePort', 'ConnectPort'],
      ].map((name) => `HvCall${name} HV_STATUS_SUCCESS`),
    )
  })

  it('draws a picture on the child’s screen, which the root sees', () => {
    const words = whole.lines.map((line) => line.replace(/\s+/g, ' ').trim())
    expect(whole.lines.join('\n')).toContain('│ Video VSP                │══ channel 2 ══│ Video VSC                │')
    expect(words.some((line) => /child → root PointerShape #2 video .*width 11, height 16/.test(line))).toBe(true)
    // A pipe is no terminal.
    expect(words).toContain('root: sees 320×200 pixels, which this terminal cannot show')
    expect(whole.lines.join('')).not.toContain('▀')
  })

  it('shows a device at work behind the IOMMU, and stopped where it strays', () => {
    const words = whole.lines.map((line) => line.replace(/\s+/g, ' ').trim())
    expect(words).toContain('device: writes 12 bytes at 0x10000: done')
    expect(words).toContain('child: finds "hello by DMA" in page 4095')
    expect(words).toContain('device: writes 12 bytes at 0x11000: stopped')
    expect(words).toContain('0018 faultAddress 0x11000')
  })

  it('replays what a Linux kernel said', () => {
    const text = whole.lines.join('\n')
    expect(text).toMatch(/guest → host {2}\s*InitiateContact .*version 5\.3/)
    expect(text).toContain('0 faults in bytes, 0 differences that matter')
  })

  it('shows only what happens: without a device its lines are not there', () => {
    const { status, lines } = demo('--without', 'keyboard')
    const system = lines.slice(
      0,
      lines.findIndex((line) => line.includes('recorded')),
    )
    expect(status).toBe(0)
    expect(system.filter((line) => /[Kk]ey/.test(line))).toEqual([])
    expect(system.some((line) => line.includes('│ Echo VSP                 │══ channel 1 ══│ Echo VSC'))).toBe(true)
    expect(system.some((line) => /^channels opened +2$/.test(line))).toBe(true)
  })

  it('refuses to leave away what is not there', () => {
    expect(demo('--without', 'floppy').status).toBe(2)
  })
})
