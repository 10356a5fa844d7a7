/** Lines of the kernel's log that are no fault of ours, each with the reason. The run says which of them it met. */
export const allowedLines: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  {
    pattern: /hv_storvsc \S+: tag#\d+ cmd 0x[0-9a-f]+ status: scsi 0x0 srb 0x20 host 0xc00000c0/,
    why: 'commands to a disk that was taken away under load',
  },
]
