import type { GuestMemory } from '../../memory/index.ts'

/** Why a disk could not do what it was asked; the guest sees sense data, or an SRB status. */
export type DiskError =
  /** The blocks cannot be read: MEDIUM ERROR 11/00. */
  | 'unreadable'
  /** The blocks cannot be written: MEDIUM ERROR 0C/00. */
  | 'unwritable'
  /** DATA PROTECT 27/00. */
  | 'write-protected'
  /** NOT READY 04/01: try again. */
  | 'not-ready'
  /** HARDWARE ERROR 44/00. */
  | 'broken'
  /** Something else than the disk went wrong; guests try again. */
  | 'busy'
  | 'timeout'
  | 'aborted'

/**
 * What a guest asks of a disk. Complete it exactly once, during the call that brought it or any time later; then it must not be
 * used any more, as the same object brings the next request.
 */
export interface DiskRequest {
  /** First block. The range has been checked: it lies within the disk. */
  readonly lba: number
  /** Number of blocks, at least 1; of a flush 0 means all. */
  readonly blocks: number
  /**
   * The data's place, `blocks × blockSize` bytes from address 0, in the guest's own pages: a read writes to it, a write reads from
   * it. If the guest takes its memory back before the completion, a write goes on with the bytes as they were then, and what a read
   * brings is lost.
   */
  readonly data: GuestMemory
  /** It is done, or it failed. Throws when called twice. */
  complete(error?: DiskError): void
}

/** A run of neighbouring blocks that are alike. */
export interface DiskExtent {
  /** How many, at least 1. */
  readonly blocks: number
  /** Whether they take room. What does not reads as zeros. */
  readonly isMapped: boolean
}

/** A disk as virtual devices use it. All methods return before or after the request is complete, as the disk likes. */
export interface Disk {
  /** Bytes in a block: 512, 1024, 2048 or 4096. */
  readonly blockSize: number
  /** Number of blocks, at least 1, below 2^53. */
  readonly blocks: number
  /** Nothing can be written. */
  readonly isReadOnly?: boolean
  read(request: DiskRequest): void
  write(request: DiskRequest): void
  /** Makes sure that what was written survives. Without it there is nothing to be done. */
  flush?(request: DiskRequest): void
  /** Gives blocks back: they read as zeros from then on. Without it, guests are told that the disk cannot. */
  unmap?(request: DiskRequest): void
  /**
   * Which blocks take room: runs that follow each other from `lba` on, to the end of the disk or as far as they are asked for, told at
   * once. Neighbouring runs may be alike. Asked of disks that can `unmap`; without it, all blocks count as taking room.
   */
  extents?(lba: number): Iterable<DiskExtent>
}

/** Throws `RangeError` unless a disk's measures are possible. */
export function checkGeometry({ blockSize, blocks }: Pick<Disk, 'blockSize' | 'blocks'>): void {
  if (![512, 1024, 2048, 4096].includes(blockSize)) throw new RangeError(`blocks of ${blockSize} bytes`)
  if (!Number.isSafeInteger(blocks) || blocks < 1) throw new RangeError(`a disk of ${blocks} blocks`)
}

/** Whether the blocks are on the disk. No sum is formed that could round. */
export function isWithin({ blocks: total }: Pick<Disk, 'blocks'>, lba: number, blocks: number): boolean {
  return blocks <= total && lba <= total - blocks
}
