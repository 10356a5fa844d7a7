import { FileCopyFlags } from '../src/devices/file-copy.ts'
import { createBus } from '../src/index.ts'
import { FileCopyVsc, type FileSink, type IncomingFile } from '../src/vsc/file-copy.ts'
import { FileCopyVsp } from '../src/vsp/file-copy.ts'

/** The host writes a file into the guest, which keeps files in memory. */
export async function main(): Promise<string> {
  const bus = createBus()
  const copy = new FileCopyVsp()
  bus.host.offer(copy)
  const files = new Map<string, Uint8Array>()
  const open = ({ name, path, size }: IncomingFile): FileSink => {
    const bytes = new Uint8Array(Number(size))
    return {
      write: (offset, piece) => void bytes.set(piece, Number(offset)),
      complete: () => void files.set(`${path}/${name}`, bytes),
      cancel: () => {},
    }
  }
  await bus.guest.attach(new FileCopyVsc({ open, maxFileSize: 1n << 20n }))

  const text = new TextEncoder().encode('hello')
  await copy.send('hello.txt', '/tmp', text, { flags: FileCopyFlags.overwrite })
  bus.close()
  return new TextDecoder().decode(files.get('/tmp/hello.txt'))
}
