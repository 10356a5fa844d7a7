/** Bytes in a guest page, on every architecture Hyper-V runs on (TLFS 1.4; arm64 guests with larger pages still speak in these). */
export const PAGE_SIZE = 4096

/** Bytes from `address` to the end of its page, 1 … 4096. */
export function restOfPage(address: number): number {
  return PAGE_SIZE - (address % PAGE_SIZE)
}
