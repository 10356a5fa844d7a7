import { describe, expect, it } from 'vitest'
import { cells64, flattenDeviceTree } from '../src/guest/fdt.ts'
import { deviceTree } from '../src/guest/machine.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('flattened device trees', () => {
  it('header, reserved memory, structure, strings, byte for byte', () => {
    const tree = flattenDeviceTree({ a: [1, 0xffff_ffff], child: { a: 'xyz', 'b,c': true } })
    const words = [
      // Header: magic, size, structure, strings, reserved memory, version, compatible, boot CPU, size of strings, of structure.
      ...['d00dfeed', '0000008e', '00000038', '00000088', '00000028', '00000011', '00000010'],
      ...['00000000', '00000006', '00000050'],
      // No reserved memory.
      ...['0000000000000000', '0000000000000000'],
      // The root, without a name: property 0 of 8 bytes.
      ...['00000001', '00000000', '00000003', '00000008', '00000000', '00000001', 'ffffffff'],
      // "child": a text with its zero, then a property without a value.
      ...['00000001', '6368696c', '64000000', '00000003', '00000004', '00000000', '78797a00'],
      ...['00000003', '00000000', '00000002', '00000002', '00000002', '00000009'],
      // "a", "b,c"
      ...['6100', '622c6300'],
    ]
    expect(hex(tree)).toBe(words.join(''))
  })

  it('properties come before child nodes, whatever the order given', () => {
    const structure = hex(flattenDeviceTree({ child: { x: [1] }, y: [2] })).slice(0x38 * 2)
    const [begin, property, end] = ['00000001', '00000003', '00000002']
    expect(structure.indexOf(`${begin}00000000${property}`)).toBe(0)
    expect(structure.indexOf(`${begin}${Buffer.from('child').toString('hex')}`)).toBeGreaterThan(0)
    expect(structure).toContain(`${end}${end}00000009`)
  })

  it.each([-1, 1.5, 0x1_0000_0000, Number.NaN])('%s is no cell', (cell) => {
    expect(() => flattenDeviceTree({ a: [cell] })).toThrow(RangeError)
  })

  it('64-bit numbers are two cells', () => {
    expect(cells64(0x12_3456_789a)).toEqual([0x12, 0x3456_789a])
  })

  it('a machine has VMBus, and nothing of QEMU that it should not see', () => {
    const text = Buffer.from(deviceTree({ vps: 2, memoryEnd: 0x6020_0000, commandLine: 'quiet' })).toString('latin1')
    for (const name of ['vmbus@60200000', 'microsoft,vmbus', 'cpu@1', 'memory@40200000', 'quiet', 'hvc']) {
      expect(text).toContain(name)
    }
    for (const name of ['pci', 'virtio', 'cpu@2', 'initrd']) expect(text).not.toContain(name)
  })
})
