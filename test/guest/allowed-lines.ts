/** Lines of the kernel's log that are no fault of ours, each with the reason. The run says which of them it met. */
export const allowedLines: readonly { readonly pattern: RegExp; readonly why: string }[] = []
