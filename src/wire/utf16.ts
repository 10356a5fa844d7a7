/** UTF-16LE without trailing NUL units; `size` bytes at `at`. The caller has checked the bounds. */
export function readUtf16(view: DataView, at: number, size: number): string {
  let length = size / 2
  while (length > 0 && view.getUint16(at + 2 * length - 2, true) === 0) length--
  let text = ''
  for (let index = 0; index < length; index++) text += String.fromCharCode(view.getUint16(at + 2 * index, true))
  return text
}

/** Writes a text as UTF-16LE, NUL units behind it up to `size` bytes. The caller has checked bounds and length. */
export function writeUtf16(view: DataView, at: number, size: number, text: string): void {
  for (let index = 0; index < size / 2; index++) {
    view.setUint16(at + 2 * index, index < text.length ? text.charCodeAt(index) : 0, true)
  }
}
