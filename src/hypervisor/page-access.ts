/** Access to a guest physical page, as the low four bits of HV_MAP_GPA_FLAGS. Source: TLFS 5.4. */
export const PageAccess = {
  read: 0x1,
  write: 0x2,
  /** In kernel mode or user mode. */
  execute: 0xc,
  all: 0xf,
} as const

/** Whether what is granted allows what is asked; for execution one of both modes will do. */
export function allows(granted: number, asked: number): boolean {
  const plain = asked & (PageAccess.read | PageAccess.write)
  return (granted & plain) === plain && ((asked & PageAccess.execute) === 0 || (granted & PageAccess.execute) !== 0)
}
