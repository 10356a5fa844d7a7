import type { ScsiTask } from './scsi-task.ts'

/** What stands at a SCSI address: it executes commands. */
export interface LogicalUnit {
  /** Executes one command, and finishes the task exactly once, during the call or later. */
  execute(task: ScsiTask): void
}

/** Where a unit stands on its controller; each is 0 … 255. */
export interface ScsiAddress {
  /** Bus, which Linux calls channel. Default 0. */
  readonly path?: number
  /** Default 0. */
  readonly target?: number
  readonly lun: number
}

/** An address as one number. Throws `RangeError`. */
export function addressKey({ path = 0, target = 0, lun }: ScsiAddress): number {
  for (const part of [path, target, lun]) {
    if (!Number.isInteger(part) || part < 0 || part > 0xff) throw new RangeError(`${part} in a SCSI address`)
  }
  return path * 0x1_0000 + target * 0x100 + lun
}
