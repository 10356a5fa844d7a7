import { type GuestMemory, MemoryFault } from '../memory/index.ts'
import { deviceTree, type MachineDescription, mmioBytes, Place, ramBase } from './machine.ts'
import { shimImage } from './shim-image.ts'

/** What is put into memory before the first instruction. */
export interface BootImage extends Omit<MachineDescription, 'initrd'> {
  /** An arm64 `Image` of Linux, an ELF file, or anything else: taken as it is, put at the start of memory and entered there. */
  readonly kernel: Uint8Array
  readonly initrd?: Uint8Array | undefined
}

/** Bytes of RAM that a guest with this much memory needs: what lies below it, and the MMIO window behind it. */
export function ramBytesOf(memoryBytes: number): number {
  return Place.kernel - ramBase + memoryBytes + mmioBytes
}

/**
 * Puts shim, kernel, initrd and device tree into a machine's RAM: initrd and device tree at the end of memory, out of the way of
 * whatever the kernel needs behind its image. Throws `RangeError` when it does not fit.
 *
 * Source: Linux Documentation/arch/arm64/booting.rst.
 */
export function loadBootImage(ram: GuestMemory, image: BootImage): void {
  const put = (gpa: number, bytes: Uint8Array): void => ram.write(gpa - ramBase, bytes, 0, bytes.length)
  const { kernel, initrd, vps, memoryEnd, commandLine } = image
  const initrdStart = alignDown(memoryEnd - (initrd?.length ?? 0), 0x1000)
  const range = initrd && { initrd: { start: initrdStart, end: initrdStart + initrd.length } }
  const tree = deviceTree({ vps, memoryEnd, commandLine, ...range })
  const treeStart = alignDown(initrdStart - tree.length, 0x1000)
  try {
    const { entry, end } = isElf(kernel) ? loadElf(kernel, put) : loadRaw(kernel, put)
    if (end > treeStart) throw new RangeError(`memory is too small: the kernel ends at 0x${end.toString(16)}`)
    if (initrd !== undefined) put(initrdStart, initrd)
    put(treeStart, tree)
    put(Place.shim, Buffer.from(shimImage, 'base64'))
    const parameters = new DataView(new ArrayBuffer(16))
    parameters.setBigUint64(0, BigInt(entry), true)
    parameters.setBigUint64(8, BigInt(treeStart), true)
    put(Place.shimParameters, new Uint8Array(parameters.buffer))
  } catch (error) {
    if (error instanceof MemoryFault) throw new RangeError(`does not fit into the guest's memory: ${error.message}`)
    throw error
  }
}

interface Loaded {
  readonly entry: number
  /** Address behind the last byte that the kernel says it needs. */
  readonly end: number
}

function loadRaw(kernel: Uint8Array, put: (gpa: number, bytes: Uint8Array) => void): Loaded {
  put(Place.kernel, kernel)
  // Linux says in its header how much it needs, which is more than the file has: u64 at 16, where "ARM\x64" stands at 56.
  const view = new DataView(kernel.buffer, kernel.byteOffset, kernel.byteLength)
  const isLinux = kernel.length >= 64 && view.getUint32(56, true) === 0x644d_5241
  const size = isLinux ? Number(view.getBigUint64(16, true)) : kernel.length
  return { entry: Place.kernel, end: Place.kernel + Math.max(size, kernel.length) }
}

function isElf(file: Uint8Array): boolean {
  return file.length >= 64 && file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46
}

/** Loads the segments of a 64-bit little-endian ELF file where they want to be. Source: System V ABI, chapter 5. */
function loadElf(file: Uint8Array, put: (gpa: number, bytes: Uint8Array) => void): Loaded {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const arm64 = 183
  if (file[4] !== 2 || file[5] !== 1 || view.getUint16(18, true) !== arm64)
    throw new RangeError('not an ELF file for arm64')
  const headersAt = Number(view.getBigUint64(32, true))
  const headerBytes = view.getUint16(54, true)
  const count = view.getUint16(56, true)
  let end = 0
  for (let index = 0; index < count; index++) {
    const at = headersAt + index * headerBytes
    if (at > file.length - 56) throw new RangeError('ELF file: program headers outside the file')
    const loadable = 1
    if (view.getUint32(at, true) !== loadable) continue
    const offset = Number(view.getBigUint64(at + 8, true))
    const address = Number(view.getBigUint64(at + 24, true))
    const bytesInFile = Number(view.getBigUint64(at + 32, true))
    const bytes = Number(view.getBigUint64(at + 40, true))
    if (offset > file.length || bytesInFile > file.length - offset)
      throw new RangeError('ELF file: segment outside the file')
    if (address < Place.kernel) throw new RangeError(`ELF file: memory begins at 0x${Place.kernel.toString(16)}`)
    put(address, file.subarray(offset, offset + bytesInFile))
    end = Math.max(end, address + bytes)
  }
  if (end === 0) throw new RangeError('ELF file: nothing to load')
  return { entry: Number(view.getBigUint64(24, true)), end }
}

function alignDown(value: number, unit: number): number {
  return value - (value % unit)
}
