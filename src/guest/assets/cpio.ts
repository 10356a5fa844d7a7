/**
 * Writes cpio archives in the format "newc", which is what Linux takes as an initramfs.
 *
 * Source: Linux Documentation/driver-api/early-userspace/buffer-format.rst.
 */

/** What an archive holds. Paths are relative, without a leading slash; folders come before what is in them. */
export type CpioEntry = { readonly path: string } & (
  | { readonly kind: 'folder' }
  | { readonly kind: 'file'; readonly data: Uint8Array; readonly executable?: boolean }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'character-device'; readonly major: number; readonly minor: number }
)

const types = { folder: 0o040755, link: 0o120777, 'character-device': 0o020600 } as const
const trailer = 'TRAILER!!!'

/** An archive with these entries, all of them root's and without a time. */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  const add = (bytes: Uint8Array): void => {
    parts.push(bytes, new Uint8Array(-bytes.length & 3))
  }
  const record = (path: string, inode: number, mode: number, data: Uint8Array, [major, minor] = [0, 0]): void => {
    const name = new TextEncoder().encode(`${path}\0`)
    const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, major ?? 0, minor ?? 0, name.length, 0]
    const header = new TextEncoder().encode(
      `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`,
    )
    const head = new Uint8Array(header.length + name.length)
    head.set(header)
    head.set(name, header.length)
    add(head)
    add(data)
  }
  const nothing = new Uint8Array(0)
  entries.forEach((entry, index) => {
    const inode = index + 1
    if (entry.kind === 'file') record(entry.path, inode, entry.executable ? 0o100755 : 0o100644, entry.data)
    else if (entry.kind === 'link') record(entry.path, inode, types.link, new TextEncoder().encode(entry.target))
    else if (entry.kind === 'folder') record(entry.path, inode, types.folder, nothing)
    else record(entry.path, inode, types[entry.kind], nothing, [entry.major, entry.minor])
  })
  record(trailer, 0, 0, nothing)
  return Buffer.concat(parts)
}
